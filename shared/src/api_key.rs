//! An API key (`fg_…`): what an administrator writes, and what the API shows of it. The secret itself is shown once.

use crate::fields::{Fields, null_is_default};
use crate::json::FromJson;
use crate::time::Timestamp;
use garde::Validate;
use serde::{Deserialize, Serialize};

/// Requests per minute that a limit may have: 1 up to this.
pub const MAX_RATE_LIMIT: u64 = 1_000_000;

/// Requests at once that a bound may have: 1 up to this.
pub const MAX_CONCURRENCY: u64 = 1_000_000;

/// What an administrator says about a key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKeyDefinition {
    /// Who or what uses the key; 1–255 characters. Written into each audit record.
    #[garde(length(chars, max = 255), custom(not_blank))]
    pub source_path: String,
    /// A name for people, up to 255 characters.
    #[serde(default)]
    #[garde(inner(length(chars, max = 255), custom(crate::fields::one_line)))]
    pub name: Option<String>,
    /// What the key may do; empty allows everything. See [`crate::route::permission`].
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(length(max = 200), inner(custom(crate::route::permission::validate)))]
    pub permissions: Vec<String>,
    /// Requests per minute, 1–1,000,000; null takes `rate_limiting.default_requests_per_minute`.
    #[serde(default)]
    #[garde(inner(custom(crate::fields::whole(1, MAX_RATE_LIMIT))))]
    pub rate_limit: Option<u32>,
    /// Requests with this key at once, 1–1,000,000; null = no bound.
    #[serde(default)]
    #[garde(inner(custom(crate::fields::whole(1, MAX_CONCURRENCY))))]
    pub max_concurrency: Option<u32>,
    /// When the key stops working; null = never.
    #[serde(default, deserialize_with = "crate::time::optional")]
    #[garde(skip)]
    pub expires_at: Option<Timestamp>,
    /// A key that is not active answers 401 `key_disabled`.
    #[serde(default = "yes")]
    #[garde(skip)]
    pub is_active: bool,
}

impl Fields for ApiKeyDefinition {
    const WRITABLE: &'static [&'static str] = &[
        "source_path",
        "name",
        "permissions",
        "rate_limit",
        "max_concurrency",
        "expires_at",
        "is_active",
    ];
    const SHORTHAND: &'static [&'static str] = &["expires_days"];
    const READ_ONLY: &'static [&'static str] = &[
        "key_id",
        "key_preview",
        "usage_count",
        "last_used_at",
        "previous_valid_until",
        "created_at",
    ];
}

/// A key as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// UUID of the key.
    pub key_id: String,
    /// Prefix, first two and last four characters: `fg_Ab…9xYz`.
    pub key_preview: String,
    #[serde(flatten)]
    #[allow(missing_docs, reason = "the fields of the definition, flat")]
    pub definition: ApiKeyDefinition,
    /// Requests that this key made.
    pub usage_count: u64,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// Until when the value before the last rotation works, or worked; null where it ended at once or there is none.
    #[serde(default)]
    pub previous_valid_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How much of its limit of requests per minute a key uses now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyUsage {
    /// UUID of the key.
    pub key_id: String,
    /// Requests per minute: the key's own, or the default.
    pub limit: u32,
    /// Requests of these that are used.
    pub used: u32,
}

/// The answer to `POST /admin/keys` and `…/rotate`: the only time that the secret is shown.
#[derive(Clone, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedApiKey {
    /// The secret. It is stored as a hash and cannot be shown again.
    pub key_value: String,
    #[serde(flatten)]
    #[allow(missing_docs, reason = "the key, flat")]
    pub key: ApiKey,
}

/// The body of `POST /admin/keys/{key_id}/rotate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RotateKey {
    /// Seconds during which the old value goes on working, 0–2,592,000 (30 days).
    #[garde(custom(crate::fields::whole(0, 2_592_000)))]
    pub grace_seconds: u32,
}

impl Fields for RotateKey {
    const WRITABLE: &'static [&'static str] = &["grace_seconds"];
    const READ_ONLY: &'static [&'static str] = &[];
}

fn yes() -> bool {
    true
}

fn not_blank(text: &str, (): &()) -> garde::Result {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(garde::Error::new(
            "must have a visible character and no control characters",
        ));
    }
    Ok(())
}
