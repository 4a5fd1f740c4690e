//! What a request leaves behind. Made by the proxy's `audit` stage, redacted, then queued.

use super::header_text::HeaderText;
use super::redact::forget;
use fastgate_shared::audit_log::{Attempt, LogItem, LogRecord, Outcome, Replay};
use http::Method;
use jiff::Timestamp;
use std::sync::Arc;

/// A record on its way to the disk. Times are microseconds since the Unix epoch, UTC; durations are microseconds.
#[derive(Clone, Debug)]
pub struct Record {
    /// Number of the record; rises with the start of the request, also when the wall clock is set back.
    pub id: i64,
    /// `X-Request-Id`.
    pub request_id: Arc<str>,
    /// Of the key, else of the header `X-Source-Path`.
    pub source_path: Option<Arc<str>>,
    /// UUID of the key.
    pub key_id: Option<Arc<str>>,
    /// `fg_Ab…9xYz`.
    pub key_preview: Option<Arc<str>>,
    /// UUID of the route that answered, or that refused.
    pub route_id: Option<Arc<str>>,
    /// Its name.
    pub route_name: Option<Arc<str>>,
    /// Method.
    pub method: Method,
    /// Path and query as the client wrote them, credentials redacted.
    pub path: String,
    /// Path without the query, for the top list of the statistics.
    pub path_only_len: usize,
    /// URL of the last attempt, credentials redacted.
    pub target_url: Option<String>,
    /// Status sent to the client; 499 when it left before one was sent; `None` while in flight.
    pub status_code: Option<u16>,
    /// How it ended; `None` while in flight.
    pub outcome: Option<Outcome>,
    /// When the head had arrived.
    pub request_time: i64,
    /// When the response's head was there.
    pub first_response_time: Option<i64>,
    /// When the last byte was handed on.
    pub response_time: Option<i64>,
    /// From `request_time` to the end.
    pub duration_us: Option<i64>,
    /// From `request_time` to the response's head.
    pub ttfb_us: Option<i64>,
    /// Spent in the gateway itself before the response's head.
    pub gateway_us: Option<i64>,
    /// Body bytes from the client.
    pub request_size: u64,
    /// Body bytes to the client.
    pub response_size: u64,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// Client address.
    pub ip_address: std::net::IpAddr,
    /// Response is `text/event-stream` or `application/x-ndjson`.
    pub is_stream: bool,
    /// Events of a streamed response.
    pub stream_chunks: u64,
    /// Model that answered, else the one asked for.
    pub model: Option<String>,
    /// Usage.
    pub prompt_tokens: Option<u64>,
    /// Usage.
    pub completion_tokens: Option<u64>,
    /// What went wrong.
    pub error_message: Option<String>,
    /// From the client, redacted.
    pub request_headers: HeaderText,
    /// To the client, redacted.
    pub response_headers: HeaderText,
    /// Captured text, redacted.
    pub request_body: Option<String>,
    /// Captured text, redacted.
    pub response_body: Option<String>,
    /// In order.
    pub attempts: Vec<Attempt>,
    /// Why the route won, or why none did.
    pub match_reason: Option<Arc<str>>,
    /// Where it comes from, when an administrator sent it again.
    pub replay: Option<Box<Replay>>,
}

impl Record {
    /// Status ≥ 400, an error message, or no answer: what the statistics count as an error, and whose bodies are kept
    /// under `audit.capture: errors`.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.error_message.is_some() || self.status_code.is_none_or(|status| status >= 400)
    }

    /// Takes credentials of a route out of what the client sent: it may know them from elsewhere.
    pub fn forget<'a>(&mut self, credentials: impl Iterator<Item = &'a str> + Clone) {
        self.path = forget(std::mem::take(&mut self.path), credentials.clone());
        self.path_only_len = self.path.find('?').unwrap_or(self.path.len());
        self.user_agent = self.user_agent.take().map(|text| forget(text, credentials.clone()));
        self.request_headers.forget(credentials);
    }

    /// Another route takes over: the attempts so far, but those that have a name already, were of this one.
    pub fn attempts_were_of(&mut self, route_name: &str) {
        let unnamed = self.attempts.iter_mut().filter(|attempt| attempt.route_name.is_none());
        unnamed.for_each(|attempt| attempt.route_name = Some(route_name.to_owned()));
    }

    /// Bytes that it takes in memory, estimated.
    #[must_use]
    pub fn size(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        size_of::<Self>()
            + self.path.len()
            + [
                &self.target_url,
                &self.user_agent,
                &self.model,
                &self.error_message,
                &self.request_body,
                &self.response_body,
            ]
            .map(text)
            .iter()
            .sum::<usize>()
            + self.match_reason.as_ref().map_or(0, |reason| reason.len())
            + self.request_headers.as_json().len()
            + self.response_headers.as_json().len()
            + self.attempts.len() * 128
    }

    /// The record as lists and the live view show it.
    #[must_use]
    pub fn item(&self) -> LogItem {
        let shared = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        LogItem {
            id: self.id.to_string(),
            request_id: self.request_id.as_ref().to_owned(),
            source_path: shared(&self.source_path),
            key_id: shared(&self.key_id),
            key_preview: shared(&self.key_preview),
            route_id: shared(&self.route_id),
            route_name: shared(&self.route_name),
            method: self.method.as_str().to_owned(),
            path: self.path.clone(),
            target_url: self.target_url.clone(),
            status_code: self.status_code,
            outcome: self.outcome,
            request_time: instant(self.request_time),
            first_response_time: self.first_response_time.map(instant),
            response_time: self.response_time.map(instant),
            created_at: instant(self.request_time),
            response_time_ms: self.duration_us.map(milliseconds),
            ttfb_ms: self.ttfb_us.map(milliseconds),
            gateway_ms: self.gateway_us.map(milliseconds),
            request_size: self.request_size,
            response_size: self.response_size,
            user_agent: self.user_agent.clone(),
            ip_address: self.ip_address.to_string(),
            is_stream: self.is_stream,
            stream_chunks: self.stream_chunks,
            model: self.model.clone(),
            prompt_tokens: self.prompt_tokens,
            completion_tokens: self.completion_tokens,
            error_message: self.error_message.clone(),
        }
    }
}

/// The whole record, of a request that the database does not know yet.
impl From<&Record> for LogRecord {
    fn from(record: &Record) -> Self {
        Self {
            item: record.item(),
            request_headers: record.request_headers.fields(),
            request_body: record.request_body.clone(),
            response_headers: record.response_headers.fields(),
            response_body: record.response_body.clone(),
            attempts: record.attempts.clone(),
            match_reason: record.match_reason.as_deref().map(str::to_owned),
            replay: record.replay.as_deref().cloned(),
        }
    }
}

/// Microseconds since the Unix epoch as a point in time; what is out of range becomes the nearest one.
#[must_use]
pub fn instant(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(if microseconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// Microseconds as milliseconds.
#[must_use]
pub fn milliseconds(microseconds: i64) -> f64 {
    microseconds as f64 / 1000.0
}
