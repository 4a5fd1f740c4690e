//! What every door holds: the handles of the rooms, made once at the start. How keys and routes change is in
//! `changes`, how they become what the request path reads in `compile`.

mod changes;
mod compile;
mod start;

pub use changes::{Change, ChangeError, change, now};
pub use start::{StartError, Started};

use crate::admin_token::AdminToken;
use crate::audit_log::AuditLog;
use crate::config::LiveConfig;
use crate::db::Db;
use crate::rate_limit::RateLimits;
use crate::secrets::SecretBox;
use crate::snapshot::{Snapshot, SnapshotCell};
use crate::upstream::{OwnCalls, UpstreamClient};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// The running gateway. Cheap to share as `Arc<App>`.
pub struct App {
    /// The configuration as of the start or the last SIGHUP.
    pub config: LiveConfig,
    /// Routes and keys as the request path reads them.
    pub snapshot: SnapshotCell,
    /// The database, for everything but the request path.
    pub db: Db,
    /// Where finished requests are recorded.
    pub audit: AuditLog,
    /// Encrypts upstream credentials at rest.
    pub secrets: SecretBox,
    /// Connections to upstreams.
    pub upstream: UpstreamClient,
    /// The client for what the gateway itself asks.
    pub own_calls: OwnCalls,
    /// The token buckets of keys and routes; they outlive snapshots.
    pub limits: RateLimits,
    /// What the administrator must show.
    pub admin_token: AdminToken,
    /// When the process started, for the uptime.
    pub started: Instant,
    /// True from the first SIGTERM on: `/health/ready` answers 503 and no new work should be sent here.
    pub draining: AtomicBool,
    /// Held while a change of routes or keys goes from validation over the database into the snapshot, so that the two
    /// never disagree. The request path never touches it.
    pub changes: Arc<tokio::sync::Mutex<()>>,
}

impl App {
    /// The current snapshot; hold it for one request, not longer.
    #[must_use]
    pub fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }
}
