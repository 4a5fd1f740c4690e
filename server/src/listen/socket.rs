//! What a connection's bytes go through: TCP, or TLS over it, with the bytes that were read to see what they begin with.

use bytes::{Buf as _, Bytes, BytesMut};
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Bytes that are looked at in one go; a client's first segment mostly fits.
const LOOK_AHEAD: usize = 4096;

/// A client's socket.
pub struct Socket {
    /// Read already, and to be read again first.
    ahead: Bytes,
    wire: Wire,
}

/// One type for both, so that HTTP's machinery exists once; telling them apart costs nothing beside a system call.
enum Wire {
    Tcp(TcpStream),
    Tls(Box<TlsStream<Socket>>),
}

impl Socket {
    /// An accepted connection.
    #[must_use]
    pub fn tcp(stream: TcpStream) -> Self {
        Self {
            ahead: Bytes::new(),
            wire: Wire::Tcp(stream),
        }
    }

    /// A connection after its handshake.
    #[must_use]
    pub fn tls(stream: TlsStream<Self>) -> Self {
        Self {
            ahead: Bytes::new(),
            wire: Wire::Tls(Box::new(stream)),
        }
    }

    /// What was read and not consumed.
    #[must_use]
    pub fn ahead(&self) -> &[u8] {
        &self.ahead
    }

    /// Takes so many bytes off what was read.
    pub fn consume(&mut self, length: usize) {
        self.ahead.advance(length.min(self.ahead.len()));
    }

    /// Reads more to look at, and says how much; 0 is the end.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn look_further(&mut self) -> io::Result<usize> {
        poll_fn(|cx| self.poll_look(cx)).await
    }

    fn poll_look(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // On the stack only while it is filled: a connection that waits for its first byte holds no buffer.
        let mut space = [const { MaybeUninit::uninit() }; LOOK_AHEAD];
        let mut buffer = ReadBuf::uninit(&mut space);
        ready!(self.wire.poll_read(cx, &mut buffer))?;
        let read = buffer.filled();
        if !read.is_empty() {
            let mut ahead = BytesMut::with_capacity(self.ahead.len() + read.len());
            ahead.extend_from_slice(&self.ahead);
            ahead.extend_from_slice(read);
            self.ahead = ahead.freeze();
        }
        Poll::Ready(Ok(read.len()))
    }
}

impl Wire {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return self.wire.poll_read(cx, buffer);
        }
        let length = self.ahead.len().min(buffer.remaining());
        buffer.put_slice(&self.ahead[..length]);
        self.ahead.advance(length);
        if self.ahead.is_empty() {
            self.ahead = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            Wire::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Wire::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Wire::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Wire::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Tcp(stream) => stream.is_write_vectored(),
            Wire::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            Wire::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Wire::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }
}
