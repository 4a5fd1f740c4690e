//! The audit log: one record for each request, from memory to disk without ever slowing a request.
//!
//! `record` is what a request leaves behind, `redact` takes the secrets out, `queue` bounds what waits, `writer` puts it
//! on disk in batches (`store`), or while the database is away in a file (`spill`), `rollup` counts by the minute, `retention` forgets (and `ballast` keeps it the room to), `checkpoints` keep
//! SQLite's log short, `live` tells the watchers.

pub mod ballast;
mod batch;
pub mod checkpoints;
pub mod header_text;
mod ids;
pub mod live;
mod queue;
pub mod record;
pub mod redact;
pub mod retention;
pub mod rollup;
pub mod spill;
mod store;
mod writer;

pub use ids::{RecordIds, milliseconds_of};

use crate::config;
use crate::db::{Db, DbError, DbResult, audit};
use live::Live;
use queue::Queue;
use record::Record;
use redact::Redactor;
use rollup::Rollups;
use spill::{Leftover, Spill};
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use store::Store;
use writer::Writer;

/// Resolves when a record is on disk.
pub type OnDisk = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// What is put behind the database file's name to name the spill file.
const SPILL_SUFFIX: &str = ".spill";
/// Records of an earlier run's spill file that are brought in in one transaction.
const SPILL_STEP: usize = 1_000;
/// Records without an end that are looked at in one transaction at the start.
const RECOVERY_STEP: i64 = 500;

/// Why the audit log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenAuditError {
    /// The database cannot be read or written now.
    #[error("the audit log cannot be opened: {}", .0.cause())]
    Database(#[from] DbError),
    /// The spill file cannot be read.
    #[error(
        "the audit log's spill file {path} cannot be used: {source}. It holds records that the database did not take; if they may be lost, move it away"
    )]
    Spill {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The redaction rules are too large.
    #[error("audit.redact_fields cannot be used: {0}")]
    Redactor(#[from] regex::Error),
}

/// The handle: hand finished records over here. The writer's thread ends after the handle is dropped.
#[derive(Debug)]
pub struct AuditLog {
    /// The requests in flight and their watchers.
    pub live: Live,
    /// Takes secrets out of what is recorded.
    pub redactor: Redactor,
    queue: Arc<Queue>,
    ids: Arc<RecordIds>,
}

impl AuditLog {
    /// Brings in what an earlier process left in the spill file, marks what it left unfinished as interrupted, and starts the
    /// writer's threads.
    ///
    /// # Errors
    /// When the database or the spill file cannot be used now, or the redaction rules are too large.
    pub async fn open(db: &Db, config: &config::Audit) -> Result<Self, OpenAuditError> {
        let redactor = Redactor::new(&config.redact_fields)?;
        let path = db.beside(SPILL_SUFFIX);
        let last = db.read(audit::last_id).await?;
        let (ids, refused) = bring_in(db, path.clone(), last).await?;
        let writer_id = ids.next();
        let interrupted = recover(db, &ids, writer_id).await?;
        if interrupted > 0 {
            tracing::warn!(
                records = interrupted,
                "Requests of an earlier run had no end: marked as interrupted"
            );
        }
        let (queue, receiver) = Queue::new(config.queue_bytes, config.on_full);
        let queue = Arc::new(queue);
        queue.lose(refused);
        let spill = Spill::new(path, config.spill_bytes);
        Writer::start(db.connector(), &queue, receiver, (ids.clone(), writer_id), spill)?;
        Ok(Self {
            live: Live::default(),
            redactor,
            queue,
            ids,
        })
    }

    /// The number for the next record; to be taken when the request's head has arrived.
    #[must_use]
    pub fn next_id(&self) -> i64 {
        self.ids.next()
    }

    /// Hands a record of a request that goes on for over a second to the writer, so that the log shows it. Never waits.
    pub fn started(&self, record: Box<Record>) {
        self.queue.started(record);
    }

    /// Hands a finished record to the writer. Never waits: a full queue counts it as lost.
    pub fn ended(&self, record: Box<Record>) {
        self.queue.ended(record);
    }

    /// Hands a finished record over at once; what comes back resolves when it is on disk, and dropping it loses nothing
    /// (`proxy.async_audit: false`, `audit.on_full: block`). With `on_full: block` a full queue makes it wait for room,
    /// else the record is counted as lost.
    pub fn ended_durably(&self, record: Box<Record>) -> OnDisk {
        self.queue.ended_durably(record)
    }

    /// Waits until all that was handed over before is on disk, in the database or in the spill file; for the end of the
    /// process. Waits as long as neither takes it: bound it.
    pub async fn flush(&self) {
        self.queue.flush().await;
    }

    /// Records that were lost since the start, because the queue was full or the database refused them.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.queue.lost()
    }

    /// Whether records cannot be written now: the database is locked, full or away.
    #[must_use]
    pub fn stalled(&self) -> bool {
        self.queue.stalled()
    }

    /// Records that wait in the spill file, and its bytes.
    #[must_use]
    pub fn spilled(&self) -> (usize, u64) {
        self.queue.spilled()
    }

    /// Records that wait in memory to be written.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.queue.depth()
    }

    /// Their bytes in memory, estimated; at most `audit.queue_bytes`.
    #[must_use]
    pub fn depth_bytes(&self) -> usize {
        self.queue.depth_bytes()
    }
}

async fn recover(db: &Db, ids: &Arc<RecordIds>, writer: i64) -> DbResult<usize> {
    let mut interrupted = 0;
    loop {
        let ids = ids.clone();
        let step = db
            .write(move |connection| {
                // Each step has segments of its own: nothing needs to be remembered between them.
                audit::interrupt_unfinished(connection, writer, RECOVERY_STEP, |samples| {
                    Rollups::default().fold(samples, || ids.next())
                })
            })
            .await?;
        if step == 0 {
            return Ok(interrupted);
        }
        interrupted += step;
    }
}

/// Brings what an earlier run left in its spill file into the database. Returns the numbers to go on with, and how many
/// records the database refused.
async fn bring_in(db: &Db, path: PathBuf, last: i64) -> Result<(Arc<RecordIds>, u64), OpenAuditError> {
    let connector = db.connector();
    let work = move || -> Result<_, OpenAuditError> {
        let failed = |source| OpenAuditError::Spill {
            path: path.clone(),
            source,
        };
        let Some(mut leftover) = Leftover::find(&path).map_err(failed)? else {
            return Ok((Arc::new(RecordIds::after(last, rand::random())), 0));
        };
        let last = last.max(leftover.last_id().map_err(failed)?);
        let ids = Arc::new(RecordIds::after(last, rand::random()));
        // Another writer's number: what has no end is marked as interrupted afterwards.
        let mut store = Store::open(connector, ids.clone(), ids.next())?;
        let (mut records, mut refused) = (0, 0);
        while let Some(mut batch) = leftover.next(SPILL_STEP).map_err(failed)? {
            records += batch.len();
            batch.drop_superseded();
            refused += store.keep_now(&batch)?;
        }
        tracing::warn!(
            records,
            refused,
            "Audit records that waited in the spill file were brought in"
        );
        leftover.remove().map_err(failed)?;
        Ok((ids, refused))
    };
    let result = tokio::task::spawn_blocking(work).await;
    result.map_err(|panicked| DbError::Internal(format!("bringing in the spill file panicked: {panicked}")))?
}
