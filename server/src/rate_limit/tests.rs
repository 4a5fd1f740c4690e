//! Token buckets, by a clock that the tests set.

use super::{LimitClock, Limiter, RateLimits, Refused};
use proptest::prelude::*;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A clock, and the milliseconds that it shows.
fn clock() -> (LimitClock, Arc<AtomicU64>) {
    let now = Arc::new(AtomicU64::new(0));
    let shown = now.clone();
    let clock = LimitClock::new(move || Duration::from_millis(shown.load(Ordering::SeqCst)));
    (clock, now)
}

fn limiter(limit: u32, clock: LimitClock) -> Limiter {
    Limiter::new(NonZeroU32::new(limit).expect("not 0"), clock)
}

fn takes(limiter: &Limiter, tries: u32) -> u32 {
    (0..tries).map(|_| u32::from(limiter.take().is_ok())).sum()
}

#[test]
fn a_burst_is_the_limit_and_a_minute_fills_it_again() {
    let (clock, now) = clock();
    let limiter = limiter(60, clock);
    assert_eq!(takes(&limiter, 100), 60);
    now.store(1_000, Ordering::SeqCst);
    assert_eq!(takes(&limiter, 100), 1);
    now.store(61_000, Ordering::SeqCst);
    assert_eq!(takes(&limiter, 100), 60);
    now.store(600_000, Ordering::SeqCst);
    assert_eq!(takes(&limiter, 100), 60);
}

#[test]
fn looking_says_how_much_is_used_and_takes_nothing() {
    let (clock, now) = clock();
    now.store(5_000, Ordering::SeqCst);
    let limiter = limiter(60, clock);
    assert_eq!(limiter.used(), 0);
    assert_eq!(takes(&limiter, 3), 3);
    assert_eq!((limiter.used(), limiter.used()), (3, 3));
    now.store(6_000, Ordering::SeqCst);
    assert_eq!(limiter.used(), 2);
    now.store(6_500, Ordering::SeqCst);
    assert_eq!(limiter.used(), 2, "a token that is on its way back is not back");
    now.store(8_000, Ordering::SeqCst);
    assert_eq!(limiter.used(), 0);
    assert_eq!(takes(&limiter, 100), 60);
    assert_eq!(limiter.used(), 60);
    now.store(600_000, Ordering::SeqCst);
    assert_eq!(limiter.used(), 0);
}

#[test]
fn a_refusal_says_when_to_come_back() {
    let (clock, now) = clock();
    let limiter = limiter(2, clock);
    now.store(10_000, Ordering::SeqCst);
    assert_eq!(takes(&limiter, 2), 2);
    now.store(10_500, Ordering::SeqCst);
    let refused = limiter.take().expect_err("empty");
    assert_eq!(
        refused,
        Refused {
            limit: 2,
            remaining: 0,
            retry_after: Duration::from_millis(29_500),
            reset: Duration::from_millis(59_500),
        }
    );
    assert_eq!((refused.retry_after_seconds(), refused.reset_seconds()), (30, 60));
    now.store(40_500, Ordering::SeqCst);
    assert!(limiter.take().is_ok());
}

#[test]
fn a_refused_request_takes_nothing() {
    let (clock, now) = clock();
    let limiter = limiter(1, clock);
    assert!(limiter.take().is_ok());
    assert_eq!(takes(&limiter, 1_000), 0);
    now.store(60_000, Ordering::SeqCst);
    assert!(limiter.take().is_ok());
}

#[test]
fn the_limit_is_exact_when_many_threads_take_at_once() {
    let (clock, _) = clock();
    let limiter = limiter(1_000, clock);
    let taken: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| takes(&limiter, 500))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!(taken, 1_000);
}

#[test]
fn a_limiter_is_kept_until_its_limit_changes() {
    let (clock, _) = clock();
    let limits = RateLimits::new(clock);
    let first = limits.for_key("k", 5);
    assert_eq!(takes(&first, 10), 5);
    assert!(limits.for_key("k", 5).take().is_err());
    assert!(Arc::ptr_eq(&first, &limits.for_key("k", 5)));
    assert_eq!(takes(&limits.for_key("k", 6), 10), 6);
    assert!(
        limits.for_route("k", 5).take().is_ok(),
        "keys and routes are told apart"
    );
    assert!(limits.for_key("other", 5).take().is_ok());
}

proptest! {
    #[test]
    fn no_span_of_time_gets_more_than_burst_and_refill(
        limit in 1..200u32,
        steps in prop::collection::vec((0..5_000u64, 1..50u32), 1..40),
    ) {
        let (clock, now) = clock();
        let limiter = limiter(limit, clock);
        let (mut elapsed, mut taken) = (0, 0);
        for (wait, tries) in steps {
            elapsed += wait;
            now.store(elapsed, Ordering::SeqCst);
            taken += u64::from(takes(&limiter, tries));
            let allowed = u64::from(limit) + elapsed * u64::from(limit) / 60_000 + 1;
            prop_assert!(taken <= allowed, "{} of {} after {} ms", taken, allowed, elapsed);
        }
    }
}
