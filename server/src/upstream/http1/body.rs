//! The body of a response over HTTP/1.1. It holds its connection, and puts it back when response and request are over.
//!
//! A break is never told in the same turn as what came before it: who sends this on writes when nothing more is there, and
//! what was read together would otherwise be thrown away with the connection to the client.

use super::connection::Connection;
use super::idle::Idle;
use super::outgoing::SendFault;
use crate::upstream::Failure;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::runtime::Handle;

/// How long the rest of a request that has its answer may stand still.
const STALL: Duration = Duration::from_secs(30);

/// The body.
pub struct Http1Body {
    /// Until the response has ended.
    connection: Option<Box<Connection>>,
    idle: Arc<Idle>,
    /// The head or a frame was handed on since this was last waited for.
    is_ahead: bool,
    /// Somebody reads it: the answer stands, so that the rest of the request belongs to this upstream.
    is_read: bool,
    /// A break that is told the next time.
    broken: Option<Failure>,
}

impl Http1Body {
    /// Of a response whose head was read.
    pub(super) fn new(connection: Box<Connection>, idle: Arc<Idle>) -> Self {
        Self {
            connection: Some(connection),
            idle,
            is_ahead: true,
            is_read: false,
            broken: None,
        }
    }

    /// Closes the connection, whose answers can no longer be told apart.
    pub(crate) fn cut(&mut self) {
        self.connection = None;
    }

    /// The response has ended. What is left of the request is still sent: an upstream may answer before it has heard all.
    fn release(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        if connection.is_sent() {
            put(&self.idle, connection);
        } else if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(send_rest(connection, self.idle.clone()));
        }
    }

    /// The answer is relayed. From now on neither way waits for the other.
    fn begin(&mut self) {
        if self.connection.as_ref().is_some_and(|connection| !connection.is_sent()) {
            let connection = self.connection.take();
            self.connection = connection.map(|connection| Box::new(connection.send_apart()));
        }
    }

    fn break_off(&mut self, cx: &Context<'_>, failure: Failure) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        self.connection = None;
        if std::mem::take(&mut self.is_ahead) {
            self.broken = Some(failure);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(failure)))
    }
}

fn put(idle: &Arc<Idle>, connection: Box<Connection>) {
    if connection.is_reusable() {
        idle.put(connection);
    }
}

/// Sends the rest of a request that was answered before; ends when the upstream closes, or says anything more, when the client
/// leaves, and when nothing moves: nobody waits for it any more.
async fn send_rest(mut connection: Box<Connection>, idle: Arc<Idle>) {
    let mut moved = connection.moved();
    loop {
        let sent = std::future::poll_fn(|cx| match connection.poll_send(cx) {
            Poll::Ready(sent) => Poll::Ready(sent.is_ok()),
            Poll::Pending => connection.poll_disturbed(cx).map(|()| false),
        });
        match tokio::time::timeout(STALL, sent).await {
            Ok(true) => return put(&idle, connection),
            Ok(false) => return,
            Err(_) if connection.moved() == moved => return,
            Err(_) => moved = connection.moved(),
        }
    }
}

impl Body for Http1Body {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        let this = &mut *self;
        if !std::mem::replace(&mut this.is_read, true) {
            this.begin();
        }
        let Some(connection) = &mut this.connection else {
            return Poll::Ready(this.broken.take().map(Err));
        };
        // An upstream that takes no more of the request may have answered all the same.
        if let Poll::Ready(Err(SendFault::Body)) = connection.poll_send(cx) {
            return this.break_off(cx, Failure::Truncated);
        }
        let polled = connection.poll_body(cx);
        if polled.is_pending() {
            this.is_ahead = false;
        }
        match ready!(polled) {
            Some(Ok(frame)) => {
                this.is_ahead = true;
                if connection.has_ended() {
                    this.release();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(failure)) => this.break_off(cx, failure),
            None => {
                this.release();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.broken.is_none() && self.connection.as_ref().is_none_or(|connection| connection.has_ended())
    }

    fn size_hint(&self) -> SizeHint {
        let remaining = match &self.connection {
            Some(connection) => connection.remaining(),
            None => Some(0),
        };
        remaining.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

impl Drop for Http1Body {
    /// A response whose rest was read already leaves its connection to the next request; any other takes it along.
    fn drop(&mut self) {
        if let Some(connection) = &mut self.connection
            && (connection.has_ended() || connection.is_sent() && connection.skip_body())
        {
            self.release();
        }
    }
}
