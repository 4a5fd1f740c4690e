//! Why an attempt failed, told from the client library's errors.

use std::error::Error as StdError;
use std::io;

/// A failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The upstream's name has no address.
    #[error("the upstream's host name could not be resolved")]
    Dns,
    /// No connection: refused, unreachable, TLS refused.
    #[error("the upstream refused the connection")]
    Connect,
    /// TLS could not be agreed on, or the certificate is not trusted.
    #[error("no TLS session with the upstream")]
    Tls,
    /// No connection within `proxy.connect_timeout`.
    #[error("the upstream did not accept the connection in time")]
    ConnectTimeout,
    /// The connection ended before the response's head was there.
    #[error("the upstream closed the connection before it answered")]
    ConnectionLost,
    /// No response head within the route's timeout.
    #[error("the upstream did not answer in time")]
    ResponseTimeout,
    /// What came is no HTTP.
    #[error("the upstream's answer is not valid HTTP")]
    Malformed,
    /// The response stopped in the middle.
    #[error("the upstream broke off its response")]
    Truncated,
    /// The response's body was silent for longer than the route's timeout.
    #[error("the upstream stopped sending its response")]
    IdleTimeout,
}

impl Failure {
    /// The class as the audit log names it.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Dns => "dns_error",
            Self::Connect => "connect_failed",
            Self::Tls => "tls_error",
            Self::ConnectTimeout => "connect_timeout",
            Self::ConnectionLost => "connection_lost",
            Self::ResponseTimeout => "response_timeout",
            Self::Malformed => "malformed_response",
            Self::Truncated => "truncated_response",
            Self::IdleTimeout => "idle_timeout",
        }
    }

    /// Whether a time limit passed, so that the client hears 504 instead of 502.
    #[must_use]
    pub const fn is_timeout(self) -> bool {
        matches!(self, Self::ConnectTimeout | Self::ResponseTimeout | Self::IdleTimeout)
    }

    /// Reads the cause of a failed attempt out of the client's error.
    #[must_use]
    pub fn of(error: &hyper_util::client::legacy::Error) -> Self {
        if error.is_connect() {
            return Self::of_connect(error);
        }
        let parse = sources(error)
            .filter_map(|source| source.downcast_ref::<hyper::Error>())
            .any(|source| source.is_parse() || source.is_parse_status());
        if parse { Self::Malformed } else { Self::ConnectionLost }
    }

    fn of_connect(error: &(dyn StdError + 'static)) -> Self {
        for source in sources(error) {
            if source.is::<super::client::ConnectTimedOut>() {
                return Self::ConnectTimeout;
            }
            if source.is::<rustls::Error>() {
                return Self::Tls;
            }
            if let Some(io) = source.downcast_ref::<io::Error>() {
                if io.kind() == io::ErrorKind::TimedOut {
                    return Self::ConnectTimeout;
                }
                if is_tls(io) {
                    return Self::Tls;
                }
            }
            // hyper-util's type for this is private; its text is the only sign.
            if source.to_string() == "dns error" {
                return Self::Dns;
            }
        }
        Self::Connect
    }
}

/// An `io::Error` is not the source of the one that wraps it, so that the chain of sources passes over what is inside.
fn is_tls(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>() || inner.downcast_ref::<io::Error>().is_some_and(is_tls))
}

fn sources<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let current = next?;
        next = current.source();
        Some(current)
    })
}

#[cfg(test)]
mod tests;
