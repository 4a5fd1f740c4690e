//! JSON in which each object has each name once. Of a name that is there twice readers take the first, the last or both
//! (RFC 8259 section 4), so whoever reads the body before the gateway may have seen another one: it is refused.

use crate::admin::problem::shorten;
use fastgate_shared::problem::FieldError;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::RefCell;
use std::fmt;

/// Names that are told at most.
const MOST: usize = 20;

/// Reads a whole text; also tells each name that an object has twice.
///
/// # Errors
/// When it is no JSON.
pub(super) fn read(bytes: &[u8]) -> serde_json::Result<(Value, Vec<FieldError>)> {
    let twice = RefCell::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let here = Place {
        path: String::new(),
        twice: &twice,
    };
    let value = here.deserialize(&mut reader)?;
    reader.end()?;
    Ok((value, twice.into_inner()))
}

/// A value that is about to be read, and where it stands.
struct Place<'a> {
    path: String,
    twice: &'a RefCell<Vec<FieldError>>,
}

impl Place<'_> {
    fn below(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }

    fn refuse(&self, name: &str) {
        let mut twice = self.twice.borrow_mut();
        if twice.len() < MOST {
            let field = shorten(&self.below(name).escape_debug().to_string());
            twice.push(FieldError::new(field, "is given twice"));
        }
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
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
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        let place = |index: usize| Place {
            path: format!("{}[{index}]", self.path),
            twice: self.twice,
        };
        while let Some(item) = items.next_element_seed(place(read.len()))? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let place = Place {
                path: self.below(&name),
                twice: self.twice,
            };
            let value = members.next_value_seed(place)?;
            if read.contains_key(&name) {
                self.refuse(&name);
            }
            read.insert(name, value);
        }
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(r#"{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}"#, &[])]
    #[case(r#"{"a":1,"a":1}"#, &["a"])]
    #[case(r#"{"a":{"b":1,"b":2}}"#, &["a.b"])]
    #[case(r#"{"a":[{},{"b":1,"c":0,"b":2}]}"#, &["a[1].b"])]
    #[case(r#"{"a":1,"\u0061":2}"#, &["a"])]
    fn a_name_that_is_there_twice_is_told(#[case] text: &str, #[case] told: &[&str]) {
        let (_, twice) = read(text.as_bytes()).unwrap();
        let fields: Vec<&str> = twice.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, told);
    }

    #[rstest]
    #[case(r#"{"a":[1,-2,3.5,1e300,18446744073709551615,"t",null,true,{}]}"#)]
    #[case("[]")]
    #[case(r#""text""#)]
    fn everything_else_is_read_as_ever(#[case] text: &str) {
        assert_eq!(
            read(text.as_bytes()).unwrap().0,
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[rstest]
    #[case("{")]
    #[case("{} {}")]
    #[case("{a:1}")]
    #[case("")]
    fn what_is_no_json_is_refused(#[case] text: &str) {
        assert!(read(text.as_bytes()).is_err());
    }

    #[test]
    fn the_list_of_names_has_an_end() {
        let many = "\"a\":1,".repeat(1_000);
        let text = format!("{{{many}\"b\":1}}");
        assert_eq!(read(text.as_bytes()).unwrap().1.len(), MOST);
    }
}
