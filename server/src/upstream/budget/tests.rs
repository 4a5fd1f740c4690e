//! The retry budget, by the clock.

use super::{RECOVERS_WITHIN, RetryBudget};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// How many retries there are room for at one moment.
fn spend(budget: &RetryBudget, now: Instant) -> u32 {
    let mut spent = 0;
    while let Some(place) = budget.take(now) {
        place.spend();
        spent += 1;
    }
    spent
}

#[test]
fn a_quiet_route_may_retry_three_times_a_second() {
    let (budget, now) = (RetryBudget::default(), Instant::now());
    assert_eq!(spend(&budget, now), 30);
    assert_eq!(spend(&budget, now + Duration::from_secs(5)), 0);
    assert_eq!(spend(&budget, now + RECOVERS_WITHIN), 30);
}

#[test]
fn a_busy_route_may_retry_a_fifth_of_its_requests() {
    let (budget, now) = (RetryBudget::default(), Instant::now());
    for _ in 0..1_000 {
        budget.requested(now);
    }
    assert_eq!(spend(&budget, now), 200);
    assert!(budget.take(now + Duration::from_secs(9)).is_none());
    assert_eq!(spend(&budget, now + RECOVERS_WITHIN), 30);
}

#[test]
fn those_who_wait_before_they_retry_hold_their_places_and_give_back_what_they_do_not_use() {
    let (budget, now) = (RetryBudget::default(), Instant::now());
    let waiting: Vec<_> = std::iter::from_fn(|| budget.take(now)).take(100).collect();
    assert_eq!(waiting.len(), 30);
    drop(waiting);
    assert_eq!(spend(&budget, now), 30);
}

proptest! {
    #[test]
    fn retries_never_exceed_the_budget_of_their_window(steps in prop::collection::vec((0_u64..2_000, 0_u32..50), 1..60)) {
        let start = Instant::now();
        let (budget, mut now) = (RetryBudget::default(), start);
        let (mut requests, mut retries) = (0_u32, 0_u32);
        for (millis, count) in steps {
            now += Duration::from_millis(millis);
            (0..count).for_each(|_| budget.requested(now));
            requests += count;
            retries += spend(&budget, now);
        }
        // A second that began earlier may count for up to another one.
        let windows = (now - start).as_secs() / 9 + 2;
        prop_assert!(u64::from(retries) <= u64::from(requests / 5) + 30 * windows + windows);
    }
}
