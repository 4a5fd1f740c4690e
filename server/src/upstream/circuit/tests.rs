//! The life of a circuit, by the clock.

use super::{Breaker, Circuit, CircuitRules, CircuitState, Failed, Pass};
use proptest::prelude::*;
use std::time::{Duration, Instant};

const RULES: CircuitRules = CircuitRules {
    failures: 3,
    window: Duration::from_secs(10),
    open: Duration::from_secs(5),
    in_a_row: false,
    gives_way: false,
};

fn seconds(start: Instant, seconds: u64) -> Instant {
    start + Duration::from_secs(seconds)
}

/// A circuit that opened at `start`.
fn opened(start: Instant) -> Circuit {
    let mut circuit = Circuit::new(RULES);
    let opens: Vec<bool> = (0..3)
        .map(|_| circuit.failed(Pass::Usual, Failed::Felt, start))
        .collect();
    assert_eq!(opens, [false, false, true]);
    circuit
}

#[test]
fn it_opens_after_so_many_failures_and_then_lets_nothing_in() {
    let start = Instant::now();
    let mut circuit = opened(start);
    assert_eq!(circuit.state(seconds(start, 4)), CircuitState::Open);
    assert_eq!(circuit.closed_for(seconds(start, 4)), Duration::from_secs(1));
    assert_eq!(circuit.enter(seconds(start, 4)), None);
}

#[test]
fn failures_further_apart_than_the_window_do_not_add_up() {
    let start = Instant::now();
    let mut circuit = Circuit::new(RULES);
    for at in [0, 6, 12, 18, 24] {
        assert!(!circuit.failed(Pass::Usual, Failed::Felt, seconds(start, at)));
    }
    assert_eq!(circuit.enter(seconds(start, 24)), Some(Pass::Usual));
}

#[test]
fn successes_between_failures_count_only_where_they_must_be_in_a_row() {
    let start = Instant::now();
    for (in_a_row, state) in [(false, CircuitState::Open), (true, CircuitState::Closed)] {
        let mut circuit = Circuit::new(CircuitRules { in_a_row, ..RULES });
        for _ in 0..3 {
            circuit.failed(Pass::Usual, Failed::Felt, start);
            circuit.succeeded(Pass::Usual);
        }
        assert_eq!(circuit.state(start), state);
    }
}

#[test]
fn one_trial_decides() {
    let start = Instant::now();
    let half_open = seconds(start, 5);
    let mut circuit = opened(start);
    assert_eq!(circuit.state(half_open), CircuitState::HalfOpen);
    assert_eq!(circuit.enter(half_open), Some(Pass::Trial));
    assert_eq!(circuit.enter(half_open), None);
    assert!(circuit.failed(Pass::Trial, Failed::Felt, half_open), "it opens again");
    assert_eq!(circuit.state(seconds(start, 9)), CircuitState::Open);
    assert_eq!(circuit.enter(seconds(start, 10)), Some(Pass::Trial));
    circuit.succeeded(Pass::Trial);
    assert_eq!(circuit.enter(seconds(start, 10)), Some(Pass::Usual));
    assert!(
        !circuit.failed(Pass::Usual, Failed::Felt, seconds(start, 10)),
        "it counts from zero"
    );
}

#[test]
fn what_was_sent_before_it_opened_decides_nothing() {
    let start = Instant::now();
    let mut circuit = opened(start);
    let _trial = circuit.enter(seconds(start, 5));
    circuit.succeeded(Pass::Usual);
    assert!(!circuit.failed(Pass::Usual, Failed::Felt, seconds(start, 5)));
    circuit.gave_up(Pass::Usual);
    assert_eq!(circuit.state(seconds(start, 5)), CircuitState::HalfOpen);
    assert_eq!(circuit.enter(seconds(start, 5)), None, "the trial is still under way");
}

#[test]
fn a_trial_without_a_verdict_makes_room_for_the_next() {
    let start = Instant::now();
    let mut circuit = opened(start);
    assert_eq!(circuit.enter(seconds(start, 5)), Some(Pass::Trial));
    circuit.gave_up(Pass::Trial);
    assert_eq!(circuit.enter(seconds(start, 5)), Some(Pass::Trial));
    assert_eq!(
        circuit.enter(seconds(start, 10)),
        Some(Pass::Trial),
        "it takes too long"
    );
}

#[test]
fn one_that_gives_way_lets_in_whom_nobody_else_takes_and_counts_only_what_was_felt() {
    let start = Instant::now();
    let mut circuit = Circuit::new(CircuitRules {
        failures: 2,
        ..CircuitRules::LONE
    });
    for _ in 0..9 {
        assert!(!circuit.failed(Pass::Usual, Failed::Healed, start));
    }
    assert!(!circuit.failed(Pass::Usual, Failed::Felt, start));
    assert!(circuit.failed(Pass::Usual, Failed::Felt, start));
    assert_eq!(circuit.enter(start), None);
    assert_eq!(circuit.enter_anyway(start), Some(Pass::Trial));
    assert!(!circuit.failed(Pass::Trial, Failed::Felt, start), "it is open already");
    assert_eq!(circuit.enter_anyway(start), Some(Pass::Trial));
    assert!(circuit.succeeded(Pass::Trial), "whoever succeeds closes it");
    assert_eq!(circuit.enter(start), Some(Pass::Usual));
    assert_eq!(opened(start).enter_anyway(start), None, "others let in nobody");
}

#[test]
fn a_passed_probe_lets_the_trial_in_at_once_but_is_not_believed_twice() {
    let start = Instant::now();
    let mut circuit = opened(seconds(start, 1));
    assert!(
        !circuit.probe_passed(start, false),
        "it began before the circuit opened"
    );
    assert!(circuit.probe_passed(seconds(start, 2), false));
    assert_eq!(circuit.enter(seconds(start, 2)), Some(Pass::Trial));
    assert_eq!(circuit.enter(seconds(start, 2)), None, "one trial");
    assert!(circuit.failed(Pass::Trial, Failed::Felt, seconds(start, 2)));
    assert!(
        !circuit.probe_passed(seconds(start, 3), false),
        "probes pass while requests fail"
    );
    assert!(
        circuit.probe_passed(seconds(start, 3), true),
        "probes had failed meanwhile"
    );
    assert_eq!(circuit.enter(seconds(start, 3)), Some(Pass::Trial));
    circuit.succeeded(Pass::Trial);
    for _ in 0..3 {
        circuit.failed(Pass::Usual, Failed::Felt, seconds(start, 4));
    }
    assert!(circuit.probe_passed(seconds(start, 5), false), "it is another outage");
    assert!(!Circuit::new(RULES).probe_passed(start, true));
}

#[test]
fn who_asks_a_breaker_without_its_lock_hears_the_same() {
    let start = Instant::now();
    let breaker = Breaker::new(CircuitRules {
        in_a_row: true,
        ..RULES
    });
    assert_eq!(
        (breaker.enter(start), breaker.closed_for(start)),
        (Some(Pass::Usual), Duration::ZERO)
    );
    assert!(!breaker.failed(Pass::Usual, Failed::Felt, start));
    assert!(!breaker.is_calm());
    assert!(!breaker.succeeded(Pass::Usual));
    assert!(breaker.is_calm(), "nothing is remembered");
    for opens in [false, false, true] {
        assert_eq!(breaker.failed(Pass::Usual, Failed::Felt, start), opens);
    }
    assert_eq!((breaker.enter(start), breaker.closed_for(start)), (None, RULES.open));
    assert!(breaker.probe_passed(start, false));
    assert_eq!(breaker.enter(start), Some(Pass::Trial));
    breaker.gave_up(Pass::Trial);
    assert_eq!(breaker.enter(start), Some(Pass::Trial));
    assert!(breaker.succeeded(Pass::Trial));
    assert_eq!(breaker.position(start).state, CircuitState::Closed);
    assert!(breaker.is_calm());
}

proptest! {
    #[test]
    fn it_never_stays_closed_off_for_longer_than_it_opens(events in prop::collection::vec((0_u8..5, 0_u64..4000), 0..200)) {
        let start = Instant::now();
        let mut now = start;
        let mut circuit = Circuit::new(RULES);
        let mut trial = false;
        for (event, millis) in events {
            now += Duration::from_millis(millis);
            let pass = if trial { Pass::Trial } else { Pass::Usual };
            match event {
                0 => match circuit.enter(now) {
                    Some(pass) => trial = pass == Pass::Trial,
                    None => prop_assert_ne!(circuit.state(now), CircuitState::Closed),
                },
                1 => {
                    circuit.succeeded(pass);
                }
                2 => { circuit.failed(pass, Failed::Felt, now); }
                3 => circuit.gave_up(pass),
                _ => {
                    circuit.probe_passed(now, millis % 2 == 0);
                }
            }
            prop_assert!(circuit.closed_for(now) <= RULES.open);
            prop_assert!(circuit.enter(now + RULES.open).is_some());
            // That was a question, not a request.
            circuit.gave_up(Pass::Trial);
        }
    }
}
