//! From single probes to a verdict, and when to probe next. Pure: the dice are passed in.

use crate::upstream::targets::Health;
use std::time::Duration;

/// The first probe comes at most this long after a check came into use.
const SOON: Duration = Duration::from_secs(1);
/// The share of an interval by which probes come earlier, so that those of many targets spread.
const SPREAD: f64 = 0.1;

/// What the probes of one target said so far.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    health: Health,
    healthy_after: u32,
    unhealthy_after: u32,
    /// Probes in a row that spoke against the verdict.
    against: u32,
}

impl Tally {
    /// Begins with what is known of a target. The thresholds are numbers of probes in a row.
    #[must_use]
    pub fn new(known: Health, healthy_after: u32, unhealthy_after: u32) -> Self {
        Self {
            health: known,
            healthy_after,
            unhealthy_after,
            against: 0,
        }
    }

    /// Takes down a probe; the new verdict where it changes. The first probe of all decides alone, either way: a target
    /// that is down when the gateway starts shall not get requests until several probes have failed.
    pub fn heard(&mut self, passed: bool) -> Option<Health> {
        let (other, needed) = match (self.health, passed) {
            (Health::Unknown, true) => (Health::Healthy, 1),
            (Health::Unknown, false) => (Health::Unhealthy, 1),
            (Health::Unhealthy, true) => (Health::Healthy, self.healthy_after),
            (Health::Healthy, false) => (Health::Unhealthy, self.unhealthy_after),
            (Health::Healthy, true) | (Health::Unhealthy, false) => {
                self.against = 0;
                return None;
            }
        };
        self.against += 1;
        if self.against < needed {
            return None;
        }
        self.against = 0;
        self.health = other;
        Some(other)
    }

    /// The verdict.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health
    }
}

/// How long the first probe waits; `dice` from 0 to 1.
#[must_use]
pub fn first_wait(interval: Duration, dice: f64) -> Duration {
    interval.min(SOON).mul_f64(dice.clamp(0.0, 1.0))
}

/// From the beginning of one probe to that of the next; `dice` from 0 to 1. Never longer than the interval.
#[must_use]
pub fn pause(interval: Duration, dice: f64) -> Duration {
    interval.mul_f64(1.0 - SPREAD * dice.clamp(0.0, 1.0))
}
