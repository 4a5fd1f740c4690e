//! The figures of targets, read off the routes that are in the snapshot when somebody asks. Labels are the route's name and
//! the target as configured, never something of a request.

use super::exposition::Exposition;
use crate::upstream::circuit::CircuitState;
use crate::upstream::targets::{Health, TargetStatus};
use std::collections::BTreeMap;

/// The targets that were looked at.
#[derive(Default)]
pub struct TargetFigures(BTreeMap<(String, String), Figures>);

/// Of one target, or of the same one in several routes of one name.
#[derive(Default)]
struct Figures {
    attempts: u64,
    failures: u64,
    in_flight: u64,
    available: bool,
    /// As it is shown; `None` without a circuit breaker.
    circuit: Option<u8>,
    /// `None` without health checks.
    healthy: Option<bool>,
}

impl TargetFigures {
    /// Takes in one target of a route.
    pub fn add(&mut self, route: &str, target: &str, status: &TargetStatus) {
        let figures = self.0.entry((route.to_owned(), target.to_owned())).or_default();
        figures.attempts += status.attempts;
        figures.failures += status.failures;
        figures.in_flight += u64::from(status.in_flight);
        figures.available |= status.is_available();
        let circuit = status.circuit.map(|state| match state {
            CircuitState::Closed => 0,
            CircuitState::HalfOpen => 1,
            CircuitState::Open => 2,
        });
        figures.circuit = figures.circuit.max(circuit);
        let healthy = match status.health {
            Health::Unknown => None,
            Health::Healthy => Some(true),
            Health::Unhealthy => Some(false),
        };
        figures.healthy = figures.healthy.or(healthy);
    }

    /// Everything that was taken in.
    pub fn expose(&self, text: &mut Exposition) {
        type Value = fn(&Figures) -> Option<u64>;
        let families: [(&'static str, &str, &str, Value); 6] = [
            (
                "fastgate_target_attempts_total",
                "counter",
                "Attempts at a target.",
                |target| Some(target.attempts),
            ),
            (
                "fastgate_target_failures_total",
                "counter",
                "Attempts that failed by the target's fault.",
                |target| Some(target.failures),
            ),
            (
                "fastgate_target_requests_in_flight",
                "gauge",
                "Requests that a target is working on.",
                |target| Some(target.in_flight),
            ),
            (
                "fastgate_target_available",
                "gauge",
                "1 while a target is in rotation, else 0.",
                |target| Some(target.available.into()),
            ),
            (
                "fastgate_target_circuit_state",
                "gauge",
                "A target's circuit: 0 closed, 1 half-open, 2 open.",
                |target| target.circuit.map(u64::from),
            ),
            (
                "fastgate_target_healthy",
                "gauge",
                "What a target's active health checks say: 1 healthy, 0 not.",
                |target| target.healthy.map(u64::from),
            ),
        ];
        for (name, kind, help, value) in families {
            let mut family = text.family(name, kind, help);
            for ((route, target), figures) in &self.0 {
                if let Some(value) = value(figures) {
                    family.series("", &[("route", route), ("target", target)], value);
                }
            }
        }
    }
}
