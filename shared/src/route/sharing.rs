//! How the targets of a route share its requests, and when one of them leaves rotation.

use crate::json::FromJson;
use garde::Validate;
use serde::{Deserialize, Serialize};

/// Which target of a route gets a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// Of two picked by weight the one with fewer requests in flight, or much the faster.
    #[default]
    PowerOfTwo,
    /// In turn, by weight.
    RoundRobin,
    /// The one with the fewest requests in flight for its weight.
    LeastLoaded,
    /// The same client to the same target; see `hash_on`.
    ClientHash,
}

/// When a target that fails leaves rotation, and when it is tried again (contract: Load sharing and failover).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CircuitBreaker {
    /// Failures within the window that take a target out of rotation, 1–1000.
    #[serde(default = "five")]
    #[garde(custom(crate::fields::whole(1, 1000)))]
    pub failures: u32,
    /// Seconds within which failures add up, 1–3600.
    #[serde(default = "ten")]
    #[garde(custom(crate::fields::whole(1, 3600)))]
    pub window_seconds: u32,
    /// Seconds until one trial request may bring the target back, 1–3600.
    #[serde(default = "ten")]
    #[garde(custom(crate::fields::whole(1, 3600)))]
    pub open_seconds: u32,
}

/// What `client_hash` tells clients apart by: `key`, or `header:<name>`.
pub fn validate_hash_on<C>(balance: Balance) -> impl FnOnce(&Option<String>, &C) -> garde::Result {
    move |hash_on, _| {
        let Some(text) = hash_on else { return Ok(()) };
        if balance != Balance::ClientHash {
            return Err(garde::Error::new("has a meaning only with `balance`: `client_hash`"));
        }
        let name = text.strip_prefix("header:").map(str::trim);
        match name {
            None if text == "key" => Ok(()),
            Some(name) if !name.is_empty() && name.bytes().all(is_token) => Ok(()),
            _ => Err(garde::Error::new(format!(
                "`{}` is neither `key` nor `header:` with the name of a header field",
                text.escape_debug()
            ))),
        }
    }
}

/// A character of a header field's name (RFC 9110 section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn five() -> u32 {
    5
}

fn ten() -> u32 {
    10
}
