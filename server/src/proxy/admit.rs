//! Stage 4: may the caller do this, and not too often? Only matched and permitted requests take a token
//! (contract: Limits, Permissions).

use super::accept::Accepted;
use super::authenticate::Caller;
use super::error::{ProxyError, Whose};
use super::exchange::Exchange;
use super::match_route::{ReadBody, RouteMatch};
use crate::api_keys::ApiKeyEntry;
use crate::concurrency::Full;
use crate::message::{PlannedTarget, Values};
use crate::permissions::PermissionRequest;
use crate::rate_limit::Refused;
use crate::routing::alike::RouteShare;
use crate::routing::{Candidate, Selection};
use crate::telemetry::figures;
use crate::upstream::balance::{self, Draw, HashOn};
use fastgate_shared::route::RouteAuth;
use fastgate_shared::route::pattern::has_dot_segment;
use http::HeaderValue;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::time::Instant;

/// A request that may go to its winning route.
pub struct Admission {
    /// The request.
    pub accepted: Box<Accepted>,
    /// Who calls.
    pub caller: Caller,
    /// Best first.
    pub candidates: Selection,
    /// The body, when it was read.
    pub read: Option<ReadBody>,
}

/// Settles which of several winning routes alike it is, judges address, permissions and the body's size, then takes a
/// place of the key and a token of key and route.
///
/// # Errors
/// 403, 413 or 429.
#[inline(never)] // Counted by itself: bench/instructions.mjs.
pub fn admit(matched: RouteMatch, limits_on: bool, exchange: &mut Exchange) -> Result<Admission, ProxyError> {
    let RouteMatch {
        accepted,
        caller,
        candidates,
        read,
    } = matched;
    let mut admission = Admission {
        accepted,
        caller,
        candidates,
        read,
    };
    if let Some(chosen) = admission.chosen() {
        admission.candidates.lead_with(chosen);
    }
    let Some(winner) = admission.candidates.candidates().first() else {
        return Err(ProxyError::Internal);
    };
    // Before anything is judged: a refusal belongs to the route whose permission or limit it is about.
    exchange.routed(winner);
    if !winner.route.lets_in(admission.accepted.sender.client_ip) {
        return Err(ProxyError::AddressNotAllowed);
    }
    if admission.upstream_path(winner).is_none() {
        // `/v2*` takes `/v2../x`, of which `strip_path_prefix` leaves `../x`.
        return Err(ProxyError::BadRequest {
            code: "ambiguous_path",
            message: "The path would have a dot segment at the upstream.".to_owned(),
        });
    }
    if !admission.permits(winner) {
        return Err(admission.forbidden(winner));
    }
    admission.accepted.body.limit_to(winner.route.max_body_bytes)?;
    // Before the tokens: a key's places are not waited for, and who gets none has not used up its minute.
    let key = admission.caller.key();
    if let Some((key, bound)) = key.and_then(|key| Some((key, key.bound.as_ref()?))) {
        let place = bound.try_enter().map_err(|Full| {
            figures().shed_by_key.increment(1);
            ProxyError::TooManyAtOnce {
                limit: bound.limit(),
                whose: of_key(key),
            }
        })?;
        exchange.hold(place);
    }
    if limits_on {
        if let Some((key, limiter)) = key.and_then(|key| Some((key, key.limiter.as_ref()?))) {
            limiter.take().map_err(|over| refused(over, of_key(key)))?;
        }
        admission.take_route_token(winner)?;
    }
    Ok(admission)
}

impl Admission {
    /// Which of the routes that share with the winner gets the request: one that the caller may use and that has a target
    /// in rotation, if there is one. `None` when the winner is alone.
    fn chosen(&self) -> Option<usize> {
        let (winner, others) = self.candidates.candidates().split_first()?;
        let is_like = |other: &Candidate| winner.route.is_like(&other.route);
        if !others.iter().any(is_like) {
            return None;
        }
        let now = Instant::now();
        let share = |in_rotation: bool| {
            let counts =
                move |target: &PlannedTarget| target.weight > 0 && (!in_rotation || target.state.is_available(now));
            let routes = self.candidates.candidates().iter().map(|candidate| &candidate.route);
            let shares: SmallVec<[RouteShare<'_>; 4]> =
                routes.map(|route| RouteShare::of(route, now, counts)).collect();
            let open = |index: usize| {
                let candidate = &self.candidates.candidates()[index];
                is_like(candidate) && self.permits(candidate)
            };
            winner.route.plan.among_routes.pick(&shares, open, self.draw(now))
        };
        share(true).or_else(|| share(false))
    }

    /// Whether the caller may use a route. Asked again for each route that stands in for the winner.
    #[must_use]
    pub fn permits(&self, candidate: &Candidate) -> bool {
        let Some(upstream_path) = self.upstream_path(candidate) else {
            return false;
        };
        if !candidate.route.lets_in(self.accepted.sender.client_ip) {
            return false;
        }
        let Some(key) = self.caller.key() else {
            return candidate.route.auth == RouteAuth::None;
        };
        key.permissions.allows(&self.asked(candidate, &upstream_path))
    }

    /// The refusal of a caller who may not use a route, with what the key lacks.
    fn forbidden(&self, candidate: &Candidate) -> ProxyError {
        let permissions = self.caller.key().map(|key| &key.permissions);
        let lack = permissions.zip(self.upstream_path(candidate));
        ProxyError::Forbidden {
            lack: lack.and_then(|(permissions, path)| permissions.lack(&self.asked(candidate, &path))),
        }
    }

    /// What the caller wants to do on a route that makes this path.
    fn asked<'a>(&'a self, candidate: &'a Candidate, upstream_path: &'a str) -> PermissionRequest<'a> {
        PermissionRequest {
            upstream_path,
            client_path: &self.accepted.canonical_path,
            route_id: &candidate.route.id,
            route_name: &candidate.route.name,
            model: self.read.as_ref().and_then(|read| read.model.as_deref()),
        }
    }

    /// The path at the upstream, without the query; `None` where it would have a dot segment. The client's own has none:
    /// it would not have been accepted.
    fn upstream_path(&self, candidate: &Candidate) -> Option<Cow<'_, str>> {
        let plan = &candidate.route.plan.path;
        if plan.keeps_path() {
            return Some(Cow::Borrowed(&self.accepted.path));
        }
        let mut path = plan.path_and_query(&self.accepted.path, None, &self.values(candidate));
        path.truncate(path.find('?').unwrap_or(path.len()));
        (!has_dot_segment(&path)).then_some(Cow::Owned(path))
    }

    /// Takes a token of a route's own limit.
    ///
    /// # Errors
    /// 429.
    pub fn take_route_token(&self, candidate: &Candidate) -> Result<(), ProxyError> {
        let route = &candidate.route;
        let taken = route.rate.as_ref().map_or(Ok(()), |limiter| limiter.take());
        taken.map_err(|over| refused(over, Whose::Route(route.name.clone())))
    }

    /// What a pick among targets or routes depends on.
    pub fn draw(&self, now: Instant) -> Draw<impl FnOnce(&HashOn) -> u64, impl FnOnce(u64) -> u64> {
        Draw {
            now,
            client: |on: &HashOn| self.affinity(on),
            roll: |n| rand::random_range(0..n),
        }
    }

    /// A number that requests of one client have in common, and those of others mostly not.
    fn affinity(&self, on: &HashOn) -> u64 {
        let of_client = match on {
            HashOn::Key => self.caller.key().map(|key| key.key_id.as_bytes()),
            HashOn::Header(name) => self.accepted.headers.get(name).map(HeaderValue::as_bytes),
        };
        match of_client {
            Some(bytes) => balance::hash(bytes),
            None => balance::hash(self.accepted.sender.client_ip.to_string().as_bytes()),
        }
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

fn of_key(key: &ApiKeyEntry) -> Whose {
    Whose::Key(key.source_path.clone(), key.preview.clone())
}

fn refused(refused: Refused, whose: Whose) -> ProxyError {
    ProxyError::RateLimited {
        limit: refused.limit,
        whose,
        retry_after: refused.retry_after,
        reset: refused.reset,
    }
}
