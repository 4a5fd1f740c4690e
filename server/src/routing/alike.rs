//! Routes that take exactly the same requests with the same priority share them, as the targets of one route do.

use super::CompiledRoute;
use crate::message::PlannedTarget;
use crate::upstream::balance::Share;
use std::time::{Duration, Instant};

/// One of several routes alike, as balancing sees it: its targets together.
pub struct RouteShare<'a> {
    id: &'a str,
    weight: u32,
    in_flight: u32,
    latency: Duration,
}

impl CompiledRoute {
    /// Whether another route takes the same requests from the same callers, with the same priority.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let (a, b) = (&self.route.definition, &other.route.definition);
        a.priority == b.priority
            && a.auth == b.auth
            && a.match_path == b.match_path
            && self.methods.len() == other.methods.len()
            && self.methods.iter().all(|method| other.methods.contains(method))
            && a.match_headers == b.match_headers
            && a.match_body_schema == b.match_body_schema
    }
}

impl<'a> RouteShare<'a> {
    /// The targets of a route that `counts` lets in; without any the route gets nothing.
    #[must_use]
    pub fn of(route: &'a CompiledRoute, now: Instant, counts: impl Fn(&PlannedTarget) -> bool) -> Self {
        let (mut weight, mut in_flight, mut latency, mut number) = (0, 0, Duration::ZERO, 0);
        for target in route.plan.targets.iter().filter(|target| counts(target)) {
            weight += target.weight;
            in_flight += target.in_flight();
            latency += target.latency(now);
            number += 1;
        }
        Self {
            id: &route.id,
            weight,
            in_flight,
            latency: latency / number.max(1),
        }
    }
}

impl Share for RouteShare<'_> {
    fn weight(&self) -> u32 {
        self.weight
    }

    fn in_flight(&self) -> u32 {
        self.in_flight
    }

    fn latency(&self, _: Instant) -> Duration {
        self.latency
    }

    fn name(&self) -> &str {
        self.id
    }
}
