//! The time that limiters read: monotonic, so that setting the wall clock neither frees nor blocks anyone.

use governor::clock::Clock;
use governor::nanos::Nanos;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Tells the time since some fixed moment.
#[derive(Clone)]
pub struct LimitClock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl LimitClock {
    /// The machine's monotonic clock.
    #[must_use]
    pub fn monotonic() -> Self {
        let start = Instant::now();
        Self::new(move || start.elapsed())
    }

    /// A clock of the caller's own; it must never go back.
    #[must_use]
    pub fn new(elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(elapsed))
    }
}

impl Default for LimitClock {
    fn default() -> Self {
        Self::monotonic()
    }
}

impl fmt::Debug for LimitClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LimitClock")
    }
}

impl Clock for LimitClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        (self.0)().into()
    }
}
