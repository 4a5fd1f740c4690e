//! The life of the process: what SIGTERM, SIGINT and SIGHUP do. Who accepts connections and lets them end is `listen`.

use crate::app::App;
use crate::config::{LiveConfig, Loaded, Sources, live};
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
    /// Where the new values go.
    pub config: LiveConfig,
    /// The log's level, which is not read from `config`.
    pub level: LevelControl,
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
                Some(()) = self.hang_up.recv() => reloader.reload(&app),
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
    fn reload(&mut self, app: &App) {
        let read = match self.sources.load() {
            Ok(read) => read,
            Err(problems) => {
                for problem in &problems.0 {
                    tracing::error!(%problem, "Configuration refused; nothing changed");
                }
                return;
            }
        };
        match live::reload(&self.loaded, read) {
            Ok(done) => self.put_in_force(app, done),
            Err(problem) => tracing::error!(%problem, "Configuration refused; nothing changed"),
        }
    }

    fn put_in_force(&mut self, app: &App, done: live::Reloaded) {
        use crate::config::values::log_filter;
        use secrecy::ExposeSecret as _;

        let names =
            |keys: &[&'static crate::config::keys::Key]| keys.iter().map(|key| key.path).collect::<Vec<_>>().join(", ");
        self.config.replace(done.loaded.config.clone());
        if let Some(filter) = log_filter(&done.loaded.config.logging.level) {
            self.level.set(filter);
        }
        if done.changed.iter().any(|key| key.path == "security.admin_token")
            && let Some(token) = &done.loaded.config.security.admin_token
        {
            app.admin_token.replace(crate::admin_token::hash(token.expose_secret()));
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
