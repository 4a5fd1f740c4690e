//! One connection to an upstream over HTTP/1.1, carried by the task of whatever request is on it: what is still to be
//! written, what was read and not yet understood, and where in the response that is.

use super::decode::{Decoded, Decoder};
use super::head::{self, Framing, Head, HeadFault};
use super::outgoing::{Outgoing, SendFault};
use crate::body::replay::AttemptBody;
use crate::upstream::Failure;
use crate::upstream::connect::{Open, Opened};
use crate::upstream::interim::Interim;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode, Uri};
use http_body::Frame;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::task::AbortOnDropHandle;

/// Bytes of a response's head at most.
const MAX_HEAD_BYTES: usize = 400 << 10;
/// Bytes that are read at once.
const PIECE: usize = 32 << 10;

thread_local! {
    /// Where connections read to. What came is copied out at its own size: a piece that somebody keeps, as a capture does,
    /// keeps nothing else alive, and a connection on which nothing comes holds no memory for it.
    static SPACE: RefCell<Box<[u8]>> = RefCell::new(vec![0; PIECE].into_boxed_slice());
}

/// A connection. Dropping it closes it.
pub(super) struct Connection {
    stream: OwnedReadHalf,
    sending: Sending,
    /// Read, and not yet understood.
    input: Bytes,
    /// Bytes of it in which no head ended.
    seen: usize,
    decoder: Decoder,
    answers_head: bool,
    keep_alive: bool,
    /// It has waited for a request, and the upstream may have closed it meanwhile.
    was_idle: bool,
    /// The last piece filled all space there was: more comes than is worth copying.
    is_bulk: bool,
    _open: Open,
}

/// Who writes the request.
enum Sending {
    /// Whoever carries the connection.
    Here(Way),
    /// A task of its own, for a request that was answered before it was sent: neither waits for the other.
    Apart {
        task: AbortOnDropHandle<(Way, Result<(), SendFault>)>,
        /// Bytes that have left.
        moved: Arc<AtomicU64>,
    },
}

/// The way out.
struct Way {
    stream: OwnedWriteHalf,
    outgoing: Outgoing,
}

impl Way {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendFault>> {
        self.outgoing.poll(cx, &mut self.stream)
    }

    /// Writes the rest, and comes back.
    async fn send(mut self, moved: Arc<AtomicU64>) -> (Self, Result<(), SendFault>) {
        let sent = poll_fn(|cx| {
            let polled = self.poll(cx);
            moved.store(self.outgoing.moved(), Ordering::Relaxed);
            polled
        });
        let sent = sent.await;
        (self, sent)
    }
}

impl Connection {
    pub(super) fn new((stream, open): Opened) -> Self {
        let (stream, out) = stream.into_split();
        let way = Way {
            stream: out,
            outgoing: Outgoing::default(),
        };
        Self {
            stream,
            sending: Sending::Here(way),
            input: Bytes::new(),
            seen: 0,
            decoder: Decoder::Ended,
            answers_head: false,
            keep_alive: true,
            was_idle: false,
            is_bulk: false,
            _open: open,
        }
    }

    /// Puts a request on the connection.
    pub(super) fn begin(&mut self, request: (&Method, &Uri, &HeaderMap), host: &str, body: AttemptBody) {
        self.answers_head = request.0 == Method::HEAD;
        if let Sending::Here(way) = &mut self.sending {
            way.outgoing.begin(request, host, body);
        }
        self.seen = 0;
    }

    /// Takes over a request of which nothing has left on another connection.
    pub(super) fn take_over(&mut self, other: Self) {
        if let (Sending::Here(to), Sending::Here(from)) = (&mut self.sending, other.sending) {
            to.outgoing = from.outgoing;
        }
        self.answers_head = other.answers_head;
        self.seen = 0;
    }

    /// Whether the request can go to another connection instead: nothing of it has left, and this one may have been closed
    /// while it was idle.
    pub(super) fn is_replaceable(&self) -> bool {
        self.was_idle && matches!(&self.sending, Sending::Here(way) if !way.outgoing.has_begun())
    }

    /// Whether the whole request is written.
    pub(super) fn is_sent(&self) -> bool {
        matches!(&self.sending, Sending::Here(way) if way.outgoing.is_done())
    }

    /// Bytes of requests that have left so far.
    pub(super) fn moved(&self) -> u64 {
        match &self.sending {
            Sending::Here(way) => way.outgoing.moved(),
            Sending::Apart { moved, .. } => moved.load(Ordering::Relaxed),
        }
    }

    /// Leaves what is left of the request to a task of its own.
    pub(super) fn send_apart(self) -> Self {
        match self.sending {
            Sending::Here(way) if !way.outgoing.is_done() => {
                let moved = Arc::new(AtomicU64::new(way.outgoing.moved()));
                let task = AbortOnDropHandle::new(tokio::spawn(way.send(moved.clone())));
                Self {
                    sending: Sending::Apart { task, moved },
                    ..self
                }
            }
            sending => Self { sending, ..self },
        }
    }

    /// Writes on, or waits for who does. Ready when the whole request is written.
    ///
    /// # Errors
    /// When it cannot be; nothing more of it is written then, but on another connection.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendFault>> {
        let sent = match &mut self.sending {
            Sending::Here(way) if way.outgoing.is_done() => return Poll::Ready(Ok(())),
            Sending::Here(way) => ready!(way.poll(cx)),
            Sending::Apart { task, .. } => match ready!(Pin::new(task).poll(cx)) {
                Ok((way, sent)) => {
                    self.sending = Sending::Here(way);
                    sent
                }
                // It broke down with the client's body.
                Err(_) => Err(SendFault::Body),
            },
        };
        if let Err(fault) = &sent {
            self.keep_alive = false;
            if *fault == SendFault::Body || !self.is_replaceable() {
                self.give_up();
            }
        }
        Poll::Ready(sent)
    }

    fn give_up(&mut self) {
        if let Sending::Here(way) = &mut self.sending {
            way.outgoing.give_up();
        }
    }

    /// Reads until the response's head is there; its fields are put into `headers`. Interim responses go to `interim`.
    pub(super) fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        limit: usize,
        headers: &mut HeaderMap,
        interim: &mut Interim<'_>,
    ) -> Poll<Result<Head, Failure>> {
        loop {
            while let Some(head) = self.next_head(limit, headers)? {
                if head.status == StatusCode::SWITCHING_PROTOCOLS {
                    // Nobody asked for it: such requests go by the library (RFC 9110 section 15.2.2).
                    return Poll::Ready(Err(Failure::Malformed));
                }
                if !head.status.is_informational() {
                    self.keep_alive &= head.keep_alive && head.framing != Framing::UntilClose;
                    self.decoder = Decoder::new(head.framing, limit);
                    return Poll::Ready(Ok(head));
                }
                interim.hear(head.status, headers)?;
                headers.clear();
            }
            match self.poll_read(cx) {
                Poll::Ready(Ok(bytes)) if bytes > 0 => {}
                Poll::Ready(_) => return Poll::Ready(Err(Failure::ConnectionLost)),
                Poll::Pending => {
                    // Nothing more is to be had without waiting.
                    interim.pass_on();
                    return Poll::Pending;
                }
            }
        }
    }

    /// The head that what was read begins with.
    fn next_head(&mut self, limit: usize, headers: &mut HeaderMap) -> Result<Option<Head>, Failure> {
        let is_worth_it = self.seen == 0 || head::may_end(&self.input, self.seen);
        if !self.input.is_empty() && is_worth_it {
            let read = head::read(&self.input, self.answers_head, limit, headers);
            let read = read.map_err(|fault| match fault {
                HeadFault::Malformed => Failure::Malformed,
                HeadFault::TooManyFields => Failure::HeadTooLarge,
            })?;
            if let Some(head) = read {
                if head.len > MAX_HEAD_BYTES {
                    return Err(Failure::HeadTooLarge);
                }
                drop(self.input.split_to(head.len));
                self.seen = 0;
                return Ok(Some(head));
            }
        }
        self.seen = self.input.len();
        if self.seen >= MAX_HEAD_BYTES {
            return Err(Failure::HeadTooLarge);
        }
        Ok(None)
    }

    /// The next frame of the response's body.
    pub(super) fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        loop {
            match self.decoder.decode(&mut self.input) {
                Ok(Decoded::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(Decoded::Trailers(fields)) => return Poll::Ready(Some(Ok(Frame::trailers(fields)))),
                Ok(Decoded::End) => return Poll::Ready(None),
                Ok(Decoded::More) => {}
                Err(_) => return Poll::Ready(Some(Err(Failure::Truncated))),
            }
            match ready!(self.poll_read(cx)) {
                Ok(0) if self.decoder.end_of_input() => return Poll::Ready(None),
                Ok(0) | Err(_) => return Poll::Ready(Some(Err(Failure::Truncated))),
                Ok(_) => {}
            }
        }
    }

    /// Passes over what is left of a body, if all of it was read. Whether it has ended.
    pub(super) fn skip_body(&mut self) -> bool {
        loop {
            match self.decoder.decode(&mut self.input) {
                Ok(Decoded::Data(_) | Decoded::Trailers(_)) => {}
                Ok(Decoded::End) => return true,
                Ok(Decoded::More) | Err(_) => return false,
            }
        }
    }

    /// Whether the response's body has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.decoder.has_ended()
    }

    /// Bytes of the body that are still to come, if that is known.
    pub(super) fn remaining(&self) -> Option<u64> {
        self.decoder.remaining()
    }

    /// Whether another request may be put on the connection: this one is over, both sides want to go on, and nothing came
    /// that nobody asked for (RFC 9112 section 9.2).
    pub(super) fn is_reusable(&self) -> bool {
        self.keep_alive && self.has_ended() && self.is_sent() && self.input.is_empty()
    }

    /// Lets go of what an idle connection need not hold.
    pub(super) fn rest(&mut self) {
        self.was_idle = true;
        if let Sending::Here(way) = &mut self.sending {
            way.outgoing.shrink();
        }
        self.is_bulk = false;
    }

    /// Whether the upstream has neither sent anything nor closed. Asks the system: the runtime may not have heard yet of what
    /// has arrived, and whoever is asked next would get it for an answer.
    pub(super) fn is_quiet(&self) -> bool {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        let peeked = rustix::net::recv(self.stream.as_ref(), &mut [0; 1], flags);
        peeked.is_err_and(|error| error == Errno::WOULDBLOCK)
    }

    /// Ready when the upstream sends something, or closes; both end an idle connection.
    pub(super) fn poll_disturbed(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if ready!(self.stream.as_ref().poll_read_ready(cx)).is_err() {
                return Poll::Ready(());
            }
            // Takes back what the runtime believes, where nothing is there.
            match self.stream.try_read(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                _ => return Poll::Ready(()),
            }
        }
    }

    /// Reads a piece, behind what is there. 0 at the end.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.is_bulk && self.input.is_empty() {
            return self.poll_read_bulk(cx);
        }
        let Self { stream, input, .. } = self;
        let read = SPACE.with_borrow_mut(|space| {
            let mut space = ReadBuf::new(space);
            ready!(Pin::new(stream).poll_read(cx, &mut space))?;
            append(input, space.filled());
            Poll::Ready(Ok(space.filled().len()))
        });
        self.is_bulk = matches!(read, Poll::Ready(Ok(PIECE)));
        read
    }

    /// Reads a large piece without copying it.
    fn poll_read_bulk(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // Memory only once there is something to put into it.
        ready!(self.stream.as_ref().poll_read_ready(cx))?;
        let mut space = BytesMut::with_capacity(2 * PIECE);
        let bytes = ready!(tokio_util::io::poll_read_buf(
            Pin::new(&mut self.stream),
            cx,
            &mut space
        ))?;
        self.is_bulk = bytes >= PIECE;
        self.input = if self.is_bulk {
            space.freeze()
        } else {
            Bytes::copy_from_slice(&space)
        };
        Poll::Ready(Ok(bytes))
    }
}

/// Puts bytes behind others. Mostly there are none.
fn append(input: &mut Bytes, bytes: &[u8]) {
    if input.is_empty() {
        *input = Bytes::copy_from_slice(bytes);
        return;
    }
    let mut all = std::mem::take(input)
        .try_into_mut()
        .unwrap_or_else(|shared| BytesMut::from(&*shared));
    all.extend_from_slice(bytes);
    *input = all.freeze();
}
