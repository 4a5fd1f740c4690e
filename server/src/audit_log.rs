//! The audit log: one record for each request, from memory to disk without ever slowing a request.
//!
//! `record` is what a request leaves behind, `redact` takes the secrets out, `queue` bounds what waits, `writer` puts it
//! on disk in batches, `rollup` counts by the minute, `retention` forgets, `live` tells the watchers.

pub mod live;
pub mod record;
pub mod redact;

use live::Live;
use record::Record;
use redact::Redactor;
use std::future::Future;
use std::pin::Pin;

/// Resolves when a record is on disk.
pub type OnDisk = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// The handle: hand finished records over here. STUB: the storage room fills the queue; `live` and `redactor` stay.
pub struct AuditLog {
    /// The requests in flight and their watchers.
    pub live: Live,
    /// Takes secrets out of what is recorded.
    pub redactor: Redactor,
}

impl AuditLog {
    /// The number of the next record: rises always, also when the wall clock is set back.
    pub fn next_id(&self) -> i64 {
        0
    }

    /// Hands a record of a request that goes on for over a second to the writer, so that the log shows it.
    pub fn started(&self, record: Box<Record>) {
        drop(record);
    }

    /// Hands a finished record to the writer. Never waits: a full queue counts it as lost.
    pub fn ended(&self, record: Box<Record>) {
        drop(record);
    }

    /// Hands a finished record over at once; what comes back resolves when it is on disk, and dropping it loses nothing
    /// (`proxy.async_audit: false`, `audit.on_full: block`).
    pub fn ended_durably(&self, record: Box<Record>) -> OnDisk {
        drop(record);
        Box::pin(std::future::ready(()))
    }
}
