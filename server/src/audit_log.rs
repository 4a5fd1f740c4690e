//! The audit log: one record for each request, from memory to disk without ever slowing a request.
//!
//! `record` is what a request leaves behind, `redact` takes the secrets out, `queue` bounds what waits, `writer` puts it
//! on disk in batches, `rollup` counts by the minute, `retention` forgets, `live` tells the watchers.

pub mod live;
pub mod record;
pub mod redact;

use record::Record;

/// The handle: hand finished records over here. STUB: the storage room fills it.
pub struct AuditLog {}

impl AuditLog {
    /// Hands a record of a request that goes on for over a second to the writer, so that the log shows it.
    pub fn started(&self, record: Box<Record>) {
        drop(record);
    }

    /// Hands a finished record to the writer. Never waits: a full queue counts it as lost.
    pub fn ended(&self, record: Box<Record>) {
        drop(record);
    }

    /// Hands a finished record over and waits until it is on disk (`proxy.async_audit: false`, `audit.on_full: block`).
    pub async fn ended_durably(&self, record: Box<Record>) {
        drop(record);
    }
}
