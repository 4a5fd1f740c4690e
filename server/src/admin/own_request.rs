//! Requests that the gateway sends for an administrator through the proxy's own stages (`logs/replay.rs`, `playground.rs`):
//! what they may look like, and the key that they act with, which is named and never shown.

use super::routes::explain::{headers, method};
use crate::api_keys::{self, ApiKeyEntry};
use crate::app::App;
use bytes::Bytes;
use fastgate_shared::problem::FieldError;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, header};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Header fields that belong to a connection, or that the gateway makes anew. Without `Accept-Encoding` the answer
/// comes as it can be shown.
const LEFT_OUT: [&str; 19] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "keep-alive",
    "proxy-connection",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
    "x-source-path",
];

/// A request as an administrator means it.
pub struct Whole {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// UUID of the key that it acts with; empty for none.
    pub key_id: String,
}

/// A request, and the key that it acts with.
pub type Vouched = (Request<Bytes>, Option<Arc<ApiKeyEntry>>);

/// Whether a header field is not for an administrator to send.
pub fn is_left_out(name: &str) -> bool {
    LEFT_OUT.iter().any(|left_out| left_out.eq_ignore_ascii_case(name))
}

/// The request as it can be sent.
///
/// # Errors
/// `errors`, and each field that cannot be sent.
pub fn vouched(app: &App, whole: Whole, mut errors: Vec<FieldError>) -> Result<Vouched, Vec<FieldError>> {
    let mut refuse = |field: &str, why: String| errors.push(FieldError::new(field, why));
    let method = method(&whole.method).map_err(|why| refuse("method", why.to_owned()));
    let path = target(&whole.path).map_err(|why| refuse("path", why));
    let sendable = whole.headers.iter().filter(|(name, _)| !is_left_out(name));
    let headers = headers(sendable.map(|(name, value)| (name, value))).map_err(|why| refuse("headers", why));
    let key_id = Some(whole.key_id).filter(|id| !id.is_empty());
    let key = key_id.map(|id| usable_key(app, &id)).transpose();
    let key = key.map_err(|why| refuse("key_id", why));
    let (Ok(method), Ok(path), Ok(mut headers), Ok(key), []) = (method, path, headers, key, &*errors) else {
        return Err(errors);
    };
    api_keys::strip(&mut headers, &app.config.security.key_prefix);
    headers
        .entry(header::HOST)
        .or_insert(HeaderValue::from_static("gateway.invalid"));
    let mut request = Request::new(Bytes::from(whole.body));
    if !request.body().is_empty() {
        headers.insert(header::CONTENT_LENGTH, request.body().len().into());
    }
    *request.method_mut() = method;
    *request.uri_mut() = path.into();
    *request.headers_mut() = headers;
    Ok((request, key))
}

/// The key with this id, if requests may be made with it now.
///
/// # Errors
/// Why not.
pub fn usable_key(app: &App, key_id: &str) -> Result<Arc<ApiKeyEntry>, String> {
    let found = app.snapshot().keys.by_id(key_id, Timestamp::now());
    found.map_err(|why| format!("cannot be used: {why}"))
}

/// Milliseconds, to the microsecond.
pub fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

fn target(path: &str) -> Result<PathAndQuery, String> {
    if !path.starts_with('/') {
        return Err("must start with `/`".to_owned());
    }
    let parsed = PathAndQuery::try_from(path.split('#').next().unwrap_or_default());
    parsed.map_err(|_| "has a character that no path or query can have; percent-encode it".to_owned())
}
