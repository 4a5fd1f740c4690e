//! The thread that puts records on disk. It collects for 20 ms, then writes records, roll-ups and the keys' use in one
//! transaction. A database that is locked, full or away is retried until it comes back, and meanwhile the queue fills;
//! a record that the database refuses for good is lost alone, not with its batch.

use super::ids::{RecordIds, milliseconds_of};
use super::queue::{Entry, Queue};
use super::record::Record;
use super::rollup::{Changes, Rollups, Sample};
use crate::db::{self, DbError, DbResult, OpenConnection, audit, keys};
use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long records are collected. With the commit this stays far below the 100 ms that a crash may cost.
const COLLECT: Duration = Duration::from_millis(20);
/// Records in one transaction.
const MAX_BATCH: usize = 1_000;
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The writer's state; lives on its thread.
pub struct Writer {
    connector: db::Connector,
    connection: Option<OpenConnection>,
    receiver: Receiver<Entry>,
    /// Weak, so that the thread ends when nobody can send any more.
    queue: Weak<Queue>,
    ids: Arc<RecordIds>,
    id: i64,
    rollups: Rollups,
    /// Numbers of the requests whose start is in the database and whose end is not.
    shown: HashSet<i64>,
    clock_lead_ms: i64,
}

/// What goes into one transaction.
#[expect(
    clippy::vec_box,
    reason = "records come in boxes and are large: moving the boxes is cheaper"
)]
#[derive(Default)]
struct Batch {
    started: Vec<Box<Record>>,
    ended: Vec<Box<Record>>,
    waiting: Vec<oneshot::Sender<()>>,
    bytes: usize,
    records: usize,
}

impl Writer {
    /// Connects and starts the thread.
    pub fn start(
        connector: db::Connector,
        queue: &Arc<Queue>,
        receiver: Receiver<Entry>,
        ids: Arc<RecordIds>,
        id: i64,
    ) -> DbResult<()> {
        let mut open = connector.establish()?;
        let clock_lead_ms = audit::clock_lead(&mut open.connection)?;
        let writer = Self {
            connector,
            connection: Some(open),
            receiver,
            queue: Arc::downgrade(queue),
            ids,
            id,
            rollups: Rollups::default(),
            shown: HashSet::new(),
            clock_lead_ms,
        };
        let thread = thread::Builder::new()
            .name("audit-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| DbError::Unavailable(format!("no thread for the audit writer: {error}")))?;
        queue.written_by(thread.thread().clone());
        Ok(())
    }

    fn run(mut self) {
        while let Ok(first) = self.receiver.recv() {
            let mut batch = Batch::default();
            batch.add(first);
            if batch.waiting.is_empty() {
                // Parked instead of receiving one by one: senders need not wake a thread for each record.
                thread::park_timeout(COLLECT);
            }
            while batch.records < MAX_BATCH
                && let Ok(entry) = self.receiver.try_recv()
            {
                batch.add(entry);
            }
            let (bytes, records) = (batch.bytes, batch.records);
            let waiting = std::mem::take(&mut batch.waiting);
            self.write(batch);
            if let Some(queue) = self.queue.upgrade() {
                queue.release(bytes, records);
            }
            for sender in waiting {
                // Whoever waited may have gone.
                let _gone = sender.send(());
            }
        }
    }

    fn write(&mut self, mut batch: Batch) {
        batch.drop_superseded();
        match self.store_until_done(&batch) {
            Ok(()) => {}
            Err(error) if batch.len() > 1 => {
                tracing::error!(
                    cause = error.cause(),
                    records = batch.len(),
                    "Audit batch refused: writing one by one"
                );
                for single in batch.singles() {
                    if let Err(error) = self.store_until_done(&single) {
                        self.lose(&single, &error);
                    }
                }
            }
            Err(error) => self.lose(&batch, &error),
        }
    }

    fn lose(&self, single: &Batch, error: &DbError) {
        tracing::error!(cause = error.cause(), "Audit record refused by the database");
        if let Some(queue) = self.queue.upgrade() {
            queue.lose(single.ended.len() as u64);
        }
    }

    /// Tries until the batch is on disk, or is refused for good.
    fn store_until_done(&mut self, batch: &Batch) -> DbResult<()> {
        // Folded once: a commit whose answer was lost is repeated with the same numbers.
        let changes = self
            .rollups
            .fold(batch.ended.iter().map(|record| Sample::from(&**record)), || {
                self.ids.next()
            });
        let mut pause = FIRST_PAUSE;
        let mut failed = false;
        loop {
            match self.store(batch, &changes) {
                Ok(shown) => {
                    self.rollups.apply(changes);
                    for record in &batch.ended {
                        self.shown.remove(&record.id);
                    }
                    self.shown.extend(shown);
                    self.clock_lead_ms = self.clock_lead_ms.max(batch.clock_lead_ms());
                    if failed {
                        self.say_stalled(false);
                        tracing::info!("Audit records are being written again");
                    }
                    return Ok(());
                }
                Err(error) if error.is_temporary() => {
                    if !failed {
                        tracing::error!(cause = error.cause(), "Audit records cannot be written now: they wait");
                        self.say_stalled(true);
                        failed = true;
                    }
                    // The connection may be the trouble.
                    self.connection = None;
                    thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => {
                    self.say_stalled(false);
                    return Err(error);
                }
            }
        }
    }

    fn say_stalled(&self, stalled: bool) {
        if let Some(queue) = self.queue.upgrade() {
            queue.set_stalled(stalled);
        }
    }

    /// One attempt. Returns the numbers of the starts that it stored.
    fn store(&mut self, batch: &Batch, changes: &Changes) -> DbResult<Vec<i64>> {
        let open = match &mut self.connection {
            Some(open) => open,
            none => none.insert(self.connector.establish()?),
        };
        open.check_file(&self.connector)?;
        let connection = &mut open.connection;
        let (id, lead) = (self.id, batch.clock_lead_ms());
        let lead = (lead > self.clock_lead_ms).then_some(lead);
        let ended: Vec<&Record> = batch.ended.iter().map(|record| &**record).collect();
        let superseded: Vec<i64> = ended
            .iter()
            .map(|record| record.id)
            .filter(|id| self.shown.contains(id))
            .collect();
        let result = catch_unwind(AssertUnwindSafe(|| {
            db::transaction(connection, |connection| {
                let mut shown = Vec::new();
                for record in &batch.started {
                    if audit::insert_started(connection, id, record)? {
                        shown.push(record.id);
                    }
                }
                let stored = audit::insert_ended(connection, id, &ended, &superseded)?;
                audit::replace_rollups(connection, changes)?;
                // Nothing was new: the batch is there since a commit whose answer was lost, and its use is counted.
                if stored > 0 {
                    for (key_id, (requests, last_used_at)) in batch.usage() {
                        keys::add_usage(connection, key_id, requests, last_used_at)?;
                    }
                }
                if let Some(lead) = lead {
                    audit::raise_clock_lead(connection, lead)?;
                }
                Ok(shown)
            })
        }));
        result.unwrap_or_else(|_| {
            // The connection may be in the middle of anything.
            self.connection = None;
            Err(DbError::Internal("writing an audit batch panicked".to_owned()))
        })
    }
}

impl Batch {
    fn add(&mut self, entry: Entry) {
        self.bytes += entry.size();
        match entry {
            Entry::Started(record) => {
                self.records += 1;
                self.started.push(record);
            }
            Entry::Ended { record, stored } => {
                self.records += 1;
                self.ended.push(record);
                self.waiting.extend(stored);
            }
            Entry::Flush(flushed) => self.waiting.push(flushed),
        }
    }

    fn len(&self) -> usize {
        self.started.len() + self.ended.len()
    }

    /// A start whose end is here as well need not be stored.
    fn drop_superseded(&mut self) {
        if !self.started.is_empty() {
            let ended: HashSet<i64> = self.ended.iter().map(|record| record.id).collect();
            self.started.retain(|record| !ended.contains(&record.id));
        }
    }

    fn singles(self) -> impl Iterator<Item = Self> {
        let started = self.started.into_iter().map(|record| Self {
            started: vec![record],
            ..Self::default()
        });
        let ended = self.ended.into_iter().map(|record| Self {
            ended: vec![record],
            ..Self::default()
        });
        started.chain(ended)
    }

    /// Requests and time of last use for each key, in the order of the ids: two writers that change the same keys then
    /// never wait for each other in a circle.
    fn usage(&self) -> BTreeMap<&str, (i64, i64)> {
        let mut usage = BTreeMap::new();
        for record in &self.ended {
            if let Some(key_id) = record.key_id.as_deref() {
                let (requests, last_used_at) = usage.entry(key_id).or_insert((0, i64::MIN));
                *requests += 1;
                *last_used_at = record.request_time.max(*last_used_at);
            }
        }
        usage
    }

    /// How far the numbers are ahead of the records' times at most: the clock was set back by that much.
    fn clock_lead_ms(&self) -> i64 {
        let lead = |record: &Record| milliseconds_of(record.id) - record.request_time.div_euclid(1000);
        let records = self.started.iter().chain(&self.ended);
        // A second is within the readers' tolerance.
        records
            .map(|record| lead(record))
            .filter(|lead| *lead > 1_000)
            .max()
            .unwrap_or(0)
    }
}
