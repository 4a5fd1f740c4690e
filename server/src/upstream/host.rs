//! One upstream as connections see it: a host, what is spoken with it, and with which TLS. All routes that say the same
//! share it, and with it the count of streams by which requests over HTTP/2 are spread over connections.

use super::Failure;
use super::connect::{Cut, Tcp};
use super::http1::{Http1Body, Http1Host};
use super::interim::Interim;
use super::pools::{MAX_LANES, Pools, STREAMS_PER_CONNECTION};
use crate::body::replay::AttemptBody;
use crate::message::{grpc, hop_by_hop};
use crate::workers::PerWorker;
use bytes::Bytes;
use fastgate_shared::route::Protocol;
use http::uri::Authority;
use http::{Request, Response, Version, header};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

/// One upstream. Made by [`super::UpstreamClient::hosts`].
pub struct UpstreamHost {
    pub(super) protocol: Protocol,
    pub(super) authority: Authority,
    pub(super) pools: Arc<Pools>,
    /// Where HTTP/1.1 is spoken without TLS.
    http1: Option<Http1Host>,
    /// What it chose the last time: it is asked only on new connections.
    chose_http2: AtomicBool,
    /// Requests under way on each of its HTTP/2 connections; the connections are each worker's own.
    streams: PerWorker<Arc<Streams>>,
    /// The client of the gateway's own calls to it; see `own_calls`.
    pub(super) own: OnceLock<reqwest::Client>,
}

/// The body of an upstream's response.
pub enum UpstreamBody {
    /// Over HTTP/1.1 without TLS.
    Http1(Http1Body),
    /// As the client library reads it.
    Library {
        /// The body.
        incoming: Incoming,
        /// Frees its place when the body ended or was given up.
        _stream: Option<Stream>,
    },
}

type Streams = [AtomicUsize; MAX_LANES];

/// A place on an HTTP/2 connection.
pub struct Stream {
    streams: Arc<Streams>,
    lane: usize,
}

impl UpstreamHost {
    pub(super) fn new(protocol: Protocol, authority: Authority, pools: Arc<Pools>, workers: usize) -> Self {
        // Connections without TLS need no pool of the library's.
        let http1 = (protocol == Protocol::Http)
            .then(|| Http1Host::new(Tcp::new(pools.dial().clone()), &authority, pools.keep()));
        Self {
            protocol,
            authority,
            http1,
            pools,
            chose_http2: AtomicBool::new(protocol == Protocol::H2c),
            streams: PerWorker::new(workers, Arc::default),
            own: OnceLock::new(),
        }
    }

    /// Sends a request; resolves when the response's head is there, and `interim` has passed on what came before it. Dropping
    /// the future cancels the request.
    ///
    /// # Errors
    /// Whatever kept the head from arriving.
    pub async fn send(
        &self,
        mut request: Request<AttemptBody>,
        interim: &mut Interim<'_>,
    ) -> Result<Response<UpstreamBody>, Failure> {
        // An upgrade takes the whole connection, which one that carries other requests cannot be.
        let upgrade = request.headers().contains_key(header::UPGRADE) && self.protocol != Protocol::H2c;
        // Over HTTP/2 the library would take the named field out. gRPC speaks nothing else, also for the first time.
        if request.headers().contains_key(header::TE)
            && (upgrade || !(self.speaks_http2() || grpc::is_grpc(request.headers())))
        {
            hop_by_hop::bind_te(request.headers_mut());
        }
        match &self.http1 {
            Some(http1) if !upgrade => {
                let response = http1.send(request, interim).await?;
                Ok(response.map(UpstreamBody::Http1))
            }
            _ => Box::pin(self.send_by_library(request, upgrade, interim)).await,
        }
    }

    async fn send_by_library(
        &self,
        mut request: Request<AttemptBody>,
        upgrade: bool,
        interim: &mut Interim<'_>,
    ) -> Result<Response<UpstreamBody>, Failure> {
        let stream = (!upgrade && self.chose_http2.load(Ordering::Relaxed)).then(|| self.stream());
        let lane = stream.as_ref().map_or(0, |stream| stream.lane);
        let client = match self.protocol {
            Protocol::H2c => self.pools.prior_knowledge(lane),
            Protocol::Http => self.pools.http1(),
            Protocol::Https if upgrade => self.pools.http1(),
            Protocol::Https => self.pools.negotiated(lane),
        };
        let inbox = interim.watch(&mut request);
        let answered = interim.before(&inbox, client.request(request)).await?;
        interim.settled().await;
        let response = answered.map_err(|error| Failure::of(&error))?;
        let http2 = response.version() == Version::HTTP_2;
        if self.protocol == Protocol::Https && !upgrade && http2 != self.chose_http2.load(Ordering::Relaxed) {
            self.chose_http2.store(http2, Ordering::Relaxed);
        }
        let stream = if http2 {
            stream.or_else(|| Some(Stream::on(self.streams.here(), 0)))
        } else {
            None
        };
        Ok(response.map(|incoming| UpstreamBody::Library {
            incoming,
            _stream: stream,
        }))
    }

    /// Whether the upstream spoke HTTP/2 the last time, or is said to.
    #[must_use]
    pub fn speaks_http2(&self) -> bool {
        self.chose_http2.load(Ordering::Relaxed)
    }

    /// A place on the first connection that has one; the least used when none has.
    fn stream(&self) -> Stream {
        let streams = self.streams.here();
        let used = |lane: &usize| streams[*lane].load(Ordering::Relaxed);
        let free = (0..MAX_LANES).find(|lane| used(lane) < STREAMS_PER_CONNECTION);
        let lane = free.or_else(|| (0..MAX_LANES).min_by_key(used)).unwrap_or_default();
        Stream::on(streams, lane)
    }
}

impl Stream {
    fn on(streams: &Arc<Streams>, lane: usize) -> Self {
        streams[lane].fetch_add(1, Ordering::Relaxed);
        Self {
            streams: streams.clone(),
            lane,
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.streams[self.lane].fetch_sub(1, Ordering::Relaxed);
    }
}

impl UpstreamBody {
    /// Closes the connection that a response came on, because its answers can no longer be told apart; unless it carries
    /// other requests as well.
    pub fn cut(response: &mut Response<Self>) {
        match response.body_mut() {
            Self::Http1(body) => body.cut(),
            Self::Library { .. } => Cut::cut(response),
        }
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        match &mut *self {
            Self::Http1(body) => Pin::new(body).poll_frame(cx),
            Self::Library { incoming, .. } => Pin::new(incoming).poll_frame(cx).map_err(|_| Failure::Truncated),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Http1(body) => body.is_end_stream(),
            Self::Library { incoming, .. } => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http1(body) => body.size_hint(),
            Self::Library { incoming, .. } => incoming.size_hint(),
        }
    }
}
