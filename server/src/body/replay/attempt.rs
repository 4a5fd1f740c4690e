//! The body of one attempt, as it is sent.

use super::{ClientBodyError, NO_ATTEMPT, ReplayBody, Source};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body of one attempt.
pub enum AttemptBody {
    /// No body.
    Empty,
    /// Bytes made by the gateway (a body with fields added).
    Full {
        /// The bytes, until they are sent.
        bytes: Option<Bytes>,
        /// The client's body.
        instead_of: ReplayBody,
    },
    /// The client's body from its start.
    Shared {
        /// The body.
        body: ReplayBody,
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
            Self::Full { bytes, instead_of } => {
                instead_of.0.lock().asked_for = true;
                Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes))))
            }
            Self::Shared { body, attempt } => {
                let mut shared = body.0.lock();
                if shared.attempt != *attempt || *attempt == NO_ATTEMPT {
                    return Poll::Ready(Some(Err(ClientBodyError::Incomplete)));
                }
                shared.asked_for = true;
                shared.poll_attempt(cx)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full { bytes, .. } => bytes.is_none(),
            Self::Shared { body, attempt } => {
                let shared = body.0.lock();
                // One that is over ends with an error.
                shared.attempt == *attempt
                    && *attempt != NO_ATTEMPT
                    && matches!(shared.source, Source::Ended)
                    && shared.failure.is_none()
                    && shared.sent >= shared.frames.len()
                    && (shared.trailers_sent || shared.trailers.is_none())
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full { bytes, .. } => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            // Asked before the first frame only, to choose between Content-Length and chunks.
            Self::Shared { body, .. } => body.exact_len().map_or_else(SizeHint::new, SizeHint::with_exact),
        }
    }
}
