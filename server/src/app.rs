//! What every door holds: the handles of the rooms, made once at the start.

use crate::audit_log::AuditLog;
use crate::config::Config;
use crate::db::Db;
use crate::secrets::SecretBox;
use crate::snapshot::{Snapshot, SnapshotCell};
use std::sync::Arc;

/// The running gateway. Cheap to share as `Arc<App>`.
pub struct App {
    /// The configuration as of the start or the last SIGHUP.
    pub config: Arc<Config>,
    /// Routes and keys as the request path reads them.
    pub snapshot: SnapshotCell,
    /// The database, for everything but the request path.
    pub db: Db,
    /// Where finished requests are recorded.
    pub audit: AuditLog,
    /// Encrypts upstream credentials at rest.
    pub secrets: SecretBox,
}

impl App {
    /// The current snapshot; hold it for one request, not longer.
    #[must_use]
    pub fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }
}
