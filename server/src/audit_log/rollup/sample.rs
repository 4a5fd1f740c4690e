//! What the figures need to know of a request that ended.

use super::Record;
use super::figures::Dimension;
use std::borrow::Cow;

const MAX_NAME_CHARS: usize = 200;

/// A request that ended.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// When it ended, microseconds since the epoch.
    pub at: i64,
    /// UUID of the key.
    pub key_id: Option<&'a str>,
    /// Source path.
    pub source_path: Option<&'a str>,
    /// UUID of the route.
    pub route_id: Option<&'a str>,
    /// Its name.
    pub route_name: Option<&'a str>,
    /// Model.
    pub model: Option<&'a str>,
    /// Who was asked: protocol, host and port of the last attempt; `None` where nobody was.
    pub upstream: Option<&'a str>,
    /// Path without query.
    pub path: &'a str,
    /// Status; `None` without an answer.
    pub status_code: Option<u16>,
    /// See [`Record::is_error`].
    pub is_error: bool,
    /// Microseconds to the end.
    pub duration_us: Option<i64>,
    /// Microseconds to the response's head.
    pub ttfb_us: Option<i64>,
    /// Body bytes from the client.
    pub bytes_in: u64,
    /// Body bytes to the client.
    pub bytes_out: u64,
    /// Usage.
    pub prompt_tokens: u64,
    /// Usage.
    pub completion_tokens: u64,
}

impl<'a> Sample<'a> {
    /// What it is counted under, bounded; the empty text is "none".
    pub(super) fn value(&self, dimension: Dimension) -> Cow<'a, str> {
        match dimension {
            Dimension::All => Cow::Borrowed(""),
            Dimension::Route => short(self.route_id.unwrap_or_default()),
            Dimension::Key => short(self.key_id.unwrap_or_default()),
            Dimension::Source => short(self.source_path.unwrap_or_default()),
            Dimension::Model => short(self.model.unwrap_or_default()),
            Dimension::Upstream => short(self.upstream.unwrap_or_default()),
            Dimension::Status => Cow::Borrowed(self.status_class()),
        }
    }

    const fn status_class(&self) -> &'static str {
        let Some(status) = self.status_code else {
            return "none";
        };
        match status / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            6 => "6xx",
            7 => "7xx",
            8 => "8xx",
            _ => "9xx",
        }
    }
}

impl<'a> From<&'a Record> for Sample<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            at: record.response_time.unwrap_or(record.request_time),
            key_id: record.key_id.as_deref(),
            source_path: record.source_path.as_deref(),
            route_id: record.route_id.as_deref(),
            route_name: record.route_name.as_deref(),
            model: record.model.as_deref(),
            upstream: record.target_url.as_deref().and_then(origin_of),
            path: record.path.get(..record.path_only_len).unwrap_or(&record.path),
            status_code: record.status_code,
            is_error: record.is_error(),
            duration_us: record.duration_us,
            ttfb_us: record.ttfb_us,
            bytes_in: record.request_size,
            bytes_out: record.response_size,
            prompt_tokens: record.prompt_tokens.unwrap_or(0),
            completion_tokens: record.completion_tokens.unwrap_or(0),
        }
    }
}

/// `http://host:port` of a target's URL.
#[must_use]
pub fn origin_of(url: &str) -> Option<&str> {
    let (protocol, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    url.get(..protocol.len() + 3 + host.len())
}

/// Bounded, and without what a database refuses in a text.
pub(super) fn short(text: &str) -> Cow<'_, str> {
    if text.len() <= MAX_NAME_CHARS && !text.contains('\0') {
        return text.into();
    }
    text.chars().filter(|c| *c != '\0').take(MAX_NAME_CHARS).collect()
}
