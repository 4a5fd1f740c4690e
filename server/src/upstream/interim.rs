//! Interim responses (1xx) of upstreams: they are counted, so that a flood of them ends the attempt, and handed on to clients
//! that can be sent them. What goes on is judged in `message::head`, how it leaves is in `client::outlet`.
//!
//! The client library passes over them, and tells of them from the task of its connection; over HTTP/2 it keeps them to
//! itself, and counts them.

use super::Failure;
use crate::client::outlet::Outlet;
use crate::message::head;
use http::{HeaderMap, Request, StatusCode};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;
use tokio::sync::Notify;

/// Interim responses to one request at most: a sign of life each second for a quarter of an hour.
const AT_MOST: u32 = 1000;
/// Those that go on to the client, beside one each second.
const GO_ON: u64 = 32;
/// Bytes of them that may wait here for the request to be woken.
const ROOM: usize = 64 << 10;

/// The interim responses of one attempt.
pub struct Interim<'a> {
    outlet: Option<&'a Outlet>,
    started: Instant,
    seen: u32,
    /// Those that go on, and have not yet.
    heads: Vec<u8>,
    passed_on: bool,
}

/// What the task of the library's connection leaves for the request's.
#[derive(Default)]
pub(super) struct Inbox {
    /// More came than are taken.
    flooded: AtomicBool,
    heads: Mutex<Vec<u8>>,
    came: Notify,
}

impl<'a> Interim<'a> {
    /// Of an attempt that begins now; without an outlet they are only counted.
    #[must_use]
    pub fn new(outlet: Option<&'a Outlet>, started: Instant) -> Self {
        Self {
            outlet,
            started,
            seen: 0,
            heads: Vec::new(),
            passed_on: false,
        }
    }

    /// One came.
    ///
    /// # Errors
    /// When they are too many: no HTTP that makes sense.
    pub(super) fn hear(&mut self, status: StatusCode, headers: &HeaderMap) -> Result<(), Failure> {
        if self.outlet.is_some() && goes_on(self.seen, self.started) {
            keep(&mut self.heads, head::interim(status, headers));
        }
        self.seen += 1;
        if self.seen > AT_MOST {
            self.heads.clear();
            return Err(Failure::Malformed);
        }
        Ok(())
    }

    /// Has the library tell of those to this request, until its answer is there.
    pub(super) fn watch<B>(&self, request: &mut Request<B>) -> Arc<Inbox> {
        let inbox = Arc::new(Inbox::default());
        let (into, is_passed_on, started) = (inbox.clone(), self.outlet.is_some(), self.started);
        let seen = AtomicU32::new(0);
        hyper::ext::on_informational(request, move |response| {
            let seen = seen.fetch_add(1, Ordering::Relaxed);
            if is_passed_on && goes_on(seen, started) {
                keep(
                    &mut into.heads.lock(),
                    head::interim(response.status(), response.headers()),
                );
            }
            if seen >= AT_MOST {
                into.flooded.store(true, Ordering::Release);
            }
            into.came.notify_one();
        });
        inbox
    }

    /// Waits for the library's answer, and passes on what comes before it. Too many interim responses drop the request, and
    /// its connection with it.
    ///
    /// # Errors
    /// When they are too many: no HTTP that makes sense.
    pub(super) async fn before<T>(&mut self, inbox: &Inbox, answer: impl Future<Output = T>) -> Result<T, Failure> {
        let mut answer = std::pin::pin!(answer);
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => {
                    self.heads.append(&mut inbox.heads.lock());
                    return Ok(answer);
                }
                () = inbox.came.notified() => {
                    if inbox.flooded.load(Ordering::Acquire) {
                        return Err(Failure::Malformed);
                    }
                    self.heads.append(&mut inbox.heads.lock());
                    self.pass_on();
                }
            }
        }
    }

    /// Passes on what came. To be called when nothing more is to be had without waiting.
    pub(super) fn pass_on(&mut self) {
        if let Some(outlet) = self.outlet
            && !self.heads.is_empty()
        {
            outlet.put(&self.heads);
            self.heads.clear();
            self.passed_on = true;
        }
    }

    /// Nothing more comes: passes on what is left, and waits until it was taken, so that it leaves before what follows.
    pub(super) async fn settled(&mut self) {
        self.pass_on();
        if self.passed_on
            && let Some(outlet) = self.outlet
        {
            outlet.taken().await;
        }
    }

    /// Whether the client was sent something: then it is this upstream whose answer it waits for.
    #[must_use]
    pub fn has_passed_on(&self) -> bool {
        self.passed_on
    }
}

/// Whether the next goes on to the client.
fn goes_on(seen: u32, started: Instant) -> bool {
    u64::from(seen) < GO_ON + started.elapsed().as_secs()
}

/// Keeps one, if there is room for it.
fn keep(heads: &mut Vec<u8>, head: Option<Vec<u8>>) {
    if let Some(head) = head.filter(|head| heads.len() + head.len() <= ROOM) {
        heads.extend_from_slice(&head);
    }
}
