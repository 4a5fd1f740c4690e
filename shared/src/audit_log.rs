//! The audit log: one record for each request, whatever its end (contract: Audit log).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The upstream's answer was relayed to its end, whatever its status.
    Ok,
    /// No upstream could be reached, or it broke.
    UpstreamError,
    /// The client left before the end.
    ClientClosed,
    /// A time limit passed.
    Timeout,
    /// The gateway refused the request (401, 403, 404, 413, 429 …).
    Rejected,
    /// The gateway ended before the request did.
    Interrupted,
}

impl Outcome {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::UpstreamError => "upstream_error",
            Self::ClientClosed => "client_closed",
            Self::Timeout => "timeout",
            Self::Rejected => "rejected",
            Self::Interrupted => "interrupted",
        }
    }
}

/// One try to get an answer from an upstream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attempt {
    /// From 1.
    pub attempt: u32,
    /// `http(s)://host:port` that was tried.
    pub target: String,
    /// The status it answered with, if any.
    pub status_code: Option<u16>,
    /// The class of failure, e.g. `connect_refused`, `connect_timeout`, `response_timeout`, `connection_lost`.
    pub error: Option<String>,
    /// Milliseconds that it took.
    pub ms: f64,
}

/// A record as lists and the live view show it: everything but headers and bodies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogItem {
    /// Number of the record as text; rises with the start of the request.
    pub id: String,
    /// The request's `X-Request-Id`.
    pub request_id: String,
    /// The key's `source_path`, else the `X-Source-Path` header.
    pub source_path: Option<String>,
    /// UUID of the key.
    pub key_id: Option<String>,
    /// The key as `fg_Ab…9xYz`.
    pub key_preview: Option<String>,
    /// UUID of the route that answered.
    pub route_id: Option<String>,
    /// Its name at that time.
    pub route_name: Option<String>,
    /// Request method.
    pub method: String,
    /// Path as the client wrote it, credentials in the query redacted.
    pub path: String,
    /// URL of the last attempt, credentials redacted.
    pub target_url: Option<String>,
    /// Status sent to the client; 499 when it left before one was sent; null while in flight.
    pub status_code: Option<u16>,
    /// How it ended; null while in flight.
    pub outcome: Option<Outcome>,
    /// When the request's head had arrived.
    pub request_time: Timestamp,
    /// When the response's head was there.
    pub first_response_time: Option<Timestamp>,
    /// When the last byte was handed on.
    pub response_time: Option<Timestamp>,
    /// When the record was made.
    pub created_at: Timestamp,
    /// Milliseconds from `request_time` to `response_time`.
    pub response_time_ms: Option<f64>,
    /// Milliseconds from `request_time` to the response's head.
    pub ttfb_ms: Option<f64>,
    /// Milliseconds spent in the gateway itself before the response's head.
    pub gateway_ms: Option<f64>,
    /// Body bytes received from the client.
    pub request_size: u64,
    /// Body bytes sent to the client.
    pub response_size: u64,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// The client's address.
    pub ip_address: String,
    /// The response is `text/event-stream` or `application/x-ndjson`.
    pub is_stream: bool,
    /// Events (or lines) of a streamed response.
    pub stream_chunks: u64,
    /// The model that answered, else the one asked for.
    pub model: Option<String>,
    /// Tokens of the prompt, as the upstream counted them.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the answer, as the upstream counted them.
    pub completion_tokens: Option<u64>,
    /// What went wrong.
    pub error_message: Option<String>,
}

/// A whole record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogRecord {
    #[serde(flatten)]
    #[allow(missing_docs, reason = "the fields of the list, flat")]
    pub item: LogItem,
    /// Header fields from the client in order, credentials redacted.
    pub request_headers: Vec<(String, String)>,
    /// Captured text of the request's body, redacted; null when not captured or not text.
    pub request_body: Option<String>,
    /// Header fields sent to the client in order.
    pub response_headers: Vec<(String, String)>,
    /// Captured text of the response's body, redacted.
    pub response_body: Option<String>,
    /// The tries to get an answer, in order.
    pub attempts: Vec<Attempt>,
    /// Why the route won, as a sentence; or why none did.
    pub match_reason: Option<String>,
}

/// What happened to a request in the live view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LiveEventKind {
    /// Its head arrived.
    Start,
    /// The response's head is there.
    FirstByte,
    /// It goes on: sizes and counts grew.
    Progress,
    /// It ended.
    End,
}

impl LiveEventKind {
    /// The SSE event name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::FirstByte => "first_byte",
            Self::Progress => "progress",
            Self::End => "end",
        }
    }
}

/// Filters of the log: the same for the list, the export and the live view. The texts are as in the query string.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogFilter {
    /// From this time on: RFC 3339, naive, or a bare date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// Up to and including this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    /// `200`, `4xx` or `400-499`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    /// Request method, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Substring of the path, or a pattern with `*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// UUID of a route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_id: Option<String>,
    /// UUID of a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Source path, whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_path: Option<String>,
    /// Model, whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `true` or `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_stream: Option<String>,
    /// Milliseconds that the request took at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_ms: Option<String>,
    /// `true`: status ≥ 400 or an error message; `false`: neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_error: Option<String>,
    /// `X-Request-Id`, whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Client address, whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
}
