//! The running state of one target: what it works on, how fast it answers, and whether it may be asked. Read and written
//! by requests without a lock, but for a circuit that has failures to remember, whose lock no administrator holds.

use super::share::FailingShare;
use super::slot::Slot;
use crate::upstream::circuit::{Breaker, CircuitRules, CircuitState, Pass};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Time in which a measured latency loses most of its weight: a target that was slow is tried again.
const LATENCY_FADES: Duration = Duration::from_secs(10);

/// What the active health checks say of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Nobody checks it, or not yet often enough.
    Unknown,
    /// It passed.
    Healthy,
    /// It did not pass.
    Unhealthy,
}

/// What is known of a target. What must outlive a snapshot is shared with the states of the same target in others.
#[derive(Debug)]
pub struct TargetState {
    pub(super) label: Arc<str>,
    pub(super) load: Arc<Load>,
    pub(super) circuit: Option<Arc<Breaker>>,
}

/// What a target works on, and how it does.
#[derive(Debug)]
pub(super) struct Load {
    /// Times are kept as milliseconds since then.
    born: Instant,
    pub(super) in_flight: AtomicU32,
    pub(super) attempts: AtomicU64,
    pub(super) failures: AtomicU64,
    /// Upper half: when it was last measured, in milliseconds; lower half: the moving average in microseconds.
    latency: AtomicU64,
    cooling_until: AtomicU64,
    health: AtomicU8,
    refusals: FailingShare,
}

/// One look at a target.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetStatus {
    /// Requests that it is working on.
    pub in_flight: u32,
    /// Attempts since the start.
    pub attempts: u64,
    /// Attempts since the start that failed by its fault.
    pub failures: u64,
    /// Moving average of the time to the response's head; `None` before the first answer.
    pub latency: Option<Duration>,
    /// `None` where no circuit breaker is.
    pub circuit: Option<CircuitState>,
    /// Time until the circuit lets a trial in, while it is open.
    pub trial_in: Option<Duration>,
    /// Time for which it asked to be left alone (`Retry-After`).
    pub cooling_for: Option<Duration>,
    /// What the active health checks say.
    pub health: Health,
}

impl TargetState {
    /// Of a target that nothing is known of. `label` is `http(s)://host:port`; without `rules` there is no circuit.
    #[must_use]
    pub fn new(label: Arc<str>, rules: Option<CircuitRules>) -> Self {
        Self {
            label,
            load: Arc::new(Load {
                born: Instant::now(),
                in_flight: AtomicU32::new(0),
                attempts: AtomicU64::new(0),
                failures: AtomicU64::new(0),
                latency: AtomicU64::new(0),
                cooling_until: AtomicU64::new(0),
                health: AtomicU8::new(Health::Unknown as u8),
                refusals: FailingShare::default(),
            }),
            circuit: rules.map(|rules| Arc::new(Breaker::new(rules))),
        }
    }

    /// `http(s)://host:port`.
    #[must_use]
    pub fn label(&self) -> &Arc<str> {
        &self.label
    }

    /// Requests that it is working on now.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.load.in_flight.load(Ordering::Relaxed)
    }

    /// How long it lately took to answer; fades with the time in which nothing was measured.
    #[must_use]
    pub fn latency(&self, now: Instant) -> Duration {
        let packed = self.load.latency.load(Ordering::Relaxed);
        // Of both only the lower half: as right as the whole for anything younger than 49 days.
        let age = f64::from((self.millis(now) as u32).wrapping_sub((packed >> 32) as u32));
        let fades = (-age / LATENCY_FADES.as_millis() as f64).exp();
        Duration::from_micros(packed & u64::from(u32::MAX)).mul_f64(fades)
    }

    /// What the active health checks say.
    #[must_use]
    pub fn health(&self) -> Health {
        match self.load.health.load(Ordering::Relaxed) {
            healthy if healthy == Health::Healthy as u8 => Health::Healthy,
            unhealthy if unhealthy == Health::Unhealthy as u8 => Health::Unhealthy,
            _ => Health::Unknown,
        }
    }

    /// The verdict of the active health checks; `Unknown` when they end.
    pub fn set_health(&self, health: Health) {
        self.load.health.store(health as u8, Ordering::Relaxed);
    }

    /// Asked to be left alone for this time. A shorter one than is known already changes nothing.
    pub fn cool_down(&self, time: Duration, now: Instant) {
        let until = self.millis(now).saturating_add(time.as_millis() as u64);
        self.load.cooling_until.fetch_max(until, Ordering::Relaxed);
    }

    /// Whether it asked to be left alone.
    #[must_use]
    pub fn is_cooling(&self, now: Instant) -> bool {
        self.load.cooling_until.load(Ordering::Relaxed) > self.millis(now)
    }

    /// How long its circuit lets nothing in; zero when it would now.
    fn closed_for(&self, now: Instant) -> Duration {
        let circuit = self.circuit.as_ref();
        circuit.map_or(Duration::ZERO, |circuit| circuit.closed_for(now))
    }

    /// As its circuit, but for one that gives way: how long nobody is let in even where no other target is left.
    #[must_use]
    pub fn shut_for(&self, now: Instant) -> Duration {
        let strict = self.circuit.as_ref().filter(|circuit| !circuit.rules().gives_way);
        strict.map_or(Duration::ZERO, |circuit| circuit.closed_for(now))
    }

    /// Whether it lately answered at least four requests out of five, as far as is known.
    #[must_use]
    pub fn is_well(&self, now: Instant) -> bool {
        self.load.refusals.is_low(self.millis(now))
    }

    /// It answered, or refused a request, or failed it, so that another target may be asked.
    pub fn heard(&self, refused: bool, now: Instant) {
        self.load.refusals.heard(refused, self.millis(now));
    }

    /// A health check that began at `begun` has passed; `turned` says that it changed the verdict.
    pub fn probe_passed(&self, begun: Instant, turned: bool) {
        let circuit = self.circuit.as_ref();
        if circuit.is_some_and(|circuit| circuit.probe_passed(begun, turned)) {
            tracing::info!(upstream = %self.label, "a target whose circuit is open passed a health check: a trial may come");
        }
    }

    /// Whether it is in rotation: not cooling down, not unhealthy, and its circuit lets requests in.
    #[must_use]
    pub fn is_available(&self, now: Instant) -> bool {
        !self.is_cooling(now) && self.health() != Health::Unhealthy && self.closed_for(now).is_zero()
    }

    /// Everything at once, for those who watch.
    #[must_use]
    pub fn status(&self, now: Instant) -> TargetStatus {
        let circuit = self.circuit.as_ref().map(|circuit| circuit.position(now));
        let state = circuit.map(|circuit| circuit.state);
        let trial_in = circuit.map(|circuit| circuit.closed_for);
        let cooling_ms = self
            .load
            .cooling_until
            .load(Ordering::Relaxed)
            .saturating_sub(self.millis(now));
        let latency_us = self.load.latency.load(Ordering::Relaxed) & u64::from(u32::MAX);
        TargetStatus {
            in_flight: self.in_flight(),
            attempts: self.load.attempts.load(Ordering::Relaxed),
            failures: self.load.failures.load(Ordering::Relaxed),
            latency: (latency_us > 0).then(|| Duration::from_micros(latency_us)),
            circuit: state,
            trial_in: trial_in.filter(|_| state == Some(CircuitState::Open)),
            cooling_for: (cooling_ms > 0).then(|| Duration::from_millis(cooling_ms)),
            health: self.health(),
        }
    }

    /// Begins a request; `None` when the circuit lets nothing in.
    #[must_use]
    pub fn begin(self: &Arc<Self>, now: Instant) -> Option<Slot> {
        let enter = |circuit: &Arc<Breaker>| circuit.enter(now);
        Some(Slot::new(self, self.circuit.as_ref().map_or(Some(Pass::Usual), enter)?))
    }

    /// As [`Self::begin`], where nobody else is left to be asked.
    #[must_use]
    pub fn begin_anyway(self: &Arc<Self>, now: Instant) -> Option<Slot> {
        let enter = |circuit: &Arc<Breaker>| circuit.enter_anyway(now);
        Some(Slot::new(self, self.circuit.as_ref().map_or(Some(Pass::Usual), enter)?))
    }

    fn millis(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.load.born).as_millis() as u64
    }

    /// It took this long to answer. A fifth of it goes into the average: a few answers tell, and one alone does not.
    pub fn measured(&self, latency: Duration, now: Instant) {
        let micros = latency.as_micros().clamp(1, u32::MAX.into()) as i64;
        let at = self.millis(now) & u64::from(u32::MAX);
        let average = |packed: u64| {
            let known = (packed & u64::from(u32::MAX)) as i64;
            let next = if known == 0 {
                micros
            } else {
                known + (micros - known) / 5
            };
            Some(at << 32 | next.max(1) as u64)
        };
        // The closure always has a value, so that this cannot fail.
        let _ = self
            .load
            .latency
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, average);
    }
}

impl TargetStatus {
    /// Whether it is in rotation.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.cooling_for.is_none() && self.trial_in.is_none() && self.health != Health::Unhealthy
    }
}
