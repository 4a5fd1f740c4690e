//! Brings batches into the database: records, roll-ups and the keys' use in one transaction each. A database that is
//! locked, full or away is tried again until it comes back; a record that it refuses for good is lost alone, not with its
//! batch. What becomes of the records that come meanwhile is the writer's affair.

use super::batch::{Batch, usage};
use super::ids::RecordIds;
use super::queue::Queue;
use super::record::Record;
use super::rollup::{Changes, Rollups, Sample};
use crate::db::{self, DbConnection, DbError, DbResult, OpenConnection, audit, keys};
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// One writer's view of the database; lives on a thread of its own, which a database that does not answer may hold for ever.
pub struct Store {
    connector: db::Connector,
    connection: Option<OpenConnection>,
    ids: Arc<RecordIds>,
    /// The writer's number.
    id: i64,
    rollups: Rollups,
    /// Numbers of the requests whose start is in the database and whose end is not.
    shown: HashSet<i64>,
    clock_lead_ms: i64,
}

/// What is found out once for a batch, however often it is tried.
#[derive(Default)]
struct Progress {
    /// Those of a spilled batch that are in the database, and whether with their end.
    known: Option<HashMap<i64, bool>>,
    /// Folded once: a commit whose answer was lost is repeated with the same numbers.
    changes: Option<Changes>,
}

/// What one transaction writes.
struct Parts<'a> {
    writer: i64,
    started: Vec<&'a Record>,
    ended: Vec<&'a Record>,
    /// Numbers of starts that make way for their ends.
    superseded: Vec<i64>,
    changes: &'a Changes,
    raised_lead: Option<i64>,
}

impl Parts<'_> {
    /// Returns the numbers of the starts that it stored.
    fn write(&self, connection: &mut DbConnection) -> DbResult<Vec<i64>> {
        let mut shown = Vec::new();
        for record in &self.started {
            if audit::insert_started(connection, self.writer, record)? {
                shown.push(record.id);
            }
        }
        let stored = audit::insert_ended(connection, self.writer, &self.ended, &self.superseded)?;
        audit::replace_rollups(connection, self.changes)?;
        // Nothing was new: the batch is there since a commit whose answer was lost, and its use is counted.
        if stored > 0 {
            for (key_id, (requests, last_used_at)) in usage(&self.ended) {
                keys::add_usage(connection, key_id, requests, last_used_at)?;
            }
        }
        if let Some(lead) = self.raised_lead {
            audit::raise_clock_lead(connection, lead)?;
        }
        Ok(shown)
    }
}

impl Store {
    /// Connects.
    ///
    /// # Errors
    /// When the database cannot be used now.
    pub fn open(connector: db::Connector, ids: Arc<RecordIds>, id: i64) -> DbResult<Self> {
        let mut open = connector.establish()?;
        let clock_lead_ms = audit::clock_lead(&mut open.connection)?;
        Ok(Self {
            connector,
            connection: Some(open),
            ids,
            id,
            rollups: Rollups::default(),
            shown: HashSet::new(),
            clock_lead_ms,
        })
    }

    /// Tries until the batch is in the database, or is refused for good and lost, or the queue is gone; false then.
    pub fn keep(&mut self, batch: &Batch, queue: &Weak<Queue>) -> bool {
        match self.store_until_done(batch, queue) {
            Some(Ok(())) => true,
            Some(Err(error)) if batch.len() > 1 => {
                tracing::error!(
                    cause = error.cause(),
                    records = batch.len(),
                    "Audit batch refused: writing one by one"
                );
                for single in batch.singles() {
                    match self.store_until_done(&single, queue) {
                        Some(Ok(())) => {}
                        Some(Err(error)) => lose(&single, &error, queue),
                        None => return false,
                    }
                }
                true
            }
            Some(Err(error)) => {
                lose(batch, &error, queue);
                true
            }
            None => false,
        }
    }

    /// Tries once; what is refused for good is tried one by one. Returns how many records were refused.
    ///
    /// # Errors
    /// When the database cannot be used now.
    pub fn keep_now(&mut self, batch: &Batch) -> DbResult<u64> {
        match self.attempt(batch, &mut Progress::default()) {
            Ok(()) => return Ok(0),
            Err(error) if error.is_temporary() => return Err(error),
            Err(_) => {}
        }
        let mut refused = 0;
        for single in batch.singles() {
            match self.attempt(&single, &mut Progress::default()) {
                Ok(()) => {}
                Err(error) if error.is_temporary() => return Err(error),
                Err(error) => {
                    tracing::error!(cause = error.cause(), "Audit record refused by the database");
                    refused += single.ended.len() as u64;
                }
            }
        }
        Ok(refused)
    }

    fn store_until_done(&mut self, batch: &Batch, queue: &Weak<Queue>) -> Option<DbResult<()>> {
        let mut progress = Progress::default();
        let mut pause = FIRST_PAUSE;
        let mut failed = false;
        loop {
            match self.attempt(batch, &mut progress) {
                Ok(()) => {
                    if failed {
                        say_stalled(queue, false);
                        tracing::info!("Audit records are being written again");
                    }
                    return Some(Ok(()));
                }
                Err(error) if error.is_temporary() => {
                    if !failed {
                        tracing::error!(cause = error.cause(), "Audit records cannot be written now: they wait");
                        say_stalled(queue, true);
                        failed = true;
                    }
                    if queue.strong_count() == 0 {
                        return None;
                    }
                    // The connection may be the trouble.
                    self.connection = None;
                    thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => {
                    say_stalled(queue, false);
                    return Some(Err(error));
                }
            }
        }
    }

    /// One attempt.
    fn attempt(&mut self, batch: &Batch, progress: &mut Progress) -> DbResult<()> {
        let open = match &mut self.connection {
            Some(open) => open,
            none => none.insert(self.connector.establish()?),
        };
        open.check_file(&self.connector)?;
        let connection = &mut open.connection;
        if batch.spilled && progress.known.is_none() {
            progress.known = Some(audit::known(connection, &batch.ids())?);
        }
        let known = progress.known.as_ref();
        // What is there with its end is done; a start that is there makes way for its end.
        let is_new = |record: &Record| known.is_none_or(|known| known.get(&record.id) != Some(&true));
        let is_begun = |id: &i64| self.shown.contains(id) || known.is_some_and(|known| known.get(id) == Some(&false));
        let ended: Vec<&Record> = batch
            .ended
            .iter()
            .map(|record| &**record)
            .filter(|r| is_new(r))
            .collect();
        let started: Vec<&Record> = batch
            .started
            .iter()
            .map(|record| &**record)
            .filter(|r| is_new(r))
            .collect();
        let superseded: Vec<i64> = ended.iter().map(|record| record.id).filter(is_begun).collect();
        let changes = progress.changes.get_or_insert_with(|| {
            let samples = ended.iter().map(|record| Sample::from(*record));
            self.rollups.fold(samples, || self.ids.next())
        });
        let lead = batch.clock_lead_ms();
        let parts = Parts {
            writer: self.id,
            started,
            ended,
            superseded,
            changes,
            raised_lead: (lead > self.clock_lead_ms).then_some(lead),
        };
        let result = catch_unwind(AssertUnwindSafe(|| open.write(|connection| parts.write(connection))));
        let shown = result.unwrap_or_else(|_| {
            // The connection may be in the middle of anything.
            self.connection = None;
            Err(DbError::Internal("writing an audit batch panicked".to_owned()))
        })?;
        self.rollups.apply(progress.changes.take().unwrap_or_default());
        for record in &batch.ended {
            self.shown.remove(&record.id);
        }
        self.shown.extend(shown);
        self.clock_lead_ms = self.clock_lead_ms.max(lead);
        Ok(())
    }
}

fn lose(single: &Batch, error: &DbError, queue: &Weak<Queue>) {
    tracing::error!(cause = error.cause(), "Audit record refused by the database");
    if let Some(queue) = queue.upgrade() {
        queue.lose(single.ended.len() as u64);
    }
}

fn say_stalled(queue: &Weak<Queue>, stalled: bool) {
    if let Some(queue) = queue.upgrade() {
        queue.set_stalled(stalled);
    }
}
