//! HTTP on an opened connection: version 1.1 and version 2, with the same service and the limits of each.

use super::client_stream::ClientStream;
use super::ending::Ending;
use super::http2_heads::Http2Stream;
use super::lingering::linger;
use super::opening::Opened;
use super::phases::{FAREWELL, LEAVE, Phases, Silence};
use super::{Gate, unreadable};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// Header fields of one request at most (431 above).
pub const MAX_HEADERS: usize = 128;

/// Requests at once on one HTTP/2 connection; further ones wait at the client.
const MAX_STREAMS: u32 = 250;
/// Requests that a client has taken back before they were looked at, on one connection (CVE-2023-44487); with more the
/// connection ends.
const MAX_TAKEN_BACK: usize = 20;
/// Requests that were refused because of what they say, on one connection; with more the connection ends.
const MAX_REFUSED: usize = 256;
/// Bytes that may wait to be read of one request's body, and of all on a connection: four uploads whose upstreams do not
/// read leave room for the others.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// Bytes of one answer that wait for the client to read them.
const MAX_SEND_BUFFER: usize = 256 << 10;
/// Tells connections that have silently gone from those that wait.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_ANSWERED_WITHIN: Duration = Duration::from_secs(20);

/// The builders of a listener's connections.
pub struct Versions {
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Versions {
    /// With heads of at most that many bytes.
    #[must_use]
    pub fn new(max_header_bytes: usize) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            // `ClientStream` bounds the head, and idle connections by a limit of their own.
            .header_read_timeout(None)
            .max_headers(MAX_HEADERS)
            .max_buf_size(max_header_bytes.max(8192));
        // The gate refuses fields above the limit with an answer that says so; far above it, they are not even kept.
        let far_above = u32::try_from(max_header_bytes.saturating_mul(2)).unwrap_or(u32::MAX);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_header_list_size(far_above)
            .max_concurrent_streams(MAX_STREAMS)
            .max_pending_accept_reset_streams(MAX_TAKEN_BACK)
            .max_local_error_reset_streams(MAX_REFUSED)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(MAX_SEND_BUFFER)
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_ANSWERED_WITHIN);
        Self { http1, http2 }
    }
}

/// Serves a connection to its end.
///
/// # Errors
/// What ended it early.
pub async fn serve(opened: Opened, phases: Arc<Phases>, gate: Arc<Gate>, ending: &Ending) -> hyper::Result<()> {
    if opened.http2 {
        // Boxed, so that a connection of version 1.1 does not hold the room.
        Box::pin(serve_http2(opened, phases, gate, ending)).await
    } else {
        serve_http1(opened, phases, gate, ending).await
    }
}

async fn serve_http1(opened: Opened, phases: Arc<Phases>, gate: Arc<Gate>, ending: &Ending) -> hyper::Result<()> {
    let peer = opened.peer;
    let stream = ClientStream::new(opened.socket, phases.clone(), gate.timeouts);
    let mut end = ending.watch();
    // Set when the gateway ends: until then a next request is waited for.
    let mut farewell: Option<Pin<Box<Sleep>>> = None;
    // Set after that: who has not sent a whole head by then will not be waited for.
    let mut leave: Option<Pin<Box<Sleep>>> = None;
    let mut http = {
        let (builder, gate, phases) = (&gate.versions.http1, gate.clone(), phases.clone());
        let service = service_fn(move |request| gate.clone().serve(request, peer, phases.clone()));
        builder.serve_connection(stream, service).with_upgrades()
    };
    let ended = poll_fn(|cx| {
        if end.has_begun(cx) {
            farewell = Some(Box::pin(sleep(FAREWELL)));
        }
        if farewell
            .as_mut()
            .is_some_and(|end| !phases.is_idle() || end.as_mut().poll(cx).is_ready())
        {
            farewell = None;
            Pin::new(&mut http).graceful_shutdown();
            leave = Some(Box::pin(sleep(LEAVE)));
        }
        if leave.as_mut().is_some_and(|leave| leave.as_mut().poll(cx).is_ready()) {
            leave = None;
            if !phases.is_owed() {
                return Poll::Ready(Ok(()));
            }
        }
        Pin::new(&mut http).poll(cx)
    })
    .await;
    // There are none after a switch of protocols.
    if let Some(parts) = http.into_parts() {
        match parts.io.into_parts() {
            (socket, Some(status)) => {
                Box::pin(unreadable::answer(&gate, peer, socket, &parts.read_buf, status)).await;
            }
            (socket, None) if ended.is_ok() => {
                tokio::select! {
                    () = Box::pin(linger(socket)) => {}
                    () = ending.begun() => {}
                }
            }
            _ => {}
        }
    }
    ended
}

async fn serve_http2(opened: Opened, phases: Arc<Phases>, gate: Arc<Gate>, ending: &Ending) -> hyper::Result<()> {
    let peer = opened.peer;
    phases.idle();
    let mut end = ending.watch();
    let mut silence = Silence::new(phases.clone(), gate.timeouts);
    let mut told_to_go = false;
    let mut http = {
        let (builder, phases) = (&gate.versions, phases.clone());
        let (gate, phases_of_stream) = (gate.clone(), phases.clone());
        let service = service_fn(move |request| gate.clone().serve(request, peer, phases.clone()));
        let stream = Http2Stream::new(opened.socket, phases_of_stream);
        pin!(builder.http2.serve_connection(TokioIo::new(stream), service))
    };
    poll_fn(|cx| {
        if phases.is_flooded() {
            tracing::warn!(peer = %peer.address, "A client abandons most of its requests; its connection is closed");
            return Poll::Ready(Ok(()));
        }
        let mut go = end.has_begun(cx);
        if go {
            silence.hurry();
        }
        loop {
            if go {
                told_to_go = true;
                phases.closing();
                http.as_mut().graceful_shutdown();
            }
            if silence.poll(cx).is_pending() {
                break;
            }
            if told_to_go || phases.is_in_head() {
                // It was told, had time, and is still there; or nothing more can come from it.
                return Poll::Ready(Ok(()));
            }
            go = true;
        }
        http.as_mut().poll(cx)
    })
    .await
}
