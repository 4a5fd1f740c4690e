//! The stream of an HTTP/2 connection: sees when a request's head has begun and not ended. Nothing else may come on the
//! connection meanwhile (RFC 9113 section 4.3), so that a client could hold it for nothing. Frames are read by hyper; here
//! only their lengths are followed.

use super::phases::Phases;
use super::socket::Socket;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes before the first frame (RFC 9113 section 3.4).
const PREFACE: usize = 24;
/// Bytes of a frame before its payload (RFC 9113 section 4.1).
const FRAME_HEADER: usize = 9;
const HEADERS: u8 = 0x1;
const CONTINUATION: u8 = 0x9;
const END_HEADERS: u8 = 0x4;

/// The stream of a connection.
pub struct Http2Stream {
    socket: Socket,
    phases: Arc<Phases>,
    frames: Frames,
}

impl Http2Stream {
    /// Wraps a connection that begins with the preface.
    #[must_use]
    pub fn new(socket: Socket, phases: Arc<Phases>) -> Self {
        let frames = Frames {
            skip: PREFACE,
            header: [0; FRAME_HEADER],
            filled: 0,
            in_head: false,
            ends_head: false,
        };
        Self { socket, phases, frames }
    }
}

/// Where in the frames a connection is.
struct Frames {
    /// Bytes of the payload, or the preface, that are still to come.
    skip: usize,
    /// The next frame's header, of which so many bytes came.
    header: [u8; FRAME_HEADER],
    filled: usize,
    /// A head has begun and not ended.
    in_head: bool,
    /// It ends with the payload that comes.
    ends_head: bool,
}

impl Frames {
    fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                self.skip -= skipped;
                bytes = &bytes[skipped..];
            } else {
                let taken = (FRAME_HEADER - self.filled).min(bytes.len());
                self.header[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
                self.filled += taken;
                bytes = &bytes[taken..];
                if self.filled < FRAME_HEADER {
                    return;
                }
                self.begin();
            }
            if self.skip == 0 && self.ends_head {
                (self.in_head, self.ends_head) = (false, false);
            }
        }
    }

    fn begin(&mut self) {
        let [a, b, c, kind, flags, ..] = self.header;
        self.filled = 0;
        self.skip = u32::from_be_bytes([0, a, b, c]) as usize;
        if matches!(kind, HEADERS | CONTINUATION) {
            self.in_head = true;
            self.ends_head = flags & END_HEADERS != 0;
        }
    }
}

impl AsyncRead for Http2Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buffer))?;
        let this = &mut *self;
        let was_in_head = this.frames.in_head;
        this.frames.follow(&buffer.filled()[before..]);
        if this.frames.in_head != was_in_head {
            this.phases.in_head(this.frames.in_head);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Http2Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
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
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn frame(kind: u8, flags: u8, length: u8) -> Vec<u8> {
        let mut frame = vec![0, 0, length, kind, flags, 0, 0, 0, 1];
        frame.extend(vec![HEADERS; length.into()]);
        frame
    }

    #[rstest]
    #[case::settings(&[frame(4, 0, 6)], 0, false)]
    #[case::a_head(&[frame(HEADERS, END_HEADERS, 20)], 0, false)]
    #[case::a_head_without_its_last_byte(&[frame(HEADERS, END_HEADERS, 20)], 1, true)]
    #[case::an_empty_head(&[frame(HEADERS, END_HEADERS, 0)], 0, false)]
    #[case::a_head_that_goes_on(&[frame(HEADERS, 0, 20)], 0, true)]
    #[case::one_that_went_on(&[frame(HEADERS, 0, 20), frame(CONTINUATION, END_HEADERS, 9)], 0, false)]
    #[case::one_that_goes_on_for_ever(&[frame(HEADERS, 0, 2), frame(CONTINUATION, 0, 9), frame(CONTINUATION, 0, 0)], 0, true)]
    #[case::half_a_body(&[frame(HEADERS, END_HEADERS, 9), frame(0, 0, 90)], 40, false)]
    fn a_head_is_open_until_its_last_byte(#[case] frames: &[Vec<u8>], #[case] missing: usize, #[case] open: bool) {
        let bytes = [vec![b'P'; PREFACE], frames.concat()].concat();
        let bytes = &bytes[..bytes.len() - missing];
        for size in [1, 2, 5, 9, 1000] {
            let mut followed = Frames {
                skip: PREFACE,
                header: [0; FRAME_HEADER],
                filled: 0,
                in_head: false,
                ends_head: false,
            };
            bytes.chunks(size).for_each(|piece| followed.follow(piece));
            assert_eq!(followed.in_head, open, "in pieces of {size}");
        }
    }
}
