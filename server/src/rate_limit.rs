//! Requests per minute of keys and routes: token buckets whose burst is the limit itself (contract: Limits).
//!
//! A limiter outlives the snapshots that refer to it: changing a route or a key without touching its limit must not give
//! anyone a fresh burst. Which requests take a token is decided by the proxy, not here.

mod clock;

use crate::kept::Kept;
use governor::clock::{Clock, Reference as _};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

pub use clock::LimitClock;

/// One token bucket. Exact, also when many threads take at once; takes no lock.
#[derive(Debug)]
pub struct Limiter {
    limit: NonZeroU32,
    clock: LimitClock,
    bucket: RateLimiter<NotKeyed, Level, LimitClock, NoOpMiddleware<Nanos>>,
    level: Level,
    /// When the bucket was made: its times count from then.
    start: Nanos,
}

/// How full a bucket is. Shared, so that it can be looked at without taking.
#[derive(Clone, Debug, Default)]
struct Level(Arc<InMemoryState>);

impl StateStore for Level {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, key: &NotKeyed, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0.measure_and_replace(key, measure)
    }
}

impl Level {
    /// When the bucket is full again, if nobody takes; counted from its start.
    fn full_at(&self) -> Option<Nanos> {
        // An error leaves everything as it is.
        let look = |full_at| Err::<((), Nanos), _>(full_at);
        self.0.measure_and_replace(&NotKeyed::NonKey, look).err().flatten()
    }
}

/// A request over the limit (429).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("over the limit of {limit} requests per minute")]
pub struct Refused {
    /// Requests per minute: `RateLimit-Limit`.
    pub limit: u32,
    /// Tokens left, always 0: `RateLimit-Remaining`.
    pub remaining: u32,
    /// Until the next token: `Retry-After`.
    pub retry_after: Duration,
    /// Until the bucket is full again, if nobody takes: `RateLimit-Reset`.
    pub reset: Duration,
}

/// Every limiter in use, by the id of its key or route. Asked when a snapshot is made, never by a request.
#[derive(Debug, Default)]
pub struct RateLimits {
    clock: LimitClock,
    keys: Kept<Arc<str>, Limiter>,
    routes: Kept<Arc<str>, Limiter>,
}

impl Limiter {
    /// A full bucket.
    #[must_use]
    pub fn new(limit: NonZeroU32, clock: LimitClock) -> Self {
        let level = Level::default();
        let start = clock.now();
        Self {
            limit,
            bucket: RateLimiter::new(Quota::per_minute(limit), level.clone(), clock.clone()),
            level,
            start,
            clock,
        }
    }

    /// Tokens that were taken and did not come back yet: how much of the limit is used now. Takes nothing, and no lock.
    #[must_use]
    pub fn used(&self) -> u32 {
        let now = self.clock.now().duration_since(self.start);
        let Some(open) = self.level.full_at().map(|full_at| full_at.saturating_sub(now)) else {
            return 0;
        };
        let each = Quota::per_minute(self.limit).replenish_interval().as_nanos().max(1);
        let tokens = u128::from(open.as_u64()).div_ceil(each);
        u32::try_from(tokens).unwrap_or(u32::MAX).min(self.limit())
    }

    /// Requests per minute.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit.get()
    }

    /// Takes a token.
    ///
    /// # Errors
    /// When none is left; nothing is taken then.
    pub fn take(&self) -> Result<(), Refused> {
        self.bucket.check().map_err(|not_until| {
            let retry_after = not_until.wait_time_from(self.clock.now());
            let quota = not_until.quota();
            Refused {
                limit: self.limit(),
                remaining: 0,
                retry_after,
                reset: retry_after + quota.replenish_interval() * (self.limit() - 1),
            }
        })
    }
}

impl Refused {
    /// `Retry-After` in whole seconds, at least 1, so that a client that waits as told is not refused again.
    #[must_use]
    pub fn retry_after_seconds(&self) -> u64 {
        whole_seconds(self.retry_after)
    }

    /// `RateLimit-Reset` in whole seconds, at least 1.
    #[must_use]
    pub fn reset_seconds(&self) -> u64 {
        whole_seconds(self.reset)
    }
}

impl RateLimits {
    /// No limiter yet; all that follow read `clock`.
    #[must_use]
    pub fn new(clock: LimitClock) -> Self {
        Self {
            clock,
            keys: Kept::default(),
            routes: Kept::default(),
        }
    }

    /// The limiter of a key. The one in use when the limit is still the same, else a fresh one. A limit of 0 counts as 1.
    #[must_use]
    pub fn for_key(&self, key_id: &str, limit: u32) -> Arc<Limiter> {
        limiter(&self.keys, key_id, limit, &self.clock)
    }

    /// The limiter of a route; as [`Self::for_key`].
    #[must_use]
    pub fn for_route(&self, route_id: &str, limit: u32) -> Arc<Limiter> {
        limiter(&self.routes, route_id, limit, &self.clock)
    }
}

fn limiter(known: &Kept<Arc<str>, Limiter>, id: &str, limit: u32, clock: &LimitClock) -> Arc<Limiter> {
    let limit = NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN);
    let make = || Arc::new(Limiter::new(limit, clock.clone()));
    known.get_or_make(id.into(), |in_use| in_use.limit == limit, make)
}

fn whole_seconds(duration: Duration) -> u64 {
    let partly = u64::from(duration.subsec_nanos() > 0);
    (duration.as_secs() + partly).max(1)
}

#[cfg(test)]
mod tests;
