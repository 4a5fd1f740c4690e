//! Opens the listeners, says where they are, and lets the gateway end in order. What signals do is in `shutdown`.

use crate::app::{App, StartError, Started};
use crate::config::{self, LiveConfig, Loaded, Sources};
use crate::doors;
use crate::listen::{self, CertificateError, Certificates, Doors, Gate};
use crate::shutdown::{Lifecycle, Reloader, Signals};
use crate::telemetry::LevelControl;
use secrecy::ExposeSecret as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How long the last audit records get to reach the disk when the process ends.
const FLUSH_LIMIT: Duration = Duration::from_secs(10);

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {reason}")]
pub struct ListenError {
    address: SocketAddr,
    reason: io::Error,
}

/// Why the gateway does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A listener cannot be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The gateway cannot be put together.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Opens everything, and serves until a signal says stop.
///
/// # Errors
/// Whatever keeps it from starting.
pub async fn until_told(
    loaded: Loaded,
    sources: Sources,
    signals: Signals,
    level: LevelControl,
) -> Result<(), ServeError> {
    let certificates = Certificates::load(&loaded.config.server.tls)?;
    // First: a port in use must not touch the database.
    let listeners = Listeners::open(&loaded.config.server).await?;
    let started = App::start(LiveConfig::of(&loaded)).await?;
    started.app.listens_on(listeners.addresses());
    let lifecycle = Lifecycle::default();
    let reloader = Reloader {
        sources,
        loaded,
        level,
        certificates: certificates.clone(),
    };
    tokio::spawn(certificates.clone().watch(started.app.config.clone()));
    tokio::spawn(signals.watch(started.app.clone(), lifecycle.clone(), reloader));
    listeners.announce(&started);
    listeners.serve(started.app, lifecycle, certificates).await;
    Ok(())
}

/// The open listeners. They take connections from now on; [`Listeners::serve`] answers them.
pub struct Listeners {
    open: Vec<(TcpListener, SocketAddr, Doors)>,
    secure: bool,
}

impl Listeners {
    /// Opens them: one for all doors, or with `server.admin_port` one for the proxy and one for the rest.
    ///
    /// # Errors
    /// When an address cannot be used.
    pub async fn open(server: &config::Server) -> Result<Self, ListenError> {
        let wanted = match server.admin_port {
            None => vec![(server.port, Doors::All)],
            Some(admin_port) => vec![(server.port, Doors::Proxy), (admin_port, Doors::Admin)],
        };
        let mut open = Vec::new();
        for (port, doors) in wanted {
            let address = SocketAddr::new(server.host, port);
            let fail = |reason| ListenError { address, reason };
            let listener = TcpListener::bind(address).await.map_err(fail)?;
            let address = listener.local_addr().map_err(fail)?;
            open.push((listener, address, doors));
        }
        Ok(Self {
            open,
            secure: server.tls.is_on(),
        })
    }

    /// Where they listen.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.open.iter().map(|(_, address, _)| *address)
    }

    /// Says in the log where the gateway listens, and shows a new token, once, on stderr.
    pub fn announce(&self, started: &Started) {
        let dashboard = self.dashboard();
        if let Some(token) = &started.new_token {
            let token = token.expose_secret();
            // A closed stderr is no reason to stop; `fastgate admin-token --rotate` makes another token.
            let _ = writeln!(
                io::stderr(),
                "\nNo admin token is configured, so one was generated. It is shown only now:\n\n    {token}\n\n\
                 Sign in with it at {dashboard}\n"
            );
        }
        for (_, address, doors) in &self.open {
            tracing::info!(%address, ?doors, tls = self.secure, "Listening");
        }
        let version = env!("CARGO_PKG_VERSION");
        let start_ms = u64::try_from(started.app.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(version, dashboard, start_ms, "Ready");
    }

    /// Where a browser on this machine finds the dashboard.
    fn dashboard(&self) -> String {
        let address = self
            .open
            .iter()
            .find(|(_, _, doors)| *doors != Doors::Proxy)
            .map(|(_, address, _)| *address);
        let host = match address {
            Some(address) if address.ip().is_unspecified() => format!("localhost:{}", address.port()),
            Some(address) => address.to_string(),
            None => String::new(),
        };
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{host}/admin/dashboard")
    }

    /// Serves until the lifecycle says stop; then lets requests in flight end within `server.drain_seconds`, and writes
    /// every audit record.
    pub async fn serve(self, app: Arc<App>, lifecycle: Lifecycle, certificates: Certificates) {
        let router = doors::router(app.clone());
        let mut serving = JoinSet::new();
        for (listener, _, doors) in self.open {
            let gate = Gate::new(app.clone(), router.clone(), doors, certificates.clone());
            let gate = Arc::new(gate);
            serving.spawn(listen::serve(listener, gate, lifecycle.stop_token().clone()));
        }
        lifecycle.stop_accepting().await;
        let drain_seconds = app.config.server.drain_seconds;
        let drained = async { while serving.join_next().await.is_some() {} };
        if tokio::time::timeout(Duration::from_secs(drain_seconds), drained)
            .await
            .is_err()
        {
            tracing::warn!(drain_seconds, "Requests in flight are cut off");
            app.audit.live.cut_off();
            serving.shutdown().await;
            all_recorded(&app).await;
        }
        if tokio::time::timeout(FLUSH_LIMIT, app.audit.flush()).await.is_err() {
            tracing::error!("The database did not take the last audit records");
        }
        tracing::info!("Ended");
    }
}

/// Waits until each request that was cut off has left its record; the tasks end by themselves, within milliseconds.
async fn all_recorded(app: &App) {
    let recorded = async {
        while app.audit.live.in_flight() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(1), recorded).await.is_err() {
        tracing::error!("Some requests that were cut off are not recorded");
    }
}
