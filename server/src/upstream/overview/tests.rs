//! What the state of a target is called.

use super::state;
use crate::upstream::circuit::CircuitState;
use crate::upstream::targets::{Health, TargetStatus};
use fastgate_shared::upstream::UpstreamState;
use rstest::rstest;
use std::time::Duration;

fn untouched() -> TargetStatus {
    TargetStatus {
        in_flight: 0,
        attempts: 0,
        failures: 0,
        latency: None,
        circuit: None,
        trial_in: None,
        cooling_for: None,
        health: Health::Unknown,
    }
}

fn healthy(circuit: Option<CircuitState>) -> TargetStatus {
    TargetStatus {
        health: Health::Healthy,
        circuit,
        ..untouched()
    }
}

#[rstest]
#[case::untouched(untouched(), UpstreamState::Unknown)]
#[case::only_failures(TargetStatus { attempts: 3, failures: 3, ..untouched() }, UpstreamState::Unknown)]
#[case::first_under_way(TargetStatus { attempts: 1, in_flight: 1, ..untouched() }, UpstreamState::Unknown)]
#[case::answered(TargetStatus { attempts: 3, failures: 2, ..untouched() }, UpstreamState::Up)]
#[case::healthy(healthy(None), UpstreamState::Up)]
#[case::closed(healthy(Some(CircuitState::Closed)), UpstreamState::Up)]
#[case::open(healthy(Some(CircuitState::Open)), UpstreamState::Open)]
#[case::trial(healthy(Some(CircuitState::HalfOpen)), UpstreamState::HalfOpen)]
#[case::unhealthy(TargetStatus { health: Health::Unhealthy, attempts: 9, ..untouched() }, UpstreamState::Down)]
#[case::cooling(TargetStatus { cooling_for: Some(Duration::from_secs(1)), ..healthy(None) }, UpstreamState::Cooling)]
fn the_state_says_why_a_target_gets_no_requests(#[case] status: TargetStatus, #[case] expected: UpstreamState) {
    assert_eq!(state(&status), expected);
}
