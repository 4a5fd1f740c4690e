//! The life of the process: what SIGTERM, SIGINT and SIGHUP do. Who accepts connections and lets them end is `listen`.

use crate::admin_token::stored;
use crate::app::App;
use crate::config::keys::Key;
use crate::config::live::{self, Reloaded};
use crate::config::values::log_filter;
use crate::config::{Loaded, Problem, Sources};
use crate::listen::Certificates;
use crate::telemetry::LevelControl;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// The exit code of a process that was told twice to end: 128 + SIGINT, as shells expect.
const TOLD_TWICE: i32 = 130;

/// Where the process is in its life: serving, not ready any more, or not accepting any more.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    draining: CancellationToken,
    stop: CancellationToken,
}

impl Lifecycle {
    /// Whether the process has been told to end. Readiness says 503 then.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Ends when no further connection must be accepted.
    pub fn stop_accepting(&self) -> WaitForCancellationFuture<'_> {
        self.stop.cancelled()
    }

    /// Cancelled when no further connection must be accepted.
    #[must_use]
    pub fn stop_token(&self) -> &CancellationToken {
        &self.stop
    }

    /// Ready no more, though still accepting: load balancers get time to notice.
    pub fn drain(&self) {
        self.draining.cancel();
    }

    /// No further connections.
    pub fn stop(&self) {
        self.draining.cancel();
        self.stop.cancel();
    }
}

/// The signals that this process listens to. Made before the listener opens, so that none is missed.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// Reads the configuration again at a SIGHUP.
pub struct Reloader {
    /// Where from.
    pub sources: Sources,
    /// What is in force.
    pub loaded: Loaded,
    /// The log's level, which is not read from `config`.
    pub level: LevelControl,
    /// The listener's certificates.
    pub certificates: Certificates,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for a signal to end, reloading at each SIGHUP; then drains and stops accepting. A second signal ends the
    /// process at once. Returns only when the process ends by itself, so: spawn it.
    pub async fn watch(mut self, app: Arc<App>, lifecycle: Lifecycle, mut reloader: Reloader) {
        loop {
            tokio::select! {
                Some(()) = self.hang_up.recv() => reloader.reload(&app).await,
                () = Self::told_to_end(&mut self.terminate, &mut self.interrupt) => break,
            }
        }
        app.draining.store(true, Ordering::Relaxed);
        lifecycle.drain();
        let delay = app.config.server.shutdown_delay_seconds;
        tracing::info!(delay_seconds = delay, "Ending: not ready any more");
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(delay)) => {}
            () = Self::told_to_end(&mut self.terminate, &mut self.interrupt) => exit_at_once(),
        }
        lifecycle.stop();
        Self::told_to_end(&mut self.terminate, &mut self.interrupt).await;
        exit_at_once();
    }

    async fn told_to_end(terminate: &mut Signal, interrupt: &mut Signal) {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

impl Reloader {
    /// Puts in force what can change while running. An invalid file changes nothing.
    async fn reload(&mut self, app: &App) {
        let refuse = |problem: &Problem| tracing::error!(%problem, "Configuration refused; nothing changed");
        match self.sources.load().map(|read| live::reload(&self.loaded, read)) {
            Ok(Ok(done)) => self.put_in_force(app, done).await,
            Ok(Err(problem)) => refuse(&problem),
            Err(problems) => problems.0.iter().for_each(refuse),
        }
    }

    async fn put_in_force(&mut self, app: &App, done: Reloaded) {
        let names = |keys: &[&'static Key]| keys.iter().map(|key| key.path).collect::<Vec<_>>().join(", ");
        let config = &done.loaded.config;
        app.config.replace(&done.loaded);
        if let Some(filter) = log_filter(&config.logging.level) {
            self.level.set(filter);
        }
        self.certificates.reload(&config.server.tls).await;
        // Also without a change: `fastgate admin-token --rotate` may have stored another token.
        match stored::current(&config.security, &app.db).await {
            Ok(Some(hash)) => app.admin_token.replace(hash),
            Ok(None) => tracing::warn!("No admin token is configured or stored; the old one stays accepted"),
            Err(error) => tracing::error!(%error, "The admin token stays as it was"),
        }
        match app.take_new_key().await {
            Ok(true) => tracing::info!("The encryption key of a rotation is in force"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "The encryption key stays as it was"),
        }
        // Limits are compiled into keys and routes.
        if let Err(error) = app.load_snapshot().await {
            tracing::error!(error = error.cause(), "Keys and routes stay as they were");
        }
        self.loaded = done.loaded;
        tracing::info!(changed = names(&done.changed), "Configuration read again");
        if !done.need_restart.is_empty() {
            tracing::warn!(keys = names(&done.need_restart), "Changes that need a restart");
        }
    }
}

fn exit_at_once() {
    std::process::exit(TOLD_TWICE);
}
