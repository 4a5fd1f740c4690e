//! Stage 2: whose key is it? Says who calls; whether a caller without a key is let in is decided by the route.

use super::accept::Accepted;
use super::error::ProxyError;
use crate::api_keys::{ApiKeyEntry, KeyRefusal, KeyRing, extract, strip};
use http::HeaderName;
use jiff::Timestamp;
use std::sync::Arc;

/// Who calls.
pub enum Caller {
    /// The owner of a valid key.
    Key(Arc<ApiKeyEntry>),
    /// Nobody who is let in by a key.
    Stranger {
        /// Why.
        refusal: ProxyError,
        /// The key that is switched off or has expired, for the record alone.
        owner: Option<Arc<ApiKeyEntry>>,
    },
}

impl Caller {
    /// The key, when there is a valid one.
    #[must_use]
    pub fn key(&self) -> Option<&Arc<ApiKeyEntry>> {
        match self {
            Self::Key(key) => Some(key),
            Self::Stranger { .. } => None,
        }
    }

    /// Whose request it is, let in or not.
    #[must_use]
    pub fn owner(&self) -> Option<&Arc<ApiKeyEntry>> {
        match self {
            Self::Key(key) => Some(key),
            Self::Stranger { owner, .. } => owner.as_ref(),
        }
    }
}

/// Looks the presented key up in memory, by hash. The header fields that carry a key of this gateway are taken off the
/// request, so that no upstream ever sees them.
#[inline(never)] // Counted by itself: bench/instructions.mjs.
pub fn authenticate(keys: &KeyRing, accepted: &mut Accepted, now: Timestamp, prefix: &str) -> Caller {
    let Some((carrier, presented)) = extract(&accepted.headers, prefix) else {
        return Caller::Stranger {
            refusal: ProxyError::MissingKey,
            owner: None,
        };
    };
    let found = keys.lookup(presented, now);
    let owner = || keys.owner(presented).cloned();
    let caller = match found {
        Ok(key) => Caller::Key(key),
        Err(KeyRefusal::Unknown) => Caller::Stranger {
            refusal: ProxyError::UnknownKey,
            owner: None,
        },
        Err(KeyRefusal::Disabled) => Caller::Stranger {
            refusal: ProxyError::DisabledKey,
            owner: owner(),
        },
        Err(KeyRefusal::Expired) => Caller::Stranger {
            refusal: ProxyError::ExpiredKey,
            owner: owner(),
        },
    };
    let is_ours = presented.starts_with(prefix);
    let carrier: HeaderName = carrier;
    if caller.key().is_some() || is_ours {
        accepted.headers.remove(&carrier);
    }
    // The same key may stand in a second field (some clients send Authorization and api-key).
    strip(&mut accepted.headers, prefix);
    caller
}
