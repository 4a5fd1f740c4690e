//! Stage 6: an answer from an upstream, from the first target that gives one. Which targets and routes stand in, and
//! when, is the contract's Load sharing and failover; the rules are in `upstream::{balance, retry}`.

use super::admit::Admission;
use super::error::ProxyError;
use super::exchange::Exchange;
use super::match_route::read;
use super::transform::{UpstreamRequest, end_to_end, transform};
use crate::app::App;
use crate::body::replay::ReplayBody;
use crate::message::target::InFlightAtTarget;
use crate::routing::{Candidate, CompiledRoute};
use crate::upstream::balance;
use crate::upstream::failure::Failure;
use crate::upstream::retry::{RetryRules, Setback, backoff};
use fastgate_shared::audit_log::Attempt;
use http::{HeaderMap, Response, StatusCode, header};
use hyper::body::Incoming;
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An upstream's answer: its head is here, its body still flows.
pub struct UpstreamResponse {
    /// The answer.
    pub response: Response<Incoming>,
    /// The route that got it.
    pub route: Arc<CompiledRoute>,
    /// Longest silence between two pieces of the body.
    pub idle_timeout: Duration,
    /// Counts the request against its target until the body ended.
    pub slot: InFlightAtTarget,
}

/// Where the request stands among its targets and routes.
struct Course<'a> {
    app: &'a App,
    admission: Admission,
    /// Header fields for any upstream.
    headers: HeaderMap,
    /// Index of the route in use.
    route: usize,
    request: UpstreamRequest,
    /// Targets of this route that failed.
    tried: SmallVec<[usize; 4]>,
    /// Times that all was tried without success.
    rounds: u32,
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
    let headers = end_to_end(&admission.accepted);
    let Some(winner) = admission.candidates.candidates().first() else {
        return Err(ProxyError::NoUpstream);
    };
    let left = winner.route.retry_count.unwrap_or(app.config.proxy.max_retries);
    let request = transform(&admission, winner, headers.clone());
    let mut course = Course {
        app,
        admission,
        headers,
        route: 0,
        request,
        tried: SmallVec::new(),
        rounds: 0,
    };
    for attempt in 1..=left + 1 {
        let Some(target) = course.pick() else {
            return Err(ProxyError::NoUpstream);
        };
        let answer = course.attempt(attempt, target, exchange).await?;
        let setback = match &answer {
            Answer::Final(_) => None,
            Answer::Refusal(answer) => Some(Setback::Status(answer.response.status())),
            Answer::Failed(failure) => Some(Setback::Failed(*failure)),
        };
        let another = match setback {
            Some(setback) if attempt <= left => course.move_on(setback, target, &answer, exchange).await,
            _ => false,
        };
        match answer {
            Answer::Final(response) => return Ok(course.hand_on(*response)),
            Answer::Refusal(response) if !another => return Ok(course.hand_on(*response)),
            Answer::Failed(failure) if !another => return Err(ProxyError::Upstream(failure)),
            _ => {}
        }
    }
    Err(ProxyError::NoUpstream)
}

impl Course<'_> {
    fn candidate(&self) -> &Candidate {
        &self.admission.candidates.candidates()[self.route]
    }

    fn pick(&self) -> Option<usize> {
        balance::pick(
            &self.candidate().route.plan.targets,
            |index| !self.tried.contains(&index),
            |n| rand::random_range(0..n),
        )
    }

    async fn attempt(&self, number: u32, index: usize, exchange: &mut Exchange) -> Result<Answer, ProxyError> {
        let route = &self.candidate().route;
        let target = &route.plan.targets[index];
        let accepted = &self.admission.accepted;
        let (request, url) = self.request.attempt(accepted, target)?;
        exchange.trying(&url);
        let slot = InFlightAtTarget::new(route.plan.clone(), index);
        let limit = route
            .timeout
            .unwrap_or(Duration::from_secs(self.app.config.proxy.timeout.into()));
        let started = Instant::now();
        let sent = within(limit, &accepted.body, self.app.upstream.send(request)).await;
        let took = started.elapsed();
        let result = match sent {
            None => Err(Failure::ResponseTimeout),
            Some(Err(error)) => Err(Failure::of(&error)),
            // An upgrade that nobody asked for.
            Some(Ok(response)) if response.status() == StatusCode::SWITCHING_PROTOCOLS => Err(Failure::Malformed),
            Some(Ok(response)) => Ok(response),
        };
        // What the client broke is not held against the upstream.
        let client_failure = accepted.body.client_failure().filter(|_| result.is_err());
        let error = match (client_failure, &result) {
            (Some(_), _) => Some("client_failed"),
            (None, Err(failure)) => Some(failure.class()),
            (None, Ok(_)) => None,
        };
        exchange.attempted(Attempt {
            attempt: number,
            target: target.label.as_ref().to_owned(),
            status_code: result.as_ref().ok().map(|response| response.status().as_u16()),
            error: error.map(str::to_owned),
            ms: took.as_secs_f64() * 1000.0,
        });
        if let Some(failure) = client_failure {
            return Err(failure.into());
        }
        match result {
            Ok(response) => {
                let refused = matches!(response.status().as_u16(), 429 | 502 | 503 | 504);
                let answer = Box::new(UpstreamResponse {
                    response,
                    route: route.clone(),
                    idle_timeout: limit,
                    slot,
                });
                Ok(if refused {
                    Answer::Refusal(answer)
                } else {
                    Answer::Final(answer)
                })
            }
            Err(failure) => Ok(Answer::Failed(failure)),
        }
    }

    /// The answer is the client's; the request's body is not needed again.
    fn hand_on(&self, answer: UpstreamResponse) -> UpstreamResponse {
        self.admission.accepted.body.forget();
        answer
    }

    /// Moves to the next target, then to the next route, then around again; false when the answer stands.
    async fn move_on(&mut self, setback: Setback, failed: usize, answer: &Answer, exchange: &mut Exchange) -> bool {
        let definition = &self.candidate().route.route.definition;
        let rules = RetryRules::new(&self.admission.accepted.method, definition.retry_non_idempotent);
        if !rules.allow(setback) || !self.admission.accepted.body.can_replay() {
            return false;
        }
        self.tried.push(failed);
        if self.pick().is_some() || self.next_route(exchange).await {
            return true;
        }
        // Looking for a route may have read more of the body than is kept.
        if !self.admission.accepted.body.can_replay() {
            return false;
        }
        // An upstream that says when to come back is not asked again at once.
        if let Answer::Refusal(answer) = answer
            && answer.response.headers().contains_key(header::RETRY_AFTER)
        {
            return false;
        }
        self.rounds += 1;
        let wait = backoff(self.rounds, rand::random());
        tokio::time::sleep(wait).await;
        exchange.waited(wait);
        self.tried.clear();
        self.enter(0, exchange);
        self.pick().is_some()
    }

    /// The next route that the caller may use and whose body rule fits.
    async fn next_route(&mut self, exchange: &mut Exchange) -> bool {
        for index in self.route + 1..self.admission.candidates.candidates().len() {
            let route = self.admission.candidates.candidates()[index].route.clone();
            let reads_body = route.body_rule.is_some() || !route.plan.body.is_empty();
            if reads_body && self.admission.read.is_none() && self.admission.accepted.encoding().is_none() {
                match read(&self.admission.accepted).await {
                    Ok(read) => self.admission.read = Some(read),
                    Err(_) if self.admission.accepted.body.can_replay() => continue,
                    Err(_) => return false,
                }
            }
            let candidate = &self.admission.candidates.candidates()[index];
            let fits = match &self.admission.read {
                Some(read) => route.matches_body(&read.peek()),
                None => route.body_rule.is_none(),
            };
            let limits_on = self.app.config.rate_limiting.enabled;
            if fits
                && self.admission.permits(candidate)
                && (!limits_on || self.admission.take_route_token(candidate).is_ok())
            {
                self.tried.clear();
                self.enter(index, exchange);
                return true;
            }
        }
        false
    }

    fn enter(&mut self, index: usize, exchange: &mut Exchange) {
        if self.route != index {
            self.route = index;
            self.request = transform(&self.admission, self.candidate(), self.headers.clone());
            exchange.routed(self.candidate());
        }
    }
}

/// Waits for an answer for as long as `limit` after the last piece of the body went on; the time in which the client is
/// waited for does not count. `None` when none comes.
async fn within<T>(limit: Duration, body: &ReplayBody, send: impl Future<Output = T>) -> Option<T> {
    let mut send = std::pin::pin!(send);
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
