//! What a connection counts as, with one request and with many.

use super::*;

const TIMEOUTS: Timeouts = Timeouts {
    head: Duration::from_secs(10),
    keep_alive: Duration::from_secs(75),
};

fn phases() -> (Arc<Phases>, Instant) {
    let accepted = Instant::now();
    (Arc::new(Phases::new(accepted)), accepted)
}

/// Seconds from `since` to the deadline.
fn limit(phases: &Phases, since: Instant) -> Option<u64> {
    phases
        .deadline(TIMEOUTS)
        .map(|deadline| deadline.duration_since(since).as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_bounded_by_a_head_then_by_nothing_then_by_its_idleness() {
    let (phases, accepted) = phases();
    assert_eq!(limit(&phases, accepted), Some(10));
    let mut busy = phases.busy();
    assert_eq!(limit(&phases, accepted), None);
    busy.answered();
    drop(busy);
    assert_eq!(limit(&phases, Instant::now()), Some(75));
    phases.bytes_came();
    assert_eq!(limit(&phases, Instant::now()), Some(10));
}

#[tokio::test(start_paused = true)]
async fn it_is_busy_until_the_last_of_its_requests_has_ended() {
    let (phases, _) = phases();
    let (first, second) = (phases.busy(), phases.busy());
    drop(first);
    assert_eq!(limit(&phases, Instant::now()), None);
    phases.bytes_came();
    drop(second);
    assert_eq!(limit(&phases, Instant::now()), Some(75));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_owed_until_it_is_written() {
    let (phases, _) = phases();
    assert!(!phases.is_owed());
    let busy = phases.busy();
    phases.flushed();
    assert!(phases.is_owed(), "its head was written, not its end");
    drop(busy);
    assert!(phases.is_owed(), "its end waits to be written");
    phases.flushed();
    assert!(!phases.is_owed());
}

#[tokio::test(start_paused = true)]
async fn who_is_told_to_go_has_a_moment_after_the_last_request() {
    let (phases, _) = phases();
    let busy = phases.busy();
    phases.closing();
    assert_eq!(limit(&phases, Instant::now()), None);
    drop(busy);
    assert_eq!(limit(&phases, Instant::now()), Some(LEAVE.as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_is_bounded_also_beside_other_requests() {
    let (phases, accepted) = phases();
    let _busy = phases.busy();
    phases.in_head(true);
    assert_eq!(limit(&phases, accepted), Some(10));
    phases.in_head(false);
    assert_eq!(limit(&phases, accepted), None);
}

#[tokio::test(start_paused = true)]
async fn who_abandons_many_and_most_of_its_requests_floods() {
    let (phases, _) = phases();
    for _ in 0..ABANDONED_AT_LEAST {
        phases.busy().answered();
    }
    for _ in 0..ABANDONED_AT_LEAST {
        drop(phases.busy());
    }
    assert!(!phases.is_flooded(), "half of them");
    drop(phases.busy());
    drop(phases.busy());
    assert!(phases.is_flooded());
}
