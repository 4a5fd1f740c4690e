//! Whether a request may go to a route that stands in: its rules, permissions and limits, and a place among the requests
//! in flight there. Which of those that it may use it goes to is decided in `course`.

use super::course::Course;
use crate::proxy::error::Whose;
use crate::proxy::exchange::Exchange;
use crate::proxy::match_route::read;
use crate::proxy::wait_turn::{place, queue};
use crate::telemetry::figures;

/// What is known of a candidate route. A route's token is taken once, and its place is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing yet.
    Unknown,
    /// The request may not go there, or did not get a place in time.
    Refused,
    /// It may, but all places were taken.
    Full,
    /// It may, and has its place.
    Ours,
}

impl Course<'_> {
    /// Whether the request may go to a route now.
    pub(super) async fn is_open_to_us(&mut self, index: usize, exchange: &mut Exchange) -> bool {
        if self.standing[index] == Standing::Unknown {
            self.standing[index] = if self.may_use(index).await {
                Standing::Full
            } else {
                Standing::Refused
            };
        }
        if self.standing[index] == Standing::Full {
            self.take_place(index, exchange);
        }
        self.standing[index] == Standing::Ours
    }

    /// Takes a place among the requests in flight on a route that stands in, if one is free.
    fn take_place(&mut self, index: usize, exchange: &mut Exchange) {
        let route = &self.admission.candidates.candidates()[index].route;
        match route.bound.as_ref().map(|bound| bound.try_enter()) {
            None => self.standing[index] = Standing::Ours,
            Some(Ok(place)) => {
                exchange.hold(place);
                self.standing[index] = Standing::Ours;
            }
            Some(Err(_)) => {}
        }
    }

    /// Waits for a place there as a request waits that the route itself won; once.
    pub(super) async fn wait_for_place(&mut self, index: usize, exchange: &mut Exchange) {
        let route = self.admission.candidates.candidates()[index].route.clone();
        let Some(bound) = &route.bound else { return };
        if let Some(place) = place(bound, queue(&self.app.config.proxy)).await {
            exchange.hold(place);
            self.standing[index] = Standing::Ours;
        } else {
            figures().shed_by_route.increment(1);
            self.standing[index] = Standing::Refused;
            self.full = Some((bound.limit(), Whose::Route(route.name.clone())));
        }
    }

    /// Whether the caller may use a route and its body rule fits.
    async fn may_use(&mut self, index: usize) -> bool {
        let route = self.admission.candidates.candidates()[index].route.clone();
        let reads_body = route.body_rule.is_some() || !route.plan.body.is_empty();
        if reads_body && self.admission.read.is_none() && self.admission.accepted.encoding().is_none() {
            match read(&self.admission.accepted).await {
                Ok(read) => self.admission.read = Some(read),
                Err(_) => return false,
            }
        }
        if !self.admission.accepted.body.can_replay() {
            return false;
        }
        let candidate = &self.admission.candidates.candidates()[index];
        let fits = match &self.admission.read {
            Some(read) => route.matches_body(&read.peek()),
            None => route.body_rule.is_none(),
        };
        let limits_on = self.app.config.rate_limiting.enabled;
        let is_small_enough = || self.admission.accepted.body.limit_to(route.max_body_bytes).is_ok();
        fits && self.admission.permits(candidate)
            && is_small_enough()
            && (!limits_on || self.admission.take_route_token(candidate).is_ok())
    }
}
