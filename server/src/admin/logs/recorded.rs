//! What a record still knows of its request: credentials are taken out, and bodies may be missing or cut.

use crate::audit_log::redact::REDACTED;
use fastgate_shared::audit_log::LogRecord;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// A recorded request.
pub struct Recorded<'a> {
    record: &'a LogRecord,
    max_body_bytes: usize,
}

/// What is left of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyState<'a> {
    /// There was none.
    None,
    /// All of it.
    Whole(&'a str),
    /// All of it, but credentials in it are replaced.
    Redacted(&'a str),
    /// Not captured, not text, or cut.
    Unknown,
}

impl<'a> Recorded<'a> {
    /// Of this record; `max_body_bytes` is `audit.max_body_bytes`.
    pub fn of(record: &'a LogRecord, max_body_bytes: usize) -> Self {
        Self { record, max_body_bytes }
    }

    pub fn method(&self) -> Option<Method> {
        Method::from_bytes(self.record.item.method.as_bytes()).ok()
    }

    /// Path and query.
    pub fn path_and_query(&self) -> (&'a str, Option<&'a str>) {
        let path = self.record.item.path.as_str();
        path.split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)))
    }

    /// The header fields whose values were kept.
    pub fn headers(&self) -> HeaderMap {
        let kept = self
            .record
            .request_headers
            .iter()
            .filter(|(_, value)| !is_redacted(value));
        kept.filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
        })
        .collect()
    }

    /// Names of those whose values were not.
    pub fn redacted_headers(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let fields = self.record.request_headers.iter();
        fields
            .filter(|(_, value)| is_redacted(value))
            .map(|(name, _)| name.as_str())
    }

    pub fn body(&self) -> BodyState<'a> {
        let size = self.record.item.request_size;
        match self.record.request_body.as_deref() {
            // Who is refused by the head alone, or still sends, has a body that nobody has read.
            _ if self.announces_more_than(size) => BodyState::Unknown,
            None if size == 0 => BodyState::None,
            None => BodyState::Unknown,
            Some(text) if text.len() as u64 == size && !is_redacted(text) => BodyState::Whole(text),
            // Its length says nothing any more; one that fits into the room for it was not cut.
            Some(text) if is_redacted(text) && size <= self.max_body_bytes as u64 => BodyState::Redacted(text),
            Some(_) => BodyState::Unknown,
        }
    }

    /// Whether the head speaks of a body with more bytes than these.
    fn announces_more_than(&self, size: u64) -> bool {
        let mut headers = self.record.request_headers.iter();
        headers.any(|(name, value)| match name.as_str() {
            "content-length" => value.parse::<u64>().is_ok_and(|length| length > size),
            name => name == "transfer-encoding" && size == 0,
        })
    }
}

/// Whether something was taken out of a text.
pub fn is_redacted(text: &str) -> bool {
    text.contains(REDACTED)
}
