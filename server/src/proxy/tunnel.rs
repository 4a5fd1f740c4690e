//! What follows an answer with status 101: the client's connection and the upstream's become one tunnel (contract:
//! Forwarding). It is one request to everybody who counts: its route's limits, its target's slot and its record last until
//! its end. What may be asked for is in `message::upgrade`, how bytes are carried in `body::pipe`.

use super::audit;
use super::exchange::{End, Exchange};
use super::forward::UpstreamResponse;
use crate::body::capture::Capture;
use crate::body::pipe::{PipeEnd, Silence, Way, pipe};
use crate::body::usage::Usage;
use crate::message::{hop_by_hop, upgrade};
use crate::request_id;
use crate::telemetry::figures;
use crate::upstream::targets::Slot;
use fastgate_shared::audit_log::Outcome;
use http::{Response, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::pin::pin;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

/// Two connections that become a tunnel as soon as the client's has sent its 101. Dropping it closes both.
pub struct Tunnel {
    client: OnUpgrade,
    upstream: OnUpgrade,
    exchange: Exchange,
    silence: Silence,
    _slot: Slot,
    _open: Open,
}

/// Counted in `/metrics` until it is dropped.
struct Open;

/// The client's response for an upstream's 101, and the tunnel that begins after it.
#[must_use]
pub fn open(exchange: Exchange, answer: UpstreamResponse, client: OnUpgrade) -> (Response<()>, Tunnel) {
    let UpstreamResponse {
        mut response,
        idle_timeout,
        slot,
        ..
    } = answer;
    let upstream = hyper::upgrade::on(&mut response);
    let (mut head, _) = response.into_parts();
    let protocol = head.headers.get(header::UPGRADE).cloned();
    hop_by_hop::strip(&mut head.headers);
    if let Some(protocol) = protocol {
        upgrade::set(&mut head.headers, protocol);
    }
    head.headers.insert(request_id::HEADER, exchange.request_id());
    exchange.answered(head.status, &head.headers, false);
    let silence = Silence {
        open: Duration::from_secs(exchange.app().config.proxy.tunnel_idle_seconds),
        // As after a request whose body has ended.
        half_closed: idle_timeout,
    };
    let tunnel = Tunnel {
        client,
        upstream,
        exchange,
        silence,
        _slot: slot,
        _open: Open::new(),
    };
    (Response::from_parts(head, ()), tunnel)
}

impl Tunnel {
    /// Carries bytes both ways until the end. To be called when the client's connection has ended as one of HTTP.
    pub async fn run(mut self) {
        let (outcome, error) = {
            let exchange = &self.exchange;
            let carried = pin!(carry(self.client, self.upstream, self.silence, exchange));
            let carried = exchange.in_flight().unless_cancelled(carried).await;
            carried.unwrap_or_else(|| exchange.broken_off())
        };
        let end = End {
            outcome,
            error,
            response: Capture::default(),
            usage: Usage::default(),
        };
        if let Some(recorded) = audit::record(&mut self.exchange, end) {
            recorded.await;
        }
    }
}

/// Carries bytes until one side has enough, and tells how the audit log names that.
async fn carry(
    client: OnUpgrade,
    upstream: OnUpgrade,
    silence: Silence,
    exchange: &Exchange,
) -> (Outcome, Option<String>) {
    match (client.await, upstream.await) {
        (Ok(client), Ok(upstream)) => {
            let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
            let end = pipe(&mut client, &mut upstream, silence, |way, bytes| match way {
                Way::Up => exchange.sent_up(bytes),
                Way::Down => exchange.grew(bytes, 0),
            })
            .await;
            if end == PipeEnd::Silent {
                // A goodbye of TLS, where there is TLS; who is silent may be gone, and is not waited for.
                let goodbye = async { tokio::join!(client.shutdown(), upstream.shutdown()) };
                let _in_time = tokio::time::timeout(Duration::from_secs(1), goodbye).await;
            }
            told(end)
        }
        // The client left before the 101 was sent.
        (Err(_), _) => exchange.broken_off(),
        (Ok(_), Err(_)) => told(PipeEnd::UpstreamFailed),
    }
}

/// How the audit log names a tunnel's end. Which side closed first does not matter: both are free to.
fn told(end: PipeEnd) -> (Outcome, Option<String>) {
    let (outcome, why) = match end {
        PipeEnd::Finished => (Outcome::Ok, None),
        PipeEnd::ClientFailed => (Outcome::ClientClosed, None),
        PipeEnd::UpstreamFailed => (Outcome::UpstreamError, Some("The upstream broke off the tunnel.")),
        PipeEnd::Silent => (Outcome::Timeout, Some("Nothing went through the tunnel for too long.")),
    };
    (outcome, why.map(str::to_owned))
}

impl Open {
    fn new() -> Self {
        figures().tunnels_open.increment(1.0);
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        figures().tunnels_open.decrement(1.0);
    }
}
