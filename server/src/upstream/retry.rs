//! When a failed attempt may be followed by another (contract: Load sharing and failover). Pure.

use super::Failure;
use http::{Method, StatusCode};
use std::time::Duration;

/// How an attempt ended without an answer that the client should see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setback {
    /// No response.
    Failed(Failure),
    /// A response whose status says "not now, not here": 429, 502, 503, 504.
    Status(StatusCode),
}

/// What a request allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryRules {
    /// The method is idempotent (RFC 9110 section 9.2.2).
    pub idempotent: bool,
    /// The route allows repeating what is not.
    pub retry_non_idempotent: bool,
}

/// Longest wait before the same target is tried again.
const MAX_BACKOFF: Duration = Duration::from_secs(1);
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

impl RetryRules {
    /// The rules for a method on a route.
    #[must_use]
    pub fn new(method: &Method, retry_non_idempotent: bool) -> Self {
        let idempotent = matches!(
            *method,
            Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
        );
        Self {
            idempotent,
            retry_non_idempotent,
        }
    }

    /// Whether another attempt is allowed.
    #[must_use]
    pub fn allow(self, setback: Setback) -> bool {
        match setback {
            // Nothing reached the upstream.
            Setback::Failed(Failure::Dns | Failure::Connect | Failure::Tls | Failure::ConnectTimeout) => true,
            Setback::Failed(Failure::ConnectionLost) => self.idempotent || self.retry_non_idempotent,
            Setback::Failed(Failure::ResponseTimeout) => self.idempotent,
            Setback::Failed(Failure::Malformed | Failure::Truncated | Failure::IdleTimeout) => false,
            Setback::Status(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => true,
            Setback::Status(StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT) => self.idempotent,
            Setback::Status(_) => false,
        }
    }
}

/// Wait before the `nth` repetition (from 1) at the same target: full jitter, `dice` from 0 to 1.
#[must_use]
pub fn backoff(nth: u32, dice: f64) -> Duration {
    let ceiling = FIRST_BACKOFF
        .saturating_mul(1 << nth.saturating_sub(1).min(10))
        .min(MAX_BACKOFF);
    ceiling.mul_f64(dice.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
