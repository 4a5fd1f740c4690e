//! Between stages 4 and 6: an admitted request takes its place among those in flight, and waits for one where all are
//! taken. What is over the bounds and does not get a place in time is turned away before an upstream hears of it.

use super::admit::Admission;
use super::error::{ProxyError, Whose};
use super::exchange::Exchange;
use crate::app::App;
use crate::concurrency::{Bound, Permit, Queue};
use crate::config::Proxy;
use crate::telemetry::figures;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Waits for a place on the winning route, then for one in the gateway. A key's own bound is judged before, without
/// waiting.
///
/// # Errors
/// 503 when no place becomes free within `proxy.queue_seconds`, or too many wait already.
pub async fn wait_turn(app: &App, admission: &Admission, exchange: &mut Exchange) -> Result<(), ProxyError> {
    let proxy = &app.config.proxy;
    let winner = admission.candidates.candidates().first();
    // The route's first: who waits for its route must keep nobody else out of the gateway.
    if let Some((route, bound)) = winner.and_then(|winner| Some((&winner.route, winner.route.bound.as_ref()?))) {
        let place = place(bound, queue(proxy)).await;
        exchange.hold(place.ok_or_else(|| {
            figures().shed_by_route.increment(1);
            ProxyError::overloaded(proxy, bound.limit(), Whose::Route(route.name.clone()))
        })?);
    }
    if let Some(bound) = app.concurrency.for_all(proxy.max_concurrency) {
        let place = place(bound, queue(proxy)).await;
        exchange.hold(place.ok_or_else(|| {
            figures().shed_by_gateway.increment(1);
            ProxyError::overloaded(proxy, bound.limit(), Whose::Gateway)
        })?);
    }
    Ok(())
}

/// The line that a request may wait in from now on.
pub(super) fn queue(proxy: &Proxy) -> Queue {
    Queue {
        deadline: Instant::now() + Duration::from_secs(proxy.queue_seconds),
        room: proxy.queue_requests,
    }
}

/// A place under a bound, as soon as there is one; `None` when there is none in time.
pub(super) async fn place(bound: &Arc<Bound>, queue: Queue) -> Option<Permit> {
    if let Ok(permit) = bound.try_enter() {
        return Some(permit);
    }
    let _queued = Queued::new();
    bound.enter(queue).await.ok()
}

/// Counted in `/metrics` until it is dropped.
struct Queued;

impl Queued {
    fn new() -> Self {
        figures().requests_queued.increment(1.0);
        Self
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        figures().requests_queued.decrement(1.0);
    }
}
