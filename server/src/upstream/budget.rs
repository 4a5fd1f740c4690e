//! How many attempts a route may spend on requests that failed once: so many that a single fault is healed, so few that
//! an outage is not multiplied by everybody asking again. The clock is passed in.

use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// Seconds that are looked back on.
const WINDOW: usize = 10;
/// One retry for so many requests.
const REQUESTS_FOR_ONE: u32 = 5;
/// Retries that are always in the budget: three for each second of the window.
const ALWAYS: u32 = 3 * WINDOW as u32;

/// The budget of one route; it outlives snapshots.
#[derive(Debug)]
pub struct RetryBudget {
    born: Instant,
    seconds: Mutex<[Second; WINDOW]>,
}

/// A retry's place in the budget, given back when it is dropped unless the retry was made.
#[derive(Debug)]
pub struct Place<'a> {
    budget: &'a RetryBudget,
    second: u64,
    spent: bool,
}

/// What was counted in one second since the budget was made.
#[derive(Clone, Copy, Debug, Default)]
struct Second {
    number: u64,
    requests: u32,
    retries: u32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self {
            born: Instant::now(),
            seconds: Mutex::default(),
        }
    }
}

impl RetryBudget {
    /// A request begins.
    pub fn requested(&self, now: Instant) {
        let number = self.second(now);
        let second = &mut self.seconds.lock()[number as usize % WINDOW];
        second.begin(number);
        second.requests = second.requests.saturating_add(1);
    }

    /// A place for a retry, if one is left: retries stay within 20 % of the requests of the last ten seconds, or 3 a
    /// second, also when many ask at once and wait before they go.
    #[must_use]
    pub fn take(&self, now: Instant) -> Option<Place<'_>> {
        let number = self.second(now);
        let mut seconds = self.seconds.lock();
        let recent = seconds.iter().filter(|second| second.number + WINDOW as u64 > number);
        let (requests, retries) = recent.fold((0_u32, 0_u32), |(requests, retries), second| {
            (
                requests.saturating_add(second.requests),
                retries.saturating_add(second.retries),
            )
        });
        if retries >= (requests / REQUESTS_FOR_ONE).max(ALWAYS) {
            return None;
        }
        let second = &mut seconds[number as usize % WINDOW];
        second.begin(number);
        second.retries = second.retries.saturating_add(1);
        Some(Place {
            budget: self,
            second: number,
            spent: false,
        })
    }

    /// From 1, so that a second that was never counted is none of the recent ones for long.
    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.born).as_secs() + 1
    }
}

impl Second {
    /// Forgets what was counted ten seconds before, or earlier.
    fn begin(&mut self, number: u64) {
        if self.number != number {
            *self = Self {
                number,
                ..Self::default()
            };
        }
    }
}

impl Place<'_> {
    /// The retry is made.
    pub fn spend(mut self) {
        self.spent = true;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.spent {
            let second = &mut self.budget.seconds.lock()[self.second as usize % WINDOW];
            if second.number == self.second {
                second.retries = second.retries.saturating_sub(1);
            }
        }
    }
}

/// Until a budget that is used up has room again at the latest.
pub const RECOVERS_WITHIN: Duration = Duration::from_secs(WINDOW as u64);

#[cfg(test)]
mod tests;
