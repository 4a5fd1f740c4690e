//! The fields that tell an upstream who asked: `Via`, `X-Forwarded-*`, `X-Request-Id` (contract: Forwarding).

use crate::client::address_text;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;
use std::net::IpAddr;

/// The gateway's name in `Via` (RFC 9110 section 7.6.3): a pseudonym, so that no host name leaks.
pub const VIA_NAME: &str = "fastgate";

/// `X-Request-Id`.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Fields by which strangers could pretend to be somebody else; dropped unless the peer is a trusted proxy.
fn is_identity(name: &HeaderName) -> bool {
    name.as_str().starts_with("x-forwarded-") || *name == header::FORWARDED || name == "x-real-ip"
}

/// Whether a field is one of those that this gateway sets, or drops where a stranger sets it.
#[must_use]
pub fn is_own(name: &HeaderName) -> bool {
    is_identity(name) || *name == X_REQUEST_ID || *name == header::VIA
}

/// Who is on the other end of the client's connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Address of the connection's other end.
    pub address: IpAddr,
    /// It is one of `server.trusted_proxies`.
    pub trusted: bool,
    /// The connection is one of TLS.
    pub secure: bool,
}

/// Rebuilds the fields for the upstream: a stranger's are dropped first, a trusted proxy's are kept and added to.
pub fn rebuild(headers: &mut HeaderMap, peer: Peer, request_id: &HeaderValue) {
    if !peer.trusted {
        let forged: SmallVec<[HeaderName; 1]> = headers.keys().filter(|name| is_identity(name)).cloned().collect();
        for name in forged {
            headers.remove(name);
        }
    }
    let address = address_text(peer.address);
    let chain = match joined(headers, &X_FORWARDED_FOR) {
        Some(before) => format!("{before}, {address}"),
        None => address,
    };
    if let Ok(value) = HeaderValue::from_str(&chain) {
        headers.insert(X_FORWARDED_FOR, value);
    }
    if !headers.contains_key(X_FORWARDED_PROTO) {
        let scheme = if peer.secure { "https" } else { "http" };
        headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(scheme));
    }
    if !headers.contains_key(X_FORWARDED_HOST)
        && let Some(host) = headers.get(header::HOST).cloned()
    {
        headers.insert(X_FORWARDED_HOST, host);
    }
    headers.insert(X_REQUEST_ID, request_id.clone());
}

/// Adds this hop to `Via` with the version of the message that was received (`1.0` or `1.1`).
pub fn add_via(headers: &mut HeaderMap, version: http::Version) {
    let hop = match version {
        http::Version::HTTP_10 => HeaderValue::from_static("1.0 fastgate"),
        http::Version::HTTP_2 => HeaderValue::from_static("2 fastgate"),
        _ => HeaderValue::from_static("1.1 fastgate"),
    };
    headers.append(header::VIA, hop);
}

/// How often this gateway, or one like it, has passed the request on already, as `Via` tells: a route whose target is the
/// gateway itself would do so for ever (RFC 9110 section 7.6.3).
#[must_use]
pub fn times_passed(headers: &HeaderMap) -> usize {
    let hops = headers
        .get_all(header::VIA)
        .iter()
        .filter_map(|value| value.to_str().ok());
    hops.flat_map(|value| value.split(','))
        .filter(|hop| hop.split_whitespace().nth(1) == Some(VIA_NAME))
        .count()
}

/// The address of the client behind trusted proxies: the last in `X-Forwarded-For` that no trusted proxy added.
#[must_use]
pub fn client_address(headers: &HeaderMap, peer: Peer, is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    if !peer.trusted {
        return peer.address;
    }
    let Some(chain) = joined(headers, &X_FORWARDED_FOR) else {
        return peer.address;
    };
    let mut client = peer.address;
    for text in chain.rsplit(',') {
        let Some(address) = parse_address(text.trim()) else {
            break;
        };
        client = address;
        if !is_trusted(address) {
            break;
        }
    }
    client
}

fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map_or(text, |(address, _)| address);
    bare.parse()
        .ok()
        .or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()))
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut all = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let first = all.next()?.to_owned();
    Some(all.fold(first, |chain, next| chain + ", " + next))
}

#[cfg(test)]
mod tests;
