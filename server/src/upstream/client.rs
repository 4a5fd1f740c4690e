//! The pooled client: sends a request to one upstream and hands back the response with its body still flowing.
//!
//! No redirects are followed, no proxy environment variable is read, nothing is decompressed. A pooled connection that
//! turns out to be closed before a byte was written is replaced silently; every other retry is decided by `retry`.

use crate::body::replay::AttemptBody;
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tower::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The client. Cheap to clone; all clones share one pool.
#[derive(Clone)]
pub struct UpstreamClient {
    client: Client<Connect, AttemptBody>,
    connections: Arc<ConnectionCounts>,
}

/// How the client treats its connections.
#[derive(Clone, Copy, Debug)]
pub struct ClientSettings {
    /// Limit for name resolution + TCP + TLS.
    pub connect_timeout: Duration,
    /// How long an idle connection is kept.
    pub pool_idle: Duration,
    /// Idle connections for each host.
    pub pool_max_idle_per_host: usize,
}

/// Connections to upstreams since the start.
#[derive(Debug, Default)]
pub struct ConnectionCounts {
    opened: AtomicU64,
    closed: AtomicU64,
}

/// Connecting took longer than `proxy.connect_timeout`.
#[derive(Debug, thiserror::Error)]
#[error("connecting took too long")]
pub struct ConnectTimedOut;

impl ConnectionCounts {
    /// Connections opened since the start.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Connections that are open now.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.opened().saturating_sub(self.closed.load(Ordering::Relaxed))
    }
}

impl UpstreamClient {
    /// Makes the client.
    ///
    /// # Errors
    /// When the TLS provider cannot be set up.
    pub fn new(settings: ClientSettings) -> Result<Self, rustls::Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_secs(60)));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls_config()?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let connections = Arc::new(ConnectionCounts::default());
        let connect = Connect {
            inner: https,
            limit: settings.connect_timeout,
            counts: connections.clone(),
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(settings.pool_idle)
            .pool_max_idle_per_host(settings.pool_max_idle_per_host)
            .http1_max_headers(256)
            .set_host(false)
            .retry_canceled_requests(true)
            .build(connect);
        Ok(Self { client, connections })
    }

    /// Sends a request; resolves when the response's head is there. Dropping the future cancels the request.
    ///
    /// # Errors
    /// Whatever kept the head from arriving; see [`super::Failure::of`].
    pub async fn send(
        &self,
        request: Request<AttemptBody>,
    ) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
        self.client.request(request).await
    }

    /// Connections to upstreams, for `/metrics`.
    #[must_use]
    pub fn connections(&self) -> &ConnectionCounts {
        &self.connections
    }
}

/// TLS towards upstreams: the system's certificates, no client certificate.
pub(super) fn tls_config() -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(root_certificates())
        .with_no_client_auth())
}

/// The machine's trusted certificates, so that a company's own authority is believed; Mozilla's where the machine has
/// none (a minimal container).
fn root_certificates() -> rustls::RootCertStore {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

/// A connector with one deadline over name resolution, TCP and TLS, that counts what it opens.
#[derive(Clone)]
struct Connect {
    inner: HttpsConnector<HttpConnector>,
    limit: Duration,
    counts: Arc<ConnectionCounts>,
}

type Stream = hyper_rustls::MaybeHttpsStream<hyper_util::rt::TokioIo<tokio::net::TcpStream>>;

impl Service<Uri> for Connect {
    type Response = Counted;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Counted, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = tokio::time::timeout(self.limit, self.inner.call(uri));
        let counts = self.counts.clone();
        Box::pin(async move {
            let stream = connecting.await.map_err(|_| ConnectTimedOut)??;
            counts.opened.fetch_add(1, Ordering::Relaxed);
            Ok(Counted { stream, counts })
        })
    }
}

/// A connection that is counted as closed when it is dropped.
struct Counted {
    stream: Stream,
    counts: Arc<ConnectionCounts>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.counts.closed.fetch_add(1, Ordering::Relaxed);
    }
}

impl Connection for Counted {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

impl hyper::rt::Read for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl hyper::rt::Write for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }
}
