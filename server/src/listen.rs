//! The front of the house: accepts connections, bounds how long a client may be silent, and sends each request to its
//! door. Which door serves what is the contract's Paths of the one listener.

mod certificates;
mod client_stream;
mod ending;
mod farewell;
mod gate_body;
mod http2;
mod http2_heads;
mod lingering;
mod opening;
mod phases;
pub mod proxy_protocol;
mod room;
mod socket;
mod unreadable;
mod versions;

pub use certificates::{CertificateError, Certificates, checked};

use crate::app::App;
use crate::client::{ClientAddress, TrustedProxies};
use crate::config::ProxyProtocol;
use crate::message::forwarded::Peer;
use crate::proxy::{self, Answer, accept::Sender};
use crate::request_id::{self, RequestId};
use axum::Router;
use ending::Ending;
use futures_util::FutureExt;
use gate_body::GateBody;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use phases::{Phases, Timeouts};
use room::{Place, Room};
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use versions::Versions;

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
    versions: Versions,
    certificates: Certificates,
    proxy_protocol: ProxyProtocol,
    room: Room,
}

impl Gate {
    /// A gate for one listener.
    #[must_use]
    pub fn new(app: Arc<App>, router: Router, doors: Doors, certificates: Certificates) -> Self {
        let server = &app.config.server;
        let timeouts = Timeouts {
            head: Duration::from_secs(server.header_timeout_seconds),
            keep_alive: Duration::from_secs(server.keep_alive_seconds),
        };
        Self {
            trusted: TrustedProxies::new(&server.trusted_proxies),
            timeouts,
            max_header_bytes: server.max_header_bytes,
            versions: Versions::new(server.max_header_bytes),
            certificates,
            proxy_protocol: server.proxy_protocol,
            room: Room::new(server.max_connections),
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
    async fn serve(self: Arc<Self>, mut request: Request<Incoming>, peer: Peer, phases: Arc<Phases>) -> Served {
        let started = std::time::Instant::now();
        let mut busy = phases.busy();
        let mut large = false;
        let version = request.version();
        let interim = (version == Version::HTTP_11).then(|| phases.outlet.clone());
        if version == Version::HTTP_2 {
            http2::settle(&mut request);
            large = http2::is_large(request.headers(), self.max_header_bytes);
        }
        let client_ip = self.trusted.client_address(request.headers(), peer);
        let request_id = RequestId::from_headers(request.headers(), |id| self.app.audit.redactor.shows_key(id));
        let id = request_id.to_header();
        let answer = if large || self.is_proxied(request.uri().path()) {
            let sender = Sender {
                request_id,
                peer,
                client_ip,
                interim,
            };
            if large {
                return Box::pin(unreadable::refuse_large_head(&self, request, sender, busy)).await;
            }
            // Boxed, so that the state of an idle connection stays small.
            let journey = Box::pin(proxy::handle(&self.app, request, sender, started));
            let answer = AssertUnwindSafe(journey).catch_unwind().await;
            phases.outlet.close();
            match answer {
                Ok(Answer::Response(response)) => {
                    let (head, body) = response.into_parts();
                    let body = match version {
                        Version::HTTP_2 => GateBody::from(body),
                        _ => GateBody::from(body).after(head.status, &head.headers),
                    };
                    Ok(Response::from_parts(head, body))
                }
                Ok(Answer::Switch(response, tunnel)) => {
                    busy.answered();
                    phases.switch(tunnel);
                    return Ok(response.map(|()| GateBody::empty()));
                }
                Err(panic) => Err(panic),
            }
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
        busy.answered();
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
    let ending = Ending::default();
    let mut connections = JoinSet::new();
    let mut complaint = Complaint::default();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &gate.room) => accepted,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                complaint.ended();
                let worker = gate.app.workers.next();
                let (gate, ending) = (gate.clone(), ending.clone());
                let carry = async move {
                    // From here on the stream is watched by the worker's own reactor.
                    if let Ok(stream) = TcpStream::from_std(stream) {
                        match &place {
                            Place::Inside(_) => connection(stream, peer, gate, ending).await,
                            Place::AtTheDoor(_) => farewell::say(stream, peer, gate, ending).await,
                        }
                    }
                    drop(place);
                };
                connections.spawn_on(carry, worker);
            }
            Err(error) => complaint.refused_by_system(&error).await,
        }
    }
    drop(listener);
    ending.begin();
    while connections.join_next().await.is_some() {}
}

/// One connection, from its first byte to its end. What ends it early is the client's affair; the requests on it have
/// their own records.
async fn connection(stream: TcpStream, address: SocketAddr, gate: Arc<Gate>, ending: Ending) {
    let accepted = Instant::now();
    // Boxed, so that a connection does not hold the room once it is open.
    let opening = Box::pin(opening::open(stream, address, &gate));
    let opened = tokio::select! {
        opened = timeout_at(accepted + gate.timeouts.head, opening) => opened,
        () = ending.begun() => return,
    };
    let opened = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => return tracing::debug!(%address, %error, "Connection not opened"),
        Err(_) => return tracing::debug!(%address, "Connection silent for too long"),
    };
    let phases = Arc::new(Phases::new(accepted));
    if let Err(error) = versions::serve(opened, phases.clone(), gate, &ending).await {
        tracing::debug!(%address, %error, "Connection ended");
    }
    if let Some(tunnel) = phases.switched() {
        // Boxed, so that the state of other connections stays small.
        Box::pin(tunnel.run()).await;
    }
}

/// A connection, once there is room for one, or for telling it that there is none.
async fn accept(listener: &TcpListener, room: &Room) -> io::Result<(StdStream, SocketAddr, Place)> {
    let place = room.place().await;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream.into_std()?, peer, room.better(place)))
}

/// Connections that the system does not hand out: told once, however often it is tried.
#[derive(Default)]
struct Complaint {
    told: bool,
}

impl Complaint {
    /// Out of descriptors or memory: waits a moment instead of spinning. What only concerns one connection is passed over.
    async fn refused_by_system(&mut self, error: &io::Error) {
        use io::ErrorKind as K;
        if matches!(
            error.kind(),
            K::ConnectionAborted | K::ConnectionReset | K::ConnectionRefused | K::InvalidInput
        ) {
            return;
        }
        if !std::mem::replace(&mut self.told, true) {
            tracing::error!(%error, "Cannot accept connections; trying again until it goes");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    fn ended(&mut self) {
        if std::mem::take(&mut self.told) {
            tracing::info!("Connections are accepted again");
        }
    }
}
