//! Stage 2: whose key is it? Says who calls; whether a caller without a key is let in is decided by the route.

use super::accept::Accepted;
use super::error::ProxyError;
use crate::api_keys::{ApiKeyEntry, KeyRefusal, KeyRing, extract};
use http::HeaderName;
use jiff::Timestamp;
use std::sync::Arc;

/// Who calls.
pub enum Caller {
    /// The owner of a valid key.
    Key(Arc<ApiKeyEntry>),
    /// Nobody whom the gateway knows, and why.
    Stranger(ProxyError),
}

impl Caller {
    /// The key, when there is a valid one.
    #[must_use]
    pub fn key(&self) -> Option<&Arc<ApiKeyEntry>> {
        match self {
            Self::Key(key) => Some(key),
            Self::Stranger(_) => None,
        }
    }
}

/// Looks the presented key up in memory, by hash. The header fields that carry a key of this gateway are taken off the
/// request, so that no upstream ever sees them.
pub fn authenticate(keys: &KeyRing, accepted: &mut Accepted, now: Timestamp, prefix: &str) -> Caller {
    let Some((carrier, presented)) = extract(&accepted.headers, prefix) else {
        return Caller::Stranger(ProxyError::MissingKey);
    };
    let found = keys.lookup(presented, now);
    let is_ours = presented.starts_with(prefix);
    let carrier: HeaderName = carrier;
    if found.is_ok() || is_ours {
        accepted.headers.remove(&carrier);
    }
    // The same key may stand in a second field (some clients send Authorization and api-key).
    while let Some((also, presented)) = extract(&accepted.headers, prefix) {
        if !presented.starts_with(prefix) {
            break;
        }
        accepted.headers.remove(&also);
    }
    match found {
        Ok(key) => Caller::Key(key),
        Err(KeyRefusal::Unknown) => Caller::Stranger(ProxyError::UnknownKey),
        Err(KeyRefusal::Disabled) => Caller::Stranger(ProxyError::DisabledKey),
        Err(KeyRefusal::Expired) => Caller::Stranger(ProxyError::ExpiredKey),
    }
}
