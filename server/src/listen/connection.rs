//! A client's connection with limits on its silence: for the first byte and the rest of a request's head, and between
//! two requests. Silence within a body is bounded where bodies are read; an answer in progress is not bounded here.

use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// How long a client may be silent.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From accepting to the end of the first head, and from the first byte of each later head to its end.
    pub head: Duration,
    /// Between two requests.
    pub keep_alive: Duration,
}

/// What a connection is doing, shared between its stream and the requests on it.
#[derive(Debug)]
pub struct Phases(Mutex<Phase>);

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// A head is awaited or arriving since then.
    Head(Instant),
    /// A request is being answered.
    Busy,
    /// Nothing is asked since then.
    Idle(Instant),
}

/// A request is being answered, until this is dropped.
#[derive(Debug)]
pub struct Busy(Arc<Phases>);

impl Default for Phases {
    fn default() -> Self {
        Self(Mutex::new(Phase::Head(Instant::now())))
    }
}

impl Phases {
    /// A head has arrived.
    #[must_use]
    pub fn busy(self: &Arc<Self>) -> Busy {
        *self.0.lock() = Phase::Busy;
        Busy(self.clone())
    }

    fn bytes_came(&self) {
        let mut phase = self.0.lock();
        if let Phase::Idle(_) = *phase {
            *phase = Phase::Head(Instant::now());
        }
    }

    fn deadline(&self, timeouts: Timeouts) -> Option<Instant> {
        match *self.0.lock() {
            Phase::Head(since) => Some(since + timeouts.head),
            Phase::Idle(since) => Some(since + timeouts.keep_alive),
            Phase::Busy => None,
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        *self.0.0.lock() = Phase::Idle(Instant::now());
    }
}

/// The stream of a connection.
pub struct ClientStream {
    stream: TokioIo<TcpStream>,
    phases: Arc<Phases>,
    timeouts: Timeouts,
    /// Set for some deadline of the past; moved to the current one only when it fires, so that a busy connection does
    /// not touch the runtime's timers with each request.
    timer: Pin<Box<Sleep>>,
}

impl ClientStream {
    /// Wraps an accepted stream.
    #[must_use]
    pub fn new(stream: TcpStream, phases: Arc<Phases>, timeouts: Timeouts) -> Self {
        let timer = Box::pin(tokio::time::sleep(timeouts.head.min(timeouts.keep_alive)));
        Self {
            stream: TokioIo::new(stream),
            phases,
            timeouts,
            timer,
        }
    }

    /// Ready when the client was silent for too long.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let next = match self.phases.deadline(self.timeouts) {
                Some(deadline) if deadline <= now => return Poll::Ready(()),
                Some(deadline) => deadline,
                None => now + self.timeouts.head.min(self.timeouts.keep_alive),
            };
            // A head may begin at any moment: never sleep past the time that its limit could run out.
            self.timer.as_mut().reset(next.min(now + self.timeouts.head));
        }
        Poll::Pending
    }
}

impl hyper::rt::Read for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Ready(read) => {
                self.phases.bytes_came();
                Poll::Ready(read)
            }
            Poll::Pending => self.poll_silence(cx).map(|()| Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

impl hyper::rt::Write for ClientStream {
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
