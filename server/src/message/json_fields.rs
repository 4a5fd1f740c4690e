//! `add_body_fields`: sets fields at the top level of a JSON object and leaves every other byte of the body's values
//! as the client wrote it (numbers keep their spelling, order is kept).

use super::template::{Template, Values};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The fields, compiled.
#[derive(Debug, Default)]
pub struct BodyPlan(Vec<(String, BodyValue)>);

#[derive(Debug)]
enum BodyValue {
    /// JSON text as it goes into the body.
    Fixed(String),
    Filled(Template),
    Array(Vec<BodyValue>),
    Object(Vec<(String, BodyValue)>),
}

impl BodyValue {
    fn compile(value: &Value) -> Self {
        match value {
            Value::String(text) if Template::parse(text).literal().is_none() => Self::Filled(Template::parse(text)),
            Value::Array(items) if items.iter().any(has_placeholder) => {
                Self::Array(items.iter().map(Self::compile).collect())
            }
            Value::Object(members) if members.values().any(has_placeholder) => {
                let compiled = members.iter().map(|(name, value)| (name.clone(), Self::compile(value)));
                Self::Object(compiled.collect())
            }
            other => Self::Fixed(other.to_string()),
        }
    }

    fn write(&self, out: &mut Vec<u8>, values: &Values<'_>) {
        match self {
            Self::Fixed(json) => out.extend_from_slice(json.as_bytes()),
            Self::Filled(template) => {
                let text = template.fill(values, |text| Cow::Borrowed(text));
                out.extend_from_slice(Value::String(text).to_string().as_bytes());
            }
            Self::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    out.push(if index == 0 { b'[' } else { b',' });
                    item.write(out, values);
                }
                out.push(b']');
            }
            Self::Object(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    out.push(if index == 0 { b'{' } else { b',' });
                    write_name(out, name);
                    value.write(out, values);
                }
                out.push(b'}');
            }
        }
    }
}

fn has_placeholder(value: &Value) -> bool {
    match value {
        Value::String(text) => Template::parse(text).literal().is_none(),
        Value::Array(items) => items.iter().any(has_placeholder),
        Value::Object(members) => members.values().any(has_placeholder),
        _ => false,
    }
}

impl BodyPlan {
    /// Compiles the fields; texts at any depth of their values may hold placeholders.
    #[must_use]
    pub fn compile(fields: &Map<String, Value>) -> Self {
        let compiled = fields
            .iter()
            .map(|(name, value)| (name.clone(), BodyValue::compile(value)));
        Self(compiled.collect())
    }

    /// Whether there is nothing to set, so that the body need not be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The body with the fields set; `None` when it is no JSON object, which is then sent as it is.
    #[must_use]
    pub fn apply(&self, body: &[u8], values: &Values<'_>) -> Option<Vec<u8>> {
        let object: RawObject<'_> = serde_json::from_slice(body).ok()?;
        let mut out = Vec::with_capacity(body.len() + 64 * self.0.len());
        out.push(b'{');
        for (name, value) in &object.0 {
            if !self.0.iter().any(|(set, _)| set == name) {
                begin_field(&mut out, name);
                out.extend_from_slice(value.get().as_bytes());
            }
        }
        for (name, value) in &self.0 {
            begin_field(&mut out, name);
            value.write(&mut out, values);
        }
        out.push(b'}');
        Some(out)
    }
}

fn begin_field(out: &mut Vec<u8>, name: &str) {
    if out.len() > 1 {
        out.push(b',');
    }
    write_name(out, name);
}

fn write_name(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(Value::String(name.to_owned()).to_string().as_bytes());
    out.push(b':');
}

/// A JSON object whose values stay text.
struct RawObject<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for RawObject<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = RawObject<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry::<String, &'de RawValue>()? {
                    fields.push(field);
                }
                Ok(RawObject(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests;
