//! Two changes of one JSON document brought together, field by field: what either side left alone is as the other made it, and
//! where both changed a field, one of the two is chosen.

use super::diff::is_nothing;
use serde_json::{Map, Value};

/// A field that at least one side changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// Its place: `add_headers.Authorization`, `targets[1].weight`.
    pub field: String,
    /// What it was; null when there was none.
    pub was: Value,
    /// What they made of it; none where they left it alone.
    pub theirs: Option<Value>,
    /// What I made of it; none where I left it alone.
    pub mine: Option<Value>,
}

impl Merged {
    /// Whether the two are not the same.
    #[must_use]
    pub fn is_clash(&self) -> bool {
        self.theirs.is_some() && self.mine.is_some() && self.theirs != self.mine
    }
}

/// Of one field: what was, theirs, mine; none where there is none.
type Sides<'a> = [Option<&'a Value>; 3];

/// Brings both changes of an object together. Where both changed a field, it is theirs if `kept` names it, else mine. What is
/// gone from the object is null in it, so that writing it takes it away.
#[must_use]
pub fn merge(was: &Value, theirs: &Value, mine: &Value, kept: &[String]) -> (Value, Vec<Merged>) {
    let mut walk = Walk {
        kept,
        found: Vec::new(),
    };
    let merged = walk.field("", [Some(was), Some(theirs), Some(mine)]);
    (merged.unwrap_or_default(), walk.found)
}

struct Walk<'a> {
    kept: &'a [String],
    found: Vec<Merged>,
}

impl Walk<'_> {
    fn field(&mut self, place: &str, sides: Sides<'_>) -> Option<Value> {
        let [was, theirs, mine] = sides;
        let (they_did, i_did) = (differ(was, theirs), differ(was, mine));
        if !they_did && !i_did {
            return theirs.cloned();
        }
        if let Some(all) = each(sides, Value::as_object) {
            return Some(Value::Object(self.members(place, all)));
        }
        let alike = |all: &[&Vec<Value>; 3]| {
            all.iter()
                .all(|items| items.len() == all[0].len() && items.iter().all(Value::is_object))
        };
        if let Some(all) = each(sides, Value::as_array).filter(alike) {
            let item = |at: usize| self.field(&format!("{place}[{at}]"), all.map(|items| items.get(at)));
            return Some((0..all[0].len()).filter_map(item).collect());
        }
        let is_mine = i_did && !(they_did && self.kept.iter().any(|kept| kept == place));
        let made = |value: Option<&Value>| value.cloned().unwrap_or_default();
        self.found.push(Merged {
            field: place.to_owned(),
            was: made(was),
            theirs: they_did.then(|| made(theirs)),
            mine: i_did.then(|| made(mine)),
        });
        if is_mine { mine.cloned() } else { theirs.cloned() }
    }

    fn members(&mut self, place: &str, all: [&Map<String, Value>; 3]) -> Map<String, Value> {
        let mut merged = Map::new();
        for (at, side) in all.into_iter().enumerate() {
            for name in side.keys() {
                // Seen with a side before.
                if all[..at].iter().any(|side| side.contains_key(name)) {
                    continue;
                }
                let top = place.is_empty();
                let place = if top { name.clone() } else { format!("{place}.{name}") };
                let value = self.field(&place, all.map(|side| side.get(name)));
                if let Some(value) = value.or(top.then_some(Value::Null)) {
                    merged.insert(name.clone(), value);
                }
            }
        }
        merged
    }
}

/// All three as one kind.
fn each<'a, T: ?Sized>([was, theirs, mine]: Sides<'a>, kind: fn(&'a Value) -> Option<&'a T>) -> Option<[&'a T; 3]> {
    Some([kind(was?)?, kind(theirs?)?, kind(mine?)?])
}

fn differ(was: Option<&Value>, now: Option<&Value>) -> bool {
    let nothing = |value: Option<&Value>| value.is_none_or(is_nothing);
    was != now && !(nothing(was) && nothing(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(found: &[Merged]) -> Vec<String> {
        let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "–".to_owned(), Value::to_string);
        let one = |one: &Merged| {
            let clash = if one.is_clash() { " !" } else { "" };
            format!(
                "{}: {} | {} | {}{clash}",
                one.field,
                one.was,
                side(&one.theirs),
                side(&one.mine)
            )
        };
        found.iter().map(one).collect()
    }

    #[test]
    fn each_side_keeps_what_the_other_left_alone() {
        let was =
            json!({"a": 1, "b": 1, "c": 1, "h": {"x": "1", "y": "1"}, "t": [{"w": 1, "v": 1}, {"w": 2}], "n": null});
        let theirs =
            json!({"a": 2, "b": 1, "c": 2, "h": {"x": "2", "y": "1"}, "t": [{"w": 5, "v": 1}, {"w": 2}], "n": []});
        let mine =
            json!({"a": 1, "b": 3, "c": 3, "h": {"x": "1", "z": "3"}, "t": [{"w": 1, "v": 6}, {"w": 2}], "n": null});
        let (merged, found) = merge(&was, &theirs, &mine, &[]);
        let expected =
            json!({"a": 2, "b": 3, "c": 3, "h": {"x": "2", "z": "3"}, "t": [{"w": 5, "v": 6}, {"w": 2}], "n": []});
        assert_eq!(merged, expected);
        let expected = [
            "a: 1 | 2 | –",
            "b: 1 | – | 3",
            "c: 1 | 2 | 3 !",
            "h.x: \"1\" | \"2\" | –",
            "h.y: \"1\" | – | null",
            "h.z: null | – | \"3\"",
            "t[0].v: 1 | – | 6",
            "t[0].w: 1 | 5 | –",
        ];
        assert_eq!(told(&found), expected);
    }

    #[test]
    fn where_both_changed_a_field_one_is_chosen() {
        let (was, theirs, mine) = (
            json!({"a": 1, "h": {"x": 1}}),
            json!({"a": 2, "h": {"x": 2}}),
            json!({"a": 3, "h": {}}),
        );
        assert_eq!(merge(&was, &theirs, &mine, &[]).0, json!({"a": 3, "h": {}}));
        let kept = ["a".to_owned(), "h.x".to_owned()];
        assert_eq!(merge(&was, &theirs, &mine, &kept).0, theirs);
    }

    #[test]
    fn the_same_change_of_both_is_no_clash() {
        let (merged, found) = merge(&json!({"a": 1}), &json!({"a": 2}), &json!({"a": 2}), &[]);
        assert_eq!(merged, json!({"a": 2}));
        assert_eq!(told(&found), ["a: 1 | 2 | 2"]);
    }

    #[test]
    fn what_is_of_another_shape_is_chosen_as_a_whole() {
        let (was, theirs, mine) = (
            json!({"c": {"on": 1, "age": 1}}),
            json!({"c": {"on": 2, "age": 1}}),
            json!({"c": null}),
        );
        let (merged, found) = merge(&was, &theirs, &mine, &[]);
        assert_eq!(merged, json!({"c": null}));
        assert_eq!(told(&found).len(), 1);
        assert_eq!(merge(&was, &theirs, &mine, &["c".to_owned()]).0, theirs);
    }

    #[test]
    fn what_i_took_away_is_written_as_nothing_at_the_top_alone() {
        let (merged, _) = merge(
            &json!({"a": 1, "h": {"x": 1}}),
            &json!({"a": 1, "h": {"x": 1}}),
            &json!({"h": {}}),
            &[],
        );
        assert_eq!(merged, json!({"a": null, "h": {}}));
        // A null within a schema says something.
        let schema = json!({"s": {"const": null}, "a": 1});
        let (merged, _) = merge(&schema, &json!({"s": {"const": null}, "a": 2}), &schema, &[]);
        assert_eq!(merged, json!({"s": {"const": null}, "a": 2}));
    }
}
