//! Numbers of records: they rise with the start of the requests, also when the wall clock is set back.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Bits below the milliseconds.
pub const SHIFT: u32 = 20;
/// The lowest bits are the same for all numbers of a process, so that two processes on one database do not collide.
const TAG_BITS: u32 = 10;
const STEP: i64 = 1 << TAG_BITS;

/// Hands out numbers: milliseconds since the epoch `<< 20`, a counter, and a tag of the process. Lock-free.
#[derive(Debug)]
pub struct RecordIds {
    last: AtomicI64,
}

impl RecordIds {
    /// Goes on above `last`, the highest number so far.
    #[must_use]
    pub fn after(last: i64, tag: u16) -> Self {
        let tag = i64::from(tag) & (STEP - 1);
        Self {
            last: AtomicI64::new((last.max(0) & !(STEP - 1)) + STEP + tag),
        }
    }

    /// The next number.
    pub fn next(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.next_at(i64::try_from(now.as_millis()).unwrap_or(i64::MAX >> SHIFT))
    }

    /// The next number at a wall clock's `now`, milliseconds since the epoch.
    pub fn next_at(&self, now_ms: i64) -> i64 {
        let advance = |last: i64| {
            let tag = last & (STEP - 1);
            (last + STEP).max((now_ms << SHIFT) | tag)
        };
        let last = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(advance(last)))
            .unwrap_or_else(|last| last);
        advance(last)
    }
}

/// The milliseconds since the epoch in a number.
#[must_use]
pub const fn milliseconds_of(id: i64) -> i64 {
    id >> SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_although_the_clock_goes_back() {
        let ids = RecordIds::after(0, 7);
        let mut last = 0;
        for now in [1_000, 1_000, 1_001, 500, 500, 2_000] {
            let id = ids.next_at(now);
            assert!(id > last);
            assert_eq!(id & (STEP - 1), 7);
            last = id;
        }
        assert_eq!(milliseconds_of(last), 2_000);
    }

    #[test]
    fn numbers_go_on_above_those_of_the_last_process() {
        let last = RecordIds::after(0, 900).next_at(5_000);
        assert!(RecordIds::after(last, 3).next_at(4_000) > last);
    }

    #[test]
    fn two_processes_do_not_collide() {
        let (one, two) = (RecordIds::after(0, 1), RecordIds::after(0, 2));
        let numbers: std::collections::HashSet<_> = (0..5_000).flat_map(|_| [one.next_at(9), two.next_at(9)]).collect();
        assert_eq!(numbers.len(), 10_000);
    }
}
