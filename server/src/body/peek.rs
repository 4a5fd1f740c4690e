//! What a buffered request body says, read as far as somebody asks and no further.
//!
//! A body that is no JSON is no error here: it has no model and no value, and so fits no rule. Nothing is changed.

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::sync::OnceLock;

/// Values in a body at most, counting those within others: bounds the memory of a parsed body, which may be thirty
/// times that of its text.
const MAX_VALUES: u32 = 1_000_000;

/// A request body for matching. Parses when first asked, and once.
pub struct PeekedBody<'a> {
    text: Result<&'a [u8], &'static str>,
    model: OnceLock<Option<Cow<'a, str>>>,
    value: OnceLock<Option<Value>>,
}

impl<'a> PeekedBody<'a> {
    /// A body with its `Content-Encoding`; with one, it is not read (contract: Routes).
    #[must_use]
    pub fn new(content_encoding: Option<&http::HeaderValue>, bytes: &'a [u8]) -> Self {
        let text = match content_encoding {
            Some(_) => Err("the body has a Content-Encoding"),
            None => Ok(bytes),
        };
        Self {
            text,
            model: OnceLock::new(),
            value: OnceLock::new(),
        }
    }

    /// As [`Self::new`], of a body that was asked for its model before.
    #[must_use]
    pub fn with_model(content_encoding: Option<&http::HeaderValue>, bytes: &'a [u8], model: Option<&'a str>) -> Self {
        Self {
            model: OnceLock::from(model.map(Cow::Borrowed)),
            ..Self::new(content_encoding, bytes)
        }
    }

    /// The top-level field `model`, when it is a text and occurs once. Costs a scan, no full parse.
    #[inline(never)] // Counted by itself: bench/instructions.mjs.
    pub fn model(&self) -> Option<&str> {
        let model = self.model.get_or_init(|| {
            let body: OnlyModel<'a> = serde_json::from_slice(self.text.ok()?).ok()?;
            body.model.map(|Text(model)| model)
        });
        model.as_deref()
    }

    /// The whole body as JSON. `None` where it is none, is nested deeper than 127 levels, has more than a million values,
    /// or has an object with two fields of one name, which different readers would understand differently.
    pub fn value(&self) -> Option<&Value> {
        let value = self.value.get_or_init(|| parse(self.text.ok()?));
        value.as_ref()
    }

    /// Why it has no [`Self::value`], as a clause.
    #[must_use]
    pub fn unreadable_because(&self) -> Option<&'static str> {
        match self.text {
            Err(why) => Some(why),
            Ok([]) => Some("there is no body"),
            Ok(_) if self.value().is_none() => Some("the body is not JSON, or has a field twice"),
            Ok(_) => None,
        }
    }
}

/// The field `model` of an object. Derived code would read an array as well, by place.
struct OnlyModel<'a> {
    model: Option<Text<'a>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for OnlyModel<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = OnlyModel<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
                let mut model: Option<Option<Text<'de>>> = None;
                while let Some(Text(name)) = fields.next_key()? {
                    if name != "model" {
                        fields.next_value::<IgnoredAny>()?;
                    } else if model.replace(fields.next_value()?).is_some() {
                        return Err(de::Error::duplicate_field("model"));
                    }
                }
                Ok(OnlyModel { model: model.flatten() })
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A text that is borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}

fn parse(bytes: &[u8]) -> Option<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let left = Cell::new(MAX_VALUES);
    let value = de::DeserializeSeed::deserialize(Strict(&left), &mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

/// Builds a [`Value`], refusing what [`PeekedBody::value`] refuses; counts values down.
#[derive(Clone, Copy)]
struct Strict<'c>(&'c Cell<u32>);

impl<'de> de::DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self
            .0
            .get()
            .checked_sub(1)
            .ok_or_else(|| de::Error::custom("too many values"))?;
        self.0.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let value = fields.next_value_seed(self)?;
            if object.insert(name, value).is_some() {
                return Err(de::Error::custom("a field twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests;
