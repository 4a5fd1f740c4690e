//! The thread that empties the queue. It collects for 20 ms, hands the batch to the thread that stores it, and waits. When
//! that takes longer than a moment, because the disk is slow or the database is locked, full, away or silent, it moves what
//! waits into the spill file: the queue has room again, and neither the end of the process nor its violent death loses what
//! is in the file. When the database is back, the file is brought in first, in order.

use super::batch::Batch;
use super::ids::RecordIds;
use super::queue::{Entry, Queue};
use super::spill::Spill;
use super::store::Store;
use crate::db::{self, DbError, DbResult};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long records are collected. With [`MOMENT`] and [`EVERY`] this stays below the 100 ms that a crash may cost.
const COLLECT: Duration = Duration::from_millis(20);
/// Records in one transaction.
const MAX_BATCH: usize = 1_000;
/// How long the database may take for a batch before records go into the spill file, where they outlive the process; a full
/// queue does not wait for it.
const MOMENT: Duration = Duration::from_millis(50);
/// From when on it is said, and the file is made to outlive the machine as well: whoever waits for a record is told then.
const LONG: Duration = Duration::from_secs(1);
/// How often what waits is moved into the spill file.
const EVERY: Duration = Duration::from_millis(20);

/// The writer's state; lives on its thread.
pub struct Writer {
    receiver: Receiver<Entry>,
    /// Weak, so that the thread ends when nobody can send any more.
    queue: Weak<Queue>,
    spill: Spill,
    /// Taken from the queue, and too large for the spill file as it is.
    held: Option<Entry>,
    /// Who waits for what is in the file.
    waiting: Vec<oneshot::Sender<()>>,
    /// It was said that records wait there.
    said: bool,
    jobs: SyncSender<Arc<Batch>>,
    done: Receiver<bool>,
}

/// Where the records of a batch wait while they are being written.
#[derive(Default)]
struct Origin {
    /// In the queue: their bytes and number.
    queued: (usize, usize),
    /// At the head of the spill file: their bytes and number.
    spilled: (u64, usize),
    /// Who waits for them.
    waiting: Vec<oneshot::Sender<()>>,
}

impl Writer {
    /// Connects and starts the threads.
    pub fn start(
        connector: db::Connector,
        queue: &Arc<Queue>,
        receiver: Receiver<Entry>,
        (ids, id): (Arc<RecordIds>, i64),
        spill: Spill,
    ) -> DbResult<()> {
        let mut store = Store::open(connector, ids, id)?;
        let (jobs, batches) = sync_channel::<Arc<Batch>>(1);
        let (tell, done) = sync_channel(1);
        let weak = Arc::downgrade(queue);
        spawn("audit-store", move || {
            while let Ok(batch) = batches.recv() {
                let stored = store.keep(&batch, &weak);
                drop(batch);
                if tell.send(stored).is_err() {
                    return;
                }
            }
        })?;
        let writer = Self {
            receiver,
            queue: Arc::downgrade(queue),
            spill,
            held: None,
            waiting: Vec::new(),
            said: false,
            jobs,
            done,
        };
        queue.written_by(spawn("audit-writer", move || writer.run())?.thread().clone());
        Ok(())
    }

    fn run(mut self) {
        while let Some((mut batch, origin)) = self.next() {
            batch.drop_superseded();
            if !self.write(Arc::new(batch), origin) {
                return;
            }
        }
    }

    /// The oldest records that wait; none when nobody can send any more.
    fn next(&mut self) -> Option<(Batch, Origin)> {
        let mut origin = Origin::default();
        if !self.spill.is_empty() {
            match self.spill.head(MAX_BATCH) {
                Ok((batch, bytes)) => {
                    origin.spilled = (bytes, batch.len());
                    return Some((batch, origin));
                }
                Err(error) => {
                    tracing::error!(%error, "The audit log's spill file cannot be read: what is left in it is lost");
                    self.lose(self.spill.records());
                    self.spill.forget();
                    self.tell_spilled();
                }
            }
        }
        let mut batch = Batch::default();
        let first = match self.held.take() {
            Some(held) => held,
            None => self.receiver.recv().ok()?,
        };
        origin.take(first, &mut batch);
        if origin.waiting.is_empty() {
            // Parked instead of receiving one by one: senders need not wake a thread for each record.
            thread::park_timeout(COLLECT);
        }
        while batch.len() < MAX_BATCH
            && let Ok(entry) = self.receiver.try_recv()
        {
            origin.take(entry, &mut batch);
        }
        Some((batch, origin))
    }

    /// Has a batch stored, and keeps room in the queue meanwhile. False when it is time to end.
    fn write(&mut self, batch: Arc<Batch>, mut origin: Origin) -> bool {
        let since = Instant::now();
        let mut told = self.jobs.send(batch.clone()).is_ok();
        let mut pinned = batch.spilled;
        while told {
            match self.done.recv_timeout(EVERY) {
                Ok(true) => break,
                Ok(false) | Err(RecvTimeoutError::Disconnected) => told = false,
                Err(RecvTimeoutError::Timeout) => {
                    if since.elapsed() >= MOMENT || self.queue.upgrade().is_none_or(|queue| queue.is_half_full()) {
                        // First of all what is being written: it is the oldest, and a crash would lose it.
                        if !pinned && let Some(bytes) = self.spill.append_batch(&batch) {
                            origin.spilled = (bytes, batch.len());
                            pinned = true;
                        }
                        if pinned {
                            self.spill_queue(&mut origin, since.elapsed() >= LONG);
                        }
                    }
                }
            }
        }
        if told {
            self.spill.advance(origin.spilled.0, origin.spilled.1);
        } else if !pinned {
            self.lose(batch.ended.len());
        }
        self.tell_spilled();
        if let Some(queue) = self.queue.upgrade() {
            queue.release(origin.queued.0, origin.queued.1);
        }
        origin.waiting.into_iter().for_each(tell);
        if self.spill.is_empty() {
            self.waiting.drain(..).for_each(tell);
            self.said = false;
        }
        told
    }

    /// Moves what waits in the queue into the spill file, as far as there is room. Once that takes `long`, whoever waits for
    /// it, or for what came before, is told when it is on disk.
    fn spill_queue(&mut self, origin: &mut Origin, long: bool) {
        // What is being written is in the file as well by now: it makes room like the others.
        let mut moved = std::mem::take(&mut origin.queued);
        while let Some(entry) = self.held.take().or_else(|| self.receiver.try_recv().ok()) {
            match self.spill.append(&entry) {
                Ok(()) => {
                    moved = (
                        moved.0 + entry.size(),
                        moved.1 + usize::from(!matches!(entry, Entry::Flush(_))),
                    );
                    self.waiting.extend(entry.into_waiting());
                }
                Err(_) => {
                    self.held = Some(entry);
                    break;
                }
            }
        }
        if let Some(queue) = self.queue.upgrade() {
            queue.release(moved.0, moved.1);
        }
        self.tell_spilled();
        if long && self.spill.sync() {
            origin.waiting.drain(..).chain(self.waiting.drain(..)).for_each(tell);
        }
        if long && !self.said {
            self.said = true;
            tracing::warn!(
                path = %self.spill.path().display(),
                "Audit records go into the spill file until the database is back"
            );
        }
    }

    fn lose(&self, records: usize) {
        if let Some(queue) = self.queue.upgrade() {
            queue.lose(records as u64);
        }
    }

    fn tell_spilled(&self) {
        if let Some(queue) = self.queue.upgrade() {
            queue.set_spilled(self.spill.records(), self.spill.bytes());
        }
    }
}

impl Origin {
    fn take(&mut self, entry: Entry, batch: &mut Batch) {
        self.queued.0 += entry.size();
        self.queued.1 += usize::from(!matches!(entry, Entry::Flush(_)));
        match entry {
            Entry::Started(record) => batch.started.push(record),
            Entry::Ended { record, stored } => {
                batch.ended.push(record);
                self.waiting.extend(stored);
            }
            Entry::Flush(flushed) => self.waiting.push(flushed),
        }
    }
}

fn tell(waiting: oneshot::Sender<()>) {
    // Whoever waited may have gone.
    let _gone = waiting.send(());
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> DbResult<thread::JoinHandle<()>> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map_err(|error| DbError::Unavailable(format!("no thread for the audit log: {error}")))
}
