//! The audit log: one record for each request, whatever its end (contract: Audit log).

use crate::fields::Fields;
use crate::json::FromJson;
use crate::route::MatchExplanation;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, FromJson)]
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
    /// The gateway ended before the request did, or an administrator cancelled it.
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

/// How far an attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttemptPhase {
    /// Name resolution, TCP and TLS: the upstream has seen nothing of the request.
    Connect,
    /// The client's request was still on its way.
    Request,
    /// The response's head was waited for, or came.
    ResponseHead,
    /// The response's body was on its way when it broke.
    ResponseBody,
}

/// One try to get an answer from an upstream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attempt {
    /// From 1.
    pub attempt: u32,
    /// `http(s)://host:port` that was tried.
    pub target: String,
    /// Name of the route whose target that is, where another route than the record's made the attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_name: Option<String>,
    /// How far it came; absent in records of 0.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<AttemptPhase>,
    /// The status it answered with, if any.
    pub status_code: Option<u16>,
    /// The class of failure, e.g. `connect_failed`, `connect_timeout`, `response_timeout`, `connection_lost`.
    pub error: Option<String>,
    /// Milliseconds that it took.
    pub ms: f64,
}

/// A record as lists and the live view show it: everything but headers and bodies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
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
    /// Why the route won, as a sentence, and for which route it stood in, if it did; or why none won.
    pub match_reason: Option<String>,
    /// Where it comes from, when an administrator sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
}

/// Where a request comes from that an administrator sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replay {
    /// Number of the record that was sent again; null when the request was written in the playground.
    pub of: Option<String>,
    /// Who sent it.
    pub by: String,
}

/// What would be sent again from a record, as far as the record knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayDraft {
    /// Method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header fields in order, without those that belong to the connection and without credentials.
    pub headers: Vec<(String, String)>,
    /// Body; null when there was none, or it is not known.
    pub body: Option<String>,
    /// UUID of the key that it acts with; null for none.
    pub key_id: Option<String>,
    /// What is missing: each must be given.
    pub gaps: Vec<ReplayGap>,
    /// Names of the header fields whose values were not kept.
    pub missing_headers: Vec<String>,
}

/// What a record does not know of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReplayGap {
    /// The body was not captured, is not text, or was cut.
    Body,
    /// Credentials in the body were replaced.
    BodyRedacted,
    /// Credentials in the path's query were replaced.
    Path,
    /// Credentials in header fields were not kept.
    Headers,
    /// The key is gone, switched off or expired.
    Key,
}

/// The body of `POST /admin/logs/{log_id}/replay`: what differs from the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ReplayRequest {
    /// Method; the record's when absent.
    pub method: Option<String>,
    /// Path and query; the record's when absent.
    pub path: Option<String>,
    /// All header fields, in order; the record's when absent.
    pub headers: Option<Vec<(String, String)>>,
    /// Body; the record's when absent.
    pub body: Option<String>,
    /// UUID of the key that the request acts with, empty for none; the record's when absent.
    pub key_id: Option<String>,
}

/// What came of a request that was sent again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayResult {
    /// Number of its own record.
    pub log_id: String,
    /// Its `X-Request-Id`.
    pub request_id: String,
    /// Status of the answer.
    pub status_code: u16,
    /// Header fields of the answer in order, credentials redacted.
    pub response_headers: Vec<(String, String)>,
    /// The answer's first 64 KiB, redacted like those of records; null when empty or not text.
    pub response_body: Option<String>,
    /// There was more.
    pub truncated: bool,
    /// Bytes of the answer's body.
    pub response_size: u64,
    /// Milliseconds to the answer's end.
    pub response_time_ms: f64,
    /// Milliseconds to the answer's head.
    pub ttfb_ms: f64,
    /// Why the answer did not come to its end.
    pub error_message: Option<String>,
}

impl Fields for ReplayRequest {
    const WRITABLE: &'static [&'static str] = &["method", "path", "headers", "body", "key_id"];
    const READ_ONLY: &'static [&'static str] = &[];
}

/// Why a recorded request went where it went, judged by the routes as they are now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogExplanation {
    #[serde(flatten)]
    #[allow(missing_docs, reason = "the fields of a match, flat")]
    pub now: MatchExplanation,
    /// What the verdicts cannot take into account.
    pub notes: Vec<ExplanationNote>,
}

/// Why verdicts on a recorded request may differ from what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExplanationNote {
    /// It was refused before routes were looked at.
    NeverRouted,
    /// Its body was not captured, or only in part: conditions on it are taken as met.
    BodyUnknown,
    /// A header field that a route looks at is a credential, whose value was not kept.
    HeadersRedacted,
    /// Routes were changed, added or deleted since.
    RoutesChanged,
}

/// How many requests there were over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogHistogram {
    /// Where the first bucket begins.
    pub start: Timestamp,
    /// Milliseconds that a bucket lasts.
    pub bucket_ms: f64,
    /// Oldest first; of each the requests without a status yet, then those with 1xx, 2xx, 3xx, 4xx and 5xx.
    pub buckets: Vec<[u64; 6]>,
    /// Requests that were counted.
    pub counted: u64,
    /// Those were all; else there are older ones, which are left out.
    pub complete: bool,
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
