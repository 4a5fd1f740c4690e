//! Header fields that belong to one connection and are never forwarded (RFC 9110 section 7.6.1).

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Fields that are removed in both directions, whatever `Connection` says. `Transfer-Encoding` is the connection's own
/// framing: a new one is written. `Proxy-*` credentials are meant for a forward proxy, which this is not.
const HOP_BY_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    // Belongs to `Upgrade: h2c`, which is never passed on.
    HeaderName::from_static("http2-settings"),
    header::TRAILER,
];

/// Whether a field is one of [`HOP_BY_HOP`]; its length tells nearly all others apart at once.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(name.as_str().len(), 2 | 7 | 10 | 14 | 16 | 17 | 18 | 19) && HOP_BY_HOP.contains(name)
}

/// Removes hop-by-hop fields, and those that `Connection` names.
///
/// A client can name any field in `Connection`; naming an end-to-end field that this gateway relies on (RFC 9110
/// section 7.6.1 forbids it to the sender) only removes the client's own value.
pub fn strip(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(header::CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            // Options that say how long the connection lives: nearly all there are.
            .filter(|name| !name.eq_ignore_ascii_case("keep-alive") && !name.eq_ignore_ascii_case("close"))
            .filter_map(|name| name.parse().ok())
            .filter(|name| *name != header::CONTENT_LENGTH && *name != header::HOST)
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    // Mostly there is one or none, which is told faster without looking each of them up.
    while let Some(name) = headers.keys().find(|name| is_hop_by_hop(name)) {
        let name = name.clone();
        headers.remove(name);
    }
}

/// Says `TE: trailers`: this gateway passes trailer fields on (RFC 9110 section 7.6.1).
pub fn ask_for_trailers(headers: &mut HeaderMap) {
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
}

/// Names `TE` in `Connection`, as HTTP/1.1 wants it and HTTP/2 forbids it (RFC 9110 section 10.1.4, RFC 9113 section
/// 8.2.2).
pub fn bind_te(headers: &mut HeaderMap) {
    headers.append(header::CONNECTION, HeaderValue::from_static("te"));
}

/// The transfer codings that a message names.
pub fn codings(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers
        .get_all(header::TRANSFER_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|coding| !coding.is_empty())
}

/// Whether a message is in no transfer coding but chunks, which are undone on each connection. Another one, as in
/// `gzip, chunked`, would be named by a field that goes no further, so that the body would mean something else to the next
/// reader (RFC 9112 section 6.1).
#[must_use]
pub fn only_chunked(headers: &HeaderMap) -> bool {
    let mut codings = codings(headers);
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(only), None) => only.eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

/// Whether a message says its length in two ways, of which two readers may believe different ones (RFC 9112 section 6.3:
/// "ought to be handled as an error").
#[must_use]
pub fn is_framed_twice(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING) && headers.contains_key(header::CONTENT_LENGTH)
}

/// Removes fields whose names hold `_`: upstreams that map fields to variables (CGI, WSGI) read `X_Real_Ip` as
/// `X-Real-Ip`, so that a client could forge a field that the gateway sets.
pub fn strip_underscored(headers: &mut HeaderMap) {
    let is_underscored = |name: &&HeaderName| name.as_str().bytes().any(|byte| byte == b'_');
    if headers.keys().any(|name| is_underscored(&name)) {
        let named: Vec<HeaderName> = headers.keys().filter(is_underscored).cloned().collect();
        for name in named {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests;
