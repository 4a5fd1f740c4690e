//! Places, queues, and that no place is ever lost.

use super::{Bound, Concurrency, Full, Queue};
use futures_util::FutureExt as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn bound(limit: u32) -> Arc<Bound> {
    Concurrency::default().for_route("route", limit)
}

fn queue(room: usize) -> Queue {
    Queue {
        deadline: Instant::now() + SECOND,
        room,
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_is_free_again_when_its_holder_has_left() {
    let bound = bound(2);
    let (first, _second) = (bound.try_enter().unwrap(), bound.try_enter().unwrap());
    assert_eq!(bound.try_enter().unwrap_err(), Full);
    drop(first);
    assert!(bound.try_enter().is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_came_first_is_called_first_and_nobody_overtakes() {
    let bound = bound(1);
    let inside = bound.try_enter().unwrap();
    let mut first = Box::pin(bound.enter(queue(10)));
    let mut second = Box::pin(bound.enter(queue(10)));
    assert!(first.as_mut().now_or_never().is_none() && second.as_mut().now_or_never().is_none());
    assert_eq!(bound.waiting(), 2);
    drop(inside);
    assert_eq!(bound.try_enter().unwrap_err(), Full, "the place is the first one's");
    assert!(second.as_mut().now_or_never().is_none());
    let first = first.now_or_never().unwrap().unwrap();
    drop(first);
    assert!(second.now_or_never().unwrap().is_ok());
    assert_eq!((bound.inside(), bound.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_wait_ends_at_its_deadline() {
    let bound = bound(1);
    let _inside = bound.try_enter().unwrap();
    let started = Instant::now();
    assert_eq!(bound.enter(queue(1)).await.unwrap_err(), Full);
    assert_eq!(started.elapsed(), SECOND);
    assert_eq!(bound.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_and_a_past_deadline_turn_away_at_once() {
    let bound = bound(1);
    let _inside = bound.try_enter().unwrap();
    assert_eq!(bound.enter(queue(0)).now_or_never().unwrap().unwrap_err(), Full);
    let mut waits = Box::pin(bound.enter(queue(1)));
    assert!(waits.as_mut().now_or_never().is_none());
    assert_eq!(bound.enter(queue(1)).now_or_never().unwrap().unwrap_err(), Full);
    let past = Queue {
        deadline: Instant::now(),
        room: 10,
    };
    assert_eq!(bound.enter(past).now_or_never().unwrap().unwrap_err(), Full);
}

#[tokio::test(start_paused = true)]
async fn one_who_leaves_the_queue_leaves_no_gap_even_when_called() {
    let bound = bound(1);
    let inside = bound.try_enter().unwrap();
    let mut leaves = Box::pin(bound.enter(queue(10)));
    let mut called = Box::pin(bound.enter(queue(10)));
    let mut last = Box::pin(bound.enter(queue(10)));
    for waiting in [&mut leaves, &mut called, &mut last] {
        assert!(waiting.as_mut().now_or_never().is_none());
    }
    drop(leaves);
    drop(inside);
    // It has been called, and goes before it looks.
    drop(called);
    assert!(last.now_or_never().unwrap().is_ok());
    assert_eq!((bound.inside(), bound.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_limit_changes_without_forgetting_who_is_in() {
    let all = Concurrency::default();
    let bound = all.for_key("key", 3);
    let inside: Vec<_> = (0..3).map(|_| bound.try_enter().unwrap()).collect();
    assert!(Arc::ptr_eq(&all.for_key("key", 1), &bound));
    assert_eq!(bound.try_enter().unwrap_err(), Full);
    let mut waits = Box::pin(bound.enter(queue(10)));
    assert!(waits.as_mut().now_or_never().is_none());
    let mut inside = inside.into_iter();
    drop(inside.next());
    drop(inside.next());
    assert!(
        waits.as_mut().now_or_never().is_none(),
        "one is still in, and one may be"
    );
    drop(inside.next());
    assert!(waits.now_or_never().unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_higher_limit_lets_in_who_waits_already() {
    let all = Concurrency::default();
    let bound = all.for_route("route", 1);
    let _inside = bound.try_enter().unwrap();
    let mut waiting: Vec<_> = (0..4).map(|_| Box::pin(bound.enter(queue(10)))).collect();
    assert!(waiting.iter_mut().all(|one| one.as_mut().now_or_never().is_none()));
    assert!(Arc::ptr_eq(&all.for_route("route", 3), &bound));
    let mut inside: Vec<_> = waiting.iter_mut().map(|one| one.as_mut().now_or_never()).collect();
    assert_eq!((bound.inside(), bound.waiting()), (3, 2));
    assert!(
        inside[..2].iter().all(|one| matches!(one, Some(Ok(_)))),
        "first come, first served"
    );
    all.lift_route("route");
    inside.extend(waiting[2..].iter_mut().map(|one| one.as_mut().now_or_never()));
    assert_eq!((bound.inside(), bound.waiting()), (5, 0));
    drop((inside, waiting));
    assert_eq!(bound.inside(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_higher_limit_of_the_gateway_lets_in_who_waits_already() {
    let all = Concurrency::default();
    let bound = all.for_all(Some(1)).unwrap().clone();
    let _inside = bound.try_enter().unwrap();
    let mut waits = Box::pin(bound.enter(queue(10)));
    assert!(waits.as_mut().now_or_never().is_none());
    assert!(all.for_all(None).is_none());
    assert!(waits.now_or_never().unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn no_place_is_lost_among_many_who_come_and_go() {
    let bound = bound(3);
    let tasks: Vec<_> = (0..500_u64)
        .map(|n| {
            let bound = bound.clone();
            tokio::spawn(async move {
                sleep(Duration::from_millis(n * 7 % 100)).await;
                let stay = async {
                    if let Ok(_permit) = bound.enter(queue(50)).await {
                        assert!(bound.inside() <= 3);
                        sleep(Duration::from_millis(n % 13)).await;
                    }
                };
                // Some leave in the middle of whatever they do.
                let _gone = tokio::time::timeout(Duration::from_millis(n * 11 % 60), stay).await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!((bound.inside(), bound.waiting()), (0, 0));
    assert!(bound.try_enter().is_ok());
}
