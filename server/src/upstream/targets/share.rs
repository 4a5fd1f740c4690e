//! How large the share of failures among a target's last answers is: an average that fades with time. Without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

/// One answer in eight counts for the whole average: two failures in a row are telling, and one alone is not.
const WEIGHT: u64 = 8;
/// All of the answers.
const WHOLE: u64 = 1 << 16;
/// What the share fades by, halved every so many milliseconds: what was, says less and less of what is.
const HALVED_EVERY: u64 = 5_000;

/// The share of failures.
#[derive(Debug, Default)]
pub struct FailingShare {
    /// Upper half: when an answer was last counted, in milliseconds; lower half: the share.
    packed: AtomicU64,
}

impl FailingShare {
    /// Counts an answer, or that none came. `millis` is the time since some beginning.
    pub fn heard(&self, failed: bool, millis: u64) {
        if !failed && self.share(self.packed.load(Ordering::Relaxed), millis) == 0 {
            // Mostly nothing fails, and then nobody writes what all workers read.
            return;
        }
        let next = |packed: u64| {
            let share = self.share(packed, millis);
            // At least one less, so that it ends at none.
            let share = share - share.div_ceil(WEIGHT) + if failed { WHOLE / WEIGHT } else { 0 };
            Some((millis & u64::from(u32::MAX)) << 32 | share.min(WHOLE))
        };
        // The closure always has a value, so that this cannot fail.
        let _ = self.packed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }

    /// Whether fewer than one in five fail.
    #[must_use]
    pub fn is_low(&self, millis: u64) -> bool {
        self.share(self.packed.load(Ordering::Relaxed), millis) * 5 < WHOLE
    }

    fn share(&self, packed: u64, millis: u64) -> u64 {
        // Of the time only the lower half: as right as the whole for anything younger than 49 days.
        let age = u64::from((millis as u32).wrapping_sub((packed >> 32) as u32));
        let share = packed & u64::from(u32::MAX);
        share.checked_shr((age / HALVED_EVERY) as u32).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::FailingShare;

    /// After these answers at one moment, `x` being a failure.
    fn after(answers: &str) -> FailingShare {
        let share = FailingShare::default();
        answers.chars().for_each(|answer| share.heard(answer == 'x', 1_000));
        share
    }

    #[test]
    fn one_failure_among_successes_is_few_and_two_in_a_row_are_many() {
        assert!(after("").is_low(1_000));
        assert!(after("......x").is_low(1_000));
        assert!(!after("......xx").is_low(1_000));
        assert!(!after(&"x.".repeat(20)).is_low(1_000), "every other one");
        assert!(after(&"x.........".repeat(20)).is_low(1_000), "one in ten");
    }

    #[test]
    fn who_answers_again_is_well_after_some_answers_or_some_time() {
        let share = after(&"x".repeat(100));
        assert!(!share.is_low(5_999));
        assert!(share.is_low(30_000));
        (0..10).for_each(|_| share.heard(false, 1_000));
        assert!(!share.is_low(1_000));
        (0..10).for_each(|_| share.heard(false, 1_000));
        assert!(share.is_low(1_000));
        (0..200).for_each(|_| share.heard(false, 1_000));
        assert_eq!(
            share.packed.load(super::Ordering::Relaxed) & 0xffff_ffff,
            0,
            "and nothing is left"
        );
    }
}
