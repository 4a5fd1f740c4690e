//! Comparing two JSON documents field by field, as people read them. Both sides use it: the server for the history, the
//! dashboard for what is typed and not yet sent.

use crate::json::FromJson;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldDiff {
    /// Its place: `add_headers.Authorization`, `targets[1].weight`.
    pub field: String,
    /// Its value before; null when it had none.
    pub before: Value,
    /// Its value after; null when it has none.
    pub after: Value,
}

/// A document in two forms of one structure: as it is, and as it may be shown (credentials masked).
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// What is compared.
    pub real: &'a Value,
    /// What is shown.
    pub shown: &'a Value,
}

/// What differs between two documents, in the order of their fields. Objects are entered, arrays of objects as well when
/// they are of one length; everything else is compared whole. Null, empty texts, arrays and objects count as nothing, so
/// that a new object shows only what it says.
#[must_use]
pub fn compare(before: &Value, after: &Value) -> Vec<FieldDiff> {
    compare_shown(
        Sides {
            real: before,
            shown: before,
        },
        Sides {
            real: after,
            shown: after,
        },
    )
}

/// As [`compare`]: finds the fields by what is real, and tells of them by what may be shown. A credential that was changed
/// into another with the same mask is told of too.
#[must_use]
pub fn compare_shown(before: Sides<'_>, after: Sides<'_>) -> Vec<FieldDiff> {
    let mut found = Vec::new();
    walk("", before, after, &mut found);
    found
}

fn walk(place: &str, before: Sides<'_>, after: Sides<'_>, found: &mut Vec<FieldDiff>) {
    if before.real == after.real || (is_nothing(before.real) && is_nothing(after.real)) {
        return;
    }
    match (before.real, after.real) {
        (Value::Object(one), Value::Object(two)) => walk_members(place, (one, before), (two, after), found),
        // A new object at the top is told of field by field; deeper down it is one value.
        (Value::Null, Value::Object(two)) if place.is_empty() => {
            walk_members(place, (&Map::new(), before), (two, after), found)
        }
        (Value::Object(one), Value::Null) if place.is_empty() => {
            walk_members(place, (one, before), (&Map::new(), after), found)
        }
        (Value::Array(one), Value::Array(two))
            if one.len() == two.len() && one.iter().chain(two).all(Value::is_object) =>
        {
            for index in 0..one.len() {
                let place = format!("{place}[{index}]");
                walk(&place, item(before, index), item(after, index), found);
            }
        }
        _ => found.push(FieldDiff {
            field: place.to_owned(),
            before: before.shown.clone(),
            after: after.shown.clone(),
        }),
    }
}

type Members<'a> = (&'a Map<String, Value>, Sides<'a>);

fn walk_members(place: &str, before: Members<'_>, after: Members<'_>, found: &mut Vec<FieldDiff>) {
    let only_after = after.0.keys().filter(|name| !before.0.contains_key(*name));
    for name in before.0.keys().chain(only_after) {
        let place = if place.is_empty() {
            name.clone()
        } else {
            format!("{place}.{name}")
        };
        walk(&place, member(before.1, name), member(after.1, name), found);
    }
}

fn member<'a>(sides: Sides<'a>, name: &str) -> Sides<'a> {
    Sides {
        real: sides.real.get(name).unwrap_or(&Value::Null),
        shown: sides.shown.get(name).unwrap_or(&Value::Null),
    }
}

fn item(sides: Sides<'_>, index: usize) -> Sides<'_> {
    Sides {
        real: sides.real.get(index).unwrap_or(&Value::Null),
        shown: sides.shown.get(index).unwrap_or(&Value::Null),
    }
}

pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(before: Value, after: Value) -> Vec<String> {
        compare(&before, &after)
            .iter()
            .map(|diff| format!("{}: {} → {}", diff.field, diff.before, diff.after))
            .collect()
    }

    #[test]
    fn fields_that_differ_are_told_by_their_place() {
        let before = json!({"a": 1, "b": {"x": "1", "y": "2"}, "c": [{"w": 1}, {"w": 2}], "d": [1, 2]});
        let after = json!({"a": 2, "b": {"x": "1", "z": "3"}, "c": [{"w": 1}, {"w": 3}], "d": [1]});
        let expected = [
            "a: 1 → 2",
            "b.y: \"2\" → null",
            "b.z: null → \"3\"",
            "c[1].w: 2 → 3",
            "d: [1,2] → [1]",
        ];
        assert_eq!(told(before, after), expected);
    }

    #[test]
    fn a_new_or_deleted_object_shows_what_it_says() {
        let object =
            json!({"name": "n", "empty": "", "none": null, "list": [], "map": {}, "off": false, "cors": {"a": 1}});
        let expected = ["name: null → \"n\"", "off: null → false", "cors: null → {\"a\":1}"];
        let mut made = told(Value::Null, object.clone());
        made.sort_unstable();
        let mut sorted = expected.to_vec();
        sorted.sort_unstable();
        assert_eq!(made, sorted);
        assert_eq!(told(object, Value::Null).len(), 3);
    }

    #[test]
    fn the_same_is_nothing_to_tell_of() {
        assert!(told(json!({"a": null}), json!({"b": []})).is_empty());
        assert!(told(json!({"a": [{"b": 1}]}), json!({"a": [{"b": 1}]})).is_empty());
    }

    #[test]
    fn a_credential_is_compared_as_it_is_and_shown_masked() {
        let (one, two) = (json!({"k": "secret-1"}), json!({"k": "secret-2"}));
        let mask = json!({"k": "…"});
        let sides = |real| Sides { real, shown: &mask };
        let diff = compare_shown(sides(&one), sides(&two));
        let expected = FieldDiff {
            field: "k".to_owned(),
            before: json!("…"),
            after: json!("…"),
        };
        assert_eq!(diff, [expected]);
    }
}
