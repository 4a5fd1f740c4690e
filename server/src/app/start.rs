//! Makes the running gateway from its configuration: every room in the order in which they need each other.

use super::App;
use crate::admin_token::stored::{self, TokenError};
use crate::api_keys::VALUE_CHARS;
use crate::audit_log::{AuditLog, OpenAuditError, retention};
use crate::config::LiveConfig;
use crate::db::{Db, DbError, OpenError};
use crate::rate_limit::{LimitClock, RateLimits};
use crate::secrets::{SecretBox, UnlockError};
use crate::snapshot::SnapshotCell;
use crate::telemetry::figures;
use crate::upstream::{OwnCalls, UpstreamClient, client::ClientSettings, own_calls::SetUpError};
use secrecy::SecretString;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

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
    /// The gateway could not call anybody itself.
    #[error(transparent)]
    OwnCalls(#[from] SetUpError),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
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
        let upstream = UpstreamClient::new(ClientSettings {
            connect_timeout: Duration::from_secs(config.proxy.connect_timeout.into()),
            pool_idle: Duration::from_secs(config.proxy.pool_idle_seconds),
            pool_max_idle_per_host: config.proxy.pool_max_idle_per_host,
        })?;
        let own_calls = OwnCalls::new(Duration::from_secs(config.proxy.connect_timeout.into()))?;
        let app = Arc::new(Self {
            config,
            snapshot: SnapshotCell::default(),
            db,
            audit,
            secrets,
            upstream,
            own_calls,
            limits: RateLimits::new(LimitClock::monotonic()),
            admin_token,
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
        figures.audit_records_lost.absolute(self.audit.lost());
        let connections = self.upstream.connections();
        figures.upstream_connections_opened.absolute(connections.opened());
        figures.upstream_connections_open.set(connections.open() as f64);
        figures.render()
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
        tokio::spawn(retention::run(self.db.clone(), self.config.clone()));
    }
}
