//! Stage 5: the request as the upstream gets it (contract: Target, Transforms, Forwarding). The rules are in `message`;
//! here they are put in order.

use super::accept::Accepted;
use super::admit::Admission;
use super::error::ProxyError;
use crate::body::replay::AttemptBody;
use crate::message::{PlannedTarget, forwarded, hop_by_hop, max_forwards, own_cookie, target, trailers, upgrade};
use crate::routing::Candidate;
use bytes::Bytes;
use fastgate_shared::route::Protocol;
use http::{HeaderMap, HeaderValue, Request, Version, header};
use http_body::Body;

/// What a route makes of a request, for one attempt.
pub struct UpstreamRequest {
    path_and_query: String,
    headers: HeaderMap,
    /// The body with fields added; otherwise the client's own bytes flow.
    changed_body: Option<Bytes>,
}

/// The header fields that go on to any upstream: end-to-end ones, with those that tell who asked.
fn end_to_end(accepted: &Accepted) -> HeaderMap {
    let mut headers = accepted.headers.clone();
    let (reads_trailers, announced) = (trailers::are_read(&headers), trailers::announced(&headers));
    hop_by_hop::strip(&mut headers);
    hop_by_hop::strip_underscored(&mut headers);
    own_cookie::strip(&mut headers);
    if reads_trailers {
        hop_by_hop::ask_for_trailers(&mut headers);
    }
    if let Some(names) = announced {
        headers.insert(header::TRAILER, names);
    }
    if let Some(protocols) = &accepted.upgrade {
        upgrade::set(&mut headers, protocols.clone());
    }
    // The gateway answers an expectation itself, when it begins to read the body.
    headers.remove(header::EXPECT);
    max_forwards::count(&accepted.method, &mut headers);
    forwarded::rebuild(
        &mut headers,
        accepted.sender.peer,
        &accepted.sender.request_id.to_header(),
    );
    forwarded::add_via(&mut headers, accepted.version);
    headers
}

/// Carries out a route's plan.
#[must_use]
#[inline(never)] // Counted by itself: bench/instructions.mjs.
pub fn transform(admission: &Admission, candidate: &Candidate) -> UpstreamRequest {
    let accepted = &admission.accepted;
    let mut headers = end_to_end(accepted);
    let values = admission.values(candidate);
    let plan = &candidate.route.plan;
    let path_and_query = plan
        .path
        .path_and_query(&accepted.path, accepted.query.as_deref(), &values);
    plan.headers.apply(&mut headers, &values);
    let changed_body = match &admission.read {
        Some(read) if !plan.body.is_empty() && read.encoding.is_none() => {
            plan.body.apply(&read.bytes, &values).map(Bytes::from)
        }
        _ => None,
    };
    UpstreamRequest {
        path_and_query,
        headers,
        changed_body,
    }
}

impl UpstreamRequest {
    /// The request of one attempt at one target, and its URL for the record.
    ///
    /// # Errors
    /// When the path is longer than a URI may be.
    pub fn attempt(
        self,
        accepted: &Accepted,
        target: &PlannedTarget,
    ) -> Result<(Request<AttemptBody>, String), ProxyError> {
        let too_long = |_| ProxyError::BadRequest {
            code: "uri_too_long",
            message: "The path is longer than 65,534 bytes at the upstream.".to_owned(),
        };
        let uri = target::uri(target, &self.path_and_query).map_err(too_long)?;
        let url = format!("{}{}", target.label, self.path_and_query);
        let body = match self.changed_body {
            Some(bytes) => accepted.body.attempt_with(bytes),
            None if accepted.body.is_empty() => AttemptBody::Empty,
            None => accepted.body.attempt(),
        };
        let mut headers = self.headers;
        frame(&mut headers, &body);
        address(&mut headers, target);
        let mut request = Request::new(body);
        if target.protocol == Protocol::H2c {
            *request.version_mut() = Version::HTTP_2;
        }
        *request.method_mut() = accepted.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok((request, url))
    }
}

/// Says whom the request is for. HTTP/2 has no `Host` (RFC 9113 section 8.3.1): where the version is known only when the
/// connection is, the client library adds the field if it is needed.
fn address(headers: &mut HeaderMap, target: &PlannedTarget) {
    match target.protocol {
        Protocol::Http => {
            headers.insert(header::HOST, target.host.clone());
        }
        Protocol::Https | Protocol::H2c => {
            headers.remove(header::HOST);
        }
    }
}

/// Says how long the body is, from what is known of it and not from what the client wrote (RFC 9112 section 6.3): one
/// length, or chunks, after which trailer fields may come. Said here for every method, because the client library takes
/// a GET without a length for one without a body.
fn frame(headers: &mut HeaderMap, body: &AttemptBody) {
    match body.size_hint().exact() {
        // A POST without a body keeps its `Content-Length: 0`, a GET without one does not get it.
        Some(0) if !headers.contains_key(header::CONTENT_LENGTH) => {
            headers.remove(header::TRAILER);
        }
        Some(length) => {
            headers.insert(header::CONTENT_LENGTH, length.into());
            headers.remove(header::TRAILER);
        }
        None => {
            headers.remove(header::CONTENT_LENGTH);
            headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
    }
}
