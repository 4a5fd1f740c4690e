//! Stage 6: an answer from an upstream, from the first target that gives one. Which targets and routes stand in, and
//! when, is the contract's Load sharing and failover; the rules are in `upstream::{balance, circuit, retry}`, the way
//! from target to target in `course`.

mod course;
mod standing;

use super::accept::Accepted;
use super::admit::Admission;
use super::error::ProxyError;
use super::exchange::Exchange;
use super::transform::transform;
use crate::app::App;
use crate::body::replay::ReplayBody;
use crate::message::{hop_by_hop, upgrade};
use crate::routing::CompiledRoute;
use crate::upstream::UpstreamBody;
use crate::upstream::circuit::Failed;
use crate::upstream::failure::Failure;
use crate::upstream::interim::Interim;
use crate::upstream::retry::{RetryRules, Setback, cool_down};
use crate::upstream::targets::Slot;
use course::{Course, Pick, Purse};
use fastgate_shared::audit_log::{Attempt, AttemptPhase};
use http::{Response, StatusCode, header};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// An upstream's answer: its head is here, its body still flows.
pub struct UpstreamResponse {
    /// The answer.
    pub response: Response<UpstreamBody>,
    /// The route that got it.
    pub route: Arc<CompiledRoute>,
    /// Longest silence between two pieces of the body.
    pub idle_timeout: Duration,
    /// Counts the request against its target until the body ended.
    pub slot: Slot,
}

/// How one attempt ended.
enum Answer {
    Final(Box<UpstreamResponse>),
    /// An answer that may be followed by another attempt; it is the client's when there is none.
    Refusal(Box<UpstreamResponse>),
    Failed(Failure),
}

/// Sends the request until an upstream answers.
///
/// # Errors
/// 502, 503 or 504 when none does; 400 or 408 when the client's body fails.
pub async fn forward(app: &App, admission: Admission, exchange: &mut Exchange) -> Result<UpstreamResponse, ProxyError> {
    let nobody = || ProxyError::NoUpstream {
        retry_after: Duration::ZERO,
    };
    let mut course = Course::new(app, admission).ok_or_else(nobody)?;
    let winner = course.candidate().route.clone();
    winner.retries.requested(Instant::now());
    let first = course.first(exchange).await;
    let mut pick = first.ok_or_else(|| course.unavailable())?;
    let mut number = 1;
    loop {
        let answer = course.attempt(app, number, pick, exchange).await?;
        let next = if number <= course.moves {
            course.after(&answer, &winner, exchange).await
        } else {
            None
        };
        match (next, answer) {
            (Some(next), Answer::Refusal(_) | Answer::Failed(_)) => pick = next,
            (_, Answer::Final(response) | Answer::Refusal(response)) => {
                // The request's body is not needed again.
                course.admission.accepted.body.forget();
                return Ok(*response);
            }
            (None, Answer::Failed(failure)) => return Err(course.failed(failure)),
        }
        number += 1;
    }
}

impl Answer {
    /// What may be tried again; `None` for an answer that the client should see.
    fn setback(&self) -> Option<Setback> {
        match self {
            Self::Final(_) => None,
            Self::Refusal(answer) => Some(Setback::Status(answer.response.status())),
            Self::Failed(failure) => Some(Setback::Failed(*failure)),
        }
    }
}

impl Course<'_> {
    /// Where the request goes after this answer; `None` when the answer stands. The winning route pays for it.
    async fn after(&mut self, answer: &Answer, winner: &CompiledRoute, exchange: &mut Exchange) -> Option<Pick> {
        let setback = answer.setback()?;
        if !self.may_follow(setback) || !self.admission.accepted.body.can_replay() {
            return None;
        }
        if setback == Setback::Failed(Failure::AddressRefused) {
            self.give_up_target();
        }
        // Taken before the wait that may come: whoever waits for the same fault to pass must not count on the same room.
        let place = winner.retries.take(Instant::now());
        let purse = match (setback, &place) {
            // A target that could not be connected to has seen nothing: to ask another one instead multiplies no load.
            (Setback::Failed(failure), _) if failure.phase() == AttemptPhase::Connect => Purse::Unseen {
                may_repeat: place.is_some(),
            },
            (_, Some(_)) => Purse::Full,
            (_, None) => Purse::Empty,
        };
        let has_answer = matches!(answer, Answer::Refusal(_));
        let Some(pick) = self.next(has_answer, purse, exchange).await else {
            if place.is_none() {
                winner.figures.retry_refused();
            }
            return None;
        };
        // From here on nobody but the next attempt reads the request's body.
        if !self.admission.accepted.body.start_over() {
            return None;
        }
        if let Some(place) = place
            && !pick.is_free
        {
            place.spend();
        }
        winner.figures.retried();
        Some(pick)
    }

    /// Whether the request may be tried again after this, by its method and the route in use.
    fn may_follow(&self, setback: Setback) -> bool {
        let definition = &self.candidate().route.route.definition;
        RetryRules::new(&self.admission.accepted.method, definition.retry_non_idempotent).allow(setback)
    }

    /// How a failure weighs in the circuit of a target: whether the client waits until a time limit or hears of it, or
    /// its route shares with others, so that the target would fail their part of the requests for ever.
    fn weight(&self, setback: Setback, is_last: bool) -> Failed {
        let is_late = matches!(setback, Setback::Failed(failure) if failure.is_timeout());
        let is_felt = is_last || is_late || !self.may_follow(setback) || self.shares();
        if is_felt && self.moves > 0 {
            Failed::Felt
        } else {
            Failed::Healed
        }
    }

    /// What an attempt says of its target. One that has too much to do (429) is not at fault. `is_last` says that nothing
    /// may follow, whatever the rules allow.
    fn judge(&self, slot: &mut Slot, setback: Option<Setback>, is_last: bool, now: Instant) {
        slot.target().heard(setback.is_some(), now);
        match setback {
            None | Some(Setback::Status(StatusCode::TOO_MANY_REQUESTS)) => slot.succeeded(),
            Some(setback) => slot.failed(self.weight(setback, is_last), now),
        }
    }

    /// Sends the request to one target.
    async fn attempt(&self, app: &App, number: u32, pick: Pick, exchange: &mut Exchange) -> Result<Answer, ProxyError> {
        let Pick { target, mut slot, .. } = pick;
        let route = &self.candidate().route;
        let (target, host) = (&route.plan.targets[target], &route.hosts[target]);
        let accepted = &self.admission.accepted;
        let (request, url) = transform(&self.admission, self.candidate()).attempt(accepted, target)?;
        exchange.trying(&url);
        let limit = limit(route, app);
        let started = Instant::now();
        let mut interim = Interim::new(accepted.sender.interim.as_deref(), started);
        let sent = {
            // Pinned, so that it is not moved into the next.
            let send = pin!(host.send(request, &mut interim));
            within(limit, &accepted.body, send).await
        };
        let ended = Instant::now();
        // While nobody has asked for its body the request waits for a connection.
        let too_late = match accepted.body.is_empty() || accepted.body.was_asked_for() {
            true => Failure::ResponseTimeout,
            false => Failure::ConnectTimeout,
        };
        let sent = sent.unwrap_or(Err(too_late));
        let result = sent.and_then(|response| fit(accepted, response));
        // What the client broke is not held against the upstream.
        let client_failure = accepted.body.client_failure().filter(|_| result.is_err());
        let (phase, error) = match (client_failure, &result) {
            (Some(_), _) => (AttemptPhase::Request, Some("client_failed")),
            (None, Err(failure)) => (failure.phase(), Some(failure.class())),
            (None, Ok(_)) => (AttemptPhase::ResponseHead, None),
        };
        exchange.attempted(Attempt {
            attempt: number,
            target: target.label.as_ref().to_owned(),
            route_name: None,
            phase: Some(phase),
            status_code: result.as_ref().ok().map(|response| response.status().as_u16()),
            error: error.map(str::to_owned),
            ms: (ended - started).as_micros() as f64 / 1000.0,
        });
        if let Some(failure) = client_failure {
            return Err(failure.into());
        }
        // The client may have heard this upstream: then nobody stands in for it any more.
        let is_last = interim.has_passed_on();
        let setback = setback(&result);
        self.judge(&mut slot, setback, is_last, ended);
        let response = match result {
            Ok(response) => response,
            Err(failure) if is_last => return Err(failure.into()),
            Err(failure) => return Ok(Answer::Failed(failure)),
        };
        note(&slot, &response, &accepted.body, (started, ended));
        let answer = Box::new(UpstreamResponse {
            response,
            route: route.clone(),
            idle_timeout: limit,
            slot,
        });
        Ok(match setback {
            Some(_) if !is_last => Answer::Refusal(answer),
            _ => Answer::Final(answer),
        })
    }
}

/// How long an answer's head may take.
fn limit(route: &CompiledRoute, app: &App) -> Duration {
    let usual = Duration::from_secs(app.config.proxy.timeout.into());
    route.timeout.unwrap_or(usual)
}

/// What speaks for another attempt; `None` for an answer that the client should see.
fn setback<B>(result: &Result<Response<B>, Failure>) -> Option<Setback> {
    match result {
        Err(failure) => Some(Setback::Failed(*failure)),
        Ok(response) => {
            let refuses = matches!(response.status().as_u16(), 429 | 502 | 503 | 504);
            refuses.then(|| Setback::Status(response.status()))
        }
    }
}

/// The response if the client can be given it: its body has one end and is not in a coding that would lose its name on the
/// way, and a switch of protocols, if that is the answer, was asked for.
fn fit(accepted: &Accepted, mut response: Response<UpstreamBody>) -> Result<Response<UpstreamBody>, Failure> {
    let headers = response.headers();
    let is_agreed = || {
        let asked = accepted.upgrade.as_ref();
        asked.is_some_and(|asked| upgrade::is_agreed(asked, headers))
    };
    if hop_by_hop::only_chunked(headers)
        && !hop_by_hop::is_framed_twice(headers)
        && (response.status() != StatusCode::SWITCHING_PROTOCOLS || is_agreed())
    {
        return Ok(response);
    }
    UpstreamBody::cut(&mut response);
    Err(Failure::Malformed)
}

/// What the head of an answer says of its target's speed and wishes.
fn note(slot: &Slot, response: &Response<UpstreamBody>, body: &ReplayBody, (started, now): (Instant, Instant)) {
    // A target that refuses quickly is not a fast one.
    if response.status().as_u16() < 400 {
        // Nor is the time in which the client still sent its body the upstream's.
        let asked = body
            .quiet_since()
            .map_or(started, |quiet| quiet.into_std().max(started));
        let latency = now.saturating_duration_since(asked);
        slot.target().measured(latency, now);
    }
    if response.headers().contains_key(header::RETRY_AFTER)
        && let Some(time) = cool_down(response.status(), response.headers(), SystemTime::now())
    {
        slot.target().cool_down(time, now);
    }
}

/// Waits for an answer for as long as `limit` after the last piece of the body went on; the time in which the client is
/// waited for does not count. `None` when none comes.
async fn within<T>(limit: Duration, body: &ReplayBody, send: impl Future<Output = T>) -> Option<T> {
    let mut send = pin!(send);
    let started = tokio::time::Instant::now();
    let mut deadline = started + limit;
    loop {
        if let Ok(sent) = tokio::time::timeout_at(deadline, &mut send).await {
            return Some(sent);
        }
        let now = tokio::time::Instant::now();
        let quiet_since = body.quiet_since().unwrap_or(now).max(started);
        deadline = quiet_since + limit;
        if deadline <= now {
            return None;
        }
    }
}
