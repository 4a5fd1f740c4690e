//! Stage 4: may the caller do this, and not too often? Only matched and permitted requests take a token
//! (contract: Limits, Permissions).

use super::accept::Accepted;
use super::authenticate::Caller;
use super::error::ProxyError;
use super::match_route::{ReadBody, RouteMatch};
use crate::message::Values;
use crate::permissions::PermissionRequest;
use crate::rate_limit::Refused;
use crate::routing::{Candidate, Selection};
use fastgate_shared::route::RouteAuth;
use fastgate_shared::route::pattern::has_dot_segment;

/// A request that may go to its winning route.
pub struct Admission {
    /// The request.
    pub accepted: Accepted,
    /// Who calls.
    pub caller: Caller,
    /// Best first.
    pub candidates: Selection,
    /// The body, when it was read.
    pub read: Option<ReadBody>,
}

/// Judges permissions, then takes a token of the key and one of the route.
///
/// # Errors
/// 403 or 429.
pub fn admit(matched: RouteMatch, limits_on: bool) -> Result<Admission, ProxyError> {
    let RouteMatch {
        accepted,
        caller,
        candidates,
        read,
    } = matched;
    let admission = Admission {
        accepted,
        caller,
        candidates,
        read,
    };
    let Some(winner) = admission.candidates.candidates().first() else {
        return Err(ProxyError::Internal);
    };
    if has_dot_segment(&admission.upstream_path(winner)) {
        // `/v2*` takes `/v2../x`, of which `strip_path_prefix` leaves `../x`.
        return Err(ProxyError::BadRequest {
            code: "ambiguous_path",
            message: "The path would have a dot segment at the upstream.".to_owned(),
        });
    }
    if !admission.permits(winner) {
        return Err(ProxyError::Forbidden);
    }
    if limits_on {
        if let Some(limiter) = admission.caller.key().and_then(|key| key.limiter.as_ref()) {
            limiter.take().map_err(refused)?;
        }
        admission.take_route_token(winner)?;
    }
    Ok(admission)
}

impl Admission {
    /// Whether the caller may use a route. Asked again for each route that stands in for the winner.
    #[must_use]
    pub fn permits(&self, candidate: &Candidate) -> bool {
        let upstream_path = self.upstream_path(candidate);
        if has_dot_segment(&upstream_path) {
            return false;
        }
        let Some(key) = self.caller.key() else {
            return candidate.route.auth == RouteAuth::None;
        };
        key.permissions.allows(&PermissionRequest {
            upstream_path: &upstream_path,
            client_path: &self.accepted.canonical_path,
            route_id: &candidate.route.id,
            route_name: &candidate.route.name,
            model: self.read.as_ref().and_then(|read| read.model.as_deref()),
        })
    }

    /// The path at the upstream, without the query.
    fn upstream_path(&self, candidate: &Candidate) -> String {
        let plan = &candidate.route.plan.path;
        let mut path = plan.path_and_query(&self.accepted.path, None, &self.values(candidate));
        path.truncate(path.find('?').unwrap_or(path.len()));
        path
    }

    /// Takes a token of a route's own limit.
    ///
    /// # Errors
    /// 429.
    pub fn take_route_token(&self, candidate: &Candidate) -> Result<(), ProxyError> {
        candidate
            .route
            .rate
            .as_ref()
            .map_or(Ok(()), |limiter| limiter.take().map_err(refused))
    }

    /// What placeholders stand for on a route.
    #[must_use]
    pub fn values<'a>(&'a self, candidate: &'a Candidate) -> Values<'a> {
        let key = self.caller.key();
        Values {
            captures: &candidate.captures,
            request_id: self.accepted.sender.request_id.as_str(),
            client_ip: self.accepted.sender.client_ip,
            source_path: key.map_or("", |key| &key.source_path),
            key_id: key.map_or("", |key| &key.key_id),
        }
    }
}

fn refused(refused: Refused) -> ProxyError {
    ProxyError::RateLimited {
        limit: refused.limit,
        retry_after: refused.retry_after,
        reset: refused.reset,
    }
}
