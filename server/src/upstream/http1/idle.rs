//! Connections to one upstream that wait for a request, on one worker: the last that was used is the first to be used
//! again. One small task watches all of them for as long as there are any, so that one that the upstream closes, or that
//! nobody needs, is closed here as well.

use super::connection::Connection;
use parking_lot::Mutex;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// The idle connections.
pub(super) struct Idle {
    shelf: Mutex<Shelf>,
    /// Most that wait at a time.
    limit: usize,
    /// How long one waits at most.
    keep: Duration,
    /// One was put back: for those who are about to open one.
    freed: Notify,
}

#[derive(Default)]
struct Shelf {
    /// The longest idle one first.
    waiting: Vec<Waiting>,
    watch: Watch,
}

struct Waiting {
    connection: Box<Connection>,
    until: Instant,
}

/// The task that watches.
#[derive(Default)]
enum Watch {
    #[default]
    Off,
    Starting,
    On(Waker),
}

impl Idle {
    pub(super) fn new(limit: usize, keep: Duration) -> Arc<Self> {
        Arc::new(Self {
            shelf: Mutex::default(),
            limit,
            keep,
            freed: Notify::new(),
        })
    }

    /// A connection on which nothing has come since; others are closed.
    pub(super) fn take(&self) -> Option<Box<Connection>> {
        loop {
            let connection = self.shelf.lock().waiting.pop()?.connection;
            if connection.is_quiet() {
                return Some(connection);
            }
        }
    }

    /// Resolves when a connection was put back, which somebody else may have taken since.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Puts a connection back; closes it when there are enough, or when the upstream has closed it.
    pub(super) fn put(self: &Arc<Self>, mut connection: Box<Connection>) {
        connection.rest();
        let until = Instant::now() + self.keep;
        let mut shelf = self.shelf.lock();
        if shelf.waiting.len() >= self.limit {
            // Closed without the lock.
            drop(shelf);
            return;
        }
        let mut starts = None;
        match &shelf.watch {
            Watch::On(waker) => {
                if connection.poll_disturbed(&mut Context::from_waker(waker)).is_ready() {
                    return;
                }
            }
            Watch::Starting => {}
            Watch::Off => {
                // Without a runtime the worker is about to end.
                let Ok(runtime) = Handle::try_current() else { return };
                shelf.watch = Watch::Starting;
                starts = Some(runtime);
            }
        }
        shelf.waiting.push(Waiting { connection, until });
        drop(shelf);
        if let Some(runtime) = starts {
            // Without the lock: a runtime that is about to end drops the task at once, which then says that it has ended.
            runtime.spawn(watch(Watcher(Arc::downgrade(self))));
        }
        self.freed.notify_one();
    }

    /// Closes what has waited for long enough or was disturbed, and sees that the task is woken for the others. When the
    /// next is due; `None` when none is left.
    fn sweep(&self, cx: &mut Context<'_>, now: Instant) -> Option<Instant> {
        let mut shelf = self.shelf.lock();
        if !matches!(&shelf.watch, Watch::On(waker) if waker.will_wake(cx.waker())) {
            shelf.watch = Watch::On(cx.waker().clone());
        }
        shelf
            .waiting
            .retain(|waiting| waiting.until > now && waiting.connection.poll_disturbed(cx).is_pending());
        shelf.waiting.first().map(|longest| longest.until)
    }

    /// Ends watching, unless something was put back since.
    fn stop(&self) -> bool {
        let mut shelf = self.shelf.lock();
        let is_empty = shelf.waiting.is_empty();
        if is_empty {
            shelf.watch = Watch::Off;
        }
        is_empty
    }
}

/// Held by the task; says when it has ended.
struct Watcher(Weak<Idle>);

impl Drop for Watcher {
    fn drop(&mut self) {
        if let Some(idle) = self.0.upgrade() {
            idle.shelf.lock().watch = Watch::Off;
        }
    }
}

/// Watches until nothing has been idle for as long as a connection may be, or nobody uses the upstream any more.
async fn watch(watcher: Watcher) {
    let mut due = pin!(sleep_until(Instant::now()));
    let mut was_empty = false;
    let watching = std::future::poll_fn(|cx| {
        loop {
            let Some(idle) = watcher.0.upgrade() else {
                return Poll::Ready(());
            };
            let now = Instant::now();
            let is_due = due.as_mut().poll(cx).is_ready();
            let next = idle.sweep(cx, now);
            if !is_due {
                was_empty &= next.is_none();
                return Poll::Pending;
            }
            if was_empty && next.is_none() && idle.stop() {
                return Poll::Ready(());
            }
            was_empty = next.is_none();
            due.as_mut().reset(next.unwrap_or(now + idle.keep));
        }
    });
    // A budget would end before many connections are looked at.
    tokio::task::unconstrained(watching).await;
}
