//! One target under probe: asks it, takes down what came of it, and tells the target's state. Runs until it is aborted.

use super::check::{Check, ProbeRequest};
use super::tally::{Tally, first_wait, pause};
use crate::message::PlannedTarget;
use crate::routing::CompiledRoute;
use crate::upstream::UpstreamHost;
use crate::upstream::own_calls::Call;
use crate::upstream::targets::{Health, TargetState};
use fastgate_shared::upstream::{CheckedHealth, UpstreamHealth};
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout};

/// How probes introduce themselves, unless the route sets another `User-Agent`.
const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("fastgate-health/", env!("CARGO_PKG_VERSION")));

/// Everything that probing one target needs.
pub(super) struct Subject {
    route: Arc<str>,
    check: Arc<Check>,
    state: Arc<TargetState>,
    host: Arc<UpstreamHost>,
    /// The route's fixed header fields: an upstream may ask for its credential at any path.
    headers: HeaderMap,
    findings: Mutex<Findings>,
}

struct Findings {
    tally: Tally,
    since: Option<Timestamp>,
    last: Option<Last>,
    /// The check ended: a probe that was under way changes nothing any more.
    ended: bool,
}

struct Last {
    at: Timestamp,
    took: Duration,
    error: Option<String>,
}

impl Subject {
    /// A target of a route. What is known of it stays known.
    pub(super) fn new(
        route: &CompiledRoute,
        check: &Arc<Check>,
        (target, host): (&PlannedTarget, &Arc<UpstreamHost>),
    ) -> Self {
        let mut headers = HeaderMap::from_iter([(header::USER_AGENT, USER_AGENT)]);
        for (name, value) in route.plan.headers.fixed() {
            headers.insert(name.clone(), value.clone());
        }
        let known = target.state.health();
        Self {
            route: route.name.clone(),
            check: check.clone(),
            state: target.state.clone(),
            host: host.clone(),
            headers,
            findings: Mutex::new(Findings {
                tally: Tally::new(known, check.healthy_after, check.unhealthy_after),
                since: None,
                last: None,
                ended: false,
            }),
        }
    }

    /// Whether this is about the same target, asked in the same way, and the same check.
    pub(super) fn is_of(&self, check: &Arc<Check>, state: &Arc<TargetState>, host: &Arc<UpstreamHost>) -> bool {
        Arc::ptr_eq(&self.check, check) && Arc::ptr_eq(&self.state, state) && Arc::ptr_eq(&self.host, host)
    }

    /// Probes for ever. Times come spread, so that the probes of many targets do not meet.
    pub(super) async fn watch(self: Arc<Self>, at_once: Arc<Semaphore>) {
        let mut next = Instant::now() + first_wait(self.check.interval, rand::random());
        loop {
            sleep_until(next).await;
            // It is never closed.
            let Ok(_place) = at_once.acquire().await else { return };
            let begun = Instant::now();
            let outcome = self.probe().await;
            self.heard(outcome, begun);
            next = begun + pause(self.check.interval, rand::random());
        }
    }

    /// Ends it: no probe that is still under way has a say.
    pub(super) fn end(&self) {
        self.findings.lock().ended = true;
    }

    /// Ends it, and the target counts as unchecked again.
    pub(super) fn forget(&self) {
        let mut findings = self.findings.lock();
        findings.ended = true;
        self.state.set_health(Health::Unknown);
    }

    /// What is known now.
    pub(super) fn status(&self) -> UpstreamHealth {
        let findings = self.findings.lock();
        let last = findings.last.as_ref();
        UpstreamHealth {
            status: match findings.tally.health() {
                Health::Unknown => CheckedHealth::Unknown,
                Health::Healthy => CheckedHealth::Healthy,
                Health::Unhealthy => CheckedHealth::Unhealthy,
            },
            since: findings.since,
            last_probe: last.map(|last| last.at),
            last_ms: last.map(|last| (last.took.as_secs_f64() * 1_000_000.0).round() / 1000.0),
            last_error: last.and_then(|last| last.error.clone()),
        }
    }

    async fn probe(&self) -> Result<(), String> {
        let deadline = self.check.deadline;
        // The client keeps the deadline itself; this one holds also where a library forgets a step.
        let outcome = match &self.check.request {
            Some(request) => timeout(deadline, self.ask(request)).await,
            None => timeout(deadline, self.host.connect()).await,
        };
        outcome.unwrap_or_else(|_| Err(format!("no answer within {} s", deadline.as_secs())))
    }

    async fn ask(&self, request: &ProbeRequest) -> Result<(), String> {
        let call = Call {
            method: Method::GET,
            path_and_query: request.path.clone(),
            headers: self.headers.clone(),
            body: Vec::new(),
            deadline: self.check.deadline,
            max_body_bytes: request.body_bytes(),
        };
        request.judge(self.host.call(call).await)
    }

    fn heard(&self, outcome: Result<(), String>, begun: Instant) {
        let mut findings = self.findings.lock();
        if findings.ended {
            return;
        }
        let at = Timestamp::now();
        let before = findings.tally.health();
        let verdict = findings.tally.heard(outcome.is_ok());
        if let Some(health) = verdict {
            self.state.set_health(health);
            findings.since = Some(at);
            self.tell(before, &outcome);
        }
        if outcome.is_ok() && findings.tally.health() == Health::Healthy {
            self.state.probe_passed(begun.into_std(), verdict.is_some());
        }
        findings.last = Some(Last {
            at,
            took: begun.elapsed(),
            error: outcome.err(),
        });
    }

    /// One line for each change.
    fn tell(&self, before: Health, outcome: &Result<(), String>) {
        let (route, target) = (&*self.route, &**self.state.label());
        match outcome {
            Err(reason) => tracing::warn!(
                route,
                target,
                reason,
                "a target fails its health checks and leaves rotation"
            ),
            Ok(()) if before == Health::Unhealthy => {
                tracing::info!(
                    route,
                    target,
                    "a target passes its health checks and is back in rotation"
                );
            }
            Ok(()) => tracing::debug!(route, target, "a target passes its first health check"),
        }
    }
}
