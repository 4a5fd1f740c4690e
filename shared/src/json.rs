//! How the dashboard reads what the gateway writes: the text is parsed once into a value, and each type picks its members
//! from it. Serde's `Deserialize`, which the server reads requests with, is ten times the code, for a care that an answer of
//! one's own server does not need; `#[derive(FromJson)]` follows the same attributes.
//!
//! Reading never stops half-way: what does not fit becomes a stand-in, and the reader keeps what it was. That is what
//! makes the code small. Whoever asks gets the whole or the fault.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

mod pretty;

pub use fastgate_shared_derive::FromJson;
pub use pretty::pretty;

use crate::time::Timestamp;

/// A type that is read from JSON.
pub trait FromJson: Sized {
    /// Reads it; what does not fit is noted in the reader.
    fn read(value: &Value, reader: &mut Reader) -> Self;
}

/// Reads a text.
///
/// # Errors
/// Why it is not the JSON of a `T`.
pub fn from_text<T: FromJson>(text: &str) -> Result<T, String> {
    from_value(&parse(text)?)
}

/// Reads a value.
///
/// # Errors
/// Why it is not a `T`.
pub fn from_value<T: FromJson>(value: &Value) -> Result<T, String> {
    let mut reader = Reader::default();
    let read = T::read(value, &mut reader);
    reader.fault.map_or(Ok(read), Err)
}

// Not generic, so that it is in the WASM file once.
#[inline(never)]
fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// What is being read, and the first thing that did not fit.
#[derive(Debug, Default)]
pub struct Reader {
    at: &'static str,
    fault: Option<String>,
}

impl Reader {
    /// A member that must be there.
    #[inline(never)]
    pub fn member<T: FromJson>(&mut self, object: &Value, name: &'static str) -> T {
        let value = self.look_up(object, name);
        T::read(value, self)
    }

    /// A member, or what stands for it where it is absent or null.
    #[inline(never)]
    pub fn member_or<T: FromJson>(&mut self, object: &Value, name: &'static str, absent: fn() -> T) -> T {
        let value = self.look_up(object, name);
        if value.is_null() {
            absent()
        } else {
            T::read(value, self)
        }
    }

    /// What may lie in the same object, all of it or nothing.
    pub fn attempt<T: FromJson>(&mut self, object: &Value) -> Option<T> {
        from_value(object).ok()
    }

    /// Which of the names the value is.
    #[inline(never)]
    pub fn choice(&mut self, value: &Value, names: &[&str]) -> usize {
        let found = value
            .as_str()
            .and_then(|text| names.iter().position(|name| *name == text));
        found.unwrap_or_else(|| {
            self.refuse("a known word");
            names.len()
        })
    }

    /// Which of the names a member is.
    pub fn tag(&mut self, object: &Value, member: &'static str, names: &[&str]) -> usize {
        let value = self.look_up(object, member);
        self.choice(value, names)
    }

    #[inline(never)]
    fn look_up<'v>(&mut self, object: &'v Value, name: &'static str) -> &'v Value {
        self.at = name;
        if !object.is_object() {
            self.refuse("in an object");
        }
        object.get(name).unwrap_or(&Value::Null)
    }

    #[inline(never)]
    fn refuse(&mut self, expected: &str) {
        if self.fault.is_none() {
            self.fault = Some(["`", self.at, "` is not ", expected].concat());
        }
    }

    fn expect<T>(&mut self, found: Option<T>, expected: &str) -> Option<T> {
        if found.is_none() {
            self.refuse(expected);
        }
        found
    }

    #[inline(never)]
    fn whole(&mut self, value: &Value) -> i64 {
        self.expect(value.as_i64(), "a whole number").unwrap_or_default()
    }

    #[inline(never)]
    fn items<'v>(&mut self, value: &'v Value) -> &'v [Value] {
        self.expect(value.as_array(), "a list").map_or(&[], Vec::as_slice)
    }
}

impl FromJson for Value {
    fn read(value: &Value, _: &mut Reader) -> Self {
        value.clone()
    }
}

impl FromJson for String {
    #[inline(never)]
    fn read(value: &Value, reader: &mut Reader) -> Self {
        reader.expect(value.as_str(), "a text").unwrap_or_default().to_owned()
    }
}

impl FromJson for bool {
    fn read(value: &Value, reader: &mut Reader) -> Self {
        reader.expect(value.as_bool(), "true or false").unwrap_or_default()
    }
}

impl FromJson for f64 {
    fn read(value: &Value, reader: &mut Reader) -> Self {
        reader.expect(value.as_f64(), "a number").unwrap_or_default()
    }
}

impl FromJson for u64 {
    fn read(value: &Value, reader: &mut Reader) -> Self {
        reader.expect(value.as_u64(), "a whole number").unwrap_or_default()
    }
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {
        $(impl FromJson for $number {
            fn read(value: &Value, reader: &mut Reader) -> Self {
                let number = Self::try_from(reader.whole(value)).ok();
                reader.expect(number, "a number of this size").unwrap_or_default()
            }
        })*
    };
}

whole_numbers!(u8, u16, u32, i16, i32, i64, usize);

impl FromJson for Timestamp {
    #[inline(never)]
    fn read(value: &Value, reader: &mut Reader) -> Self {
        let time = value.as_str().and_then(|text| text.parse().ok());
        reader.expect(time, "a point in time").unwrap_or_default()
    }
}

impl FromJson for () {
    fn read(_: &Value, _: &mut Reader) -> Self {}
}

impl<T: FromJson, E: FromJson> FromJson for Result<T, E> {
    fn read(value: &Value, reader: &mut Reader) -> Self {
        match value.get("Err") {
            Some(error) => Err(E::read(error, reader)),
            None => Ok(reader.member(value, "Ok")),
        }
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn read(value: &Value, reader: &mut Reader) -> Self {
        if value.is_null() {
            None
        } else {
            Some(T::read(value, reader))
        }
    }
}

impl<T: FromJson> FromJson for Box<T> {
    fn read(value: &Value, reader: &mut Reader) -> Self {
        Self::new(T::read(value, reader))
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn read(value: &Value, reader: &mut Reader) -> Self {
        reader.items(value).iter().map(|item| T::read(item, reader)).collect()
    }
}

impl<T: FromJson + Default + Copy, const N: usize> FromJson for [T; N] {
    fn read(value: &Value, reader: &mut Reader) -> Self {
        let read = Self::try_from(Vec::read(value, reader)).ok();
        reader
            .expect(read, "a list of this length")
            .unwrap_or([T::default(); N])
    }
}

impl<A: FromJson, B: FromJson> FromJson for (A, B) {
    fn read(value: &Value, reader: &mut Reader) -> Self {
        let [one, two] = reader.items(value) else {
            reader.refuse("a pair");
            return (A::read(&Value::Null, reader), B::read(&Value::Null, reader));
        };
        (A::read(one, reader), B::read(two, reader))
    }
}

impl<T: FromJson> FromJson for BTreeMap<String, T> {
    fn read(value: &Value, reader: &mut Reader) -> Self {
        let mut read = Self::new();
        // One by one: collecting them would sort them first, with a sort of its own for each type.
        for (name, value) in Map::read(value, reader) {
            read.insert(name, T::read(&value, reader));
        }
        read
    }
}

impl FromJson for Map<String, Value> {
    #[inline(never)]
    fn read(value: &Value, reader: &mut Reader) -> Self {
        reader
            .expect(value.as_object(), "an object")
            .cloned()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
