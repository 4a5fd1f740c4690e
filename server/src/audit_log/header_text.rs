//! Header fields as the log keeps them: one text, made while the request is handled, so that a record holds on to none of
//! the connection's buffers in which the fields arrived.

use super::redact::forget;
use http::{HeaderMap, HeaderName};

/// `[["name","value"],…]` in order, ready for the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderText(String);

impl HeaderText {
    /// No field, with room for these.
    #[must_use]
    pub fn with_room_for(headers: &HeaderMap) -> Self {
        let bytes: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 8)
            .sum();
        let mut json = String::with_capacity(bytes + 2);
        json.push_str("[]");
        Self(json)
    }

    /// One more field.
    pub fn push(&mut self, name: &HeaderName, value: &str) {
        let json = &mut self.0;
        json.pop();
        json.push_str(if json.len() > 1 { ",[\"" } else { "[\"" });
        // A header name is a token: nothing in it needs an escape.
        json.push_str(name.as_str());
        json.push_str("\",");
        // All are looked at, which goes many at a time.
        let is_plain = |plain: bool, b: u8| plain & (b >= b' ') & (b != b'"') & (b != b'\\');
        if value.bytes().fold(true, is_plain) {
            json.push('"');
            json.push_str(value);
            json.push('"');
        } else {
            json.push_str(&serde_json::Value::from(value).to_string());
        }
        json.push_str("]]");
    }

    /// Takes credentials out that stand in values.
    pub fn forget<'a>(&mut self, credentials: impl Iterator<Item = &'a str>) {
        self.0 = forget(std::mem::take(&mut self.0), credentials);
    }

    /// The fields, in order.
    #[must_use]
    pub fn fields(&self) -> Vec<(String, String)> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// The fields of a JSON text as [`HeaderText::as_json`] gives it; none if it is another text.
    #[must_use]
    pub fn from_json(json: String) -> Option<Self> {
        serde_json::from_str::<Vec<(&serde_json::value::RawValue, &serde_json::value::RawValue)>>(&json)
            .is_ok()
            .then_some(Self(json))
    }

    /// The JSON text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl Default for HeaderText {
    fn default() -> Self {
        Self("[]".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_any_value_is_json() {
        let mut text = HeaderText::default();
        assert_eq!(text.as_json(), "[]");
        text.push(&http::header::ACCEPT, "a\"\\\t\u{e9}");
        text.push(&http::header::ACCEPT, "");
        let fields: Vec<(String, String)> = serde_json::from_str(text.as_json()).unwrap();
        assert_eq!(
            fields,
            [
                ("accept".to_owned(), "a\"\\\t\u{e9}".to_owned()),
                ("accept".to_owned(), String::new())
            ]
        );
    }
}
