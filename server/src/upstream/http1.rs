//! HTTP/1.1 with upstreams over plain TCP, carried by the task of the request: no task for each connection, no channel
//! between them, one write for a small request and one read for a small response (docs/adr/0030).
//!
//! `head` and `decode` understand bytes, `outgoing` makes them, `connection` has a socket, `idle` keeps connections for the
//! next request, `body` is what is left once the response's head is there. TLS, HTTP/2 and requests that ask for an upgrade
//! go by the library, see `pools`.

mod body;
mod connection;
pub mod decode;
pub mod head;
mod idle;
mod outgoing;

pub use body::Http1Body;

use super::connect::{Opening, Tcp};
use super::failure::Failure;
use super::interim::Interim;
use crate::body::replay::AttemptBody;
use crate::workers::PerWorker;
use connection::Connection;
use head::Head;
use http::uri::Authority;
use http::{HeaderMap, Request, Response, Uri};
use idle::Idle;
use outgoing::SendFault;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// One upstream that speaks HTTP/1.1 without TLS.
pub(super) struct Http1Host {
    tcp: Tcp,
    /// Where it is.
    uri: Uri,
    /// What requests say whom they are for, where they do not say it themselves.
    host: String,
    idle: PerWorker<Arc<Idle>>,
    max_fields: usize,
}

/// How connections are kept.
#[derive(Clone, Copy)]
pub(super) struct Keep {
    pub workers: usize,
    /// Idle ones for each worker.
    pub idle: usize,
    /// How long an idle one is kept.
    pub time: Duration,
    /// Header fields of a response at most.
    pub max_fields: usize,
}

impl Http1Host {
    pub(super) fn new(tcp: Tcp, authority: &Authority, keep: Keep) -> Self {
        let uri = Uri::builder()
            .scheme("http")
            .authority(authority.clone())
            .path_and_query("/")
            .build();
        Self {
            tcp,
            // Parts that are valid make a valid whole.
            uri: uri.unwrap_or_default(),
            host: authority.to_string(),
            idle: PerWorker::new(keep.workers, || Idle::new(keep.idle, keep.time)),
            max_fields: keep.max_fields,
        }
    }

    /// Sends a request; resolves when the response's head is there. Dropping the future closes the connection.
    ///
    /// # Errors
    /// Why no head came. A connection that turns out to be closed before a byte was written is replaced silently.
    pub(super) async fn send(
        &self,
        request: Request<AttemptBody>,
        interim: &mut Interim<'_>,
    ) -> Result<Response<Http1Body>, Failure> {
        let idle = self.idle.here();
        let (mut parts, body) = request.into_parts();
        let body = outgoing::settled(&parts.headers, body).await?;
        let mut connection = self.connection(idle).await?;
        connection.begin((&parts.method, &parts.uri, &parts.headers), &self.host, body);
        let mut headers = std::mem::take(&mut parts.headers);
        headers.clear();
        let answered = loop {
            let answered = poll_fn(|cx| self.poll_answer(cx, &mut connection, &mut headers, interim)).await;
            let Some(answered) = answered else {
                // Every connection that was idle may have been closed by now; a new one was not.
                let mut other = Box::new(Connection::new(self.tcp.open(&self.uri).await?));
                other.take_over(*connection);
                connection = other;
                continue;
            };
            break answered;
        };
        interim.settled().await;
        let head = answered?;
        let mut response = Response::new(Http1Body::new(connection, idle.clone()));
        *response.status_mut() = head.status;
        *response.version_mut() = head.version;
        *response.headers_mut() = headers;
        if let Some(reason) = head.reason {
            response.extensions_mut().insert(reason);
        }
        Ok(response)
    }

    /// Writes and reads at the same time. `None` when nothing of the request has left and another connection may be tried.
    fn poll_answer(
        &self,
        cx: &mut Context<'_>,
        connection: &mut Connection,
        headers: &mut HeaderMap,
        interim: &mut Interim<'_>,
    ) -> Poll<Option<Result<Head, Failure>>> {
        match connection.poll_send(cx) {
            Poll::Ready(Err(SendFault::Body)) => return Poll::Ready(Some(Err(Failure::ConnectionLost))),
            Poll::Ready(Err(SendFault::Socket)) if connection.is_replaceable() => return Poll::Ready(None),
            // Whoever takes no more may have answered.
            Poll::Ready(_) | Poll::Pending => {}
        }
        connection.poll_head(cx, self.max_fields, headers, interim).map(Some)
    }

    /// An idle connection; else a new one, or one that becomes idle before that is there.
    async fn connection(&self, idle: &Arc<Idle>) -> Result<Box<Connection>, Failure> {
        if let Some(connection) = idle.take() {
            return Ok(connection);
        }
        let mut opening = self.tcp.open(&self.uri);
        loop {
            tokio::select! {
                biased;
                opened = &mut opening => return opened.map(|opened| Box::new(Connection::new(opened))),
                () = idle.freed() => {
                    if let Some(connection) = idle.take() {
                        // Somebody else will have use for it.
                        tokio::spawn(put_aside(opening, idle.clone()));
                        return Ok(connection);
                    }
                }
            }
        }
    }
}

/// Waits for a connection that was begun for a request which found another one.
async fn put_aside(opening: Opening, idle: Arc<Idle>) {
    if let Ok(opened) = opening.await {
        idle.put(Box::new(Connection::new(opened)));
    }
}

#[cfg(test)]
mod tests;
