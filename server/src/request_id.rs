//! The id of a request: taken from `X-Request-Id` when it is well formed, else made (contract: Forwarding).

use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;

/// `X-Request-Id`.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of one request: 1–128 characters of `[A-Za-z0-9._-]`, so that it can stand in any header or log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The client's own id if there is exactly one and it is well formed, else a new one. Also where the client's own is a
    /// secret, as `is_secret` tells: ids are written down everywhere.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap, is_secret: impl Fn(&str) -> bool) -> Self {
        let mut values = headers.get_all(HEADER).iter();
        match (values.next().and_then(|value| value.to_str().ok()), values.next()) {
            (Some(text), None) if is_well_formed(text) && !is_secret(text) => Self(text.into()),
            _ => Self::new(),
        }
    }

    /// A new id: UUIDv7, so that ids sort by time.
    #[must_use]
    pub fn new() -> Self {
        Self(uuid::Uuid::now_v7().simple().to_string().into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, shared.
    #[must_use]
    pub fn to_shared(&self) -> Arc<str> {
        self.0.clone()
    }

    /// The id as the value of a header field.
    #[must_use]
    pub fn to_header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("letters, digits, `.`, `_` and `-` are legal in a header")
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

fn is_well_formed(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("abc-1.2_3", true)]
    #[case(&"a".repeat(128), true)]
    #[case(&"a".repeat(129), false)]
    #[case("", false)]
    #[case("a b", false)]
    #[case("a\u{e9}", false)]
    fn a_well_formed_id_is_kept_and_any_other_replaced(#[case] sent: &str, #[case] kept: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_bytes(sent.as_bytes()).unwrap());
        assert_eq!(RequestId::from_headers(&headers, |_| false).as_str() == sent, kept);
    }

    #[test]
    fn an_id_that_is_a_secret_is_replaced() {
        let headers = HeaderMap::from_iter([(HEADER, HeaderValue::from_static("a"))]);
        assert_ne!(RequestId::from_headers(&headers, |id| id == "a").as_str(), "a");
    }

    #[test]
    fn two_ids_in_one_request_are_replaced() {
        let mut headers = HeaderMap::new();
        headers.append(HEADER, HeaderValue::from_static("a"));
        headers.append(HEADER, HeaderValue::from_static("b"));
        assert!(!["a", "b"].contains(&RequestId::from_headers(&headers, |_| false).as_str()));
    }
}
