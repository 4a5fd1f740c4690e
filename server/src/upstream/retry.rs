//! When a failed attempt may be followed by another (contract: Load sharing and failover). Pure.

use super::Failure;
use http::{HeaderMap, Method, StatusCode, header};
use std::time::{Duration, SystemTime};

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
/// Longest time for which a target is left alone because it asked for it: one answer must not switch it off for hours.
const MAX_COOL_DOWN: Duration = Duration::from_secs(60);

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
            Setback::Failed(
                Failure::Dns
                | Failure::AddressRefused
                | Failure::Connect
                | Failure::Tls(_)
                | Failure::ConnectTimeout
                | Failure::NotProcessed,
            ) => true,
            Setback::Failed(Failure::ConnectionLost) => self.idempotent || self.retry_non_idempotent,
            Setback::Failed(Failure::ResponseTimeout) => self.idempotent,
            Setback::Failed(Failure::Malformed | Failure::HeadTooLarge | Failure::Truncated | Failure::IdleTimeout) => {
                false
            }
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

/// How long a target asks to be left alone: `Retry-After` of 429 and 503, in seconds or as a date
/// (RFC 9110 section 10.2.3), at most a minute.
#[must_use]
pub fn cool_down(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let asked = if is_number {
        // More digits than a number has is longer than the longest.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let until = httpdate::parse_http_date(text).ok()?;
        until.duration_since(now).unwrap_or_default()
    };
    Some(asked.min(MAX_COOL_DOWN))
}

#[cfg(test)]
mod tests;
