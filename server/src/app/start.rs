//! Makes the running gateway from its configuration: every room in the order in which they need each other.

use super::App;
use crate::admin_token::stored::{self, TokenError};
use crate::admin_token::throttle::Throttle;
use crate::api_keys::VALUE_CHARS;
use crate::audit_log::{AuditLog, OpenAuditError, checkpoints, retention};
use crate::concurrency::Concurrency;
use crate::config::LiveConfig;
use crate::db::{Db, DbError, OpenError};
use crate::oidc::IdentityProvider;
use crate::rate_limit::{LimitClock, RateLimits};
use crate::secrets::{SecretBox, UnlockError};
use crate::snapshot::SnapshotCell;
use crate::telemetry::route_figures::UNROUTED;
use crate::telemetry::{Exposition, KnownFigures, RouteFigures, TargetFigures, figures};
use crate::upstream::client::ClientSettings;
use crate::upstream::resolve::{Lookup, SystemLookup};
use crate::upstream::{HealthChecks, Targets, UpstreamClient};
use crate::workers::Workers;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// How often the requests in flight are looked through for those that last.
const SWEEP: Duration = Duration::from_millis(250);

/// Why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database cannot be read or written.
    #[error("the database cannot be used: {}", .0.cause())]
    Database(#[from] DbError),
    /// The stored credentials cannot be decrypted.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
    /// The audit log cannot be opened.
    #[error(transparent)]
    Audit(#[from] OpenAuditError),
    /// The system gives no threads.
    #[error("no threads for connections: {0}")]
    Workers(#[source] std::io::Error),
    /// The identity provider cannot be called.
    #[error("no calls to the identity provider: {0}")]
    Identity(String),
    /// There is no admin token to accept.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// A gateway that is ready to serve.
pub struct Started {
    /// The gateway.
    pub app: Arc<App>,
    /// The admin token, when this is the first start and none was configured: to be shown once.
    pub new_token: Option<SecretString>,
}

impl App {
    /// Opens the database, unlocks the secrets, starts the audit log, and loads keys and routes.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: LiveConfig) -> Result<Started, StartError> {
        Self::start_with(config, Arc::new(SystemLookup)).await
    }

    /// As [`App::start`], with somebody else who knows the addresses of upstreams.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start_with(config: LiveConfig, lookup: Arc<dyn Lookup>) -> Result<Started, StartError> {
        let started = Instant::now();
        let database = config.database.clone();
        let db = tokio::task::spawn_blocking(move || Db::open(&database))
            .await
            .map_err(|_| DbError::Unavailable("opening the database broke off".to_owned()))??;
        let secrets = SecretBox::unlock(&config, &db).await?;
        let mut audit = AuditLog::open(&db, &config.audit).await?;
        audit
            .redactor
            .hide_keys(&config.security.key_prefix, VALUE_CHARS)
            .map_err(OpenAuditError::from)?;
        let (admin_token, new_token) = stored::establish(&config.security, &db).await?;
        let workers = Workers::start(config.server.worker_threads).map_err(StartError::Workers)?;
        let upstream = upstream_client(&config, &workers, lookup);
        let identity = IdentityProvider::of(&config.oidc, upstream.resolver()).map_err(StartError::Identity)?;
        let app = Arc::new(Self {
            config,
            snapshot: SnapshotCell::default(),
            db,
            audit,
            secrets,
            upstream,
            workers,
            health_checks: HealthChecks::new(Handle::current()),
            limits: RateLimits::new(LimitClock::monotonic()),
            concurrency: Concurrency::default(),
            targets: Targets::default(),
            route_figures: KnownFigures::default(),
            admin_token,
            wrong_tokens: Throttle::with_calls(),
            identity,
            own_addresses: OnceLock::new(),
            started,
            draining: AtomicBool::new(false),
            changes: Arc::default(),
        });
        app.load_snapshot().await?;
        app.keep_house();
        Ok(Started { app, new_token })
    }

    /// The figures of `/metrics`, with those that are only read when asked for.
    #[must_use]
    pub fn metrics_text(&self) -> String {
        let figures = figures();
        figures.in_flight.set(self.audit.live.in_flight() as f64);
        figures.audit_queue_records.set(self.audit.depth() as f64);
        figures.audit_queue_bytes.set(self.audit.depth_bytes() as f64);
        let (records, bytes) = self.audit.spilled();
        figures.audit_spill_records.set(records as f64);
        figures.audit_spill_bytes.set(bytes as f64);
        figures.audit_records_lost.absolute(self.audit.lost());
        let connections = self.upstream.connections();
        figures.upstream_connections_opened.absolute(connections.opened());
        figures.upstream_connections_open.set(connections.open() as f64);
        figures.render() + &self.figures_of_routes()
    }

    /// Those of the routes and targets in the snapshot.
    fn figures_of_routes(&self) -> String {
        let snapshot = self.snapshot.load();
        let mut of_routes = BTreeMap::from([(UNROUTED, &*figures().unrouted)]);
        let mut of_targets = TargetFigures::default();
        let now = Instant::now();
        for route in snapshot.routes.all_in_order() {
            of_routes.insert(&route.name, &*route.figures);
            for target in route.plan.targets.iter().filter(|target| target.weight > 0) {
                of_targets.add(&route.name, &target.label, &target.state.status(now));
            }
        }
        let mut text = Exposition::default();
        let of_routes: Vec<(&str, &RouteFigures)> = of_routes.into_iter().collect();
        RouteFigures::expose(&of_routes, &mut text);
        of_targets.expose(&mut text);
        text.into_text()
    }

    /// The tasks that go on beside the requests. They end with the process: each holds the gateway only weakly.
    fn keep_house(self: &Arc<Self>) {
        let app = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut every = tokio::time::interval(SWEEP);
            loop {
                every.tick().await;
                let Some(app) = app.upgrade() else { return };
                app.audit.live.sweep(Instant::now(), |record| app.audit.started(record));
            }
        });
        tokio::spawn(figures().keep_up());
        tokio::spawn(checkpoints::run(self.db.clone()));
        tokio::spawn(retention::run(self.db.clone(), self.config.clone()));
    }
}

fn upstream_client(config: &LiveConfig, workers: &Workers, lookup: Arc<dyn Lookup>) -> UpstreamClient {
    let settings = ClientSettings {
        workers: workers.count(),
        connect_timeout: Duration::from_secs(config.proxy.connect_timeout.into()),
        dns_timeout: Duration::from_secs(config.proxy.dns_timeout.into()),
        pool_idle: Duration::from_secs(config.proxy.pool_idle_seconds),
        pool_max_idle_per_host: config.proxy.pool_max_idle_per_host,
        max_response_headers: config.proxy.max_response_headers,
        allowed_networks: config.security.allow_upstream_networks.clone(),
    };
    UpstreamClient::new(settings, lookup)
}
