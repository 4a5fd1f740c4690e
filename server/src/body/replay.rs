//! A request's body that can be sent again: frames are kept as they flow to the first upstream, up to a limit, so that
//! another attempt starts with what was already read. Nothing waits for the whole body.

mod attempt;
mod buffer;

pub use attempt::AttemptBody;

use super::capture::Capture;
use crate::message::trailers;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::error::Error as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// Bytes of a body that nobody reads which are taken off a connection so that it can go on.
const UNREAD: usize = 64 << 10;
/// Number of none.
const NO_ATTEMPT: u32 = 0;

/// What the client did wrong with its body. Never an upstream's fault, never retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientBodyError {
    /// Broken framing.
    #[error("The framing of the request's body is broken.")]
    Broken,
    /// The connection ended in the middle.
    #[error("The request's body ended before it was complete.")]
    Incomplete,
    /// Silence for longer than `server.body_timeout_seconds`.
    #[error("The request's body stopped coming.")]
    Stalled,
    /// Larger than the route's `max_body_bytes`.
    #[error("The request's body is larger than {limit} bytes.")]
    TooLarge {
        /// Bytes that the route takes.
        limit: u64,
    },
}

/// Why a body could not be read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BufferError {
    /// It is over the limit.
    #[error("The request's body is larger than {limit} bytes.")]
    TooLarge {
        /// Bytes that are buffered at most.
        limit: usize,
    },
    /// The client's fault.
    #[error(transparent)]
    Client(#[from] ClientBodyError),
}

/// The body of a client's request. Clones share it.
#[derive(Clone)]
pub struct ReplayBody(Arc<Mutex<Shared>>);

struct Shared {
    source: Source,
    /// Frames that were read and can be sent again.
    frames: VecDeque<Bytes>,
    /// How many of them the current attempt has sent.
    sent: usize,
    kept: usize,
    limit: usize,
    /// Fields that followed the body.
    trailers: Option<HeaderMap>,
    /// The current attempt has sent them.
    trailers_sent: bool,
    /// Bytes that may come at all.
    max: u64,
    /// What was read is not kept whole: no further attempt.
    gone: bool,
    /// The client has its answer: how long the two may be silent is bounded there.
    answered: bool,
    /// The client is waited for, so that an upstream cannot be blamed for its silence.
    awaits_client: bool,
    /// When the current attempt last went on.
    moved: Instant,
    failure: Option<ClientBodyError>,
    capture: Capture,
    idle: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// Length that the client announced.
    announced: Option<u64>,
    /// The current attempt's connection has asked for the body.
    asked_for: bool,
    /// Number of the attempt that may read. An abandoned one may still be polled for a moment by its connection; it
    /// must not take the place of the current one as the task that is woken.
    attempt: u32,
    /// The body is read by the gateway itself: the current attempt waits for what that leaves, since only one may be woken
    /// by the client.
    is_buffering: bool,
    /// The current attempt, while it waits.
    reader: Option<Waker>,
}

enum Source {
    Incoming(Incoming),
    Ended,
}

impl ClientBodyError {
    /// Tells a client that left from one that breaks the rules.
    fn of(error: &hyper::Error) -> Self {
        use io::ErrorKind as K;
        // A stream of HTTP/2 that the client resets, or whose connection ends; what it breaks, the gateway resets.
        if let Some(error) = error.source().and_then(|source| source.downcast_ref::<h2::Error>()) {
            return match error.is_remote() || error.is_io() {
                true => Self::Incomplete,
                false => Self::Broken,
            };
        }
        let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        match io.map(io::Error::kind) {
            Some(K::UnexpectedEof | K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe) => Self::Incomplete,
            _ if error.is_incomplete_message() || error.is_canceled() || error.is_closed() => Self::Incomplete,
            _ => Self::Broken,
        }
    }
}

impl ReplayBody {
    /// Wraps the client's body. `limit` bytes are kept for another attempt, `capture` for the audit log;
    /// `idle` bounds the silence between two frames.
    #[must_use]
    pub fn new(body: Incoming, limit: usize, capture: usize, idle: Duration) -> Self {
        let announced = body.size_hint().exact();
        let source = if body.is_end_stream() {
            Source::Ended
        } else {
            Source::Incoming(body)
        };
        Self::from_source(source, announced, limit, capture, idle)
    }

    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self::from_source(Source::Ended, None, 0, 0, Duration::ZERO)
    }

    /// A body that is here whole.
    #[must_use]
    pub fn whole(bytes: Bytes, capture: usize) -> Self {
        let body = Self::from_source(Source::Ended, None, bytes.len(), capture, Duration::ZERO);
        if !bytes.is_empty() {
            let mut shared = body.0.lock();
            shared.capture.feed(&bytes);
            shared.kept = bytes.len();
            shared.announced = Some(bytes.len() as u64);
            shared.frames.push_back(bytes);
        }
        body
    }

    fn from_source(source: Source, announced: Option<u64>, limit: usize, capture: usize, idle: Duration) -> Self {
        let ended = matches!(source, Source::Ended);
        Self(Arc::new(Mutex::new(Shared {
            source,
            frames: VecDeque::new(),
            sent: 0,
            kept: 0,
            limit,
            trailers: None,
            trailers_sent: false,
            max: u64::MAX,
            gone: false,
            answered: false,
            awaits_client: false,
            moved: Instant::now(),
            failure: None,
            capture: Capture::new(capture),
            idle,
            timer: None,
            announced: if ended { Some(0) } else { announced },
            asked_for: false,
            attempt: 0,
            is_buffering: false,
            reader: None,
        })))
    }

    /// The length that the client announced, or that is known because the body was read whole; `None` where more than
    /// bytes must be sent.
    #[must_use]
    pub fn exact_len(&self) -> Option<u64> {
        let shared = self.0.lock();
        shared.announced.filter(|_| shared.trailers.is_none())
    }

    /// Whether there is no body at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let shared = self.0.lock();
        matches!(shared.source, Source::Ended) && shared.capture.total() == 0 && shared.trailers.is_none()
    }

    /// From now on no more than `max` bytes may come: one more makes the body fail.
    ///
    /// # Errors
    /// When more have come already, or are announced; nothing is read then.
    pub fn limit_to(&self, max: u64) -> Result<(), ClientBodyError> {
        let mut shared = self.0.lock();
        shared.max = max;
        if shared.announced.unwrap_or(0).max(shared.capture.total()) > max {
            return Err(ClientBodyError::TooLarge { limit: max });
        }
        Ok(())
    }

    /// Whether the body can still be sent from its start.
    #[must_use]
    pub fn can_replay(&self) -> bool {
        !self.0.lock().gone
    }

    /// Ends the current attempt, which reads nothing from now on, so that another one can begin at the start. Whether it can:
    /// else the current one goes on.
    #[must_use]
    pub fn start_over(&self) -> bool {
        let mut shared = self.0.lock();
        if !shared.gone {
            shared.next_attempt();
        }
        !shared.gone
    }

    /// The current attempt is the last one, and its answer is the client's: what it has sent is forgotten, and what it will
    /// send is not kept. From now on the client may be silent for as long as the answer may: in a call that streams both
    /// ways each side waits for the other.
    pub fn forget(&self) {
        let mut shared = self.0.lock();
        let sent = if shared.attempt == NO_ATTEMPT {
            shared.frames.len()
        } else {
            shared.sent.min(shared.frames.len())
        };
        shared.frames.drain(..sent);
        shared.sent = 0;
        shared.gone = true;
        shared.answered = true;
        shared.timer = None;
    }

    /// Since when the current attempt has sent nothing, although the client kept it from nothing; `None` while the
    /// client is waited for before it has an answer.
    #[must_use]
    pub fn quiet_since(&self) -> Option<Instant> {
        let shared = self.0.lock();
        (shared.answered || !shared.awaits_client).then_some(shared.moved)
    }

    /// What the client did wrong, if it did.
    #[must_use]
    pub fn client_failure(&self) -> Option<ClientBodyError> {
        self.0.lock().failure
    }

    /// The captured prefix as text.
    #[must_use]
    pub fn captured(&self) -> Option<String> {
        self.0.lock().capture.text()
    }

    /// Bytes received so far.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.0.lock().capture.total()
    }

    /// Takes what the client has sent by now and nobody reads any more, up to [`UNREAD`] bytes; waits for nothing. Whether that
    /// was all.
    pub async fn take_what_came(&self) -> bool {
        if matches!(self.0.lock().source, Source::Ended) {
            return self.client_failure().is_none();
        }
        self.forget();
        let mut taken = 0;
        // The connection reads on when it is asked to, once this task has let it.
        let mut turns = 2;
        loop {
            let step = std::future::poll_fn(|cx| Poll::Ready(self.0.lock().poll_source(cx))).await;
            match step {
                Poll::Ready(None) => return true,
                Poll::Ready(Some(Ok(bytes))) if taken + bytes.len() <= UNREAD => taken += bytes.len(),
                Poll::Pending if turns > 0 => {
                    turns -= 1;
                    tokio::task::yield_now().await;
                }
                Poll::Ready(Some(_)) | Poll::Pending => return false,
            }
        }
    }

    /// Whether the current attempt's connection has asked for the body: before that, the upstream has seen nothing of the
    /// request. Means nothing where there is no body.
    #[must_use]
    pub fn was_asked_for(&self) -> bool {
        self.0.lock().asked_for
    }

    /// Bytes made by the gateway in place of the body, for one attempt.
    #[must_use]
    pub fn attempt_with(&self, bytes: Bytes) -> AttemptBody {
        self.0.lock().asked_for = false;
        AttemptBody::Full {
            bytes: Some(bytes),
            instead_of: self.clone(),
        }
    }

    /// The body for one attempt, from its start. Where that is gone, the attempt fails: the rest alone would be another body.
    #[must_use]
    pub fn attempt(&self) -> AttemptBody {
        let mut shared = self.0.lock();
        let attempt = if shared.gone { NO_ATTEMPT } else { shared.next_attempt() };
        AttemptBody::Shared {
            body: self.clone(),
            attempt,
        }
    }
}

impl Shared {
    /// Begins another attempt; the one before learns that it is over.
    fn next_attempt(&mut self) -> u32 {
        self.attempt += 1;
        self.asked_for = false;
        self.sent = 0;
        self.trailers_sent = false;
        self.awaits_client = false;
        self.moved = Instant::now();
        self.wake_reader();
        self.attempt
    }

    fn wake_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// The next frame of the current attempt: data, then trailer fields if there are any.
    fn poll_attempt(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ClientBodyError>>> {
        let data = std::task::ready!(self.poll_data(cx));
        if let Some(data) = data {
            return Poll::Ready(Some(data.map(Frame::data)));
        }
        let trailers = self.trailers.as_ref().filter(|_| !self.trailers_sent);
        let frame = trailers.map(|trailers| Ok(Frame::trailers(trailers.clone())));
        self.trailers_sent = true;
        Poll::Ready(frame)
    }

    /// The next bytes of the current attempt.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ClientBodyError>>> {
        if self.gone
            && let Some(frame) = self.frames.pop_front()
        {
            self.moved = Instant::now();
            return Poll::Ready(Some(Ok(frame)));
        }
        if let Some(frame) = self.frames.get(self.sent) {
            self.sent += 1;
            self.moved = Instant::now();
            return Poll::Ready(Some(Ok(frame.clone())));
        }
        let polled = if self.is_buffering {
            Poll::Pending
        } else {
            self.poll_source(cx)
        };
        self.sent = self.frames.len();
        self.awaits_client = polled.is_pending();
        if polled.is_ready() {
            self.moved = Instant::now();
        } else {
            self.reader = Some(cx.waker().clone());
        }
        polled
    }

    /// The next frame from the client, kept and counted.
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ClientBodyError>>> {
        if let Some(error) = self.failure {
            return Poll::Ready(Some(Err(error)));
        }
        loop {
            let Source::Incoming(incoming) = &mut self.source else {
                return Poll::Ready(None);
            };
            match Pin::new(incoming).poll_frame(cx) {
                Poll::Pending => return self.poll_idle(cx),
                Poll::Ready(None) => {
                    self.source = Source::Ended;
                    self.timer = None;
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Some(Err(self.fail(ClientBodyError::of(&error)))));
                }
                Poll::Ready(Some(Ok(frame))) => {
                    self.timer = None;
                    match frame.into_data() {
                        Ok(data) if self.capture.total() + data.len() as u64 > self.max => {
                            let too_large = ClientBodyError::TooLarge { limit: self.max };
                            return Poll::Ready(Some(Err(self.fail(too_large))));
                        }
                        Ok(data) => {
                            self.keep(&data);
                            return Poll::Ready(Some(Ok(data)));
                        }
                        Err(frame) => self.keep_trailers(frame),
                    }
                }
            }
        }
    }

    fn keep(&mut self, data: &Bytes) {
        self.capture.feed(data);
        if self.gone {
            return;
        }
        if self.kept + data.len() > self.limit {
            self.gone = true;
            if self.is_buffering && self.attempt != NO_ATTEMPT {
                // The current attempt may be the one that stands: it has not sent this yet.
                self.frames.drain(..self.sent);
                self.frames.push_back(data.clone());
            } else {
                self.frames = VecDeque::new();
            }
            self.sent = 0;
        } else {
            self.kept += data.len();
            self.frames.push_back(data.clone());
        }
    }

    /// Fields that may follow a body are sent again as the body is; the client library bounds their size.
    fn keep_trailers(&mut self, frame: Frame<Bytes>) {
        if let Ok(mut fields) = frame.into_trailers() {
            trailers::keep_allowed(&mut fields);
            self.trailers = Some(fields).filter(|fields| !fields.is_empty());
        }
    }

    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ClientBodyError>>> {
        if self.answered {
            return Poll::Pending;
        }
        let idle = self.idle;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + idle)));
        match timer.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => Poll::Ready(Some(Err(self.fail(ClientBodyError::Stalled)))),
        }
    }

    fn fail(&mut self, error: ClientBodyError) -> ClientBodyError {
        self.failure = Some(error);
        self.source = Source::Ended;
        self.timer = None;
        error
    }
}

#[cfg(test)]
mod tests;
