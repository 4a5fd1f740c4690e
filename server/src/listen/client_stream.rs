//! The stream of an HTTP/1.1 connection: bounds the client's silence, holds back what hyper would answer by itself, and
//! writes the interim responses that hyper cannot.

use super::phases::{Phases, Silence, Timeouts};
use super::socket::Socket;
use bytes::{Buf as _, Bytes};
use http::StatusCode;
use hyper::rt::Write as _;
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The stream of a connection.
pub struct ClientStream {
    socket: TokioIo<Socket>,
    phases: Arc<Phases>,
    silence: Silence,
    held_back: Option<StatusCode>,
    /// Interim responses that have begun to leave: nothing else may, before they are written.
    interim: Bytes,
}

impl ClientStream {
    /// Wraps an opened connection.
    #[must_use]
    pub fn new(socket: Socket, phases: Arc<Phases>, timeouts: Timeouts) -> Self {
        Self {
            socket: TokioIo::new(socket),
            silence: Silence::new(phases.clone(), timeouts),
            phases,
            held_back: None,
            interim: Bytes::new(),
        }
    }

    /// The socket, and the status that hyper wanted to answer to a head that it could not read.
    #[must_use]
    pub fn into_parts(self) -> (Socket, Option<StatusCode>) {
        (self.socket.into_inner(), self.held_back)
    }

    /// Hyper answers a head that it cannot read by itself, with a bare status, and closes. That answer is known by
    /// nobody being owed one; it is held back, and `unreadable` answers instead.
    fn holds_back(&mut self, bytes: &[u8]) -> bool {
        if self.held_back.is_none() && !self.phases.is_owed() {
            self.held_back = status_of(bytes);
        }
        self.held_back.is_some()
    }

    /// Writes the interim responses that have begun to leave.
    fn poll_interim(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.interim.is_empty() {
            let written = ready!(Pin::new(&mut self.socket).poll_write(cx, &self.interim))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.interim.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

/// The status in a head that begins with `HTTP/1.1 4xx`.
fn status_of(head: &[u8]) -> Option<StatusCode> {
    let status = StatusCode::from_bytes(head.strip_prefix(b"HTTP/1.")?.get(2..5)?).ok()?;
    status.is_client_error().then_some(status)
}

impl hyper::rt::Read for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.socket).poll_read(cx, buffer) {
            Poll::Ready(read) => {
                self.phases.bytes_came();
                Poll::Ready(read)
            }
            Poll::Pending => self.silence.poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

impl hyper::rt::Write for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.holds_back(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(self.poll_interim(cx))?;
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.phases.flushed();
        // Hyper flushes when it has nothing left to write: the answer before is out, the one to come is not begun.
        ready!(self.poll_interim(cx))?;
        if let Some(heads) = self.phases.outlet.take() {
            self.interim = heads.into();
            ready!(self.poll_interim(cx))?;
        }
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.held_back.is_some() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.holds_back(slices.first().map_or(&[], |slice| slice)) {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        ready!(self.poll_interim(cx))?;
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("HTTP/1.1 431 Request Header Fields Too Large\r\n", Some(431))]
    #[case("HTTP/1.0 400 Bad Request\r\n", Some(400))]
    #[case("HTTP/1.1 200 OK\r\n", None)]
    #[case("HTTP/1.1 4", None)]
    #[case("400 and something", None)]
    fn a_client_error_is_known_by_its_first_line(#[case] head: &str, #[case] status: Option<u16>) {
        assert_eq!(status_of(head.as_bytes()).map(|status| status.as_u16()), status);
    }
}
