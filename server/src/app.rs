//! What every door holds: the handles of the rooms, made once at the start. How keys and routes change is in
//! `changes`, how they become what the request path reads in `compile`.

mod changes;
mod compile;
mod own_address;
mod own_requests;
mod start;

pub use changes::{Change, ChangeError, change, new_route, now};
pub use own_requests::{OwnAnswer, OwnRequest, ProxyDoor, Sending};
pub use start::{StartError, Started};

use crate::admin_token::AdminToken;
use crate::admin_token::throttle::Throttle;
use crate::audit_log::AuditLog;
use crate::concurrency::Concurrency;
use crate::config::LiveConfig;
use crate::db::Db;
use crate::oidc::IdentityProvider;
use crate::rate_limit::RateLimits;
use crate::secrets::SecretBox;
use crate::snapshot::{Snapshot, SnapshotCell};
use crate::telemetry::KnownFigures;
use crate::upstream::{HealthChecks, Targets, UpstreamClient};
use crate::workers::Workers;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
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
    /// The token buckets of keys and routes; they outlive snapshots.
    pub limits: RateLimits,
    /// Who is in flight under a bound; outlives snapshots as well.
    pub concurrency: Concurrency,
    /// What is known of the routes' targets; it outlives snapshots as well.
    pub targets: Targets,
    /// The figures of routes, by their names.
    pub route_figures: KnownFigures,
    /// The gateway's own probes of targets.
    pub health_checks: HealthChecks,
    /// What the administrator must show.
    pub admin_token: AdminToken,
    /// Who showed wrong tokens lately, with calls.
    pub wrong_tokens: Throttle,
    /// Whom else people may sign in with.
    pub identity: Option<IdentityProvider>,
    /// The threads that carry connections.
    pub workers: Workers,
    /// Where the gateway itself listens; see [`App::listens_on`].
    own_addresses: OnceLock<Vec<SocketAddr>>,
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
