//! API keys in memory: looked up by hash, never by text.
//!
//! `secret` makes and hashes key values, `presented` finds the one that a request carries, `ring` holds all keys. What a
//! key may do is in `permissions`; how keys are stored is not here.

mod presented;
mod ring;
mod secret;

pub use presented::{extract, foreign_credentials, is_carrier, strip};
pub use ring::KeyRing;
pub use secret::{KeyHash, NewKey, VALUE_CHARS};

use crate::concurrency::Bound;
use crate::permissions::Permissions;
use crate::rate_limit::Limiter;
use jiff::Timestamp;
use std::sync::Arc;
use thiserror::Error;

/// A key as the request path needs it. Its value is known by hash only.
#[derive(Debug)]
pub struct ApiKeyEntry {
    /// UUID of the key.
    pub key_id: Arc<str>,
    /// `fg_Ab…9xYz`.
    pub preview: Arc<str>,
    /// Who or what uses the key.
    pub source_path: Arc<str>,
    /// What it may do.
    pub permissions: Permissions,
    /// Its limit, if it has one. The limiter outlives the entry; see [`crate::rate_limit::RateLimits`].
    pub limiter: Option<Arc<Limiter>>,
    /// Its bound on requests at once, if it has one; outlives the entry as well.
    pub bound: Option<Arc<Bound>>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// A key that is switched off is refused.
    pub is_active: bool,
    /// Hash of the value.
    pub hash: KeyHash,
    /// Hash of the value before the last rotation, and until when it goes on working.
    pub previous: Option<(KeyHash, Timestamp)>,
}

impl ApiKeyEntry {
    /// Whether the key is switched on and its time not over.
    fn usable(&self, now: Timestamp) -> Result<(), KeyRefusal> {
        if !self.is_active {
            return Err(KeyRefusal::Disabled);
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(KeyRefusal::Expired);
        }
        Ok(())
    }
}

/// Why a presented key is not accepted (401).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyRefusal {
    /// No key has this value, or it was rotated away.
    #[error("the API key is not valid")]
    Unknown,
    /// The key is switched off.
    #[error("the API key is disabled")]
    Disabled,
    /// The key's time is over.
    #[error("the API key has expired")]
    Expired,
}

#[cfg(test)]
mod tests;
