//! A connection to an upstream: name, address, TCP and TLS under one deadline, counted. The only way out of the gateway:
//! what `address` refuses is not connected to.

use super::Failure;
use super::address::AddressRefused;
use super::resolve::{ResolveError, Resolver};
use super::tls::TlsSettings;
use http::{Response, Uri, Version};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use rustls::pki_types::ServerName;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tower::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Boxed<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

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

/// Which versions of HTTP are offered to an upstream that speaks TLS (ALPN).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// HTTP/2, else HTTP/1.1.
    Any,
    /// HTTP/1.1 only: for what HTTP/2 cannot carry, a connection that is upgraded.
    Http1,
}

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

/// What all connections have in common.
#[derive(Clone)]
pub struct Dial {
    /// Knows addresses and which of them are refused.
    pub resolver: Resolver,
    /// For everything from the name to the end of the TLS handshake.
    pub limit: Duration,
    /// Where connections are counted.
    pub counts: Arc<ConnectionCounts>,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = ResolveError;
    type Future = Boxed<Self::Response, ResolveError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ResolveError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.resolve(name.as_str()).await?;
            let sockets: Vec<_> = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect();
            Ok(sockets.into_iter())
        })
    }
}

/// Opens plain connections, with one deadline over name resolution and TCP, and counts them.
#[derive(Clone)]
pub(super) struct Tcp {
    inner: HttpConnector<Resolver>,
    dial: Dial,
}

/// A connection on its way.
pub(super) type Opening = Boxed<Opened, Failure>;

/// A connection, and that it is counted.
pub(super) type Opened = (tokio::net::TcpStream, Open);

impl Tcp {
    pub(super) fn new(dial: Dial) -> Self {
        Self {
            inner: connector(&dial),
            dial,
        }
    }

    /// Connects to a host; fails with why there is no connection.
    pub(super) fn open(&self, uri: &Uri) -> Opening {
        if self.dial.refuses(uri).is_some() {
            return Box::pin(std::future::ready(Err(Failure::AddressRefused)));
        }
        let mut inner = self.inner.clone();
        let (uri, limit, counts) = (uri.clone(), self.dial.limit, self.dial.counts.clone());
        Box::pin(async move {
            let connecting = async {
                std::future::poll_fn(|cx| inner.poll_ready(cx)).await?;
                inner.call(uri).await
            };
            let connected = tokio::time::timeout(limit, connecting).await;
            let stream = connected.map_err(|_| Failure::ConnectTimeout)?;
            let stream = stream.map_err(|error| Failure::of_connect(&error))?;
            Ok((stream.into_inner(), Open::count(counts)))
        })
    }
}

impl Dial {
    /// Whether a host's address is written out and refused; it would never come to the resolver.
    fn refuses(&self, uri: &Uri) -> Option<AddressRefused> {
        self.resolver.check_literal(uri.host().unwrap_or_default()).err()
    }
}

fn connector(dial: &Dial) -> HttpConnector<Resolver> {
    let mut tcp = HttpConnector::new_with_resolver(dial.resolver.clone());
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(Duration::from_secs(60)));
    // Divided among the addresses of a name, so that one that hangs leaves time for the next.
    tcp.set_connect_timeout(Some(dial.limit));
    tcp
}

/// A connector with one deadline over name resolution, TCP and TLS, that counts what it opens.
#[derive(Clone)]
pub(super) struct Connect {
    inner: HttpsConnector<HttpConnector<Resolver>>,
    dial: Dial,
}

impl Connect {
    pub(super) fn new(dial: Dial, tls: &TlsSettings, offer: Offer) -> Self {
        let tcp = connector(&dial);
        let schemes = HttpsConnectorBuilder::new()
            .with_tls_config(tls.config.clone())
            .https_or_http();
        let name = tls.server_name.clone().map(ServerName::try_from).and_then(Result::ok);
        let schemes = match name {
            Some(name) => schemes.with_server_name_resolver(FixedServerNameResolver::new(name)),
            None => schemes,
        };
        let inner = match offer {
            Offer::Any => schemes.enable_all_versions().wrap_connector(tcp),
            Offer::Http1 => schemes.enable_http1().wrap_connector(tcp),
        };
        Self { inner, dial }
    }
}

type Stream = hyper_rustls::MaybeHttpsStream<hyper_util::rt::TokioIo<tokio::net::TcpStream>>;

impl Service<Uri> for Connect {
    type Response = Counted;
    type Error = BoxError;
    type Future = Boxed<Counted, BoxError>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        if let Some(refused) = self.dial.refuses(&uri) {
            return Box::pin(std::future::ready(Err(AddressRefused::into(refused))));
        }
        let connecting = tokio::time::timeout(self.dial.limit, self.inner.call(uri));
        let counts = self.dial.counts.clone();
        Box::pin(async move {
            let stream = connecting.await.map_err(|_| ConnectTimedOut)??;
            let cut = Cut::default();
            Ok(Counted {
                stream,
                cut,
                _open: Open::count(counts),
            })
        })
    }
}

/// Ends a connection of the library's whose answers can no longer be told apart. Each response carries that of its
/// connection.
///
/// The library may have put the connection back for the next request before anybody looked at the response. It reads
/// before it writes: a request that comes meanwhile finds the connection closed, and is sent on another one.
#[derive(Clone, Debug, Default)]
pub struct Cut(Arc<AtomicBool>);

impl Cut {
    /// Ends the connection that a response came on, unless it carries other requests as well.
    pub(super) fn cut<B>(response: &Response<B>) {
        if response.version() != Version::HTTP_2
            && let Some(cut) = response.extensions().get::<Self>()
        {
            cut.0.store(true, Ordering::Relaxed);
        }
    }
}

/// A connection is counted as closed when this is dropped with it.
pub(super) struct Open(Arc<ConnectionCounts>);

impl Open {
    fn count(counts: Arc<ConnectionCounts>) -> Self {
        counts.opened.fetch_add(1, Ordering::Relaxed);
        Self(counts)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.closed.fetch_add(1, Ordering::Relaxed);
    }
}

/// A connection of the library's.
pub(super) struct Counted {
    stream: Stream,
    cut: Cut,
    _open: Open,
}

impl Connection for Counted {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(self.cut.clone());
        if self.stream.connected().is_negotiated_h2() {
            connected.negotiated_h2()
        } else {
            connected
        }
    }
}

impl hyper::rt::Read for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.cut.0.load(Ordering::Relaxed) {
            // The end, as far as the library can tell.
            return Poll::Ready(Ok(()));
        }
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
