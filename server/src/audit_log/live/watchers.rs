//! Who looks at the live view. What they see is in `live.rs`.

use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Who looks. Events go on being made for a while after the last watcher left, so that one whose connection broke can
/// catch up.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    looking: AtomicBool,
    count: AtomicUsize,
    last_left: Mutex<Option<Instant>>,
}

/// How long events are still made when nobody looks any more.
const LINGER: Duration = Duration::from_secs(60);

impl Watchers {
    pub(super) fn are_looking(&self) -> bool {
        self.looking.load(Ordering::Relaxed)
    }

    /// Nobody has looked for a while: no more events.
    pub(super) fn rest(&self, now: Instant) {
        if self.looking.load(Ordering::Relaxed) && self.count.load(Ordering::Relaxed) == 0 {
            let left = *self.last_left.lock();
            if left.is_some_and(|left| now.saturating_duration_since(left) > LINGER) {
                self.looking.store(false, Ordering::Relaxed);
            }
        }
    }
}

/// Counts a watcher until it is dropped.
pub(super) struct Watching(Arc<Watchers>);

impl Watching {
    pub(super) fn new(watchers: &Arc<Watchers>) -> Self {
        watchers.count.fetch_add(1, Ordering::Relaxed);
        watchers.looking.store(true, Ordering::Relaxed);
        Self(watchers.clone())
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        *self.0.last_left.lock() = Some(Instant::now());
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}
