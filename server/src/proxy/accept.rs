//! Stage 1: the request is well formed, has an id and a sender. What HTTP allows but means two things to two readers is
//! refused here (contract: Routes, "or 400 where a path could mean different resources").

use super::error::ProxyError;
use crate::body::replay::ReplayBody;
use crate::client::outlet::Outlet;
use crate::message::forwarded::{self, Peer};
use crate::message::{hop_by_hop, upgrade};
use crate::request_id::RequestId;
use crate::routing::{Asked, path};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version, header, request::Parts};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// Gateways like this one that may stand behind each other; more are one that talks to itself.
const MAX_PASSES: usize = 8;

/// A request that can be judged: its head is clear, its body still flows.
pub struct Accepted {
    /// Method, as sent.
    pub method: Method,
    /// Version of the client's message.
    pub version: Version,
    /// Path in the client's own spelling.
    pub path: String,
    /// Path for matching.
    pub canonical_path: String,
    /// Query in the client's own spelling.
    pub query: Option<String>,
    /// Header fields, as sent.
    pub headers: HeaderMap,
    /// The protocols that the client asks to switch to, as the upstream is asked.
    pub upgrade: Option<HeaderValue>,
    /// The body.
    pub body: ReplayBody,
    /// Who asks.
    pub sender: Sender,
}

impl Accepted {
    /// The head, as routing sees it.
    #[must_use]
    pub fn asked(&self) -> Asked<'_> {
        Asked {
            method: &self.method,
            path: &self.canonical_path,
            raw_path: &self.path,
            headers: &self.headers,
        }
    }

    /// `OPTIONS *`.
    #[must_use]
    pub fn is_about_the_server(&self) -> bool {
        self.path == "*"
    }

    /// `Content-Encoding`, under which a body is not looked at (contract: Routes).
    #[must_use]
    pub fn encoding(&self) -> Option<&HeaderValue> {
        self.headers.get(header::CONTENT_ENCODING)
    }
}

/// Who asks, under which id.
#[derive(Clone, Debug)]
pub struct Sender {
    /// `X-Request-Id`.
    pub request_id: RequestId,
    /// The other end of the connection.
    pub peer: Peer,
    /// The client's address.
    pub client_ip: IpAddr,
    /// Where interim responses leave. Not for HTTP/1.0, which has none (RFC 9110 section 15.2), nor for HTTP/2, whose
    /// server library sends none.
    pub interim: Option<Arc<Outlet>>,
}

/// Checks the head of a request. Boxed, because it goes from stage to stage.
///
/// # Errors
/// 400 with what is wrong.
#[inline(never)] // Counted by itself: bench/instructions.mjs.
pub fn accept(request: Request<ReplayBody>, sender: Sender) -> Result<Box<Accepted>, ProxyError> {
    let (
        Parts {
            method,
            uri,
            version,
            mut headers,
            ..
        },
        body,
    ) = request.into_parts();
    if method == Method::CONNECT {
        return Err(bad(
            "connect_refused",
            "CONNECT is not served: the gateway is no forward proxy.",
        ));
    }
    check_host(&headers, version)?;
    check_expectation(&headers, version)?;
    believe_target(&uri, &mut headers)?;
    if !hop_by_hop::only_chunked(&headers) {
        return Err(bad(
            "transfer_coding",
            "The body has another transfer coding than chunked, which is not undone here.",
        ));
    }
    if forwarded::times_passed(&headers) >= MAX_PASSES {
        return Err(ProxyError::Loop);
    }
    let path = uri.path();
    let canonical_path = match path::canonical(path) {
        _ if path == "*" && method == Method::OPTIONS => path.to_owned(),
        Ok(canonical) => canonical.into_owned(),
        Err(refusal) => return Err(bad("ambiguous_path", &format!("The path {refusal}."))),
    };
    // Only HTTP/1.1 has upgrades; with a body, they are declined (RFC 9110 section 7.8 leaves it to the server).
    let upgrade = (version == Version::HTTP_11 && body.is_empty())
        .then(|| upgrade::asked(&headers))
        .flatten();
    let (path, query) = (path.to_owned(), uri.query().map(str::to_owned));
    Ok(Box::new(Accepted {
        method,
        version,
        path,
        canonical_path,
        query,
        headers,
        upgrade,
        body,
        sender,
    }))
}

/// RFC 9112 section 3.2.2: a target that names a host is believed before the field.
fn believe_target(uri: &Uri, headers: &mut HeaderMap) -> Result<(), ProxyError> {
    if uri
        .scheme_str()
        .is_some_and(|scheme| scheme != "http" && scheme != "https")
    {
        return Err(bad("bad_target", "The target's scheme is neither http nor https."));
    }
    if let Some(authority) = uri.authority() {
        let host = authority.as_str();
        if !is_authority(host.as_bytes()) {
            return Err(bad("bad_host", "The target's host is not host[:port]."));
        }
        let host = HeaderValue::from_str(host).map_err(|_| bad("bad_host", "The target's host is malformed."))?;
        headers.insert(header::HOST, host);
    }
    Ok(())
}

/// RFC 9112 section 3.2: exactly one Host, and it is a host with an optional port.
fn check_host(headers: &HeaderMap, version: Version) -> Result<(), ProxyError> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(bad("bad_host", "The request has more than one Host field."));
    }
    let Some(host) = first else {
        return match version {
            // RFC 9112 section 3.2: also when the target itself names a host. In HTTP/2 that name has become the field
            // (RFC 9113 section 8.3.1).
            Version::HTTP_11 | Version::HTTP_2 => Err(bad("bad_host", "The request has no Host field.")),
            _ => Ok(()),
        };
    };
    if is_authority(host.as_bytes()) {
        Ok(())
    } else {
        Err(bad("bad_host", "The Host field is not host[:port]."))
    }
}

/// `host` or `host:port`, and nothing that another reader could take for more.
fn is_authority(bytes: &[u8]) -> bool {
    is_plain_authority(bytes) || is_any_authority(bytes)
}

/// As nearly all are: a name or an IPv4 address, and a port. Told without parsing.
fn is_plain_authority(bytes: &[u8]) -> bool {
    let colon = bytes.iter().position(|byte| *byte == b':').unwrap_or(bytes.len());
    let (host, port) = bytes.split_at(colon);
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let digits = port.get(1..).unwrap_or_default();
    let is_port = digits.len() < 5 || (digits.len() == 5 && digits <= b"65535".as_slice());
    !host.is_empty() && host.iter().all(is_host) && is_port && digits.iter().all(u8::is_ascii_digit)
}

fn is_any_authority(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && !bytes.iter().any(|b| b.is_ascii_whitespace() || b"/\\@?#,".contains(b))
        && http::uri::Authority::try_from(bytes).is_ok_and(|authority| {
            let port = &authority.as_str()[authority.host().len()..];
            let address = authority
                .host()
                .strip_prefix('[')
                .and_then(|host| host.strip_suffix(']'));
            address.is_none_or(|address| address.parse::<Ipv6Addr>().is_ok())
                && (port.is_empty() || port == ":" || authority.port_u16().is_some())
        })
}

/// RFC 9110 section 10.1.1. What is expected of a server by HTTP/1.0 is ignored.
fn check_expectation(headers: &HeaderMap, version: Version) -> Result<(), ProxyError> {
    let is_known = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if version < Version::HTTP_11 || headers.get_all(header::EXPECT).iter().all(is_known) {
        return Ok(());
    }
    Err(ProxyError::Expectation)
}

fn bad(code: &'static str, message: &str) -> ProxyError {
    ProxyError::BadRequest {
        code,
        message: message.to_owned(),
    }
}
