//! Why an attempt failed, told from the client library's errors.

use super::address::AddressRefused;
use super::connect::ConnectTimedOut;
use super::resolve::ResolveError;
use fastgate_shared::audit_log::AttemptPhase;
use h2::Reason;
use std::error::Error as StdError;
use std::io;

/// A failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The upstream's name has no address.
    #[error("The upstream's host name could not be resolved.")]
    Dns,
    /// The upstream's address is one that the gateway does not connect to; see [`super::address`].
    #[error("The upstream's address is one that the gateway does not connect to.")]
    AddressRefused,
    /// No connection: refused, unreachable, TLS refused.
    #[error("The upstream refused the connection.")]
    Connect,
    /// TLS could not be agreed on, or the certificate is not trusted.
    #[error("There is no TLS session with the upstream.")]
    Tls(TlsFault),
    /// No connection within `proxy.connect_timeout`.
    #[error("The upstream did not accept the connection in time.")]
    ConnectTimeout,
    /// The upstream said that it did not begin with the request: it refuses the stream, or goes away (HTTP/2).
    #[error("The upstream did not take the request on.")]
    NotProcessed,
    /// The connection ended before the response's head was there.
    #[error("The upstream closed the connection before it answered.")]
    ConnectionLost,
    /// No response head within the route's timeout.
    #[error("The upstream did not answer in time.")]
    ResponseTimeout,
    /// What came is no HTTP.
    #[error("The upstream's answer is not valid HTTP.")]
    Malformed,
    /// The response's head has more bytes or fields than the gateway takes.
    #[error("The upstream's answer has more header fields, or larger ones, than the gateway takes.")]
    HeadTooLarge,
    /// The response stopped in the middle.
    #[error("The upstream broke off its response.")]
    Truncated,
    /// The response's body was silent for longer than the route's timeout.
    #[error("The upstream stopped sending its response.")]
    IdleTimeout,
}

/// Why there is no TLS session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// Nobody who is believed has signed the certificate.
    UnknownIssuer,
    /// The certificate is for another name.
    WrongName,
    /// The certificate has ended, or has not begun.
    NotValidNow,
    /// The certificate is an authority's own: made to sign others, not to serve with.
    IsAuthority,
    /// What came is not TLS.
    NotSpoken,
    /// Anything else.
    Other,
}

impl TlsFault {
    fn of(error: &rustls::Error) -> Self {
        use rustls::CertificateError as C;
        match error {
            rustls::Error::InvalidCertificate(why) => match why {
                C::UnknownIssuer => Self::UnknownIssuer,
                C::NotValidForName | C::NotValidForNameContext { .. } => Self::WrongName,
                C::Expired | C::ExpiredContext { .. } | C::NotValidYet | C::NotValidYetContext { .. } => {
                    Self::NotValidNow
                }
                C::Other(other) if is_authority(other) => Self::IsAuthority,
                _ => Self::Other,
            },
            rustls::Error::InvalidMessage(_) => Self::NotSpoken,
            _ => Self::Other,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::UnknownIssuer => "tls_unknown_issuer",
            Self::WrongName => "tls_wrong_name",
            Self::NotValidNow => "tls_certificate_not_valid_now",
            Self::IsAuthority => "tls_certificate_is_authority",
            Self::NotSpoken => "tls_not_spoken",
            Self::Other => "tls_error",
        }
    }
}

fn is_authority(error: &rustls::OtherError) -> bool {
    let inner = error.0.downcast_ref::<webpki::Error>();
    matches!(inner, Some(webpki::Error::CaUsedAsEndEntity))
}

impl Failure {
    /// The class as the audit log names it.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Dns => "dns_error",
            Self::AddressRefused => "address_refused",
            Self::Connect => "connect_failed",
            Self::Tls(fault) => fault.class(),
            Self::ConnectTimeout => "connect_timeout",
            Self::NotProcessed => "not_processed",
            Self::ConnectionLost => "connection_lost",
            Self::ResponseTimeout => "response_timeout",
            Self::Malformed => "malformed_response",
            Self::HeadTooLarge => "response_head_too_large",
            Self::Truncated => "truncated_response",
            Self::IdleTimeout => "idle_timeout",
        }
    }

    /// How far the attempt came.
    #[must_use]
    pub const fn phase(self) -> AttemptPhase {
        match self {
            Self::Dns | Self::AddressRefused | Self::Connect | Self::Tls(_) | Self::ConnectTimeout => {
                AttemptPhase::Connect
            }
            Self::NotProcessed
            | Self::ConnectionLost
            | Self::ResponseTimeout
            | Self::Malformed
            | Self::HeadTooLarge => AttemptPhase::ResponseHead,
            Self::Truncated | Self::IdleTimeout => AttemptPhase::ResponseBody,
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
        if let Some(http2) = sources(error).find_map(|source| source.downcast_ref::<h2::Error>()) {
            return Self::of_http2(http2);
        }
        let mut sources = sources(error).filter_map(|source| source.downcast_ref::<hyper::Error>());
        match sources.find(|source| source.is_parse() || source.is_parse_status()) {
            Some(parse) if parse.is_parse_too_large() => Self::HeadTooLarge,
            Some(_) => Self::Malformed,
            None => Self::ConnectionLost,
        }
    }

    /// RFC 9113 section 8.7: a refused stream, and one above the last that the upstream names when it goes away without
    /// an error, was not processed.
    fn of_http2(error: &h2::Error) -> Self {
        match error.reason() {
            Some(Reason::REFUSED_STREAM) => Self::NotProcessed,
            Some(Reason::NO_ERROR) if error.is_go_away() && error.is_remote() => Self::NotProcessed,
            // What the library itself complains of: frames that are none.
            Some(_) if error.is_library() => Self::Malformed,
            _ => Self::ConnectionLost,
        }
    }

    /// Reads why there is no connection out of a connector's error.
    #[must_use]
    pub(super) fn of_connect(error: &(dyn StdError + 'static)) -> Self {
        for source in sources(error) {
            if source.is::<ConnectTimedOut>() {
                return Self::ConnectTimeout;
            }
            if source.is::<AddressRefused>() {
                return Self::AddressRefused;
            }
            match source.downcast_ref::<ResolveError>() {
                Some(ResolveError::NoAddress) => return Self::Dns,
                Some(ResolveError::Refused(_)) => return Self::AddressRefused,
                None => {}
            }
            if let Some(error) = source.downcast_ref::<rustls::Error>() {
                return Self::Tls(TlsFault::of(error));
            }
            if let Some(io) = source.downcast_ref::<io::Error>() {
                if io.kind() == io::ErrorKind::TimedOut {
                    return Self::ConnectTimeout;
                }
                if let Some(error) = tls_error(io) {
                    return Self::Tls(TlsFault::of(error));
                }
            }
        }
        Self::Connect
    }
}

/// An `io::Error` is not the source of the one that wraps it, so that the chain of sources passes over what is inside.
fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    inner
        .downcast_ref::<rustls::Error>()
        .or_else(|| inner.downcast_ref::<io::Error>().and_then(tls_error))
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
