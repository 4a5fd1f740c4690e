//! What a client's connection is doing, and how long it may be silent: for the first byte and the rest of a request's
//! head, and between two requests. Silence within a body is bounded where bodies are read; an answer in progress is not
//! bounded here.

use crate::client::outlet::Outlet;
use crate::proxy::tunnel::Tunnel;
use parking_lot::Mutex;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// Requests that a client may abandon on one connection before anybody asks how many it lets be answered.
const ABANDONED_AT_LEAST: u32 = 200;

/// How long a client may stay that was told to go and is owed nothing.
pub const LEAVE: Duration = Duration::from_secs(2);
/// How long a connection between two requests is kept when the gateway ends: a client that asks on just then gets its answer,
/// and with it hears that the connection closes.
pub const FAREWELL: Duration = Duration::from_millis(250);

/// How long a client may be silent.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From accepting to the end of the first head, and from the first byte of each later head to its end.
    pub head: Duration,
    /// Between two requests.
    pub keep_alive: Duration,
}

/// What a connection is doing, shared between its stream and the requests on it, of which HTTP/2 has many at a time.
pub struct Phases {
    state: Mutex<State>,
    /// What the connection goes on as once it has ended as one of HTTP.
    switched: Mutex<Option<Box<Tunnel>>>,
    /// An answer is being made, or not all of it is written yet.
    owed: AtomicBool,
    /// Where interim responses leave (HTTP/1.1).
    pub outlet: Arc<Outlet>,
}

struct State {
    /// Requests that are being answered.
    busy: usize,
    /// What the connection does while there are none.
    quiet: Quiet,
    /// HTTP/2: a head has begun then and not ended, which keeps all else from coming.
    in_head: Option<Instant>,
    /// No further request is wanted.
    closing: bool,
    asked: u32,
    abandoned: u32,
}

#[derive(Clone, Copy, Debug)]
enum Quiet {
    /// A head is awaited or arriving since then.
    Head(Instant),
    /// Nothing is asked since then.
    Idle(Instant),
    /// The client was told to go, and is owed nothing since then.
    Closing(Instant),
}

/// A request is being answered, until this is dropped.
pub struct Busy {
    phases: Arc<Phases>,
    answered: bool,
}

impl Phases {
    /// Those of a connection that was accepted then.
    #[must_use]
    pub fn new(accepted: Instant) -> Self {
        Self {
            state: Mutex::new(State {
                busy: 0,
                quiet: Quiet::Head(accepted),
                in_head: None,
                closing: false,
                asked: 0,
                abandoned: 0,
            }),
            switched: Mutex::new(None),
            owed: AtomicBool::new(false),
            outlet: Arc::default(),
        }
    }

    /// A head has arrived.
    #[must_use]
    pub fn busy(self: &Arc<Self>) -> Busy {
        let mut state = self.state.lock();
        state.busy += 1;
        state.asked = state.asked.saturating_add(1);
        drop(state);
        self.owed.store(true, Ordering::Relaxed);
        Busy {
            phases: self.clone(),
            answered: false,
        }
    }

    /// The last request's answer is a switch of protocols: the connection stays busy with what follows.
    pub fn switch(&self, tunnel: Box<Tunnel>) {
        self.state.lock().busy += 1;
        *self.switched.lock() = Some(tunnel);
    }

    /// What the connection switched to, if it did; to be asked when it has ended as one of HTTP.
    pub fn switched(&self) -> Option<Box<Tunnel>> {
        self.switched.lock().take()
    }

    /// Bytes came: between two requests they begin a head.
    pub fn bytes_came(&self) {
        let mut state = self.state.lock();
        if let (0, Quiet::Idle(_)) = (state.busy, state.quiet) {
            state.quiet = Quiet::Head(Instant::now());
        }
    }

    /// The connection is open and waits for requests.
    pub fn idle(&self) {
        self.state.lock().quiet = Quiet::Idle(Instant::now());
    }

    /// Whether the client has had its answers, and sends nothing just now.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let state = self.state.lock();
        state.busy == 0 && matches!(state.quiet, Quiet::Idle(_))
    }

    /// A head begins or ends (HTTP/2).
    pub fn in_head(&self, begins: bool) {
        self.state.lock().in_head = begins.then(Instant::now);
    }

    /// No further request is wanted: when the last one has ended, the client has a moment to go.
    pub fn closing(&self) {
        let mut state = self.state.lock();
        state.closing = true;
        state.quiet = Quiet::Closing(Instant::now());
    }

    /// All that was to be written is written.
    pub fn flushed(&self) {
        if self.owed.load(Ordering::Relaxed) && self.state.lock().busy == 0 {
            self.owed.store(false, Ordering::Relaxed);
        }
    }

    /// Whether somebody is owed an answer. What is written otherwise is not from any request.
    #[must_use]
    pub fn is_owed(&self) -> bool {
        self.owed.load(Ordering::Relaxed)
    }

    /// Whether the client mostly asks and leaves, which costs it nothing and upstreams much (CVE-2023-44487).
    #[must_use]
    pub fn is_flooded(&self) -> bool {
        let state = self.state.lock();
        state.abandoned >= ABANDONED_AT_LEAST && state.abandoned > state.asked / 2
    }

    fn deadline(&self, timeouts: Timeouts) -> Option<Instant> {
        let state = self.state.lock();
        let quiet = match state.quiet {
            _ if state.busy > 0 => None,
            Quiet::Head(since) => Some(since + timeouts.head),
            Quiet::Idle(since) => Some(since + timeouts.keep_alive),
            Quiet::Closing(since) => Some(since + LEAVE),
        };
        let head = state.in_head.map(|since| since + timeouts.head);
        quiet.into_iter().chain(head).min()
    }

    /// Whether a head has begun and not ended (HTTP/2).
    #[must_use]
    pub fn is_in_head(&self) -> bool {
        self.state.lock().in_head.is_some()
    }
}

impl Busy {
    /// The head of the answer is made. Dropped before, the request counts as abandoned.
    pub fn answered(&mut self) {
        self.answered = true;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.phases.state.lock();
        state.busy -= 1;
        if !self.answered {
            state.abandoned = state.abandoned.saturating_add(1);
        }
        if state.busy == 0 {
            let now = Instant::now();
            state.quiet = if state.closing {
                Quiet::Closing(now)
            } else {
                Quiet::Idle(now)
            };
        }
    }
}

/// Bounds a connection's silence.
pub struct Silence {
    phases: Arc<Phases>,
    timeouts: Timeouts,
    /// Set for some deadline of the past; moved to the current one only when it fires, so that a busy connection does
    /// not touch the runtime's timers with each request.
    timer: Pin<Box<Sleep>>,
}

impl Silence {
    /// Of the connection with these phases.
    #[must_use]
    pub fn new(phases: Arc<Phases>, timeouts: Timeouts) -> Self {
        let timer = Box::pin(tokio::time::sleep(timeouts.head.min(timeouts.keep_alive)));
        Self {
            phases,
            timeouts,
            timer,
        }
    }

    /// Looks at the deadline anew: it may have come nearer.
    pub fn hurry(&mut self) {
        self.timer.as_mut().reset(Instant::now());
    }

    /// Ready when the client was silent for too long.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let next = match self.phases.deadline(self.timeouts) {
                Some(deadline) if deadline <= now => return Poll::Ready(()),
                Some(deadline) => deadline,
                None => now + self.timeouts.head.min(self.timeouts.keep_alive),
            };
            // A head may begin at any moment: never sleep past the time that its limit could run out.
            self.timer.as_mut().reset(next.min(now + self.timeouts.head));
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
