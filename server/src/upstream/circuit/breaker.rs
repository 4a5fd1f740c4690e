//! A circuit that many requests use at once. As long as it is closed and nothing failed, they pass it without a lock. The
//! rules are the circuit's; none is here.

use super::{Circuit, CircuitRules, CircuitState, Failed, Pass};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The circuit of one target, shared by its requests. No administrator holds its lock.
#[derive(Debug)]
pub struct Breaker {
    rules: CircuitRules,
    /// The circuit is closed and has nothing to remember. Written under the lock only.
    calm: AtomicBool,
    circuit: Mutex<Circuit>,
}

/// One look at a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its state.
    pub state: CircuitState,
    /// How long no request will pass.
    pub closed_for: Duration,
}

impl Breaker {
    /// A closed one.
    #[must_use]
    pub fn new(rules: CircuitRules) -> Self {
        Self {
            rules,
            calm: AtomicBool::new(true),
            circuit: Mutex::new(Circuit::new(rules)),
        }
    }

    /// When it opens.
    #[must_use]
    pub fn rules(&self) -> CircuitRules {
        self.rules
    }

    /// For those who watch.
    #[must_use]
    pub fn position(&self, now: Instant) -> Position {
        let circuit = self.circuit.lock();
        Position {
            state: circuit.state(now),
            closed_for: circuit.closed_for(now),
        }
    }

    /// See [`Circuit::closed_for`].
    #[must_use]
    pub fn closed_for(&self, now: Instant) -> Duration {
        if self.is_calm() {
            return Duration::ZERO;
        }
        self.circuit.lock().closed_for(now)
    }

    /// See [`Circuit::enter`].
    #[must_use]
    pub fn enter(&self, now: Instant) -> Option<Pass> {
        if self.is_calm() {
            return Some(Pass::Usual);
        }
        self.change(|circuit| circuit.enter(now))
    }

    /// See [`Circuit::enter_anyway`].
    #[must_use]
    pub fn enter_anyway(&self, now: Instant) -> Option<Pass> {
        if self.is_calm() {
            return Some(Pass::Usual);
        }
        self.change(|circuit| circuit.enter_anyway(now))
    }

    /// See [`Circuit::succeeded`].
    pub fn succeeded(&self, pass: Pass) -> bool {
        !self.is_calm() && self.change(|circuit| circuit.succeeded(pass))
    }

    /// See [`Circuit::failed`].
    pub fn failed(&self, pass: Pass, how: Failed, now: Instant) -> bool {
        self.change(|circuit| circuit.failed(pass, how, now))
    }

    /// See [`Circuit::gave_up`].
    pub fn gave_up(&self, pass: Pass) {
        if pass == Pass::Trial {
            self.change(|circuit| circuit.gave_up(pass));
        }
    }

    /// See [`Circuit::probe_passed`].
    pub fn probe_passed(&self, begun: Instant, turned: bool) -> bool {
        !self.is_calm() && self.change(|circuit| circuit.probe_passed(begun, turned))
    }

    pub(super) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Circuit) -> T) -> T {
        let mut circuit = self.circuit.lock();
        let result = change(&mut circuit);
        self.calm.store(circuit.is_calm(), Ordering::Relaxed);
        result
    }
}
