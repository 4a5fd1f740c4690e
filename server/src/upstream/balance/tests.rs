//! Which target gets a request.

use super::pick;
use crate::message::Plan;
use crate::message::target::InFlightAtTarget;
use fastgate_shared::route::RouteDefinition;
use proptest::prelude::*;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;
use std::sync::Arc;

fn plan(weights: &[u32]) -> Arc<Plan> {
    let targets: Vec<_> = weights
        .iter()
        .enumerate()
        .map(|(at, weight)| json!({"host": format!("up{at}"), "weight": weight}))
        .collect();
    let definition: RouteDefinition =
        serde_json::from_value(json!({"route_name": "r", "match_path": "/*", "targets": targets})).unwrap();
    Arc::new(Plan::compile(&definition).unwrap())
}

#[test]
fn the_only_target_is_picked_unless_it_is_closed() {
    let plan = plan(&[1]);
    assert_eq!(pick(&plan.targets, |_| true, |_| 0), Some(0));
    assert_eq!(pick(&plan.targets, |_| false, |_| 0), None);
}

#[test]
fn requests_are_shared_by_weight() {
    let plan = plan(&[1, 3, 0]);
    let mut dice = StdRng::seed_from_u64(7);
    let mut requests: Vec<InFlightAtTarget> = Vec::new();
    for _ in 0..4_000 {
        let index = pick(&plan.targets, |_| true, |n| dice.random_range(0..n)).unwrap();
        requests.push(InFlightAtTarget::new(plan.clone(), index));
    }
    let shares: Vec<u32> = plan.targets.iter().map(|target| target.in_flight()).collect();
    assert_eq!(shares[2], 0);
    assert!((950..=1050).contains(&shares[0]), "{shares:?}");
    drop(requests);
    assert!(plan.targets.iter().all(|target| target.in_flight() == 0));
}

#[test]
fn of_two_the_less_loaded_is_picked() {
    let plan = plan(&[1, 1]);
    let _busy = InFlightAtTarget::new(plan.clone(), 0);
    assert_eq!(pick(&plan.targets, |_| true, |_| 0), Some(1));
    assert_eq!(pick(&plan.targets, |_| true, |n| n - 1), Some(1));
}

proptest! {
    #[test]
    fn a_closed_or_weightless_target_is_never_picked(
        weights in prop::collection::vec(0_u32..5, 1..6),
        closed in prop::collection::vec(any::<bool>(), 6),
        seed: u64,
    ) {
        let plan = plan(&weights);
        let mut dice = StdRng::seed_from_u64(seed);
        let picked = pick(&plan.targets, |index| !closed[index], |n| dice.random_range(0..n));
        let usable = |index: usize| weights[index] > 0 && !closed[index];
        prop_assert_eq!(picked.is_some(), (0..weights.len()).any(usable));
        prop_assert!(picked.is_none_or(usable));
    }
}
