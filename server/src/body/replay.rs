//! A request's body that can be sent again: frames are kept as they flow to the first upstream, up to a limit, so that
//! another attempt starts with what was already read. Nothing waits for the whole body.

use super::capture::Capture;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use parking_lot::Mutex;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// What the client did wrong with its body. Never an upstream's fault, never retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientBodyError {
    /// Broken framing, or the connection ended in the middle.
    #[error("the request's body ended before it was complete, or its framing is broken")]
    Broken,
    /// Silence for longer than `server.body_timeout_seconds`.
    #[error("the request's body stopped coming")]
    Stalled,
}

/// Why a body could not be read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BufferError {
    /// It is over the limit.
    #[error("the request's body is larger than {limit} bytes")]
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
    frames: Vec<Bytes>,
    kept: usize,
    limit: usize,
    /// More was read than is kept: no further attempt.
    overflowed: bool,
    failure: Option<ClientBodyError>,
    capture: Capture,
    idle: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// Length that the client announced.
    announced: Option<u64>,
    /// Number of the attempt that may read. An abandoned one may still be polled for a moment by its connection; it
    /// must not take the place of the current one as the task that is woken.
    attempt: u32,
}

enum Source {
    Incoming(Incoming),
    Ended,
}

impl ReplayBody {
    /// Wraps the client's body. `limit` bytes are kept for another attempt, `capture` for the audit log;
    /// `idle` bounds the silence between two frames.
    #[must_use]
    pub fn new(body: Incoming, limit: usize, capture: usize, idle: Duration) -> Self {
        let ended = body.is_end_stream();
        let announced = body.size_hint().exact();
        Self(Arc::new(Mutex::new(Shared {
            source: if ended { Source::Ended } else { Source::Incoming(body) },
            frames: Vec::new(),
            kept: 0,
            limit,
            overflowed: false,
            failure: None,
            capture: Capture::new(capture),
            idle,
            timer: None,
            announced: if ended { Some(0) } else { announced },
            attempt: 0,
        })))
    }

    /// The length that the client announced, or that is known because the body was read whole.
    #[must_use]
    pub fn exact_len(&self) -> Option<u64> {
        self.0.lock().announced
    }

    /// Whether there is no body at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let shared = self.0.lock();
        matches!(shared.source, Source::Ended) && shared.frames.is_empty()
    }

    /// Whether the body can still be sent from its start.
    #[must_use]
    pub fn can_replay(&self) -> bool {
        !self.0.lock().overflowed
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

    /// Reads the body to its end and hands out its bytes; it can still be sent afterwards.
    ///
    /// # Errors
    /// When it is over the limit, or the client fails.
    pub async fn buffer(&self) -> Result<Bytes, BufferError> {
        let limit = {
            let shared = self.0.lock();
            if shared.announced.is_some_and(|length| length > shared.limit as u64) {
                return Err(BufferError::TooLarge { limit: shared.limit });
            }
            shared.limit
        };
        loop {
            let step = std::future::poll_fn(|cx| self.0.lock().poll_source(cx)).await;
            match step {
                Some(Ok(_)) if self.0.lock().overflowed => return Err(BufferError::TooLarge { limit }),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => break,
            }
        }
        let mut shared = self.0.lock();
        if shared.frames.len() > 1 {
            let whole = Bytes::from(shared.frames.concat());
            shared.frames = vec![whole];
        }
        shared.announced = Some(shared.kept as u64);
        Ok(shared.frames.first().cloned().unwrap_or_default())
    }

    /// The body for one attempt, from its start.
    #[must_use]
    pub fn attempt(&self) -> AttemptBody {
        let mut shared = self.0.lock();
        shared.attempt += 1;
        AttemptBody::Shared {
            body: self.clone(),
            next: 0,
            attempt: shared.attempt,
        }
    }
}

impl Shared {
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
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(self.fail(ClientBodyError::Broken)))),
                Poll::Ready(Some(Ok(frame))) => {
                    self.timer = None;
                    // Trailers of a request are dropped: HTTP/1.1 allows it (RFC 9110 section 6.5.1).
                    let Ok(data) = frame.into_data() else { continue };
                    self.keep(&data);
                    return Poll::Ready(Some(Ok(data)));
                }
            }
        }
    }

    fn keep(&mut self, data: &Bytes) {
        self.capture.feed(data);
        if self.overflowed {
            return;
        }
        if self.kept + data.len() > self.limit {
            self.overflowed = true;
            self.frames = Vec::new();
        } else {
            self.kept += data.len();
            self.frames.push(data.clone());
        }
    }

    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ClientBodyError>>> {
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

/// The body of one attempt.
pub enum AttemptBody {
    /// No body.
    Empty,
    /// Bytes made by the gateway (a body with fields added).
    Full(Option<Bytes>),
    /// The client's body from its start.
    Shared {
        /// The body.
        body: ReplayBody,
        /// Frames that this attempt has sent.
        next: usize,
        /// Number of this attempt.
        attempt: u32,
    },
}

impl Body for AttemptBody {
    type Data = Bytes;
    type Error = ClientBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ClientBodyError>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Shared { body, next, attempt } => {
                let mut shared = body.0.lock();
                if shared.attempt != *attempt {
                    return Poll::Ready(Some(Err(ClientBodyError::Broken)));
                }
                if let Some(frame) = shared.frames.get(*next).cloned() {
                    *next += 1;
                    return Poll::Ready(Some(Ok(Frame::data(frame))));
                }
                let polled = shared.poll_source(cx);
                *next = shared.frames.len();
                polled.map(|frame| frame.map(|frame| frame.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(bytes) => bytes.is_none(),
            Self::Shared { body, next, .. } => {
                let shared = body.0.lock();
                matches!(shared.source, Source::Ended) && shared.failure.is_none() && *next >= shared.frames.len()
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            // Asked before the first frame only, to choose between Content-Length and chunks.
            Self::Shared { body, .. } => body.exact_len().map_or_else(SizeHint::new, SizeHint::with_exact),
        }
    }
}
