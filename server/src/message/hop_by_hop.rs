//! Header fields that belong to one connection and are never forwarded (RFC 9110 section 7.6.1).

use http::header::{self, HeaderMap, HeaderName};

/// Fields that are removed in both directions, whatever `Connection` says. `Transfer-Encoding` is the connection's own
/// framing: hyper writes a new one. `Proxy-*` credentials are meant for a forward proxy, which this is not.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TRAILER,
];

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
            .filter_map(|name| name.trim().parse().ok())
            .filter(|name| *name != header::CONTENT_LENGTH && *name != header::HOST)
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Removes fields whose names hold `_`: upstreams that map fields to variables (CGI, WSGI) read `X_Real_Ip` as
/// `X-Real-Ip`, so that a client could forge a field that the gateway sets.
pub fn strip_underscored(headers: &mut HeaderMap) {
    if headers.keys().any(|name| name.as_str().contains('_')) {
        let named: Vec<HeaderName> = headers
            .keys()
            .filter(|name| name.as_str().contains('_'))
            .cloned()
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests;
