//! A circuit breaker: a target that fails repeatedly leaves rotation and comes back by one trial request
//! (contract: Load sharing and failover). Pure: the clock is passed in. What counts as a failure is said elsewhere, in
//! `failure` and `retry`; `breaker` lets many requests use a circuit at once.

mod breaker;

pub use breaker::Breaker;

use fastgate_shared::route::CircuitBreaker;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// When a circuit opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitRules {
    /// Failures that open it, at least 1.
    pub failures: u32,
    /// The time within which they count.
    pub window: Duration,
    /// How long it stays open before a trial.
    pub open: Duration,
    /// Only failures without a success between them count.
    pub in_a_row: bool,
    /// While open it keeps its target out only as long as another one can be asked, and what a client did not feel does
    /// not count.
    pub gives_way: bool,
}

/// A failure, as the rules weigh it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The client was kept waiting until a time limit, or hears of the failure itself.
    Felt,
    /// Another target can take the request at once, so that nobody notices.
    Healed,
}

/// Whether requests pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CircuitState {
    /// They do.
    Closed,
    /// None does, until the time is over.
    Open,
    /// One does, as a trial.
    HalfOpen,
}

/// What a request is to the circuit that let it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// One of many.
    Usual,
    /// The one that decides whether the circuit closes.
    Trial,
}

/// The circuit of one target.
#[derive(Debug)]
pub struct Circuit {
    rules: CircuitRules,
    state: State,
}

#[derive(Debug)]
enum State {
    Closed {
        /// When the latest failures were, oldest first; never more than the rules ask for.
        failures: VecDeque<Instant>,
    },
    Open {
        since: Instant,
        until: Instant,
        /// A trial has failed already since the circuit was last closed.
        again: bool,
    },
    HalfOpen {
        /// Since when a trial is under way.
        trial: Option<Instant>,
    },
}

impl CircuitRules {
    /// Of a route with several targets that names none: five failures in a row within ten seconds, and a trial after
    /// ten. In a row, because no administrator weighed how many failures among how many requests are too many.
    pub const USUAL: Self = Self {
        failures: 5,
        window: Duration::from_secs(10),
        open: Duration::from_secs(10),
        in_a_row: true,
        gives_way: false,
    };

    /// Of a route with one target that names none: as [`Self::USUAL`], but nobody asked for the target to be cut off. So
    /// it only gives way to others that take the same requests, and only when clients felt its failures: one that
    /// is refused quickly is asked first each time, and used again as soon as it is back.
    pub const LONE: Self = Self {
        gives_way: true,
        ..Self::USUAL
    };
}

impl From<&CircuitBreaker> for CircuitRules {
    /// Every failure within the window counts, whatever succeeds between them: that is what was written.
    fn from(breaker: &CircuitBreaker) -> Self {
        Self {
            failures: breaker.failures,
            window: Duration::from_secs(breaker.window_seconds.into()),
            open: Duration::from_secs(breaker.open_seconds.into()),
            in_a_row: false,
            gives_way: false,
        }
    }
}

impl Circuit {
    /// A closed circuit.
    #[must_use]
    pub fn new(rules: CircuitRules) -> Self {
        Self {
            rules,
            state: State::closed(),
        }
    }

    /// When it opens.
    #[must_use]
    pub fn rules(&self) -> CircuitRules {
        self.rules
    }

    /// Its state, as one who asks for it sees it: a circuit whose time is over waits for its trial.
    #[must_use]
    pub fn state(&self, now: Instant) -> CircuitState {
        match &self.state {
            State::Closed { .. } => CircuitState::Closed,
            State::Open { until, .. } if now < *until => CircuitState::Open,
            State::Open { .. } | State::HalfOpen { .. } => CircuitState::HalfOpen,
        }
    }

    /// How long no request will pass; zero when one would now.
    #[must_use]
    pub fn closed_for(&self, now: Instant) -> Duration {
        match &self.state {
            State::Open { until, .. } => until.saturating_duration_since(now),
            // A trial that takes longer than the circuit was open makes room for another.
            State::HalfOpen { trial: Some(since) } => (*since + self.rules.open).saturating_duration_since(now),
            State::Closed { .. } | State::HalfOpen { trial: None } => Duration::ZERO,
        }
    }

    /// Lets a request in, or not. What lets in a trial must hear of its end: [`Self::succeeded`], [`Self::failed`] or
    /// [`Self::gave_up`].
    #[must_use]
    pub fn enter(&mut self, now: Instant) -> Option<Pass> {
        if !self.closed_for(now).is_zero() {
            return None;
        }
        if let State::Closed { .. } = self.state {
            return Some(Pass::Usual);
        }
        self.state = State::HalfOpen { trial: Some(now) };
        Some(Pass::Trial)
    }

    /// As [`Self::enter`], where nobody else is left to be asked: a circuit that gives way lets in what comes, and each is
    /// a trial.
    #[must_use]
    pub fn enter_anyway(&mut self, now: Instant) -> Option<Pass> {
        let anyway = self.rules.gives_way.then_some(Pass::Trial);
        self.enter(now).or(anyway)
    }

    /// A health check that began at `begun` has passed. An open circuit then waits for its trial, whatever is left of its
    /// time; but a check that passes while trials fail tells nothing, so that after one only a check that turned
    /// the verdict (`turned`) counts. True when the trial may come.
    pub fn probe_passed(&mut self, begun: Instant, turned: bool) -> bool {
        match self.state {
            State::Open { since, again, .. } if since <= begun && (turned || !again) => {
                self.state = State::HalfOpen { trial: None };
                true
            }
            _ => false,
        }
    }

    /// Whether it is closed and has nothing to remember.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        matches!(&self.state, State::Closed { failures } if failures.is_empty())
    }

    /// A request got a usable answer. True when that closed the circuit.
    pub fn succeeded(&mut self, pass: Pass) -> bool {
        match &mut self.state {
            State::Closed { failures } if self.rules.in_a_row => failures.clear(),
            State::HalfOpen { .. } | State::Open { .. } if pass == Pass::Trial => {
                self.state = State::closed();
                return true;
            }
            // What was sent before the circuit opened says nothing about now.
            State::Closed { .. } | State::Open { .. } | State::HalfOpen { .. } => {}
        }
        false
    }

    /// The upstream failed a request. True when that opened the circuit.
    pub fn failed(&mut self, pass: Pass, how: Failed, now: Instant) -> bool {
        let opens = match &mut self.state {
            State::Closed { .. } if self.rules.gives_way && how == Failed::Healed => false,
            State::Closed { failures } => {
                failures.push_back(now);
                while failures
                    .front()
                    .is_some_and(|first| now.saturating_duration_since(*first) > self.rules.window)
                {
                    failures.pop_front();
                }
                failures.len() >= self.rules.failures as usize
            }
            State::HalfOpen { .. } => pass == Pass::Trial,
            State::Open { .. } => false,
        };
        if opens {
            self.state = State::Open {
                since: now,
                until: now + self.rules.open,
                again: pass == Pass::Trial,
            };
        }
        opens
    }

    /// A request ended without a verdict on the upstream: its client left, or broke its body. A trial is free again.
    pub fn gave_up(&mut self, pass: Pass) {
        if let (Pass::Trial, State::HalfOpen { trial }) = (pass, &mut self.state) {
            *trial = None;
        }
    }
}

impl State {
    fn closed() -> Self {
        Self::Closed {
            failures: VecDeque::new(),
        }
    }
}

#[cfg(test)]
mod tests;
