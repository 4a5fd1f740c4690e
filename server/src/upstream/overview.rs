//! What is known of each target, put together for those who watch: `GET /admin/upstreams` and `/metrics`.

use super::circuit::CircuitState;
use super::health::HealthChecks;
use super::targets::{Health, TargetStatus};
use crate::message::PlannedTarget;
use crate::routing::{CompiledRoute, RouteTable};
use fastgate_shared::upstream::{CircuitPosition, UpstreamCircuit, UpstreamState, UpstreamStatus};
use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, Instant};

/// The same moment on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// What times are measured by.
    pub instant: Instant,
    /// What times are shown in.
    pub clock: Timestamp,
}

impl Now {
    /// This moment.
    #[must_use]
    pub fn read() -> Self {
        Self {
            instant: Instant::now(),
            clock: Timestamp::now(),
        }
    }

    /// The time after a while, in whole milliseconds; `None` for the ends of time.
    fn after(self, while_: Duration) -> Option<Timestamp> {
        let until = self.clock.checked_add(SignedDuration::try_from(while_).ok()?).ok()?;
        Timestamp::from_millisecond(until.as_millisecond()).ok()
    }
}

/// Every target: routes in matching order, the targets of each as they are written.
pub fn overview<'a>(
    routes: &'a RouteTable,
    checks: &'a HealthChecks,
    now: Now,
) -> impl Iterator<Item = UpstreamStatus> + 'a {
    let of_route = move |route: &'a CompiledRoute| {
        let targets = route.plan.targets.iter();
        targets.map(move |target| of_target(route, target, checks, now))
    };
    routes.all_in_order().iter().flat_map(move |route| of_route(route))
}

fn of_target(route: &CompiledRoute, target: &PlannedTarget, checks: &HealthChecks, now: Now) -> UpstreamStatus {
    let status = target.state.status(now.instant);
    let in_use = route.is_active() && target.weight > 0;
    UpstreamStatus {
        route_id: route.id.as_ref().to_owned(),
        route_name: route.name.as_ref().to_owned(),
        target: target.label.as_ref().to_owned(),
        weight: target.weight,
        state: if in_use { state(&status) } else { UpstreamState::Off },
        health: checks.status(route, target),
        circuit: status.circuit.map(|circuit| UpstreamCircuit {
            state: match circuit {
                CircuitState::Closed => CircuitPosition::Closed,
                CircuitState::Open => CircuitPosition::Open,
                CircuitState::HalfOpen => CircuitPosition::HalfOpen,
            },
            open_until: status.trial_in.and_then(|time| now.after(time)),
        }),
        cooling_until: status.cooling_for.and_then(|time| now.after(time)),
        in_flight: status.in_flight,
        attempts: status.attempts,
        failures: status.failures,
        latency_ms: status.latency.map(|time| time.as_micros() as f64 / 1000.0),
    }
}

/// Whether a target that is in use gets requests; of several reasons why not, the one that lasts longest.
fn state(status: &TargetStatus) -> UpstreamState {
    let answered = status
        .attempts
        .saturating_sub(status.failures + u64::from(status.in_flight))
        > 0;
    match (status.health, status.circuit) {
        (Health::Unhealthy, _) => UpstreamState::Down,
        (_, Some(CircuitState::Open)) => UpstreamState::Open,
        _ if status.cooling_for.is_some() => UpstreamState::Cooling,
        (_, Some(CircuitState::HalfOpen)) => UpstreamState::HalfOpen,
        (Health::Healthy, _) => UpstreamState::Up,
        (Health::Unknown, _) if answered => UpstreamState::Up,
        (Health::Unknown, _) => UpstreamState::Unknown,
    }
}

#[cfg(test)]
mod tests;
