//! Requests that the gateway answers itself although nothing is wrong with them: preflights of browsers, the last hop of
//! TRACE and OPTIONS, `OPTIONS *`, and the person who typed the gateway's address into a browser.

use super::accept::Accepted;
use super::admit::Admission;
use super::authenticate::Caller;
use super::error::ProxyError;
use super::exchange::Exchange;
use crate::message::cors::Preflight;
use crate::message::max_forwards;
use crate::routing::{CompiledRoute, RouteTable};
use bytes::Bytes;
use fastgate_shared::route::transform::is_secret_header;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use std::fmt::Write as _;

/// The methods that a route takes which takes any, as `Allow` names them.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE";

/// An answer of the gateway's own that is no error.
#[derive(Debug)]
pub struct OwnAnswer {
    /// Its status.
    pub status: StatusCode,
    /// Its header fields; the framing is added.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl OwnAnswer {
    fn new(status: StatusCode, name: HeaderName, value: HeaderValue) -> Self {
        Self {
            status,
            headers: HeaderMap::from_iter([(name, value)]),
            body: Bytes::new(),
        }
    }

    /// Leads to the dashboard.
    #[must_use]
    pub fn to_dashboard() -> Self {
        let dashboard = HeaderValue::from_static("/admin/dashboard");
        Self::new(StatusCode::FOUND, header::LOCATION, dashboard)
    }
}

/// Answers a browser's preflight on behalf of the route with `cors` that would take the request itself. It carries no
/// key, so none is asked for. `None` for any other request, and where no route has `cors`: that may be the upstream's.
///
/// # Errors
/// 403 for an origin that is not allowed, or an address.
pub fn preflight(
    table: &RouteTable,
    accepted: &Accepted,
    exchange: &mut Exchange,
) -> Result<Option<OwnAnswer>, ProxyError> {
    let Some(asked) = Preflight::of(&accepted.method, &accepted.headers) else {
        return Ok(None);
    };
    let route = asked
        .asked_method()
        .and_then(|method| table.with_cors(&accepted.canonical_path, &method, None));
    let Some((route, policy)) = route.and_then(|route| Some((route, route.cors.as_ref()?))) else {
        return Ok(None);
    };
    exchange.routed_to(route);
    if !route.lets_in(accepted.sender.client_ip) {
        return Err(ProxyError::AddressNotAllowed);
    }
    if !policy.allows(asked.origin) {
        return Err(ProxyError::OriginNotAllowed);
    }
    Ok(Some(OwnAnswer {
        status: StatusCode::NO_CONTENT,
        headers: policy.answer(&asked),
        body: Bytes::new(),
    }))
}

/// Answers `OPTIONS *`, which is about the server and not about a route (RFC 9110 section 9.3.7).
///
/// # Errors
/// 401 for a stranger.
pub fn about_the_server(accepted: &Accepted, caller: &Caller) -> Result<Option<OwnAnswer>, ProxyError> {
    match caller {
        _ if !accepted.is_about_the_server() => Ok(None),
        Caller::Stranger { refusal, .. } => Err(refusal.clone()),
        Caller::Key(_) => Ok(Some(allow(HeaderValue::from_static(METHODS)))),
    }
}

/// Answers a TRACE or OPTIONS that may go no further (`Max-Forwards: 0`).
///
/// # Errors
/// 405 for a TRACE whose answer would show the client the credentials that the route adds.
pub fn last_hop(admission: &Admission) -> Result<Option<OwnAnswer>, ProxyError> {
    let accepted = &admission.accepted;
    let Some(winner) = admission.candidates.candidates().first() else {
        return Ok(None);
    };
    let is_trace = accepted.method == Method::TRACE;
    if max_forwards::ends_here(&accepted.method, &accepted.headers) {
        return Ok(Some(if is_trace {
            reflection(accepted)
        } else {
            allow(methods_of(&winner.route))
        }));
    }
    // Any candidate may come to stand in for the winner.
    let shows_credentials = |route: &CompiledRoute| route.plan.sends_credentials();
    if is_trace
        && admission
            .candidates
            .candidates()
            .iter()
            .any(|candidate| shows_credentials(&candidate.route))
    {
        return Err(ProxyError::TraceRefused);
    }
    Ok(None)
}

fn allow(methods: HeaderValue) -> OwnAnswer {
    OwnAnswer::new(StatusCode::OK, header::ALLOW, methods)
}

fn methods_of(route: &CompiledRoute) -> HeaderValue {
    let methods: Vec<&str> = route.methods.iter().map(Method::as_str).collect();
    HeaderValue::from_str(&methods.join(", "))
        .ok()
        .filter(|methods| !methods.is_empty())
        .unwrap_or(HeaderValue::from_static(METHODS))
}

/// The request as it came (RFC 9110 section 9.3.8), without what may be a credential: such fields, and the query.
fn reflection(accepted: &Accepted) -> OwnAnswer {
    let mut text = format!("{} {} {:?}\r\n", accepted.method, accepted.path, accepted.version);
    for (name, value) in &accepted.headers {
        if !is_secret_header(name.as_str()) {
            let value = String::from_utf8_lossy(value.as_bytes());
            // Writing to a text cannot fail.
            let _ = write!(text, "{name}: {value}\r\n");
        }
    }
    text.push_str("\r\n");
    let message = HeaderValue::from_static("message/http");
    OwnAnswer {
        body: text.into(),
        ..OwnAnswer::new(StatusCode::OK, header::CONTENT_TYPE, message)
    }
}
