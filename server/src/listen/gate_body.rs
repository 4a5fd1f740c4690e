//! The body of any response: the proxy's own, or that of the other doors.

use super::phases::Busy;
use crate::proxy::relay::RelayBody;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body, and the mark that its connection is busy until it has ended.
pub struct GateBody {
    kind: Kind,
    busy: Option<Busy>,
    /// The length that the head says although no body follows.
    only_said: Option<u64>,
}

enum Kind {
    Relayed(Box<RelayBody>),
    Other(axum::body::Body),
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl GateBody {
    /// A text.
    #[must_use]
    pub fn text(text: String) -> Self {
        axum::body::Body::from(text).into()
    }

    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        axum::body::Body::empty().into()
    }

    /// The body of the answer with this head. A 304 may say how long the body would be that it does not have (RFC 9110
    /// section 8.6); hyper's HTTP/1.1 takes that off where a body says that it is empty, and polls none after a 304. HTTP/2 needs none of this.
    #[must_use]
    pub fn after(mut self, status: StatusCode, headers: &HeaderMap) -> Self {
        if status == StatusCode::NOT_MODIFIED {
            let length = headers.get(header::CONTENT_LENGTH);
            self.only_said = length.and_then(|length| length.to_str().ok()?.parse().ok());
        }
        self
    }

    /// Keeps the connection marked as busy until the body is dropped.
    #[must_use]
    pub fn until_end(mut self, busy: Busy) -> Self {
        self.busy = Some(busy);
        self
    }
}

impl From<Box<RelayBody>> for GateBody {
    fn from(body: Box<RelayBody>) -> Self {
        Self {
            kind: Kind::Relayed(body),
            busy: None,
            only_said: None,
        }
    }
}

impl From<axum::body::Body> for GateBody {
    fn from(body: axum::body::Body) -> Self {
        Self {
            kind: Kind::Other(body),
            busy: None,
            only_said: None,
        }
    }
}

impl Body for GateBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let polled = catch_unwind(AssertUnwindSafe(|| match &mut this.kind {
            Kind::Relayed(body) => Pin::new(body.as_mut()).poll_frame(cx).map_err(Into::into),
            Kind::Other(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
        }));
        polled.unwrap_or_else(|_| {
            // The panic hook has logged what happened. It costs this body, whose end the client will miss, and neither the
            // connection's other streams nor what the connection holds.
            if let Kind::Relayed(body) = &mut this.kind {
                body.broke_down();
            }
            Poll::Ready(Some(Err("a defect of the gateway".into())))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.only_said.is_none()
            && match &self.kind {
                Kind::Relayed(body) => body.is_end_stream(),
                Kind::Other(body) => body.is_end_stream(),
            }
    }

    fn size_hint(&self) -> SizeHint {
        if let Some(length) = self.only_said {
            return SizeHint::with_exact(length);
        }
        match &self.kind {
            Kind::Relayed(body) => body.size_hint(),
            Kind::Other(body) => body.size_hint(),
        }
    }
}
