//! Trailer fields (RFC 9110 section 6.5): which of them go on, and how they are announced. Pure; the bodies that carry them
//! are in `body::replay` (requests) and `proxy::relay` (responses).

use super::forwarded;
use fastgate_shared::route::transform::is_secret_header;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Fields that may not come after a body (RFC 9110 section 6.5.1): whoever joined them to the head would read another
/// message than the one that was judged. Framing, routing, conditions and controls, authentication, and what describes the
/// content.
const FORBIDDEN: [HeaderName; 37] = [
    header::TRANSFER_ENCODING,
    header::CONTENT_LENGTH,
    header::HOST,
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::EXPECT,
    header::MAX_FORWARDS,
    header::CACHE_CONTROL,
    header::PRAGMA,
    header::RANGE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::IF_RANGE,
    header::AUTHORIZATION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::WWW_AUTHENTICATE,
    header::COOKIE,
    header::SET_COOKIE,
    header::CONTENT_ENCODING,
    header::CONTENT_TYPE,
    header::CONTENT_RANGE,
    header::AGE,
    header::EXPIRES,
    header::DATE,
    header::LOCATION,
    header::RETRY_AFTER,
    header::VARY,
    header::WARNING,
    HeaderName::from_static("traceparent"),
    header::ORIGIN,
];

/// Removes what may not come after a body.
pub fn keep_allowed(trailers: &mut HeaderMap) {
    let refused: Vec<HeaderName> = trailers.keys().filter(|name| !is_allowed(name)).cloned().collect();
    for name in refused {
        trailers.remove(name);
    }
}

/// The names in `Trailer` that may pass, as they are announced to the next; `None` when there is none. To be called before
/// hop-by-hop fields are removed.
#[must_use]
pub fn announced(headers: &HeaderMap) -> Option<HeaderValue> {
    if !headers.contains_key(header::TRAILER) {
        return None;
    }
    let values = headers.get_all(header::TRAILER).iter();
    let names = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let names = names.filter_map(|name| name.trim().parse().ok()).filter(is_allowed);
    let names: Vec<String> = names.map(|name: HeaderName| name.to_string()).collect();
    HeaderValue::from_str(&names.join(", "))
        .ok()
        .filter(|names| !names.is_empty())
}

/// Whether the sender of a request reads trailer fields: `TE: trailers` (RFC 9110 section 10.1.4).
#[must_use]
pub fn are_read(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::TE).iter();
    let mut codings = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    codings.any(|coding| coding.trim().eq_ignore_ascii_case("trailers"))
}

fn is_allowed(name: &HeaderName) -> bool {
    let text = name.as_str();
    !FORBIDDEN.contains(name) && !text.contains('_') && !forwarded::is_own(name) && !is_secret_header(text)
}

#[cfg(test)]
mod tests;
