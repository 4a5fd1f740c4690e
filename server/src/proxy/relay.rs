//! Stage 7: the answer on its way to the client, chunk by chunk. Nothing waits for a whole body; what is read in it is
//! read on the side. The end of the body is the end of the request, and its record leaves with it.

use super::answer_itself::OwnAnswer;
use super::audit;
use super::error::ProxyError;
use super::exchange::{End, Exchange};
use super::forward::UpstreamResponse;
use crate::audit_log::OnDisk;
use crate::body::capture::Capture;
use crate::body::idle_timeout::IdleTimeout;
use crate::body::usage::{self, Usage, UsageReader};
use crate::config::Capture as CaptureMode;
use crate::message::{grpc, hop_by_hop, trailers, upgrade};
use crate::request_id;
use crate::upstream::circuit::Failed;
use crate::upstream::targets::Slot;
use crate::upstream::{Failure, UpstreamBody};
use bytes::Bytes;
use fastgate_shared::audit_log::Outcome;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

/// What the journey of a request came to.
pub enum Arrival {
    /// An upstream's answer.
    Upstream(Box<UpstreamResponse>),
    /// One of the gateway's own.
    Own(OwnAnswer),
}

/// The body that the client reads.
pub struct RelayBody {
    source: Source,
    exchange: Exchange,
    capture: Capture,
    usage: Option<UsageReader>,
    chunks: u64,
    is_stream: bool,
    outcome: Outcome,
    /// Waits for the record to be on disk (`proxy.async_audit: false`), with the frame that is held back until then.
    durable: Option<(OnDisk, Option<Frame<Bytes>>)>,
    ended: bool,
}

enum Source {
    /// Made by the gateway.
    Made(Option<Bytes>),
    /// Flows from an upstream.
    Upstream {
        body: UpstreamBody,
        idle: IdleTimeout,
        /// Given back with the last byte, before the client can have it and ask again.
        slot: Option<Slot>,
    },
}

/// The response's body broke; the client's connection is closed without a clean end.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The upstream's answer did.
    #[error("{0}")]
    Upstream(Failure),
    /// An administrator cancelled the request.
    #[error("The request was cancelled.")]
    Cancelled,
}

/// Turns an answer, or the lack of one, into the client's response.
#[must_use]
#[inline(never)] // Counted by itself: bench/instructions.mjs.
pub fn relay(exchange: Exchange, answer: Result<Arrival, ProxyError>) -> Response<Box<RelayBody>> {
    match answer {
        Ok(Arrival::Upstream(answer)) => relay_upstream(exchange, *answer),
        Ok(Arrival::Own(answer)) => relay_own(exchange, answer),
        Err(error) => answer_error(exchange, &error),
    }
}

fn relay_upstream(exchange: Exchange, answer: UpstreamResponse) -> Response<Box<RelayBody>> {
    let UpstreamResponse {
        response,
        idle_timeout,
        slot,
        ..
    } = answer;
    let (mut head, body) = response.into_parts();
    // Tells the client what to ask for (RFC 9110 section 15.5.22).
    let required = head
        .headers
        .remove(header::UPGRADE)
        .filter(|_| head.status == StatusCode::UPGRADE_REQUIRED);
    let announced = trailers::announced(&head.headers);
    hop_by_hop::strip(&mut head.headers);
    if let Some(required) = required {
        upgrade::set(&mut head.headers, required);
    }
    if head.status == StatusCode::NO_CONTENT {
        // RFC 9110 section 8.6.
        head.headers.remove(header::CONTENT_LENGTH);
    }
    if body.size_hint().exact().is_none() {
        // HTTP/1.1 has trailer fields only after chunks, and only those that are announced to who reads them.
        head.headers.extend(announced.map(|names| (header::TRAILER, names)));
    }
    exchange.dress(&mut head.headers);
    head.headers.insert(request_id::HEADER, exchange.request_id());
    // The connection to the upstream may have spoken another version.
    head.version = http::Version::HTTP_11;
    let is_stream = usage::is_stream(&head.headers);
    exchange.answered(head.status, &head.headers, is_stream);
    let usage = UsageReader::for_response(&head.headers);
    let idle = IdleTimeout::new(idle_timeout);
    let slot = Some(slot);
    let source = Source::Upstream { body, idle, slot };
    Response::from_parts(head, RelayBody::new(source, exchange, usage, is_stream, Outcome::Ok))
}

fn answer_error(exchange: Exchange, error: &ProxyError) -> Response<Box<RelayBody>> {
    if let Some(media) = exchange.grpc().cloned() {
        return refuse_call(exchange, error, media);
    }
    let id = exchange.request_id();
    let bytes = Bytes::from(error.body(id.to_str().unwrap_or_default()));
    exchange.refused(error);
    let mut response = Response::new(());
    *response.status_mut() = error.status();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_LENGTH, bytes.len().into());
    headers.insert(request_id::HEADER, id);
    headers.extend(error.headers());
    exchange.dress(headers);
    exchange.answered(error.status(), response.headers(), false);
    // The answer to HEAD has the length of a body and none (RFC 9110 section 9.3.2): nobody would ask for its end.
    let bytes = (!exchange.is_head()).then_some(bytes);
    let body = RelayBody::new(Source::Made(bytes), exchange, None, false, error.outcome());
    response.map(|()| body)
}

/// The answer to a gRPC call: 200 with the error in its fields, the only one that its client understands. The record has the
/// status that any other client would have heard.
fn refuse_call(exchange: Exchange, error: &ProxyError, media: HeaderValue) -> Response<Box<RelayBody>> {
    exchange.refused(error);
    let mut response = Response::new(());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media);
    headers.extend(grpc::refusal(error.status(), &error.to_string()));
    headers.insert(request_id::HEADER, exchange.request_id());
    headers.extend(error.headers());
    exchange.dress(headers);
    exchange.answered(error.status(), response.headers(), false);
    let body = RelayBody::new(Source::Made(None), exchange, None, false, error.outcome());
    response.map(|()| body)
}

/// An answer of the gateway's own that is no error.
fn relay_own(exchange: Exchange, answer: OwnAnswer) -> Response<Box<RelayBody>> {
    let OwnAnswer { status, headers, body } = answer;
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    let headers = response.headers_mut();
    if status == StatusCode::NO_CONTENT {
        exchange.name_origin(headers);
    } else {
        headers.insert(header::CONTENT_LENGTH, body.len().into());
        exchange.dress(headers);
    }
    headers.insert(request_id::HEADER, exchange.request_id());
    exchange.answered(status, response.headers(), false);
    let body = Some(body).filter(|body| !body.is_empty() && !exchange.is_head());
    let body = RelayBody::new(Source::Made(body), exchange, None, false, Outcome::Ok);
    response.map(|()| body)
}

impl RelayBody {
    fn new(
        source: Source,
        exchange: Exchange,
        usage: Option<UsageReader>,
        is_stream: bool,
        outcome: Outcome,
    ) -> Box<Self> {
        let audit = &exchange.app().config.audit;
        let limit = if audit.capture == CaptureMode::None {
            0
        } else {
            audit.max_body_bytes
        };
        let capture = Capture::new(limit);
        Box::new(Self {
            source,
            exchange,
            capture,
            usage,
            chunks: 0,
            is_stream,
            outcome,
            durable: None,
            ended: false,
        })
    }

    /// Ends the request before its head is sent when there is no body that could wait for the record
    /// (`proxy.async_audit: false` and nothing to send).
    pub async fn settle(&mut self) {
        if audit::must_wait(self.exchange.app())
            && self.source_ended()
            && let Some(recorded) = self.finish(self.outcome, None)
        {
            recorded.await;
        }
    }

    /// A piece flows by.
    fn note(&mut self, bytes: &Bytes) {
        self.capture.feed(bytes);
        if let Some(usage) = &mut self.usage {
            usage.feed(bytes);
            if self.is_stream {
                self.chunks = usage.chunks();
            }
        }
        self.exchange.grew(bytes.len() as u64, self.chunks);
    }

    /// The body ended, well or not: the record leaves.
    fn finish(&mut self, outcome: Outcome, error: Option<String>) -> Option<OnDisk> {
        if std::mem::replace(&mut self.ended, true) {
            return None;
        }
        if let Source::Upstream { slot, .. } = &mut self.source {
            *slot = None;
        }
        let (usage, chunks) = self.usage.take().map_or((Usage::default(), 0), UsageReader::finish);
        if self.is_stream {
            self.exchange.grew(0, chunks);
        }
        let end = End {
            outcome,
            error,
            response: std::mem::take(&mut self.capture),
            usage,
        };
        audit::record(&mut self.exchange, end)
    }

    /// Whose fault it is that the response broke. An upstream that answers while the request still comes breaks off when
    /// the client does.
    fn blame(&mut self, failure: Failure) -> (Outcome, String) {
        if let Some(error) = self.exchange.body().client_failure() {
            let error = ProxyError::from(error);
            return (error.outcome(), error.to_string());
        }
        self.exchange.broke(failure);
        if let Source::Upstream { slot: Some(slot), .. } = &mut self.source {
            slot.failed(Failed::Felt, Instant::now());
        }
        let outcome = if failure.is_timeout() {
            Outcome::Timeout
        } else {
            Outcome::UpstreamError
        };
        (outcome, failure.to_string())
    }

    /// An administrator cancelled the request. What the gateway itself has to say is said to its end.
    fn is_cancelled(&self, cx: &Context<'_>, waits: bool) -> bool {
        let in_flight = self.exchange.in_flight();
        matches!(self.source, Source::Upstream { .. })
            && (in_flight.is_cancelled() || waits && in_flight.poll_cancelled(cx))
    }

    /// A defect of the gateway ends the body: what was read in it so far may be half of something and is left out.
    pub fn broke_down(&mut self) {
        self.usage = None;
        self.durable = None;
        let error = ProxyError::Internal;
        drop(self.finish(error.outcome(), Some(error.to_string())));
    }

    fn source_ended(&self) -> bool {
        match &self.source {
            Source::Made(bytes) => bytes.is_none(),
            Source::Upstream { body, .. } => body.is_end_stream(),
        }
    }
}

impl Body for RelayBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        if let Some((recorded, _)) = &mut this.durable {
            ready!(recorded.as_mut().poll(cx));
            let held = this.durable.take().and_then(|(_, frame)| frame);
            return Poll::Ready(held.map(Ok));
        }
        if this.ended {
            return Poll::Ready(None);
        }
        let polled = match &mut this.source {
            Source::Made(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Source::Upstream { body, idle, .. } => match Pin::new(body).poll_frame(cx) {
                Poll::Pending => {
                    let request = this.exchange.body();
                    idle.poll(cx, || request.quiet_since())
                        .map(|()| Some(Err(Failure::IdleTimeout)))
                }
                Poll::Ready(frame) => {
                    idle.touch();
                    Poll::Ready(frame.map(|frame| frame.map(allowed)))
                }
            },
        };
        if this.is_cancelled(cx, polled.is_pending()) {
            let (outcome, why) = this.exchange.broken_off();
            drop(this.finish(outcome, why));
            return Poll::Ready(Some(Err(Broken::Cancelled)));
        }
        let outcome = this.outcome;
        let (frame, recorded) = match ready!(polled) {
            Some(Ok(frame)) => {
                if let Some(bytes) = frame.data_ref() {
                    this.note(&bytes.clone());
                }
                // With a known length nobody asks again after the last piece, and nobody does after trailer fields.
                let recorded = if frame.is_trailers() || this.source_ended() {
                    this.finish(outcome, None)
                } else {
                    None
                };
                (Some(frame), recorded)
            }
            None => (None, this.finish(outcome, None)),
            Some(Err(failure)) => {
                let (outcome, error) = this.blame(failure);
                // The client's connection breaks off anyway: there is no end to hold back for the record.
                drop(this.finish(outcome, Some(error)));
                return Poll::Ready(Some(Err(Broken::Upstream(failure))));
            }
        };
        match recorded {
            None => Poll::Ready(frame.map(Ok)),
            Some(recorded) => {
                this.durable = Some((recorded, frame));
                self.poll_frame(cx)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.durable.is_none() && (self.ended || self.source_ended())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Made(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Source::Upstream { body, .. } => body.size_hint(),
        }
    }
}

/// A frame without the trailer fields that may not go on.
fn allowed(frame: Frame<Bytes>) -> Frame<Bytes> {
    match frame.into_trailers() {
        Ok(mut fields) => {
            trailers::keep_allowed(&mut fields);
            Frame::trailers(fields)
        }
        Err(data) => data,
    }
}

impl Drop for RelayBody {
    /// A body that has nothing to send is never polled; one that has, and is dropped, was abandoned by the client.
    fn drop(&mut self) {
        let (outcome, why) = if self.source_ended() {
            (self.outcome, None)
        } else {
            self.exchange.broken_off()
        };
        drop(self.finish(outcome, why));
    }
}
