//! What the gateway was told, what it keeps, and what it is: `/admin/settings`, `/admin/sessions`, `/admin/storage` and
//! `/admin/about`.

use crate::admin_token::Role;
use crate::json::FromJson;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SettingOrigin {
    /// Nobody said anything.
    Default,
    /// The configuration file.
    File,
    /// An environment variable.
    Environment,
    /// A flag of the command line.
    Flag,
}

/// A key of the configuration with the value that is in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Setting {
    /// `section.name`, as in the file.
    pub key: String,
    /// Its value; that of a secret is null.
    pub value: Value,
    /// Whether it is a secret, which is never shown.
    pub secret: bool,
    /// Whether a secret has a value; true for all others.
    pub is_set: bool,
    /// Where the value comes from.
    pub origin: SettingOrigin,
    /// The file, the variable or the flag; null for a default.
    pub source: Option<String>,
    /// The environment variable that would win over the file.
    pub variable: String,
    /// Whether a running gateway reads it anew (SIGHUP); else it needs a restart.
    pub live: bool,
    /// What it does, with its unit.
    pub about: String,
    /// What it may be, as the end of "must be …".
    pub allowed: String,
}

/// A session of the dashboard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionEntry {
    /// What to end it by; it opens nothing.
    pub session_id: String,
    /// Whether the call came with this session.
    pub is_current: bool,
    /// What it may do.
    pub role: Role,
    /// The token's name, or what the identity provider says; null for the admin token.
    pub name: Option<String>,
    /// `User-Agent` of the browser that signed in.
    pub user_agent: Option<String>,
    /// Where it signed in from.
    pub address: String,
    /// When it signed in.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
}

/// What the audit log takes, and how long its limits last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StorageUse {
    /// Records of requests; exact up to 10,000, above that true to the minute of the oldest one, without what is in flight.
    pub records: u64,
    /// Bytes of the database with SQLite, of the records with PostgreSQL; without what is free inside.
    pub bytes: u64,
    /// When the oldest record's request came.
    pub oldest: Option<Timestamp>,
    /// Requests a day, the mean of the last seven days or of what there is.
    pub records_per_day: f64,
    /// Bytes a day at this rate.
    pub bytes_per_day: f64,
    /// `audit.max_bytes`.
    pub max_bytes: u64,
    /// `audit.max_age_days`.
    pub max_age_days: u32,
    /// Days until `max_bytes` is reached at the present rate and the oldest records go; 0 when it is; null when
    /// `max_age_days` keeps the log smaller.
    pub days_until_full: Option<f64>,
    /// Bytes that the log will level off at, when age is what bounds it.
    pub settles_at_bytes: Option<u64>,
}

/// What is running.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct About {
    /// Version of the gateway.
    pub version: String,
    /// Platform and profile that it was built for.
    pub build: String,
    /// Kind and version of the database.
    pub database: String,
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// SPDX name of the licence.
    pub license: String,
}
