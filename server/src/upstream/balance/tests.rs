//! Which target gets a request.

use super::{Balancer, Draw, HashOn, Share, hash};
use fastgate_shared::route::RouteDefinition;
use proptest::prelude::*;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rstest::rstest;
use serde_json::json;
use std::time::{Duration, Instant};

/// A target as a test wants it.
struct Fake {
    name: String,
    weight: u32,
    in_flight: u32,
    latency_ms: u64,
}

impl Share for Fake {
    fn weight(&self) -> u32 {
        self.weight
    }

    fn in_flight(&self) -> u32 {
        self.in_flight
    }

    fn latency(&self, _: Instant) -> Duration {
        Duration::from_millis(self.latency_ms)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

fn draw<C: FnOnce(&HashOn) -> u64, R: FnOnce(u64) -> u64>(client: C, roll: R) -> Draw<C, R> {
    Draw {
        now: Instant::now(),
        client,
        roll,
    }
}

fn fakes(weights: &[u32]) -> Vec<Fake> {
    let fake = |(at, weight): (usize, &u32)| Fake {
        name: format!("http://up{at}"),
        weight: *weight,
        in_flight: 0,
        latency_ms: 0,
    };
    weights.iter().enumerate().map(fake).collect()
}

fn balancer(balance: &str) -> Balancer {
    let definition = json!({"route_name": "r", "match_path": "/*", "target_host": "up", "balance": balance});
    let definition: RouteDefinition = serde_json::from_value(definition).unwrap();
    Balancer::new(&definition)
}

/// How many of these requests, from as many clients, each target gets.
fn shares(balancer: &Balancer, targets: &[Fake], requests: u64) -> Vec<u64> {
    let mut dice = StdRng::seed_from_u64(7);
    let mut got = vec![0; targets.len()];
    for client in 0..requests {
        let of_client = |_: &HashOn| hash(format!("client {client}").as_bytes());
        let picked = balancer.pick(targets, |_| true, draw(of_client, |n| dice.random_range(0..n)));
        got[picked.unwrap()] += 1;
    }
    got
}

fn pick(balancer: &Balancer, targets: &[Fake], closed: &[usize], client: u64) -> Option<usize> {
    balancer.pick(targets, |index| !closed.contains(&index), draw(|_| client, |_| 0))
}

#[rstest]
fn idle_targets_share_by_weight(
    #[values("power_of_two", "round_robin", "least_loaded", "client_hash")] balance: &str,
    #[values(&[1, 1, 1], &[1, 3], &[1, 9, 0], &[5, 3, 2], &[1000, 1])] weights: &[u32],
) {
    let targets = fakes(weights);
    let total: u32 = weights.iter().sum();
    let got = shares(&balancer(balance), &targets, 20_000);
    for (got, weight) in got.iter().zip(weights) {
        let (got, wanted) = (*got as f64 / 20_000.0, f64::from(*weight) / f64::from(total));
        assert!((got - wanted).abs() < 0.01, "{balance} {weights:?}: {got} for {wanted}");
        assert!(*weight > 0 || got == 0.0);
    }
}

#[rstest]
fn busy_targets_share_by_weight_too(
    #[values("power_of_two", "round_robin")] balance: &str,
    #[values(&[1, 3], &[1, 9], &[5, 3, 2])] weights: &[u32],
    #[values(2, 4, 8, 32)] at_once: usize,
) {
    let (balancer, mut targets) = (balancer(balance), fakes(weights));
    let mut dice = StdRng::seed_from_u64(7);
    let mut working: Vec<usize> = Vec::new();
    let mut got = vec![0_u32; weights.len()];
    for _ in 0..20_000 {
        if working.len() == at_once {
            let done = working.swap_remove(dice.random_range(0..at_once));
            targets[done].in_flight -= 1;
        }
        let picked = balancer.pick(&targets, |_| true, draw(|_| 0, |n| dice.random_range(0..n)));
        let picked = picked.unwrap();
        working.push(picked);
        targets[picked].in_flight += 1;
        got[picked] += 1;
    }
    let total: u32 = weights.iter().sum();
    for (got, weight) in got.iter().zip(weights) {
        let (got, wanted) = (f64::from(*got) / 20_000.0, f64::from(*weight) / f64::from(total));
        assert!(
            (got - wanted).abs() < 0.02,
            "{balance} {weights:?} {at_once}: {got} for {wanted}"
        );
    }
}

#[test]
fn latencies_that_differ_by_chance_do_not_skew_the_weights() {
    let mut targets = fakes(&[3, 1]);
    (targets[0].latency_ms, targets[1].latency_ms) = (21, 2);
    let got = shares(&balancer("power_of_two"), &targets, 20_000);
    assert!((14_900..=15_100).contains(&got[0]), "{got:?}");
}

#[test]
fn a_much_slower_target_is_passed_over_while_nobody_is_busier() {
    let mut targets = fakes(&[1, 1]);
    (targets[0].latency_ms, targets[1].latency_ms) = (500, 50);
    let balancer = balancer("power_of_two");
    assert_eq!(shares(&balancer, &targets, 100), [0, 100]);
    // Ten times as busy is as bad as ten times as slow.
    targets[1].in_flight = 12;
    assert!(shares(&balancer, &targets, 100)[0] > 30);
}

#[rstest]
#[case(&[1, 1], [1, 0], 1)]
#[case(&[1, 1], [0, 1], 0)]
#[case(&[1, 1], [9, 3], 1)]
#[case(&[1, 3], [1, 2], 1)]
fn the_less_loaded_for_its_weight_is_picked(
    #[values("power_of_two", "least_loaded")] balance: &str,
    #[case] weights: &[u32],
    #[case] in_flight: [u32; 2],
    #[case] picked: u64,
) {
    let mut targets = fakes(weights);
    (targets[0].in_flight, targets[1].in_flight) = (in_flight[0], in_flight[1]);
    let got = shares(&balancer(balance), &targets, 50);
    assert_eq!(got[picked as usize], 50, "{got:?}");
}

#[test]
fn the_round_robin_is_smooth() {
    let targets = fakes(&[5, 1, 1]);
    let balancer = balancer("round_robin");
    let order: Vec<usize> = (0..7).filter_map(|_| pick(&balancer, &targets, &[], 0)).collect();
    assert_eq!(order, [0, 0, 1, 0, 2, 0, 0]);
}

#[rstest]
#[case(None, HashOn::Key)]
#[case(Some("key"), HashOn::Key)]
#[case(Some("header:X-Session"), HashOn::Header(http::HeaderName::from_static("x-session")))]
fn clients_are_told_apart_by(#[case] text: Option<&str>, #[case] on: HashOn) {
    assert_eq!(HashOn::parse(text), on);
}

#[test]
fn the_hash_is_the_same_in_every_release() {
    assert_eq!(hash(b""), 0xF52A_15E9_A9B5_E89B);
    assert_eq!(hash(b"http://up:80"), 0x157D_9F3B_17CC_54CE);
    assert_ne!(hash(b"a"), hash(b"b"));
}

/// The same clients in every run: a share of random ones strays from its mean now and then.
#[rstest]
fn a_lost_target_moves_no_more_than_its_share_of_the_clients(
    #[values(2, 3, 4, 5, 6, 7)] count: usize,
    #[values(0, 1)] lost: usize,
) {
    let targets = fakes(&vec![1; count]);
    let balancer = balancer("client_hash");
    let clients = (0..20_000_u64).map(|client| hash(&client.to_le_bytes()));
    let moved = clients
        .filter(|client| pick(&balancer, &targets, &[], *client) != pick(&balancer, &targets, &[lost], *client))
        .count();
    let share = moved as f64 / 20_000.0;
    assert!(share <= 1.0 / count as f64 + 0.05, "{share} of {count}");
}

proptest! {
    #[test]
    fn a_lost_target_moves_its_own_clients_and_no_others(count in 2_usize..8, lost in 0_usize..8, client: u64) {
        let lost = lost % count;
        let targets = fakes(&vec![1; count]);
        let balancer = balancer("client_hash");
        let before = pick(&balancer, &targets, &[], client);
        let after = pick(&balancer, &targets, &[lost], client);
        prop_assert_eq!(before != after, before == Some(lost));
    }

    #[test]
    fn a_closed_or_weightless_target_is_never_picked(
        weights in prop::collection::vec(0_u32..5, 1..6),
        closed in prop::collection::vec(any::<bool>(), 6),
        balance in 0_usize..4,
        client: u64,
    ) {
        let balance = ["power_of_two", "round_robin", "least_loaded", "client_hash"][balance];
        let (balancer, targets) = (balancer(balance), fakes(&weights));
        for _ in 0..5 {
            let picked = balancer.pick(&targets, |index| !closed[index], draw(|_| client, |_| 0));
            let usable = |index: usize| weights[index] > 0 && !closed[index];
            prop_assert_eq!(picked.is_some(), (0..weights.len()).any(usable));
            prop_assert!(picked.is_none_or(usable));
        }
    }
}
