//! One request in flight, shared by the proxy, which writes it, the watchers, who read it, and an administrator, who may
//! cancel it.

use crate::audit_log::record::Record;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

/// A request in flight. The proxy writes it, watchers read it.
#[derive(Debug)]
pub struct InFlight {
    pub(super) id: i64,
    pub(super) started: Instant,
    record: Mutex<Option<Box<Record>>>,
    /// Bytes from the client that flow outside of a request's body.
    tunnelled_up: AtomicU64,
    response_size: AtomicU64,
    stream_chunks: AtomicU64,
    pub(super) shown: AtomicBool,
    pub(super) progress_shown: AtomicU64,
    cancelled: AtomicBool,
    /// The task that carries the request, as of the last time that it had to wait.
    carrier: AtomicWaker,
}

impl InFlight {
    pub(super) fn new(record: Box<Record>, started: Instant) -> Self {
        Self {
            id: record.id,
            started,
            record: Mutex::new(Some(record)),
            tunnelled_up: AtomicU64::new(0),
            response_size: AtomicU64::new(0),
            stream_chunks: AtomicU64::new(0),
            shown: AtomicBool::new(false),
            progress_shown: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            carrier: AtomicWaker::new(),
        }
    }

    /// Changes the record; nothing happens once the request has ended.
    pub fn update(&self, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.record.lock().as_mut() {
            change(record);
        }
    }

    /// A piece of the response went to the client.
    pub fn grew(&self, bytes: u64, chunks: u64) {
        self.response_size.fetch_add(bytes, Ordering::Relaxed);
        self.stream_chunks.store(chunks, Ordering::Relaxed);
    }

    /// A piece from the client went up a tunnel.
    pub fn sent_up(&self, bytes: u64) {
        self.tunnelled_up.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Number of its record.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// When the request's head had arrived.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Tells the task that carries the request to give it up.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        self.carrier.wake();
    }

    /// Whether an administrator cancelled the request.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// To be asked when the task is about to wait: whether the request was cancelled. If it is later, the task is woken.
    pub fn poll_cancelled(&self, cx: &Context<'_>) -> bool {
        // In this order, so that a cancellation between the two is seen by one of them.
        self.carrier.register(cx.waker());
        self.is_cancelled()
    }

    /// Does the work; `None` when the request is cancelled before it is done. Costs nothing unless the work has to wait.
    pub async fn unless_cancelled<F: Future>(&self, mut work: Pin<&mut F>) -> Option<F::Output> {
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.poll_cancelled(cx) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// Takes the record out at the request's end.
    pub(super) fn take(&self) -> Option<Box<Record>> {
        let mut record = self.record.lock().take()?;
        self.write_counts(&mut record);
        Some(record)
    }

    pub(super) fn copy(&self) -> Option<Box<Record>> {
        let mut record = self.record.lock().clone()?;
        self.write_counts(&mut record);
        Some(record)
    }

    /// Bytes that went by, both ways.
    pub(super) fn size(&self) -> u64 {
        self.tunnelled_up.load(Ordering::Relaxed) + self.response_size.load(Ordering::Relaxed)
    }

    fn write_counts(&self, record: &mut Record) {
        record.request_size = self.tunnelled_up.load(Ordering::Relaxed);
        record.response_size = self.response_size.load(Ordering::Relaxed);
        record.stream_chunks = self.stream_chunks.load(Ordering::Relaxed);
    }
}
