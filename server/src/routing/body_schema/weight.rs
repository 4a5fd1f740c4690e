//! How much work a schema can be: the number of schemas that it consists of once every reference is written out. References
//! to references multiply, so that a short text can mean millions of judgements for one body.

use serde_json::Value;
use std::collections::HashMap;

/// Schemas at most, references written out.
const MAX_SCHEMAS: u64 = 10_000;

/// Refuses a schema that is too much work.
///
/// # Errors
/// What is allowed.
pub fn check(schema: &Value) -> Result<(), String> {
    let mut weigher = Weigher {
        root: schema,
        known: HashMap::new(),
    };
    if weigher.weight(schema) <= MAX_SCHEMAS {
        return Ok(());
    }
    Err(format!(
        "means more than {MAX_SCHEMAS} schemas when its references are written out; use fewer references to schemas with references"
    ))
}

struct Weigher<'a> {
    root: &'a Value,
    /// Weights by reference; none while it is being found out.
    known: HashMap<&'a str, Option<u64>>,
}

impl<'a> Weigher<'a> {
    fn weight(&mut self, schema: &'a Value) -> u64 {
        match schema {
            Value::Object(fields) => fields.iter().fold(1, |sum: u64, (name, value)| {
                sum.saturating_add(match (name.as_str(), value) {
                    ("$ref" | "$dynamicRef", Value::String(reference)) => self.referred(reference),
                    // Counted where they are referred to; what is compared with the body is no schema.
                    ("$defs" | "definitions" | "const" | "enum" | "default" | "examples", _) => 0,
                    (_, Value::Object(_) | Value::Array(_)) => self.weight(value),
                    _ => 0,
                })
            }),
            Value::Array(items) => items
                .iter()
                .fold(0, |sum: u64, item| sum.saturating_add(self.weight(item))),
            _ => 1,
        }
    }

    /// A reference to what it stands in goes down the body with each turn, and counts once.
    fn referred(&mut self, reference: &'a str) -> u64 {
        if let Some(known) = self.known.get(reference) {
            return known.unwrap_or(1);
        }
        self.known.insert(reference, None);
        let weight = self.resolve(reference).map_or(1, |schema| self.weight(schema));
        self.known.insert(reference, Some(weight));
        weight
    }

    /// RFC 6901 section 6, or an anchor.
    fn resolve(&self, reference: &str) -> Option<&'a Value> {
        let place = percent_encoding::percent_decode_str(reference.strip_prefix('#')?)
            .decode_utf8()
            .ok()?;
        if place.is_empty() || place.starts_with('/') {
            return self.root.pointer(&place);
        }
        anchored(self.root, &place)
    }
}

fn anchored<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    match schema {
        Value::Object(fields) => {
            let has = |keyword: &str| fields.get(keyword).and_then(Value::as_str) == Some(name);
            if has("$anchor") || has("$dynamicAnchor") {
                return Some(schema);
            }
            fields.values().find_map(|value| anchored(value, name))
        }
        Value::Array(items) => items.iter().find_map(|item| anchored(item, name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn doubling(levels: usize) -> Value {
        let mut definitions = serde_json::Map::new();
        for level in 0..levels {
            let next = json!({"$ref": format!("#/$defs/l{}", level + 1)});
            definitions.insert(format!("l{level}"), json!({"anyOf": [next, next]}));
        }
        definitions.insert(format!("l{levels}"), json!({"type": "string"}));
        json!({"$defs": definitions, "$ref": "#/$defs/l0"})
    }

    #[rstest]
    #[case::plain(json!({"type": "object", "properties": {"a": {"const": {"b": 1}}}}))]
    #[case::a_few_levels(doubling(8))]
    #[case::a_tree(json!({"$ref": "#/$defs/node", "$defs": {"node": {"properties": {"l": {"$ref": "#/$defs/node"}, "r": {"$ref": "#/$defs/node"}}}}}))]
    #[case::itself(json!({"allOf": [{"$ref": "#"}]}))]
    fn schemas_that_people_write_pass(#[case] schema: Value) {
        assert_eq!(check(&schema), Ok(()));
    }

    #[test]
    fn references_that_multiply_are_refused() {
        for levels in [22, 64, 500] {
            assert!(
                check(&doubling(levels)).unwrap_err().contains("10000 schemas"),
                "{levels}"
            );
        }
    }

    #[test]
    fn an_anchor_is_weighed_like_what_it_names() {
        let mut schema = doubling(22);
        schema["$defs"]["l0"]["$anchor"] = json!("start");
        schema["$ref"] = json!("#start");
        assert!(check(&schema).is_err());
    }
}
