//! The body of any response: the proxy's own, or that of the other doors.

use super::connection::Busy;
use crate::proxy::relay::RelayBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body, and the mark that its connection is busy until it has ended.
pub struct GateBody {
    kind: Kind,
    busy: Option<Busy>,
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

    /// Keeps the connection marked as busy until the body is dropped.
    #[must_use]
    pub fn until_end(mut self, busy: Busy) -> Self {
        self.busy = Some(busy);
        self
    }
}

impl From<RelayBody> for GateBody {
    fn from(body: RelayBody) -> Self {
        Self {
            kind: Kind::Relayed(Box::new(body)),
            busy: None,
        }
    }
}

impl From<axum::body::Body> for GateBody {
    fn from(body: axum::body::Body) -> Self {
        Self {
            kind: Kind::Other(body),
            busy: None,
        }
    }
}

impl Body for GateBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.kind {
            Kind::Relayed(body) => Pin::new(body.as_mut()).poll_frame(cx).map_err(Into::into),
            Kind::Other(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Relayed(body) => body.is_end_stream(),
            Kind::Other(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Relayed(body) => body.size_hint(),
            Kind::Other(body) => body.size_hint(),
        }
    }
}
