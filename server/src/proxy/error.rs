//! Every way in which the proxy door refuses or fails, and what the client hears: one table from error to status,
//! `type` and `code` (contract: Errors the gateway itself makes). The official OpenAI clients raise their own exception
//! classes from it.

use crate::body::replay::{BufferError, ClientBodyError};
use crate::config::Proxy;
use crate::permissions::Lack;
use crate::upstream::Failure;
use fastgate_shared::audit_log::Outcome;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Whose fault an error is; decides how loud it is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The request is at fault.
    Client,
    /// The gateway is.
    Gateway,
    /// No upstream gave a usable answer.
    Upstream,
}

/// Why there is no answer from an upstream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// A request that HTTP forbids or that could mean two things.
    #[error("{message}")]
    BadRequest {
        /// Stable code.
        code: &'static str,
        /// What is wrong.
        message: String,
    },
    /// The target of the request is too long to be read.
    #[error("The request's target is longer than a head may be: {bytes} bytes.")]
    UriTooLong {
        /// Bytes of a head at most.
        bytes: usize,
    },
    /// The fields of the request are too large or too many to be read.
    #[error("The request's head is larger than {bytes} bytes, or has more than {fields} fields.")]
    HeadTooLarge {
        /// Bytes of a head at most.
        bytes: usize,
        /// Fields of a head at most.
        fields: usize,
    },
    /// A route leads back to the gateway.
    #[error("The request goes in a circle: a route's target leads back to this gateway.")]
    Loop,
    /// No API key.
    #[error("No API key was given. Send it as `Authorization: Bearer …`, `X-API-Key`, `api-key` or `x-goog-api-key`.")]
    MissingKey,
    /// The key is unknown.
    #[error("The API key is not valid.")]
    UnknownKey,
    /// The key is switched off.
    #[error("The API key is disabled.")]
    DisabledKey,
    /// The key's time is over.
    #[error("The API key has expired.")]
    ExpiredKey,
    /// No route takes the request.
    #[error("No route matches {method} {path}.")]
    NoRoute {
        /// Method as sent.
        method: String,
        /// Path as sent, without the query.
        path: String,
        /// What came closest, for the log; the client is not told about routes.
        nearest: String,
    },
    /// The key may not do this.
    #[error("The API key has no permission for this request.")]
    Forbidden {
        /// What it lacks, for the log; the client is not told about routes.
        lack: Option<Lack>,
    },
    /// The route does not take requests from this address.
    #[error("Requests from this address are not allowed here.")]
    AddressNotAllowed,
    /// A page of another origin asks, and the route's `cors` does not name it.
    #[error("Pages of this origin may not call this path.")]
    OriginNotAllowed,
    /// A TRACE that would show the client what it must not see.
    #[error("TRACE is not passed on here: its answer would show credentials.")]
    TraceRefused,
    /// An expectation that nobody here can meet.
    #[error("The only expectation that can be met is 100-continue.")]
    Expectation,
    /// The key has too many requests in flight.
    #[error("The API key already has {limit} requests in flight.")]
    TooManyAtOnce {
        /// Requests at once.
        limit: u32,
        /// Whose limit it is, for the log.
        whose: Whose,
    },
    /// A route, or the gateway, has too many requests in flight.
    #[error("Too many requests are in flight. Try again in {} s.", seconds(*retry_after))]
    Overloaded {
        /// When to try again.
        retry_after: Duration,
        /// Requests at once and whose limit that is, for the log: the client is not told about routes.
        full: Option<(u32, Whose)>,
    },
    /// A limit is reached.
    #[error("The rate limit of {limit} requests per minute is reached. Try again in {} s.", seconds(*retry_after))]
    RateLimited {
        /// Requests per minute.
        limit: u32,
        /// Whose limit it is, for the log: the client is not told about routes.
        whose: Whose,
        /// Until the next request is let in.
        retry_after: Duration,
        /// Until the limit is whole again.
        reset: Duration,
    },
    /// The body is too large to be looked at.
    #[error(transparent)]
    Body(#[from] BufferError),
    /// No upstream gave an answer.
    #[error("{0}")]
    Upstream(Failure),
    /// All upstreams are taken out of rotation.
    #[error("No upstream is in service for this route. Try again in {} s.", seconds(*retry_after))]
    NoUpstream {
        /// Until the first of them is tried again.
        retry_after: Duration,
    },
    /// An administrator cancelled the request while it was in flight.
    #[error("An administrator of the gateway cancelled this request.")]
    Cancelled,
    /// A defect of the gateway.
    #[error("The gateway could not handle this request.")]
    Internal,
}

/// Whose limit a request came up against, as the record names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Whose {
    /// A key's: its source, and its preview, which tells keys of one source apart.
    #[error("The API key `{0}` ({1})")]
    Key(Arc<str>, Arc<str>),
    /// A route's: its name.
    #[error("The route `{0}`")]
    Route(Arc<str>),
    /// That of all requests together.
    #[error("The gateway")]
    Gateway,
}

/// One row of the table.
struct Row {
    status: StatusCode,
    kind: &'static str,
    code: &'static str,
    source: Source,
    outcome: Outcome,
}

const fn row(status: StatusCode, kind: &'static str, code: &'static str) -> Row {
    Row {
        status,
        kind,
        code,
        source: Source::Client,
        outcome: Outcome::Rejected,
    }
}

const fn upstream_row(status: StatusCode, code: &'static str) -> Row {
    Row {
        source: Source::Upstream,
        outcome: Outcome::UpstreamError,
        ..row(status, "upstream_error", code)
    }
}

fn failure_row(failure: Failure) -> Row {
    match failure {
        failure if failure.is_timeout() => Row {
            kind: "timeout_error",
            outcome: Outcome::Timeout,
            ..upstream_row(StatusCode::GATEWAY_TIMEOUT, "upstream_timeout")
        },
        Failure::Malformed | Failure::HeadTooLarge => upstream_row(StatusCode::BAD_GATEWAY, "upstream_malformed"),
        _ => upstream_row(StatusCode::BAD_GATEWAY, "upstream_unreachable"),
    }
}

fn body_row(error: &BufferError) -> Row {
    use StatusCode as S;
    const REQUEST: &str = "invalid_request_error";
    match error {
        BufferError::TooLarge { .. } | BufferError::Client(ClientBodyError::TooLarge { .. }) => {
            row(S::PAYLOAD_TOO_LARGE, REQUEST, "body_too_large")
        }
        BufferError::Client(ClientBodyError::Broken) => row(S::BAD_REQUEST, REQUEST, "broken_body"),
        // Mostly nobody is left who could read it.
        BufferError::Client(ClientBodyError::Incomplete) => Row {
            outcome: Outcome::ClientClosed,
            ..row(S::BAD_REQUEST, REQUEST, "incomplete_body")
        },
        BufferError::Client(ClientBodyError::Stalled) => Row {
            outcome: Outcome::Timeout,
            ..row(S::REQUEST_TIMEOUT, "timeout_error", "body_timeout")
        },
    }
}

impl ProxyError {
    /// There was no place in time: the next one comes when those that wait have had theirs.
    #[must_use]
    pub fn overloaded(proxy: &Proxy, limit: u32, whose: Whose) -> Self {
        Self::Overloaded {
            retry_after: Duration::from_secs(proxy.queue_seconds.max(1)),
            full: Some((limit, whose)),
        }
    }

    fn row(&self) -> Row {
        use StatusCode as S;
        match self {
            Self::BadRequest { code, .. } => row(S::BAD_REQUEST, "invalid_request_error", code),
            Self::UriTooLong { .. } => row(S::URI_TOO_LONG, "invalid_request_error", "uri_too_long"),
            Self::HeadTooLarge { .. } => row(
                S::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "invalid_request_error",
                "head_too_large",
            ),
            Self::Loop => upstream_row(S::LOOP_DETECTED, "loop_detected"),
            Self::MissingKey => row(S::UNAUTHORIZED, "authentication_error", "missing_api_key"),
            Self::UnknownKey => row(S::UNAUTHORIZED, "authentication_error", "invalid_api_key"),
            Self::DisabledKey => row(S::UNAUTHORIZED, "authentication_error", "key_disabled"),
            Self::ExpiredKey => row(S::UNAUTHORIZED, "authentication_error", "key_expired"),
            Self::NoRoute { .. } => row(S::NOT_FOUND, "not_found_error", "no_matching_route"),
            Self::Forbidden { .. } => row(S::FORBIDDEN, "permission_error", "permission_denied"),
            Self::AddressNotAllowed => row(S::FORBIDDEN, "permission_error", "address_not_allowed"),
            Self::OriginNotAllowed => row(S::FORBIDDEN, "permission_error", "origin_not_allowed"),
            Self::TraceRefused => row(S::METHOD_NOT_ALLOWED, "invalid_request_error", "trace_refused"),
            Self::Expectation => row(S::EXPECTATION_FAILED, "invalid_request_error", "expectation_failed"),
            Self::TooManyAtOnce { .. } => row(S::TOO_MANY_REQUESTS, "rate_limit_error", "too_many_concurrent_requests"),
            Self::Overloaded { .. } => row(S::SERVICE_UNAVAILABLE, "rate_limit_error", "overloaded"),
            Self::RateLimited { .. } => row(S::TOO_MANY_REQUESTS, "rate_limit_error", "rate_limit_exceeded"),
            Self::Body(error) => body_row(error),
            Self::Upstream(failure) => failure_row(*failure),
            Self::NoUpstream { .. } => upstream_row(S::SERVICE_UNAVAILABLE, "no_upstream_available"),
            Self::Cancelled => Row {
                source: Source::Gateway,
                outcome: Outcome::Interrupted,
                ..row(S::SERVICE_UNAVAILABLE, "internal_error", "request_cancelled")
            },
            Self::Internal => Row {
                status: S::INTERNAL_SERVER_ERROR,
                kind: "internal_error",
                code: "internal_error",
                source: Source::Gateway,
                outcome: Outcome::UpstreamError,
            },
        }
    }

    /// The status that the client hears.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.row().status
    }

    /// Whose fault it is.
    #[must_use]
    pub fn source(&self) -> Source {
        self.row().source
    }

    /// How the audit log names the end.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.row().outcome
    }

    /// What the record says: more than the client hears, where that is known.
    #[must_use]
    pub fn recorded(&self) -> String {
        match self {
            Self::Forbidden { lack: Some(lack) } => lack.to_string(),
            Self::TooManyAtOnce { limit, whose } => {
                format!("{whose} already has {limit} requests in flight, its limit.")
            }
            Self::Overloaded {
                retry_after,
                full: Some((limit, whose)),
            } => format!(
                "{whose} already has {limit} requests in flight, its limit. Try again in {} s.",
                seconds(*retry_after)
            ),
            Self::RateLimited {
                limit,
                whose,
                retry_after,
                ..
            } => format!(
                "{whose} has used up its limit of {limit} requests per minute. Try again in {} s.",
                seconds(*retry_after)
            ),
            error => error.to_string(),
        }
    }

    /// The body that the client reads.
    #[must_use]
    pub fn body(&self, request_id: &str) -> String {
        let Row { kind, code, .. } = self.row();
        let error = json!({ "message": self.to_string(), "type": kind, "param": null, "code": code });
        json!({ "error": error, "request_id": request_id }).to_string()
    }

    /// Header fields that belong to the status.
    #[must_use]
    pub fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        match self {
            Self::MissingKey | Self::UnknownKey | Self::DisabledKey | Self::ExpiredKey => {
                vec![(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer realm=\"M-FastGate\""),
                )]
            }
            Self::RateLimited {
                limit,
                retry_after,
                reset,
                ..
            } => vec![
                (header::RETRY_AFTER, seconds(*retry_after).into()),
                (HeaderName::from_static("ratelimit-limit"), u64::from(*limit).into()),
                (HeaderName::from_static("ratelimit-remaining"), 0_u64.into()),
                (HeaderName::from_static("ratelimit-reset"), seconds(*reset).into()),
            ],
            Self::NoUpstream { retry_after } | Self::Overloaded { retry_after, .. } => {
                vec![(header::RETRY_AFTER, seconds(*retry_after).into())]
            }
            // Whoever cancelled it does not want to see it again; the official clients of AI services listen to this.
            Self::Cancelled => vec![(
                HeaderName::from_static("x-should-retry"),
                HeaderValue::from_static("false"),
            )],
            Self::TooManyAtOnce { .. } => vec![(header::RETRY_AFTER, HeaderValue::from_static("1"))],
            Self::TraceRefused => {
                let others = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
                vec![(header::ALLOW, HeaderValue::from_static(others))]
            }
            _ => Vec::new(),
        }
    }
}

impl From<Failure> for ProxyError {
    fn from(failure: Failure) -> Self {
        Self::Upstream(failure)
    }
}

impl From<ClientBodyError> for ProxyError {
    fn from(error: ClientBodyError) -> Self {
        Self::Body(error.into())
    }
}

/// Whole seconds, rounded up and at least 1: a client that waits as long is let in.
fn seconds(duration: Duration) -> u64 {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    whole.max(1)
}
