//! What the gateway knows of its upstreams at this moment: `GET /admin/upstreams`.

use crate::json::FromJson;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether a target gets requests, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UpstreamState {
    /// It gets requests: its health checks pass, or it answered.
    Up,
    /// Its health checks fail. It gets requests only when no other target is left.
    Down,
    /// It failed repeatedly: its circuit lets nothing in.
    Open,
    /// Its circuit lets one trial request in.
    HalfOpen,
    /// It asked to be left alone for a while (`Retry-After` of a 429 or 503).
    Cooling,
    /// It gets requests; it is not checked and has not answered yet.
    Unknown,
    /// It gets none: its weight is 0, or its route is switched off.
    Off,
}

/// What the active health checks found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckedHealth {
    /// No probe has ended yet.
    Unknown,
    /// It passes.
    Healthy,
    /// It does not.
    Unhealthy,
}

/// Whether a circuit lets requests in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CircuitPosition {
    /// It does.
    Closed,
    /// It does not.
    Open,
    /// It lets in one, as a trial.
    HalfOpen,
}

/// The active health checks of a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpstreamHealth {
    /// The verdict.
    pub status: CheckedHealth,
    /// Since when it holds.
    pub since: Option<Timestamp>,
    /// When the last probe ended.
    pub last_probe: Option<Timestamp>,
    /// Milliseconds that it took.
    pub last_ms: Option<f64>,
    /// Why it failed; null when it passed.
    pub last_error: Option<String>,
}

/// The circuit breaker of a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpstreamCircuit {
    /// Whether requests pass.
    pub state: CircuitPosition,
    /// When a trial is let in, while it is open.
    pub open_until: Option<Timestamp>,
}

/// One target of a route, as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpstreamStatus {
    /// UUID of the route.
    pub route_id: String,
    /// Its name.
    pub route_name: String,
    /// Protocol, host and port as the route names them.
    pub target: String,
    /// Its share of the load.
    pub weight: u32,
    /// Whether it gets requests.
    pub state: UpstreamState,
    /// The active health checks; null where the route has none.
    pub health: Option<UpstreamHealth>,
    /// The circuit breaker; null where there is none.
    pub circuit: Option<UpstreamCircuit>,
    /// When it may be asked again, while it wants to be left alone.
    pub cooling_until: Option<Timestamp>,
    /// Requests that it is working on.
    pub in_flight: u32,
    /// Attempts since the start of the gateway or since the target came into use.
    pub attempts: u64,
    /// Of these, those that failed by its fault.
    pub failures: u64,
    /// Moving average of the milliseconds to an answer's head; null before the first.
    pub latency_ms: Option<f64>,
}

impl UpstreamStatus {
    /// Whether it failed whenever it was asked, though nothing keeps requests from it.
    #[must_use]
    pub fn fails_always(&self) -> bool {
        self.state == UpstreamState::Unknown && self.attempts > 0 && self.failures >= self.attempts
    }

    /// How soon somebody should look at it: 0 gets nothing done, 4 is switched off.
    #[must_use]
    pub fn trouble(&self) -> u8 {
        match self.state {
            UpstreamState::Down | UpstreamState::Open => 0,
            UpstreamState::Unknown if self.fails_always() => 0,
            UpstreamState::HalfOpen | UpstreamState::Cooling => 1,
            UpstreamState::Up => 2,
            UpstreamState::Unknown => 3,
            UpstreamState::Off => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CheckedHealth, CircuitPosition, UpstreamCircuit, UpstreamHealth, UpstreamState, UpstreamStatus};

    #[test]
    fn a_target_is_shown_with_these_fields() {
        let status = UpstreamStatus {
            route_id: "0190".to_owned(),
            route_name: "Chat".to_owned(),
            target: "http://10.0.0.5:8000".to_owned(),
            weight: 2,
            state: UpstreamState::HalfOpen,
            health: Some(UpstreamHealth {
                status: CheckedHealth::Unhealthy,
                since: Some("2030-01-01T00:00:00Z".parse().unwrap()),
                last_probe: Some("2030-01-01T00:00:10Z".parse().unwrap()),
                last_ms: Some(1.5),
                last_error: Some("answered 503; 200-399 passes".to_owned()),
            }),
            circuit: Some(UpstreamCircuit {
                state: CircuitPosition::Open,
                open_until: None,
            }),
            cooling_until: None,
            in_flight: 1,
            attempts: 3,
            failures: 2,
            latency_ms: Some(12.25),
        };
        insta::assert_json_snapshot!(status, @r#"
        {
          "route_id": "0190",
          "route_name": "Chat",
          "target": "http://10.0.0.5:8000",
          "weight": 2,
          "state": "half_open",
          "health": {
            "status": "unhealthy",
            "since": "2030-01-01T00:00:00Z",
            "last_probe": "2030-01-01T00:00:10Z",
            "last_ms": 1.5,
            "last_error": "answered 503; 200-399 passes"
          },
          "circuit": {
            "state": "open",
            "open_until": null
          },
          "cooling_until": null,
          "in_flight": 1,
          "attempts": 3,
          "failures": 2,
          "latency_ms": 12.25
        }
        "#);
    }
}
