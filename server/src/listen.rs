//! The front of the house: accepts connections, bounds how long a client may be silent, and sends each request to its
//! door. Which door serves what is the contract's Paths of the one listener.

mod connection;
mod gate_body;

use crate::app::App;
use crate::client::{ClientAddress, TrustedProxies};
use crate::proxy::{self, accept::Sender};
use crate::request_id::{self, RequestId};
use axum::Router;
use connection::{ClientStream, Phases, Timeouts};
use futures_util::FutureExt;
use gate_body::GateBody;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Header fields of one request at most (431 above).
const MAX_HEADERS: usize = 128;

/// Which doors a listener has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doors {
    /// All of them.
    All,
    /// The proxy and `/health*`; the rest is behind `server.admin_port`.
    Proxy,
    /// All but the proxy.
    Admin,
}

/// What all connections of a listener share.
pub struct Gate {
    app: Arc<App>,
    /// Dashboard, admin REST, health, metrics.
    router: Router,
    doors: Doors,
    trusted: TrustedProxies,
    timeouts: Timeouts,
    max_header_bytes: usize,
    connections: Arc<Semaphore>,
}

impl Gate {
    /// A gate for one listener.
    #[must_use]
    pub fn new(app: Arc<App>, router: Router, doors: Doors) -> Self {
        let server = &app.config.server;
        let timeouts = Timeouts {
            head: Duration::from_secs(server.header_timeout_seconds),
            keep_alive: Duration::from_secs(server.keep_alive_seconds),
        };
        Self {
            trusted: TrustedProxies::new(&server.trusted_proxies),
            timeouts,
            max_header_bytes: server.max_header_bytes,
            connections: Arc::new(Semaphore::new(server.max_connections)),
            app,
            router,
            doors,
        }
    }

    /// Whether a path belongs to the proxy.
    fn is_proxied(&self, path: &str) -> bool {
        let is_health = path == "/health" || path.starts_with("/health/");
        match self.doors {
            Doors::Admin => false,
            Doors::Proxy => !is_health,
            Doors::All => !(is_health || path == "/metrics" || path == "/admin" || path.starts_with("/admin/")),
        }
    }

    /// One request, to its door and back.
    async fn serve(self: Arc<Self>, request: Request<Incoming>, peer: SocketAddr, phases: Arc<Phases>) -> Served {
        let started = Instant::now();
        let busy = phases.busy();
        let peer = self.trusted.peer(peer.ip());
        let client_ip = self.trusted.client_address(request.headers(), peer);
        let request_id = RequestId::from_headers(request.headers());
        let id = request_id.to_header();
        let answer = if self.is_proxied(request.uri().path()) {
            let sender = Sender {
                request_id,
                peer,
                client_ip,
            };
            // Boxed, so that the state of an idle connection stays small.
            let journey = Box::pin(proxy::handle(&self.app, request, sender, started));
            AssertUnwindSafe(journey)
                .catch_unwind()
                .await
                .map(|response| response.map(GateBody::from))
        } else {
            let mut request = request.map(axum::body::Body::new);
            request.extensions_mut().insert(request_id);
            request.extensions_mut().insert(ClientAddress { peer, ip: client_ip });
            let answer = Box::pin(self.router.clone().oneshot(request));
            AssertUnwindSafe(answer)
                .catch_unwind()
                .await
                .map(|response| match response {
                    Ok(response) => response.map(GateBody::from),
                })
        };
        // The panic hook has logged what happened; it costs this one request.
        let mut response = answer.unwrap_or_else(|_| internal_error(&id));
        response.headers_mut().entry(request_id::HEADER).or_insert(id);
        Ok(response.map(|body| body.until_end(busy)))
    }
}

type Served = Result<Response<GateBody>, Infallible>;

fn internal_error(id: &HeaderValue) -> Response<GateBody> {
    let error = proxy::error::ProxyError::Internal;
    let mut response = Response::new(GateBody::text(error.body(id.to_str().unwrap_or_default())));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Accepts connections until `stop`, then lets the requests in flight end. Resolves when the last connection is closed;
/// dropped before that, it cuts off those that are left.
pub async fn serve(listener: TcpListener, gate: Arc<Gate>, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &gate.connections) => accepted,
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                let connection = graceful.watch(connection(stream, peer, gate.clone()));
                connections.spawn(async move {
                    // What ends a connection early is the client's affair; the requests on it have their own records.
                    if let Err(error) = connection.await {
                        tracing::debug!(%peer, %error, "Connection ended");
                    }
                    drop(permit);
                });
            }
            Err(error) => refused_by_system(&error).await,
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

type Permit = tokio::sync::OwnedSemaphorePermit;

/// A connection, once there is room for one: above `server.max_connections` clients wait in the system's queue.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> io::Result<(TcpStream, SocketAddr, Permit)> {
    let permit = room.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, permit))
}

/// Out of descriptors or memory: waits a moment instead of spinning. What only concerns one connection is passed over.
async fn refused_by_system(error: &io::Error) {
    use io::ErrorKind as K;
    if matches!(
        error.kind(),
        K::ConnectionAborted | K::ConnectionReset | K::ConnectionRefused | K::InvalidInput
    ) {
        return;
    }
    tracing::error!(%error, "Cannot accept connections; trying again");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    gate: Arc<Gate>,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send {
    let phases = Arc::new(Phases::default());
    let stream = ClientStream::new(stream, phases.clone(), gate.timeouts);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        // `ClientStream` bounds the head, and idle connections by a limit of their own.
        .header_read_timeout(None)
        .max_headers(MAX_HEADERS)
        .max_buf_size(gate.max_header_bytes.max(8192));
    let service = service_fn(move |request| gate.clone().serve(request, peer, phases.clone()));
    http.serve_connection(stream, service)
}
