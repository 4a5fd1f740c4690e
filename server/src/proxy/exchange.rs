//! One request from its head to its end, as the audit log will tell it. Each stage notes what it learns; whatever way a
//! request ends, also by being dropped, exactly one record leaves from here.

mod ending;
mod first_record;
mod log_line;

use super::accept::{Accepted, Sender};
use super::authenticate::Caller;
use super::error::ProxyError;
use crate::api_keys;
use crate::app::App;
use crate::audit_log::live::InFlight;
use crate::audit_log::redact::forget;
use crate::body::replay::ReplayBody;
use crate::concurrency::Permit;
use crate::message::cors::CorsPolicy;
use crate::message::grpc;
use crate::request_id::RequestId;
use crate::routing::{Candidate, CompiledRoute, RouteTable};
use crate::upstream::Failure;
pub use ending::End;
use fastgate_shared::audit_log::{Attempt, LiveEventKind, Outcome, Replay};
use fastgate_shared::refusals::STANDS_IN_FOR;
use first_record::{first_record, shortened};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use jiff::Timestamp;
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A request being handled.
pub struct Exchange {
    app: Arc<App>,
    in_flight: Arc<InFlight>,
    body: ReplayBody,
    is_head: bool,
    request_is_form: bool,
    /// `Content-Type` of a gRPC request.
    grpc: Option<HeaderValue>,
    request_id: RequestId,
    route: Option<Arc<CompiledRoute>>,
    /// The route that won, for which the one in use may stand in.
    winner: Option<Arc<CompiledRoute>>,
    /// Time before the response's head in which upstreams, or the client's body, were waited for.
    waited: Duration,
    started_us: i64,
    ended: bool,
    /// `Origin`.
    origin: Option<HeaderValue>,
    /// What browsers are told about the route that is in use, or that would be if the request were not refused.
    cors: Option<Arc<CorsPolicy>>,
    /// Its places among the requests in flight, until its end.
    places: SmallVec<[Permit; 3]>,
    /// Credentials that the client showed and that are no key of this gateway: routes without keys pass them on.
    shown: SmallVec<[Box<str>; 1]>,
}

impl Exchange {
    /// The id as a header field's value.
    #[must_use]
    pub fn request_id(&self) -> HeaderValue {
        self.request_id.to_header()
    }

    /// A request's head has arrived.
    #[must_use]
    #[inline(never)] // Counted by itself: bench/instructions.mjs.
    pub fn begin(app: &Arc<App>, request: &Request<ReplayBody>, sender: &Sender, started: Instant) -> Self {
        let headers = request.headers();
        let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let started_us = Timestamp::now().as_microsecond() - started.elapsed().as_micros() as i64;
        let record = first_record(app, request, sender, started_us);
        Self {
            in_flight: app.audit.live.enter(Box::new(record), started),
            app: app.clone(),
            body: request.body().clone(),
            is_head: request.method() == Method::HEAD,
            request_is_form: content_type.is_some_and(|media| media.starts_with(b"application/x-www-form-urlencoded")),
            grpc: grpc::media_type(headers).cloned(),
            request_id: sender.request_id.clone(),
            route: None,
            winner: None,
            waited: Duration::ZERO,
            started_us,
            ended: false,
            origin: headers.get(header::ORIGIN).cloned(),
            cors: None,
            places: SmallVec::new(),
            shown: api_keys::foreign_credentials(headers, &app.config.security.key_prefix),
        }
    }

    /// The gateway, for what the body needs at its end.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Whether the client asked for a head without a body.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.is_head
    }

    /// The media type of a gRPC call, whose client reads errors in its own way.
    #[must_use]
    pub fn grpc(&self) -> Option<&HeaderValue> {
        self.grpc.as_ref()
    }

    /// The request's body, which may still be on its way.
    #[must_use]
    pub fn body(&self) -> &ReplayBody {
        &self.body
    }

    /// Who calls.
    pub fn identified(&self, caller: &Caller) {
        if let Some(key) = caller.owner() {
            self.in_flight.update(|record| {
                record.source_path = Some(key.source_path.clone());
                record.key_id = Some(key.key_id.clone());
                record.key_preview = Some(key.preview.clone());
            });
        }
    }

    /// What the client asked for, when the body was read.
    pub fn asked_for(&self, model: Option<&str>) {
        if let Some(model) = model {
            self.in_flight
                .update(|record| record.model = Some(shortened(model).to_owned()));
        }
    }

    /// An administrator sent it.
    pub fn is_replay(&self, replay: Replay) {
        self.in_flight.update(|record| record.replay = Some(Box::new(replay)));
    }

    /// The route in use, once there is one.
    #[must_use]
    pub fn route(&self) -> Option<&Arc<CompiledRoute>> {
        self.route.as_ref()
    }

    /// The route that is in use.
    pub fn routed(&mut self, candidate: &Candidate) {
        self.routed_to(&candidate.route);
    }

    /// The route that is in use; the first one is the winner, for which the others stand in.
    pub fn routed_to(&mut self, route: &Arc<CompiledRoute>) {
        let before = self.route.replace(route.clone());
        self.cors.clone_from(&route.cors);
        let reason = self.reason(route);
        self.in_flight.update(|record| {
            record.route_id = Some(route.id.clone());
            record.route_name = Some(route.name.clone());
            record.match_reason = Some(reason);
            record.forget(route.plan.credentials());
            if let Some(before) = &before {
                record.attempts_were_of(&before.name);
            }
        });
        if before.is_none() {
            self.winner = Some(route.clone());
            self.app.audit.live.tell(LiveEventKind::Start, &self.in_flight);
        }
    }

    /// Why a route is in use.
    fn reason(&self, route: &CompiledRoute) -> Arc<str> {
        match &self.winner {
            Some(winner) if winner.id != route.id => {
                format!("{}{STANDS_IN_FOR}{}, which matched first", route.reason, winner.name).into()
            }
            _ => route.reason.clone(),
        }
    }

    /// The request as a browser's page would send it: should it be refused before it has a route, the page must be able
    /// to read why.
    pub fn from_page(&mut self, table: &RouteTable, accepted: &Accepted) {
        if self.origin.is_some() {
            let route = table.with_cors(&accepted.canonical_path, &accepted.method, Some(&accepted.headers));
            self.cors = route.and_then(|route| route.cors.clone());
        }
    }

    /// Tells browsers what the route's `cors` says.
    pub fn dress(&self, headers: &mut HeaderMap) {
        if let Some(cors) = &self.cors {
            cors.dress(self.origin.as_ref(), headers);
        }
    }

    /// Says in the answer to a preflight for whom it is.
    pub fn name_origin(&self, headers: &mut HeaderMap) {
        if let Some(cors) = &self.cors {
            cors.name_origin(self.origin.as_ref(), headers);
        }
    }

    /// Keeps a place among the requests in flight until the end.
    pub fn hold(&mut self, place: Permit) {
        self.places.push(place);
    }

    /// Somebody else took this long.
    pub fn waited(&mut self, time: Duration) {
        self.waited += time;
    }

    /// An attempt begins.
    pub fn trying(&self, url: &str) {
        let url = forget(self.app.audit.redactor.url(url).into_owned(), self.credentials());
        self.in_flight.update(|record| record.target_url = Some(url));
    }

    /// An attempt ended with a response's head or a failure.
    pub fn attempted(&mut self, attempt: Attempt) {
        self.waited(Duration::from_secs_f64(attempt.ms / 1000.0));
        self.in_flight.update(|record| record.attempts.push(attempt));
    }

    /// The last attempt's answer broke after its head.
    pub fn broke(&self, failure: Failure) {
        self.in_flight.update(|record| {
            if let Some(attempt) = record.attempts.last_mut() {
                attempt.phase = Some(failure.phase());
                attempt.error = Some(failure.class().to_owned());
            }
        });
    }

    /// The head of the response is ready for the client.
    pub fn answered(&self, status: StatusCode, headers: &HeaderMap, is_stream: bool) {
        let elapsed = self.in_flight.started().elapsed();
        let headers = self.app.audit.redactor.headers(headers, self.credentials());
        // Who watches by model waits for no answer's end. Nobody else needs to know it before.
        let is_watched = self.app.audit.live.is_watched();
        if self.route.is_none() {
            // Refused at the door: it never came to the point at which the others start.
            self.app.audit.live.tell(LiveEventKind::Start, &self.in_flight);
        }
        self.in_flight.update(|record| {
            record.status_code = Some(status.as_u16());
            record.response_headers = headers;
            record.is_stream = is_stream;
            if is_watched && record.model.is_none() {
                record.model = self.asked_model();
            }
            record.first_response_time = Some(self.started_us + micros(elapsed));
            record.ttfb_us = Some(micros(elapsed));
            record.gateway_us = Some(micros(elapsed.saturating_sub(self.waited)));
        });
        self.app.audit.live.tell(LiveEventKind::FirstByte, &self.in_flight);
    }

    /// The gateway itself answers.
    pub fn refused(&self, error: &ProxyError) {
        let said = self.app.audit.redactor.text(&error.recorded()).into_owned();
        let said = forget(said, self.credentials());
        self.in_flight.update(|record| {
            record.error_message = Some(said);
            if let ProxyError::NoRoute { nearest, .. } = error {
                record.match_reason = Some(nearest.as_str().into());
            }
        });
    }

    /// The request's place among those in flight, through which it can be cancelled.
    #[must_use]
    pub fn in_flight(&self) -> &Arc<InFlight> {
        &self.in_flight
    }

    /// How to call the end of a request that broke off, and why it did, where that is known.
    #[must_use]
    pub fn broken_off(&self) -> (Outcome, Option<String>) {
        if self.in_flight.is_cancelled() {
            let error = ProxyError::Cancelled;
            return (error.outcome(), Some(error.to_string()));
        }
        (self.app.audit.live.broken_off(), None)
    }

    /// A piece of the response went on.
    pub fn grew(&self, bytes: u64, chunks: u64) {
        self.in_flight.grew(bytes, chunks);
    }

    /// A piece from the client went up a tunnel.
    pub fn sent_up(&self, bytes: u64) {
        self.in_flight.sent_up(bytes);
    }

    /// What an upstream could repeat in its answer: the credentials that it got, from the route or from the client.
    fn credentials(&self) -> impl Iterator<Item = &str> + Clone {
        let of_route = self.route.iter().flat_map(|route| route.plan.credentials());
        of_route.chain(self.shown.iter().map(|credential| &**credential))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
