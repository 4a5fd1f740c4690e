//! A request on its way out: its head and small pieces of its body in one buffer, large pieces by reference beside it, all
//! that is there in one write.

use super::head;
use crate::body::replay::AttemptBody;
use crate::upstream::Failure;
use bytes::{Buf as _, Bytes};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};
use http_body::{Body as _, Frame};
use std::future::poll_fn;
use std::io::{self, IoSlice, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;

/// Pieces up to so many bytes are copied to what is written before them: cheaper than a buffer of their own.
const SMALL: usize = 4 << 10;
/// Small pieces are collected up to so many bytes before they are written.
const COLLECT: usize = 16 << 10;
/// Memory that a connection keeps for the next request's head.
const KEEP: usize = 8 << 10;

/// Why a request cannot be sent to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SendFault {
    /// The client's body broke, or is not as long as it says.
    Body,
    /// The upstream takes no more.
    Socket,
}

/// What is still to be written of a request.
#[derive(Default)]
pub(super) struct Outgoing {
    /// Written first.
    before: Vec<u8>,
    /// How much of it is written.
    written: usize,
    /// Then this.
    large: Bytes,
    /// And then this.
    after: Vec<u8>,
    body: Option<AttemptBody>,
    coding: Coding,
    /// Something has left.
    has_begun: bool,
    /// Bytes that have left, of all requests.
    moved: u64,
}

/// How the body says where it ends (RFC 9112 section 6).
#[derive(Default)]
enum Coding {
    /// By its length: so many bytes are to come.
    Length(u64),
    /// In chunks; after them fields that were announced.
    Chunked(Option<HeaderValue>),
    #[default]
    None,
}

impl Outgoing {
    /// A request with these fields, which say how its body is framed; `proxy::transform` sees to that.
    pub(super) fn begin(&mut self, request: (&Method, &Uri, &HeaderMap), host: &str, body: AttemptBody) {
        let (method, uri, headers) = request;
        self.before.clear();
        self.after.clear();
        self.written = 0;
        self.large = Bytes::new();
        self.has_begun = false;
        head::write(&mut self.before, method, uri, headers, host);
        self.coding = Coding::of(headers);
        // What the head says decides, not what the body has become: a last chunk is owed in any case, and a body that is
        // shorter than announced is a fault.
        let is_owed = match self.coding {
            Coding::Chunked(_) => true,
            Coding::Length(left) => left > 0 || !body.is_end_stream(),
            Coding::None => false,
        };
        self.body = is_owed.then_some(body);
    }

    /// Whether all of it is written.
    pub(super) fn is_done(&self) -> bool {
        self.body.is_none() && !self.has_unwritten()
    }

    fn has_unwritten(&self) -> bool {
        !self.before.is_empty() || !self.large.is_empty()
    }

    /// Whether any byte has left.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Bytes that have left so far: tells whether anything still moves.
    pub(super) fn moved(&self) -> u64 {
        self.moved
    }

    /// Gives the rest up.
    pub(super) fn give_up(&mut self) {
        self.body = None;
        self.before = Vec::new();
        self.after = Vec::new();
        self.large = Bytes::new();
    }

    /// Lets go of memory that an idle connection need not hold.
    pub(super) fn shrink(&mut self) {
        if self.before.capacity() > KEEP {
            self.before = Vec::new();
        }
        if self.after.capacity() > KEEP {
            self.after = Vec::new();
        }
    }

    /// Writes what there is; ready when all is written.
    pub(super) fn poll<S: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
    ) -> Poll<Result<(), SendFault>> {
        loop {
            let is_waiting = self.collect(cx)?;
            if !self.has_unwritten() {
                return if is_waiting { Poll::Pending } else { Poll::Ready(Ok(())) };
            }
            match std::task::ready!(self.poll_write(cx, stream)) {
                Ok(bytes) if bytes > 0 => self.wrote(bytes),
                _ => return Poll::Ready(Err(SendFault::Socket)),
            }
        }
    }

    /// Takes pieces of the body while they are small. Whether more is waited for.
    fn collect(&mut self, cx: &mut Context<'_>) -> Result<bool, SendFault> {
        while let Some(body) = &mut self.body {
            if !self.large.is_empty() || self.before.len() >= COLLECT {
                return Ok(false);
            }
            match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Pending => return Ok(true),
                Poll::Ready(None) => self.end(None)?,
                Poll::Ready(Some(Err(_))) => return Err(SendFault::Body),
                Poll::Ready(Some(Ok(frame))) => {
                    let is_last = body.is_end_stream();
                    self.take(frame, is_last)?;
                }
            }
        }
        Ok(false)
    }

    fn take(&mut self, frame: Frame<Bytes>, is_last: bool) -> Result<(), SendFault> {
        match frame.into_data() {
            Ok(data) => {
                if !data.is_empty() {
                    self.take_data(data);
                }
                if is_last || matches!(self.coding, Coding::Length(0)) {
                    self.end(None)?;
                }
                Ok(())
            }
            Err(frame) => self.end(frame.into_trailers().ok()),
        }
    }

    fn take_data(&mut self, mut data: Bytes) {
        let is_chunked = match &mut self.coding {
            Coding::Chunked(_) => true,
            Coding::Length(left) => {
                // More than was announced would be read as another request.
                data.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= data.len() as u64;
                false
            }
            Coding::None => return,
        };
        if is_chunked {
            write_size(&mut self.before, data.len());
        }
        if data.len() > SMALL {
            self.large = data;
        } else {
            self.before.extend_from_slice(&data);
        }
        if is_chunked {
            self.tail().extend_from_slice(b"\r\n");
        }
    }

    /// Where what follows is written to.
    fn tail(&mut self) -> &mut Vec<u8> {
        if self.large.is_empty() {
            &mut self.before
        } else {
            &mut self.after
        }
    }

    /// The body has ended, with these fields after it.
    fn end(&mut self, trailers: Option<HeaderMap>) -> Result<(), SendFault> {
        self.body = None;
        match std::mem::take(&mut self.coding) {
            Coding::Length(left) if left > 0 => return Err(SendFault::Body),
            Coding::Length(_) | Coding::None => {}
            Coding::Chunked(announced) => {
                let trailers = trailers
                    .map(|fields| only(announced.as_ref(), &fields))
                    .unwrap_or_default();
                let tail = self.tail();
                tail.extend_from_slice(b"0\r\n");
                head::write_fields(tail, &trailers);
                tail.extend_from_slice(b"\r\n");
            }
        }
        Ok(())
    }

    fn poll_write<S: AsyncWrite + Unpin>(&self, cx: &mut Context<'_>, stream: &mut S) -> Poll<io::Result<usize>> {
        let before = &self.before[self.written..];
        if self.large.is_empty() {
            return Pin::new(stream).poll_write(cx, before);
        }
        let slices = [
            IoSlice::new(before),
            IoSlice::new(&self.large),
            IoSlice::new(&self.after),
        ];
        Pin::new(stream).poll_write_vectored(cx, &slices)
    }

    fn wrote(&mut self, mut bytes: usize) {
        self.has_begun = true;
        self.moved += bytes as u64;
        let before = bytes.min(self.before.len() - self.written);
        self.written += before;
        bytes -= before;
        let large = bytes.min(self.large.len());
        self.large.advance(large);
        bytes -= large;
        if self.large.is_empty() && self.written == self.before.len() {
            // What followed the large piece comes next.
            std::mem::swap(&mut self.before, &mut self.after);
            self.after.clear();
            self.written = bytes;
            if self.written == self.before.len() {
                self.before.clear();
                self.written = 0;
            }
        }
    }
}

/// Waits until a body that is said to be empty has ended. It may turn out to be none that a request can have, and until then
/// nothing may be sent: a connection on which nothing is asked would be read for an answer. What bounds the silence of a
/// client's body bounds this.
///
/// # Errors
/// When it has not: it is the client's fault then.
pub(super) async fn settled(headers: &HeaderMap, mut body: AttemptBody) -> Result<AttemptBody, Failure> {
    if matches!(Coding::of(headers), Coding::Length(0)) {
        while !body.is_end_stream() {
            match poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                None => break,
                Some(Ok(_)) => {}
                Some(Err(_)) => return Err(Failure::ConnectionLost),
            }
        }
        return Ok(AttemptBody::Empty);
    }
    Ok(body)
}

impl Coding {
    fn of(headers: &HeaderMap) -> Self {
        if headers.contains_key(header::TRANSFER_ENCODING) {
            return Self::Chunked(headers.get(header::TRAILER).cloned());
        }
        let length = headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        length.map_or(Self::None, Self::Length)
    }
}

/// The size of a chunk (RFC 9112 section 7.1).
fn write_size(out: &mut Vec<u8>, size: usize) {
    // Writing to memory does not fail.
    let _written = write!(out, "{size:x}\r\n");
}

/// Only those fields that were announced: others nobody is prepared for (RFC 9110 section 6.5.1).
fn only(announced: Option<&HeaderValue>, fields: &HeaderMap) -> HeaderMap {
    let names = announced.and_then(|names| names.to_str().ok()).unwrap_or_default();
    let mut kept = HeaderMap::new();
    for name in names
        .split(',')
        .filter_map(|name| name.trim().parse::<HeaderName>().ok())
    {
        let is_new = !kept.contains_key(&name);
        for value in fields.get_all(&name).iter().filter(|_| is_new) {
            kept.append(&name, value.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests;
