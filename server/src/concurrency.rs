//! How many requests may be in flight at once: on a route, with a key, in the whole gateway (contract: Overload in the
//! documentation of routing). Who is over the bound waits in a bounded queue, first come, first served, or is turned away.
//!
//! A bound outlives the snapshots that refer to it, so that changing a route forgets nobody who is in flight. What the
//! client hears is decided by the proxy, not here.

use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

/// One bound, with those who are in and those who wait.
#[derive(Debug)]
pub struct Bound {
    /// Read under no lock, so that an administrator who changes it never holds up a request.
    limit: AtomicU32,
    state: Mutex<State>,
    /// Tells those who wait that the limit is higher. They let each other in: an administrator takes no lock of theirs.
    raised: Notify,
}

#[derive(Debug, Default)]
struct State {
    inside: u32,
    /// First come, first served.
    waiting: VecDeque<(u64, oneshot::Sender<()>)>,
    /// Number of the next one who waits.
    next: u64,
}

/// A place under a bound, until it is dropped.
#[derive(Debug)]
pub struct Permit(Arc<Bound>);

/// There is no place, and none became free in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all places are taken")]
pub struct Full;

/// How long one may wait, and how many may.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// Until when.
    pub deadline: Instant,
    /// At most so many at once.
    pub room: usize,
}

/// Every bound in use, by the id of its key or route, and the one of the whole gateway.
#[derive(Debug)]
pub struct Concurrency {
    keys: Registry,
    routes: Registry,
    whole: Arc<Bound>,
}

impl Bound {
    fn new(limit: u32) -> Self {
        Self {
            limit: AtomicU32::new(limit),
            state: Mutex::default(),
            raised: Notify::new(),
        }
    }

    /// Sets another limit. A higher one lets in who waits; a lower one turns out nobody.
    fn set_limit(&self, limit: u32) {
        if self.limit() != limit && self.limit.swap(limit, Ordering::Relaxed) < limit {
            self.raised.notify_waiters();
        }
    }

    /// Requests at once.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Requests that are in.
    #[must_use]
    pub fn inside(&self) -> u32 {
        self.state.lock().inside
    }

    /// Requests that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state.lock().waiting.len()
    }

    /// A place, if one is free and nobody waits for it.
    ///
    /// # Errors
    /// When there is none.
    pub fn try_enter(self: &Arc<Self>) -> Result<Permit, Full> {
        let mut state = self.state.lock();
        if state.inside >= self.limit() || !state.waiting.is_empty() {
            return Err(Full);
        }
        state.inside += 1;
        Ok(Permit(self.clone()))
    }

    /// A place, as soon as one is free. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// When the queue is full, or the deadline comes first.
    pub async fn enter(self: &Arc<Self>, queue: Queue) -> Result<Permit, Full> {
        if let Ok(permit) = self.try_enter() {
            return Ok(permit);
        }
        let mut raised = pin!(self.raised.notified());
        // Before the limit is read for the last time: none that is raised later goes unnoticed.
        raised.as_mut().enable();
        let mut waiter = Waiter::join(self, queue)?;
        loop {
            tokio::select! {
                biased;
                called = &mut waiter.called => {
                    // It is told or waits on: nobody drops the other end.
                    called.map_err(|_| Full)?;
                    waiter.place = None;
                    return Ok(Permit(self.clone()));
                }
                () = &mut raised => {
                    raised.set(self.raised.notified());
                    raised.as_mut().enable();
                    self.call(&mut self.state.lock());
                }
                // Dropping the waiter gives back a place that it got at the last moment.
                () = sleep_until(queue.deadline) => return Err(Full),
            }
        }
    }

    /// Lets in who waits, as far as there is room.
    fn call(&self, state: &mut State) {
        while state.inside < self.limit() {
            let Some((_, next)) = state.waiting.pop_front() else {
                return;
            };
            // Who has left takes its own name off the list; this one is still there, or hears it when it leaves.
            if next.send(()).is_ok() {
                state.inside += 1;
            }
        }
    }

    fn leave(&self) {
        let mut state = self.state.lock();
        state.inside -= 1;
        self.call(&mut state);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// One who waits, until it is dropped.
struct Waiter<'a> {
    bound: &'a Bound,
    called: oneshot::Receiver<()>,
    /// Its number in the queue; `None` once its place was handed on to a [`Permit`].
    place: Option<u64>,
}

impl<'a> Waiter<'a> {
    fn join(bound: &'a Bound, queue: Queue) -> Result<Self, Full> {
        let (call, called) = oneshot::channel();
        let mut state = bound.state.lock();
        if state.waiting.len() >= queue.room || queue.deadline <= Instant::now() {
            return Err(Full);
        }
        let number = state.next;
        state.next += 1;
        state.waiting.push_back((number, call));
        // A place may have become free since the first look.
        bound.call(&mut state);
        Ok(Self {
            bound,
            called,
            place: Some(number),
        })
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let Some(number) = self.place else { return };
        let mut state = self.bound.state.lock();
        match state.waiting.iter().position(|(waiting, _)| *waiting == number) {
            Some(place) => {
                state.waiting.remove(place);
            }
            // It was called and is not there any more to hear it.
            None => {
                state.inside -= 1;
                self.bound.call(&mut state);
            }
        }
    }
}

/// Bounds that some snapshot or request still refers to.
#[derive(Debug, Default)]
struct Registry(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    by_id: HashMap<Arc<str>, Weak<Bound>>,
    /// Size at which those that nobody refers to are swept out.
    sweep_at: usize,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self {
            keys: Registry::default(),
            routes: Registry::default(),
            whole: Arc::new(Bound::new(u32::MAX)),
        }
    }
}

impl Concurrency {
    /// The bound of a key. Asked when a snapshot is made.
    #[must_use]
    pub fn for_key(&self, key_id: &str, limit: u32) -> Arc<Bound> {
        self.keys.get_or_make(key_id, limit)
    }

    /// The bound of a route; as [`Self::for_key`].
    #[must_use]
    pub fn for_route(&self, route_id: &str, limit: u32) -> Arc<Bound> {
        self.routes.get_or_make(route_id, limit)
    }

    /// A route has no bound any more: who waits for it is let in.
    pub fn lift_route(&self, route_id: &str) {
        self.routes.lift(route_id);
    }

    /// The bound of the whole gateway, when there is one now.
    #[must_use]
    pub fn for_all(&self, limit: Option<u32>) -> Option<&Arc<Bound>> {
        self.whole.set_limit(limit.unwrap_or(u32::MAX));
        limit.map(|_| &self.whole)
    }
}

impl Registry {
    fn lift(&self, id: &str) {
        let bound = self.0.lock().by_id.get(id).and_then(Weak::upgrade);
        if let Some(bound) = bound {
            bound.set_limit(u32::MAX);
        }
    }

    fn get_or_make(&self, id: &str, limit: u32) -> Arc<Bound> {
        let mut known = self.0.lock();
        if let Some(bound) = known.by_id.get(id).and_then(Weak::upgrade) {
            bound.set_limit(limit);
            return bound;
        }
        if known.by_id.len() >= known.sweep_at {
            known.by_id.retain(|_, bound| bound.strong_count() > 0);
            known.sweep_at = (known.by_id.len() * 2).max(1024);
        }
        let bound = Arc::new(Bound::new(limit));
        known.by_id.insert(id.into(), Arc::downgrade(&bound));
        bound
    }
}

#[cfg(test)]
mod tests;
