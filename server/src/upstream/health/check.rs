//! What a target must answer: a route's `health_check`, compiled. Pure; asking is in `probe`.

use crate::routing::headers::compile_expression;
use crate::upstream::own_calls::Reply;
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::HealthCheck;
use fastgate_shared::route::health_check::{USUAL_STATUSES, statuses};
use memchr::memmem::Finder;
use regex::bytes::Regex;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Bytes of an answer in which `expect_body` is looked for.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// A health check, ready to be carried out.
#[derive(Debug)]
pub struct Check {
    /// From one probe to the next.
    pub interval: Duration,
    /// For a whole probe.
    pub deadline: Duration,
    /// Passed probes in a row that bring a target back, at least 1.
    pub healthy_after: u32,
    /// Failed probes in a row that take a target out, at least 1.
    pub unhealthy_after: u32,
    /// What is asked for; `None`: a connection is enough.
    pub request: Option<ProbeRequest>,
}

/// A request and what its answer must be like.
#[derive(Debug)]
pub struct ProbeRequest {
    /// Path and query.
    pub path: String,
    statuses: Vec<RangeInclusive<u16>>,
    /// The same, as written.
    shown_statuses: String,
    body: Option<BodyRule>,
}

#[derive(Debug)]
enum BodyRule {
    Text(Box<Finder<'static>>),
    Regex(Regex),
}

impl Check {
    /// Compiles a `health_check` that passed validation.
    ///
    /// # Errors
    /// For an expression that is none or too large, and for statuses that are none.
    pub fn compile(written: &HealthCheck) -> Result<Self, FieldError> {
        let path = written.path.as_ref();
        let request = path.map(|path| ProbeRequest::compile(path, written)).transpose()?;
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Ok(Self {
            interval: seconds(written.interval_seconds),
            deadline: seconds(written.timeout()),
            healthy_after: written.healthy_after,
            unhealthy_after: written.unhealthy_after,
            request,
        })
    }
}

impl ProbeRequest {
    fn compile(path: &str, written: &HealthCheck) -> Result<Self, FieldError> {
        let expected = match &written.expect_status {
            Some(text) => statuses(text).map_err(|why| FieldError::new("health_check.expect_status", why))?,
            None => vec![USUAL_STATUSES],
        };
        let usual = || format!("{}-{}", USUAL_STATUSES.start(), USUAL_STATUSES.end());
        let body = written.expect_body.as_deref().map(BodyRule::compile);
        Ok(Self {
            path: path.to_owned(),
            statuses: expected,
            shown_statuses: written.expect_status.clone().unwrap_or_else(usual),
            body: body
                .transpose()
                .map_err(|why| FieldError::new("health_check.expect_body", why))?,
        })
    }

    /// Bytes of the answer's body that must be read to judge it.
    #[must_use]
    pub fn body_bytes(&self) -> usize {
        self.body.as_ref().map_or(0, |_| MAX_BODY_BYTES)
    }

    /// Whether an answer passes.
    ///
    /// # Errors
    /// Why it does not, without anything of its content.
    pub fn judge(&self, reply: Reply) -> Result<(), String> {
        let Some(status) = reply.status.map(|status| status.as_u16()) else {
            return Err(reply.error.unwrap_or_else(|| "no answer".to_owned()));
        };
        if !self.statuses.iter().any(|range| range.contains(&status)) {
            return Err(format!("answered {status}; {} passes", self.shown_statuses));
        }
        match (&self.body, reply.error) {
            (None, _) => Ok(()),
            (Some(rule), _) if rule.is_match(&reply.body) => Ok(()),
            (Some(_), Some(error)) => Err(error),
            (Some(_), None) => Err("the body does not contain what is expected".to_owned()),
        }
    }
}

impl BodyRule {
    fn compile(text: &str) -> Result<Self, String> {
        Ok(match text.strip_prefix("regex:") {
            Some(expression) => Self::Regex(compile_expression(expression)?),
            None => Self::Text(Box::new(Finder::new(text.as_bytes()).into_owned())),
        })
    }

    fn is_match(&self, body: &[u8]) -> bool {
        match self {
            Self::Text(text) => text.find(body).is_some(),
            Self::Regex(regex) => regex.is_match(body),
        }
    }
}
