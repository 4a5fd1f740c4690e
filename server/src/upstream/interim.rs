//! Interim responses (1xx) of upstreams. The client library passes over them, and would do so for as long as an upstream
//! sends them; here they are counted, so that a flood of them ends the attempt, and handed on to clients that can be sent
//! them. What goes on is judged in `message::head`, how it leaves is in `client::outlet`.
//!
//! Over HTTP/2 the library keeps them to itself, and counts them.

use super::Failure;
use crate::client::outlet::Outlet;
use crate::message::head;
use http::Request;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;
use tokio::sync::Notify;

/// Interim responses to one request at most: a sign of life each second for a quarter of an hour.
const AT_MOST: u32 = 1000;
/// Those that go on to the client, beside one each second.
const GO_ON: u64 = 32;
/// Bytes of them that may wait here for the request to be woken.
const ROOM: usize = 64 << 10;

/// Watches for the interim responses of one attempt.
pub struct Interim<'a> {
    inbox: Arc<Inbox>,
    outlet: Option<&'a Outlet>,
    passed_on: bool,
}

/// What the task of the upstream's connection leaves for the request's.
#[derive(Default)]
struct Inbox {
    seen: AtomicU32,
    heads: Mutex<Vec<u8>>,
    came: Notify,
}

impl<'a> Interim<'a> {
    /// Watches from now on; without an outlet it only counts.
    #[must_use]
    pub fn of<B>(request: &mut Request<B>, outlet: Option<&'a Outlet>, started: Instant) -> Self {
        let inbox = Arc::new(Inbox::default());
        let (into, go_on) = (inbox.clone(), outlet.is_some());
        hyper::ext::on_informational(request, move |response| {
            let seen = into.seen.load(Ordering::Acquire);
            if go_on && u64::from(seen) < GO_ON + started.elapsed().as_secs() {
                into.keep(head::interim(response.status(), response.headers()));
            }
            into.seen.store(seen.saturating_add(1), Ordering::Release);
            into.came.notify_one();
        });
        Self {
            inbox,
            outlet,
            passed_on: false,
        }
    }

    /// Waits for the answer, and passes on what comes before it. Too many interim responses drop the request, and its
    /// connection with it.
    ///
    /// # Errors
    /// When they are too many: no HTTP that makes sense.
    pub async fn before<T>(&mut self, answer: impl Future<Output = T>) -> Result<T, Failure> {
        let mut answer = std::pin::pin!(answer);
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => {
                    if self.pass_on() && let Some(outlet) = self.outlet {
                        outlet.taken().await;
                    }
                    return Ok(answer);
                }
                () = self.inbox.came.notified() => {
                    if self.inbox.seen.load(Ordering::Acquire) > AT_MOST {
                        return Err(Failure::Malformed);
                    }
                    self.pass_on();
                }
            }
        }
    }

    /// Whether the client was sent something: then it is this upstream whose answer it waits for.
    #[must_use]
    pub fn has_passed_on(&self) -> bool {
        self.passed_on
    }

    /// Says whether anything was passed on, now or before.
    fn pass_on(&mut self) -> bool {
        if self.inbox.seen.load(Ordering::Acquire) > 0
            && let Some(outlet) = self.outlet
        {
            let heads = std::mem::take(&mut *self.inbox.heads.lock());
            self.passed_on |= !heads.is_empty();
            outlet.put(&heads);
        }
        self.passed_on
    }
}

impl Inbox {
    fn keep(&self, head: Option<Vec<u8>>) {
        let mut heads = self.heads.lock();
        if let Some(head) = head.filter(|head| heads.len() + head.len() <= ROOM) {
            heads.extend_from_slice(&head);
        }
    }
}
