//! One request at a target, from its beginning to its end. What its end means for a circuit is said in `circuit`.

use super::TargetState;
use crate::upstream::circuit::{Failed, Pass};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// One request at a target: counts against it until dropped. Its circuit hears how the attempt ended, or, by the drop,
/// that nobody will know.
#[derive(Debug)]
pub struct Slot {
    target: Arc<TargetState>,
    pass: Pass,
    judged: bool,
}

impl Slot {
    /// A request that the target's circuit let in.
    pub(super) fn new(target: &Arc<TargetState>, pass: Pass) -> Self {
        target.load.in_flight.fetch_add(1, Ordering::Relaxed);
        target.load.attempts.fetch_add(1, Ordering::Relaxed);
        Self {
            target: target.clone(),
            pass,
            judged: false,
        }
    }

    /// The target.
    #[must_use]
    pub fn target(&self) -> &Arc<TargetState> {
        &self.target
    }

    /// The head of a usable answer came. The request still counts as in flight.
    pub fn succeeded(&mut self) {
        self.judged = true;
        let closed = match &self.target.circuit {
            Some(circuit) => circuit.succeeded(self.pass),
            None => false,
        };
        if closed {
            tracing::info!(upstream = %self.target.label, "a target is back in rotation");
        }
        // What may still go wrong with the body is one failure among others.
        self.pass = Pass::Usual;
    }

    /// The target failed: no answer, a broken one, or one that says so. Also after its head had seemed well.
    pub fn failed(&mut self, how: Failed, now: Instant) {
        self.target.load.failures.fetch_add(1, Ordering::Relaxed);
        self.judged = true;
        let opened = match &self.target.circuit {
            Some(circuit) => circuit.failed(self.pass, how, now),
            None => false,
        };
        if opened {
            tracing::warn!(upstream = %self.target.label, "a target failed repeatedly and leaves rotation");
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.target.load.in_flight.fetch_sub(1, Ordering::Relaxed);
        if let (false, Some(circuit)) = (self.judged, &self.target.circuit) {
            circuit.gave_up(self.pass);
        }
    }
}
