//! The queue between the requests and the writer: bounded by bytes and by count, never waiting on the sending side, and
//! free of locks that the writer holds. What does not fit is counted as lost, never silently dropped.

use super::OnDisk;
use super::record::Record;
use crate::config::OnFull;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

/// Records that wait at most, whatever their size.
const MAX_RECORDS: usize = 1 << 16;
/// From this many on the writer is woken before its time.
const WAKE_AT: usize = 512;
/// How often room is looked for at least.
const RETRY: Duration = Duration::from_millis(50);
/// Losses are reported once in this time.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// Something for the writer.
#[derive(Debug)]
pub enum Entry {
    /// A request that goes on; shown until its end replaces it.
    Started(Box<Record>),
    /// A request that ended; `stored` is told when it is on disk.
    Ended {
        /// The record.
        record: Box<Record>,
        /// Whoever waits for it.
        stored: Option<oneshot::Sender<()>>,
    },
    /// Everything before it must be on disk when it is answered.
    Flush(oneshot::Sender<()>),
}

/// The sending side.
#[derive(Debug)]
pub struct Queue {
    sender: SyncSender<Entry>,
    max_bytes: usize,
    on_full: OnFull,
    count: AtomicUsize,
    bytes: AtomicUsize,
    lost: AtomicU64,
    /// What waits in the spill file.
    spilled: AtomicUsize,
    spilled_bytes: AtomicU64,
    /// The writer cannot write now.
    stalled: AtomicBool,
    opened: Instant,
    /// Milliseconds since `opened` at which losses were last reported, and how many there were.
    reported_at: AtomicI64,
    reported: AtomicU64,
    room: Notify,
    writer: OnceLock<Thread>,
}

impl Queue {
    /// A queue for `max_bytes` of records, and its receiving side.
    #[must_use]
    pub fn new(max_bytes: usize, on_full: OnFull) -> (Self, Receiver<Entry>) {
        let (sender, receiver) = sync_channel(MAX_RECORDS);
        let queue = Self {
            sender,
            max_bytes,
            on_full,
            count: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
            spilled: AtomicUsize::new(0),
            spilled_bytes: AtomicU64::new(0),
            stalled: AtomicBool::new(false),
            opened: Instant::now(),
            reported_at: AtomicI64::new(i64::MIN),
            reported: AtomicU64::new(0),
            room: Notify::new(),
            writer: OnceLock::new(),
        };
        (queue, receiver)
    }

    /// Which thread to wake.
    pub fn written_by(&self, writer: Thread) {
        drop(self.writer.set(writer));
    }

    /// A start that does not fit is no loss: its end will come.
    pub fn started(&self, record: Box<Record>) {
        drop(self.push(Entry::Started(record)));
    }

    /// Never waits; a record that does not fit is counted as lost.
    pub fn ended(&self, record: Box<Record>) {
        if self.push(Entry::Ended { record, stored: None }).is_err() {
            self.lose(1);
        }
    }

    /// Resolves when the record is on disk. With [`OnFull::Block`] a record that does not fit now waits for room, in a
    /// task of its own, so that dropping the future loses nothing. Those tasks are as many as responses that wait.
    pub fn ended_durably(self: &Arc<Self>, record: Box<Record>) -> OnDisk {
        let (stored, done) = oneshot::channel();
        let entry = Entry::Ended {
            record,
            stored: Some(stored),
        };
        match self.push(entry) {
            Ok(()) => self.wake(),
            Err(refused) if self.on_full == OnFull::Block => match Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn(self.clone().push_when_room(refused))),
                Err(_) => self.lose(1),
            },
            Err(_) => self.lose(1),
        }
        // An error means that the record was lost or the writer is gone: there is nothing to wait for.
        Box::pin(async move { drop(done.await) })
    }

    async fn push_when_room(self: Arc<Self>, mut entry: Entry) {
        while let Err(refused) = self.push(entry) {
            entry = refused;
            // A wake-up can be missed between the attempt and the wait; then the next attempt comes by itself.
            drop(tokio::time::timeout(RETRY, self.room.notified()).await);
        }
        self.wake();
    }

    /// Waits until everything that was queued before is on disk.
    pub async fn flush(&self) {
        let (flushed, done) = oneshot::channel();
        let mut entry = Entry::Flush(flushed);
        while let Err(TrySendError::Full(refused)) = self.sender.try_send(entry) {
            entry = refused;
            drop(tokio::time::timeout(RETRY, self.room.notified()).await);
        }
        self.wake();
        drop(done.await);
    }

    /// Records that were lost since the start.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Whether the writer cannot write now: the database is locked, full or away.
    pub fn stalled(&self) -> bool {
        self.stalled.load(Ordering::Relaxed)
    }

    /// The writer says whether it can write.
    pub fn set_stalled(&self, stalled: bool) {
        self.stalled.store(stalled, Ordering::Relaxed);
    }

    /// Records that wait or are being written.
    pub fn depth(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Their bytes in memory, estimated.
    pub fn depth_bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether it is time to make room.
    pub fn is_half_full(&self) -> bool {
        self.depth_bytes() > self.max_bytes / 2 || self.depth() > MAX_RECORDS / 2
    }

    /// Records that wait in the spill file, and its bytes.
    pub fn spilled(&self) -> (usize, u64) {
        (
            self.spilled.load(Ordering::Relaxed),
            self.spilled_bytes.load(Ordering::Relaxed),
        )
    }

    /// The writer says what waits in the spill file.
    pub fn set_spilled(&self, records: usize, bytes: u64) {
        self.spilled.store(records, Ordering::Relaxed);
        self.spilled_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Counts losses, and reports them now and then.
    pub fn lose(&self, records: u64) {
        if records == 0 {
            return;
        }
        let lost = self.lost.fetch_add(records, Ordering::Relaxed) + records;
        let now = i64::try_from(self.opened.elapsed().as_millis()).unwrap_or(i64::MAX);
        let last = self.reported_at.load(Ordering::Relaxed);
        let due = last == i64::MIN || u128::try_from(now - last).is_ok_and(|passed| passed >= REPORT_EVERY.as_millis());
        if due
            && self
                .reported_at
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            let before = self.reported.swap(lost, Ordering::Relaxed);
            tracing::error!(
                lost = lost - before,
                lost_since_start = lost,
                waiting = self.depth(),
                waiting_bytes = self.depth_bytes(),
                "Audit records lost: the queue is full or the database refuses them"
            );
        }
    }

    /// The writer is done with an entry of this size.
    pub fn release(&self, bytes: usize, records: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.count.fetch_sub(records, Ordering::Relaxed);
        self.room.notify_waiters();
    }

    fn push(&self, entry: Entry) -> Result<(), Entry> {
        let size = entry.size();
        let before = self.bytes.fetch_add(size, Ordering::Relaxed);
        // One record is always taken, however large: bodies are bounded before they come here.
        if before > 0 && before + size > self.max_bytes {
            self.bytes.fetch_sub(size, Ordering::Relaxed);
            return Err(entry);
        }
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        match self.sender.try_send(entry) {
            Ok(()) => {
                if count == WAKE_AT {
                    self.wake();
                }
                Ok(())
            }
            Err(TrySendError::Full(entry) | TrySendError::Disconnected(entry)) => {
                self.bytes.fetch_sub(size, Ordering::Relaxed);
                self.count.fetch_sub(1, Ordering::Relaxed);
                Err(entry)
            }
        }
    }

    fn wake(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }
}

impl Entry {
    /// Bytes in memory, estimated. The same before and after it waited.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Started(record) | Self::Ended { record, .. } => record.size(),
            Self::Flush(_) => 0,
        }
    }

    /// Who waits for it.
    #[must_use]
    pub fn into_waiting(self) -> Option<oneshot::Sender<()>> {
        match self {
            Self::Started(_) => None,
            Self::Ended { stored, .. } => stored,
            Self::Flush(flushed) => Some(flushed),
        }
    }
}
