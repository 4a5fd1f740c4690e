//! The condition `match_body_schema`: a JSON Schema, or the short form (field → value).
//!
//! References lead only to places within the schema itself: nothing is ever fetched. Patterns run on an engine that needs
//! linear time.

mod weight;

use crate::body::peek::PeekedBody;
use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Number, Value};

/// Bytes of a schema, written as JSON, at most.
const MAX_SCHEMA_BYTES: usize = 64 << 10;

/// Bytes that one compiled `pattern` may take.
const REGEX_SIZE_LIMIT: usize = 256 << 10;

/// A compiled `match_body_schema`.
#[derive(Debug)]
pub enum BodyRule {
    /// The short form `{"model": "…"}`, the commonest rule: judged without a full parse.
    Model(Box<str>),
    /// The short form: each field is present and equal.
    Fields(Vec<FieldRule>),
    /// A JSON Schema.
    Schema(Box<Validator>),
}

/// One field of the short form.
#[derive(Debug)]
pub struct FieldRule {
    /// As written; a dot reaches into objects.
    name: Box<str>,
    wanted: Value,
}

impl BodyRule {
    /// Compiles a rule. `None` where there is nothing to match (null or `{}`).
    ///
    /// # Errors
    /// What is wrong with the schema.
    pub fn compile(definition: &Value) -> Result<Option<Self>, String> {
        let Value::Object(fields) = definition else {
            return match definition {
                Value::Null => Ok(None),
                _ => Err("must be an object: a JSON Schema (2020-12), or field → value".to_owned()),
            };
        };
        if fields.is_empty() {
            return Ok(None);
        }
        let bytes = definition.to_string().len();
        if bytes > MAX_SCHEMA_BYTES {
            return Err(format!("has {bytes} bytes; allowed are {MAX_SCHEMA_BYTES}"));
        }
        if is_schema(fields) {
            return compile_schema(definition).map(|schema| Some(Self::Schema(Box::new(schema))));
        }
        if let (1, Some(Value::String(model))) = (fields.len(), fields.get("model")) {
            return Ok(Some(Self::Model(model.as_str().into())));
        }
        let rule = |(name, wanted): (&String, &Value)| FieldRule {
            name: name.as_str().into(),
            wanted: wanted.clone(),
        };
        Ok(Some(Self::Fields(fields.iter().map(rule).collect())))
    }

    /// Whether a body fits. One that is no JSON, or cannot be read, never does.
    #[must_use]
    pub fn is_match(&self, body: &PeekedBody<'_>) -> bool {
        match self {
            Self::Model(wanted) => body.model().is_some_and(|model| model == &**wanted),
            Self::Fields(rules) => body
                .value()
                .is_some_and(|body| rules.iter().all(|rule| rule.is_match(body))),
            Self::Schema(schema) => body.value().is_some_and(|body| schema.is_valid(body)),
        }
    }

    /// Why a body does not fit, as a clause. Does not repeat what the body says.
    #[must_use]
    pub fn explain(&self, body: &PeekedBody<'_>) -> String {
        let Some(value) = body.value() else {
            return body
                .unreadable_because()
                .unwrap_or("the body cannot be read")
                .to_owned();
        };
        match self {
            Self::Model(wanted) => format!("body field `model` is not \"{wanted}\""),
            Self::Fields(rules) => match rules.iter().find(|rule| !rule.is_match(value)) {
                Some(rule) if rule.lookup(value).is_none() => format!("body field `{}` is missing", rule.name),
                Some(rule) => format!("body field `{}` is not {}", rule.name, rule.wanted),
                None => "the body fits".to_owned(),
            },
            Self::Schema(schema) => match schema.iter_errors(value).next() {
                Some(error) => {
                    let place = error.instance_path().to_string();
                    let place = if place.is_empty() {
                        "the body".to_owned()
                    } else {
                        format!("body field {place}")
                    };
                    format!("{place} breaks the schema: {}", error.masked_with("the value"))
                }
                None => "the body fits".to_owned(),
            },
        }
    }
}

impl FieldRule {
    fn is_match(&self, body: &Value) -> bool {
        self.lookup(body).is_some_and(|found| json_equal(found, &self.wanted))
    }

    /// The field of that very name, else the one that the dots lead to.
    fn lookup<'a>(&self, body: &'a Value) -> Option<&'a Value> {
        body.as_object()?.get(&*self.name).or_else(|| {
            self.name
                .split('.')
                .try_fold(body, |object, name| object.as_object()?.get(name))
        })
    }
}

/// Whether a definition is a JSON Schema: its top level has a keyword of the list with a value that is legal for it
/// (contract: Routes). So `{"type": "chat"}` is the short form, `{"type": "object"}` a schema.
#[must_use]
pub fn is_schema(fields: &Map<String, Value>) -> bool {
    fields.iter().any(|(keyword, value)| is_legal_keyword(keyword, value))
}

fn is_legal_keyword(keyword: &str, value: &Value) -> bool {
    let is_schema = |value: &Value| value.is_object() || value.is_boolean();
    let is_count = |value: &Value| {
        value.as_u64().is_some()
            || value
                .as_f64()
                .is_some_and(|number| number >= 0.0 && number.fract() == 0.0)
    };
    match keyword {
        "type" => match value {
            Value::String(name) => is_type(name),
            Value::Array(names) => !names.is_empty() && names.iter().all(|name| name.as_str().is_some_and(is_type)),
            _ => false,
        },
        "const" => true,
        "enum" | "required" => value.is_array(),
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => value
            .as_array()
            .is_some_and(|schemas| !schemas.is_empty() && schemas.iter().all(is_schema)),
        "not" | "if" | "items" | "contains" | "additionalProperties" | "propertyNames" => is_schema(value),
        "properties" | "patternProperties" | "dependentSchemas" | "dependentRequired" | "$defs" => value.is_object(),
        "minimum" | "maximum" => value.is_number(),
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" | "minContains"
        | "maxContains" => is_count(value),
        "$schema" | "$id" | "$ref" => value.is_string(),
        _ => false,
    }
}

fn is_type(name: &str) -> bool {
    matches!(
        name,
        "array" | "boolean" | "integer" | "null" | "number" | "object" | "string"
    )
}

fn compile_schema(definition: &Value) -> Result<Validator, String> {
    if let Some(reference) = outward_reference(definition) {
        return Err(format!(
            "has the reference `{}`; a `$ref` may only lead to a place within the schema, e.g. #/$defs/name",
            reference.escape_debug()
        ));
    }
    weight::check(definition)?;
    jsonschema::options()
        .offline()
        .with_pattern_options(PatternOptions::regex().size_limit(REGEX_SIZE_LIMIT))
        .build(definition)
        .map_err(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() {
                String::new()
            } else {
                format!(" at {place}")
            };
            // Messages of regular expressions have several lines.
            let why = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            let why: String = why.chars().take(300).collect();
            let hint = if place.contains("attern") {
                "; a pattern must run in linear time (no look-around, no back-references) and stay small when compiled"
            } else {
                ""
            };
            format!("is not a valid JSON Schema (2020-12){place}: {why}{hint}")
        })
}

/// The first reference that does not start at the schema's own root.
fn outward_reference(schema: &Value) -> Option<&str> {
    match schema {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| match (name.as_str(), value) {
            ("$ref" | "$dynamicRef", Value::String(reference)) if !reference.starts_with('#') => {
                Some(reference.as_str())
            }
            // What is compared with the body is no schema.
            ("const" | "enum" | "default" | "examples", _) => None,
            (_, value) => outward_reference(value),
        }),
        Value::Array(items) => items.iter().find_map(outward_reference),
        _ => None,
    }
}

/// Equality as JSON Schema's `const` has it: numbers by value (`1` equals `1.0`), objects in any order.
#[must_use]
pub fn json_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => number_equal(left, right),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| json_equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, left)| right.get(name).is_some_and(|right| json_equal(left, right)))
        }
        (left, right) => left == right,
    }
}

fn number_equal(left: &Number, right: &Number) -> bool {
    // Whole numbers are compared as such: as floats, large neighbours would be equal.
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => left == right,
        (None, None) => left.as_f64() == right.as_f64(),
        _ => false,
    }
}

/// A number without a fraction, as far as 128 bits reach.
fn whole(number: &Number) -> Option<i128> {
    if let Some(value) = number.as_i64() {
        return Some(value.into());
    }
    if let Some(value) = number.as_u64() {
        return Some(value.into());
    }
    let value = number.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "in range and without a fraction, so the cast is exact"
    )]
    (value.fract() == 0.0 && value.abs() < 1e38).then_some(value as i128)
}

#[cfg(test)]
mod tests;
