//! How the gateway finds out by itself whether a target works (contract: Load sharing and failover).

use crate::json::FromJson;
use crate::route::target;
use crate::route::transform::is_secret_query_name;
use garde::Validate;
use serde::{Deserialize, Deserializer, Serialize};
use std::ops::RangeInclusive;

/// What counts as an answer of a target that works, where nothing else is said.
pub const USUAL_STATUSES: RangeInclusive<u16> = 200..=399;

/// Seconds for a probe, where nothing else is said and the interval is not shorter.
const USUAL_TIMEOUT: u32 = 5;

/// Active probes of each target of a route: an HTTP request where there is a `path`, else a TCP connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// Path (and query) that is asked for with GET; without one a connection is enough.
    #[serde(default)]
    #[garde(inner(custom(validate_path)))]
    pub path: Option<String>,
    /// Seconds from one probe to the next, 1–3600.
    #[serde(default = "ten")]
    #[garde(custom(crate::fields::whole(1, 3600)))]
    pub interval_seconds: u32,
    /// Seconds for a whole probe, from 1 to the interval; null = 5, or the interval if that is shorter.
    #[serde(default)]
    #[garde(inner(custom(crate::fields::whole(1, 3600))), custom(validate_timeout(self.interval_seconds)))]
    pub timeout_seconds: Option<u32>,
    /// Probes in a row that must pass before an unhealthy target gets requests again, 1–100.
    #[serde(default = "two")]
    #[garde(custom(crate::fields::whole(1, 100)))]
    pub healthy_after: u32,
    /// Probes in a row that must fail before a target gets no requests any more, 1–100.
    #[serde(default = "three")]
    #[garde(custom(crate::fields::whole(1, 100)))]
    pub unhealthy_after: u32,
    /// Statuses that pass: `200`, `2xx`, `200-299`, or several separated by commas; null = `200-399`.
    #[serde(
        default,
        deserialize_with = "text_or_number",
        skip_serializing_if = "Option::is_none"
    )]
    #[garde(inner(custom(validate_status(self.path.as_deref()))))]
    pub expect_status: Option<String>,
    /// Text that the first 64 KiB of the body must contain, or `regex:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(length(min = 1, max = 1000), custom(needs_path(self.path.as_deref()))))]
    pub expect_body: Option<String>,
}

impl HealthCheck {
    /// Seconds for a whole probe.
    #[must_use]
    pub fn timeout(&self) -> u32 {
        self.timeout_seconds.unwrap_or(USUAL_TIMEOUT.min(self.interval_seconds))
    }
}

impl Default for HealthCheck {
    /// A connection every ten seconds.
    fn default() -> Self {
        Self {
            path: None,
            interval_seconds: ten(),
            timeout_seconds: None,
            healthy_after: two(),
            unhealthy_after: three(),
            expect_status: None,
            expect_body: None,
        }
    }
}

/// The statuses that a list such as `200, 3xx, 401-403` names.
///
/// # Errors
/// With what is wrong and what is allowed.
pub fn statuses(text: &str) -> Result<Vec<RangeInclusive<u16>>, String> {
    text.split(',').map(|part| range(part.trim())).collect()
}

fn range(text: &str) -> Result<RangeInclusive<u16>, String> {
    let wrong = || {
        format!(
            "`{}` is no status from 200 to 599; allowed is 200, 2xx, 200-299, or several separated by commas",
            text.escape_debug()
        )
    };
    let number = |text: &str| text.trim().parse().ok().filter(|status| (200..=599).contains(status));
    if let Some(class) = text.to_ascii_lowercase().strip_suffix("xx") {
        let first = number(&format!("{class}00")).ok_or_else(wrong)?;
        return Ok(first..=first + 99);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        _ => Err(wrong()),
    }
}

fn validate_path<C>(path: &str, _: &C) -> garde::Result {
    if path.is_empty() {
        return Err(garde::Error::new("is empty; leave it out to check the connection only"));
    }
    target::check_path(path)?;
    let query = path.split(['?', '&']).skip(1);
    let names = query.map(|part| part.split('=').next().unwrap_or_default());
    match names.into_iter().find(|name| is_secret_query_name(name)) {
        Some(name) => Err(garde::Error::new(format!(
            "carries a credential (`{}`), which would be readable here; put it into `add_headers`, which probes send as well",
            name.escape_debug()
        ))),
        None => Ok(()),
    }
}

fn validate_timeout<C>(interval: u32) -> impl FnOnce(&Option<u32>, &C) -> garde::Result {
    move |timeout, _| match timeout {
        Some(timeout) if *timeout > interval => Err(garde::Error::new(format!(
            "must be at most `interval_seconds` ({interval}): a probe ends before the next one begins"
        ))),
        _ => Ok(()),
    }
}

fn validate_status<'a, C>(path: Option<&'a str>) -> impl FnOnce(&String, &C) -> garde::Result + 'a {
    move |text, context| {
        needs_path(path)(text, context)?;
        statuses(text).map(drop).map_err(garde::Error::new)
    }
}

fn needs_path<C>(path: Option<&str>) -> impl FnOnce(&String, &C) -> garde::Result {
    let missing = path.is_none();
    move |_, _| match missing {
        true => Err(garde::Error::new(
            "needs a `path`: without one only the connection is checked",
        )),
        false => Ok(()),
    }
}

/// A status is a number as much as a text.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a status such as 200 or \"2xx\"")]
    enum Given {
        Number(u16),
        Text(String),
    }
    let given = Option::<Given>::deserialize(deserializer)?;
    Ok(given.map(|given| match given {
        Given::Number(number) => number.to_string(),
        Given::Text(text) => text,
    }))
}

fn ten() -> u32 {
    10
}

fn two() -> u32 {
    2
}

fn three() -> u32 {
    3
}

#[cfg(test)]
mod tests;
