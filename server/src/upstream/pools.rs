//! The client library's pools of connections for one setting of TLS. Settings that differ have different pools, so that a connection with one
//! route's client certificate, or to a host whose certificate nobody checked, never carries another route's requests.

use super::client::ClientSettings;
use super::connect::{Connect, Dial, Offer};
use super::http1::Keep;
use super::tls::TlsSettings;
use crate::body::replay::AttemptBody;
use crate::workers::PerWorker;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::sync::OnceLock;
use std::time::Duration;

/// Connections to one host over HTTP/2, for each worker. The library keeps one for each pool; beyond its streams requests
/// would wait, so there are more pools for those hosts that need them.
pub(super) const MAX_LANES: usize = 16;
/// Requests at once on one of them: what most servers allow.
pub(super) const STREAMS_PER_CONNECTION: usize = 100;

/// An upstream that fell silent is noticed within the sum of these.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a response's head.
const MAX_HEAD_BYTES: u32 = 400 << 10;
/// Bytes of a response that may be under way for one stream, and for one connection: how much a slow client makes the
/// gateway hold.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

pub(super) type HttpClient = Client<Connect, AttemptBody>;

/// The pools. Each worker has its own, so that a request and the connection that carries it share a thread; they are made
/// when they are first needed.
pub struct Pools {
    tls: TlsSettings,
    dial: Dial,
    settings: ClientSettings,
    workers: PerWorker<Lanes>,
}

/// The pools of one worker.
#[derive(Default)]
struct Lanes {
    negotiated: [OnceLock<HttpClient>; MAX_LANES],
    prior_knowledge: [OnceLock<HttpClient>; MAX_LANES],
    http1: OnceLock<HttpClient>,
}

impl Pools {
    pub(super) fn new(tls: TlsSettings, dial: Dial, settings: ClientSettings) -> Self {
        Self {
            tls,
            dial,
            workers: PerWorker::new(settings.workers, Lanes::default),
            settings,
        }
    }

    pub(super) fn tls(&self) -> &TlsSettings {
        &self.tls
    }

    pub(super) fn dial(&self) -> &Dial {
        &self.dial
    }

    /// HTTP/1.1, or what an upstream with TLS chooses.
    pub(super) fn negotiated(&self, lane: usize) -> &HttpClient {
        self.workers.here().negotiated[lane % MAX_LANES].get_or_init(|| self.client(Offer::Any, false))
    }

    /// HTTP/2 from the first byte.
    pub(super) fn prior_knowledge(&self, lane: usize) -> &HttpClient {
        self.workers.here().prior_knowledge[lane % MAX_LANES].get_or_init(|| self.client(Offer::Any, true))
    }

    /// HTTP/1.1, also with an upstream that would choose HTTP/2: for upgrades, with TLS or without.
    pub(super) fn http1(&self) -> &HttpClient {
        self.workers
            .here()
            .http1
            .get_or_init(|| self.client(Offer::Http1, false))
    }

    /// How connections without the library are kept.
    pub(super) fn keep(&self) -> Keep {
        Keep {
            workers: self.settings.workers,
            idle: self.idle(),
            time: self.settings.pool_idle,
            max_fields: self.settings.max_response_headers,
        }
    }

    /// Idle connections to a host for each worker.
    fn idle(&self) -> usize {
        let workers = self.settings.workers.max(1);
        self.settings.pool_max_idle_per_host.div_ceil(workers)
    }

    fn client(&self, offer: Offer, http2_only: bool) -> HttpClient {
        Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(self.settings.pool_idle)
            .pool_max_idle_per_host(self.idle())
            .http1_max_headers(self.settings.max_response_headers)
            .http1_max_buf_size(MAX_HEAD_BYTES as usize)
            .http2_only(http2_only)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .http2_max_header_list_size(MAX_HEAD_BYTES)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .http2_keep_alive_while_idle(true)
            // Only where a request comes without one: what is sent over HTTP/2 has none.
            .set_host(true)
            .retry_canceled_requests(true)
            .build(Connect::new(self.dial.clone(), &self.tls, offer))
    }
}
