//! gRPC as far as the gateway knows it: how to tell its requests, and how to refuse one so that its client understands
//! (the gRPC specification, "gRPC over HTTP2"). Calls themselves pass as any other request does. Pure.

use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What `grpc-message` may not hold as it is; characters outside ASCII never.
const NOT_PLAIN: &AsciiSet = &CONTROLS.add(b'%');

/// `Content-Type` of a gRPC or gRPC-Web request: `application/grpc`, with `+proto` and the like.
#[must_use]
pub fn media_type(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers.get(header::CONTENT_TYPE).filter(|value| {
        let rest = value.as_bytes().strip_prefix(b"application/grpc");
        rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';' | b'-')))
    })
}

/// Whether a request is one of gRPC.
#[must_use]
pub fn is_grpc(headers: &HeaderMap) -> bool {
    media_type(headers).is_some()
}

/// The one table from the status of an error that the gateway makes to the code that a gRPC client reads.
#[must_use]
pub const fn code(status: StatusCode) -> u8 {
    match status.as_u16() {
        // INVALID_ARGUMENT
        400 | 414 | 431 => 3,
        // UNAUTHENTICATED
        401 => 16,
        // PERMISSION_DENIED
        403 => 7,
        // UNIMPLEMENTED: nobody here knows that call.
        404 | 405 | 501 => 12,
        // DEADLINE_EXCEEDED
        408 | 504 => 4,
        // RESOURCE_EXHAUSTED
        413 | 429 => 8,
        // UNAVAILABLE: may be tried again.
        502 | 503 => 14,
        // CANCELLED
        499 => 1,
        // INTERNAL
        500 | 508 => 13,
        // UNKNOWN
        _ => 2,
    }
}

/// The fields of an answer that is nothing but an error ("Trailers-Only").
#[must_use]
pub fn refusal(status: StatusCode, message: &str) -> [(HeaderName, HeaderValue); 2] {
    let message = utf8_percent_encode(message, NOT_PLAIN).to_string();
    [
        (HeaderName::from_static("grpc-status"), u16::from(code(status)).into()),
        (
            HeaderName::from_static("grpc-message"),
            HeaderValue::from_str(&message).unwrap_or(HeaderValue::from_static("")),
        ),
    ]
}

#[cfg(test)]
mod tests;
