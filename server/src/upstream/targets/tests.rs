//! What is known of targets, and for how long.

use super::{Health, TargetState, Targets};
use crate::upstream::circuit::{CircuitRules, CircuitState, Failed};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn target(rules: Option<CircuitRules>) -> Arc<TargetState> {
    Arc::new(TargetState::new("http://up".into(), rules))
}

#[test]
fn a_requests_slot_counts_until_it_is_dropped() {
    let target = target(None);
    let now = Instant::now();
    let slots = [target.begin(now).unwrap(), target.begin(now).unwrap()];
    assert_eq!(target.in_flight(), 2);
    drop(slots);
    assert_eq!((target.in_flight(), target.status(now).attempts), (0, 2));
}

#[test]
fn a_target_that_cools_down_or_fails_its_checks_is_not_available() {
    let target = target(None);
    let now = Instant::now();
    assert!(target.is_available(now));
    target.cool_down(Duration::from_secs(5), now);
    target.cool_down(Duration::from_secs(1), now);
    assert!(!target.is_available(now + Duration::from_secs(4)));
    assert!(target.is_available(now + Duration::from_secs(6)));
    target.set_health(Health::Unhealthy);
    assert!(!target.is_available(now + Duration::from_secs(6)));
    target.set_health(Health::Healthy);
    assert!(target.is_available(now + Duration::from_secs(6)));
}

#[test]
fn the_average_of_latencies_follows_slowly_and_fades() {
    let target = target(None);
    let now = Instant::now();
    target.measured(Duration::from_millis(100), now);
    target.measured(Duration::from_millis(200), now);
    let measured = target.latency(now).as_millis();
    assert!((119..=121).contains(&measured), "{measured}");
    assert!(target.latency(now + Duration::from_secs(30)) < Duration::from_millis(10));
}

#[test]
fn a_trial_that_nobody_waits_for_any_more_makes_room_for_another() {
    let rules = CircuitRules {
        failures: 1,
        ..CircuitRules::USUAL
    };
    let target = target(Some(rules));
    let now = Instant::now();
    target.begin(now).unwrap().failed(Failed::Felt, now);
    assert!(target.begin(now).is_none());
    assert_eq!(target.status(now).trial_in, Some(rules.open));
    let later = now + rules.open;
    let trial = target.begin(later).unwrap();
    assert!(target.begin(later).is_none(), "one trial at a time");
    drop(trial);
    let mut trial = target.begin(later).unwrap();
    trial.succeeded();
    assert_eq!(target.status(later).circuit, Some(CircuitState::Closed));
    assert_eq!(target.status(later).failures, 1);
}

#[test]
fn a_target_is_remembered_as_long_as_somebody_has_it() {
    let targets = Targets::default();
    let (route, other): (Arc<str>, Arc<str>) = ("r".into(), "s".into());
    let state = |rules: Option<CircuitRules>| TargetState::new("http://up".into(), rules);
    let now = Instant::now();
    let rules = CircuitRules {
        failures: 1,
        ..CircuitRules::USUAL
    };
    let first = Arc::new(targets.keep(&route, &state(Some(rules))));
    let _busy = first.begin(now).unwrap();
    first.begin(now).unwrap().failed(Failed::Felt, now);
    let again = targets.keep(&route, &state(Some(rules)));
    assert_eq!((again.in_flight(), again.is_available(now)), (1, false));
    let with_other_rules = targets.keep(&route, &state(Some(CircuitRules::USUAL)));
    assert_eq!(
        (with_other_rules.in_flight(), with_other_rules.is_available(now)),
        (1, true)
    );
    let of_other_route = targets.keep(&other, &state(Some(rules)));
    assert_eq!(
        (of_other_route.in_flight(), of_other_route.is_available(now)),
        (0, true)
    );
}
