//! The playground: a request that an administrator writes, and its answer as it comes.

use crate::fields::Fields;
use crate::json::FromJson;
use serde::{Deserialize, Serialize};

/// The body of `POST /admin/playground`: a request to be sent through the gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PlaygroundRequest {
    /// Method; `GET` when absent, or `POST` with a body.
    #[serde(default)]
    pub method: Option<String>,
    /// Path and query, as a client of the gateway would ask for them.
    pub path: String,
    /// Header fields in order.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Body.
    #[serde(default)]
    pub body: Option<String>,
    /// UUID of the key that the request acts with; absent or empty for none.
    #[serde(default)]
    pub key_id: Option<String>,
}

/// Data of the event `head`: the answer's head is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlaygroundHead {
    /// Number of the request's record.
    pub log_id: String,
    /// Its `X-Request-Id`.
    pub request_id: String,
    /// UUID of the route that it took, if any.
    pub route_id: Option<String>,
    /// Name of that route.
    pub route_name: Option<String>,
    /// Status of the answer.
    pub status_code: u16,
    /// Header fields of the answer in order, credentials redacted.
    pub response_headers: Vec<(String, String)>,
    /// Milliseconds to the answer's head.
    pub ttfb_ms: f64,
}

/// Data of an event `chunk`: a piece of the answer's body.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlaygroundChunk {
    /// The piece as text, the route's credentials replaced; null when the body is no text, or over 1 MiB of it were sent.
    pub text: Option<String>,
    /// Bytes of the body that came so far.
    pub response_size: u64,
}

/// Data of the event `end`: nothing more comes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlaygroundEnd {
    /// Milliseconds to the answer's end.
    pub response_time_ms: f64,
    /// Bytes of the answer's body.
    pub response_size: u64,
    /// There was more text than was sent.
    pub truncated: bool,
    /// The model that answered.
    pub model: Option<String>,
    /// Usage, as the upstream tells it.
    pub prompt_tokens: Option<u64>,
    /// Usage, as the upstream tells it.
    pub completion_tokens: Option<u64>,
    /// Events of a stream.
    pub stream_chunks: u64,
    /// Why the answer did not come to its end.
    pub error_message: Option<String>,
}

impl Fields for PlaygroundRequest {
    const WRITABLE: &'static [&'static str] = &["method", "path", "headers", "body", "key_id"];
    const READ_ONLY: &'static [&'static str] = &[];
}
