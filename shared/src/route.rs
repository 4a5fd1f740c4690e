//! A route: which requests it takes (`matching`), where it sends them (`target`, `tls`) and what it changes on the
//! way (`transform`). [`RouteDefinition`] is what an administrator writes, [`Route`] what the API shows.

pub mod cors;
pub mod health_check;
pub mod matching;
pub mod network;
pub mod order;
pub mod pattern;
pub mod permission;
pub mod shadow;
pub mod sharing;
pub mod target;
pub mod tls;
pub mod transform;

use crate::fields::{Fields, null_is_default};
use crate::json::FromJson;
use crate::time::Timestamp;
pub use cors::Cors;
use garde::Validate;
pub use health_check::HealthCheck;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
pub use sharing::{Balance, CircuitBreaker};
use std::collections::BTreeMap;
use std::fmt;
pub use target::{Protocol, Target};

/// Largest `max_body_bytes`.
pub const MAX_BODY_BYTES: u64 = 1 << 40;

/// Whether a route needs an API key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RouteAuth {
    /// A valid API key is needed.
    #[default]
    Key,
    /// Open to everyone; the client's `Authorization` passes on to the upstream.
    None,
}

/// What an administrator says about a route (contract: Routes, Target, Transforms, Limits).
#[derive(Clone, PartialEq, Serialize, Deserialize, Validate, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RouteDefinition {
    /// A name for people, 1–255 characters.
    #[garde(length(chars, min = 1, max = 255), custom(crate::fields::one_line))]
    pub route_name: String,
    /// Free text, up to 2,000 characters.
    #[serde(default)]
    #[garde(inner(length(chars, max = 2000)))]
    pub description: Option<String>,
    /// Lower numbers are tried first, 1–1000.
    #[serde(default = "default_priority")]
    #[garde(custom(crate::fields::whole(1, 1000)))]
    pub priority: u16,
    /// A route that is not active takes no request.
    #[serde(default = "yes")]
    #[garde(skip)]
    pub is_active: bool,
    /// Path pattern; see [`pattern`].
    #[garde(custom(pattern::validate))]
    pub match_path: String,
    /// `ANY`, one method, or several separated by commas.
    #[serde(default = "any_method")]
    #[garde(custom(matching::validate_methods))]
    pub match_method: String,
    /// Header name → value, or `regex:…`.
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(custom(matching::validate_headers))]
    pub match_headers: BTreeMap<String, String>,
    /// JSON Schema or the short form (field → value).
    #[serde(default)]
    #[garde(custom(matching::validate_body_schema))]
    pub match_body_schema: Option<Value>,
    /// Whether an API key is needed.
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(skip)]
    pub auth: RouteAuth,
    /// What is spoken with the upstream, also with `targets` that name nothing else.
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(skip)]
    pub target_protocol: Protocol,
    /// `host[:port]`, IPv6 in brackets; empty when `targets` is given.
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(custom(target::validate_host_or_targets(&self.targets)))]
    pub target_host: String,
    /// Path at the upstream; empty = the client's path. May use the captures of `match_path`.
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(custom(target::validate_path(&self.match_path)))]
    pub target_path: String,
    /// Appends to `target_path` what the literal prefix of `match_path` leaves of the client's path.
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(skip)]
    pub strip_path_prefix: bool,
    /// Several upstreams that share the load; replaces `target_host`.
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(length(max = 100), dive, custom(target::validate_targets(self.target_protocol)))]
    pub targets: Vec<Target>,
    /// Header fields that are removed before forwarding.
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(custom(transform::validate_remove_headers))]
    pub remove_headers: Vec<String>,
    /// Header fields that are set before forwarding; values may use `{capture}` and `${variable}`.
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(custom(transform::validate_add_headers(&self.match_path)))]
    pub add_headers: BTreeMap<String, String>,
    /// Top-level fields that are set in a JSON object body; text values may use captures and variables.
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(custom(transform::validate_add_body_fields(&self.match_path)))]
    pub add_body_fields: Map<String, Value>,
    /// Seconds for connect + response headers, then for each silence between chunks; 1–3600, null = `proxy.timeout`.
    #[serde(default)]
    #[garde(inner(custom(crate::fields::whole(1, 3600))))]
    pub timeout: Option<u32>,
    /// Further attempts after the first, 0–10; null = `proxy.max_retries`; 0 switches failover off.
    #[serde(default)]
    #[garde(inner(custom(crate::fields::whole(0, 10))))]
    pub retry_count: Option<u32>,
    /// Retry also POST and PATCH where the upstream may have seen the first attempt.
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(skip)]
    pub retry_non_idempotent: bool,
    /// Requests per minute through this route, 1–1,000,000; null = no limit.
    #[serde(default)]
    #[garde(inner(custom(crate::fields::whole(1, crate::api_key::MAX_RATE_LIMIT))))]
    pub rate_limit: Option<u32>,
    /// Which target gets a request.
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(skip)]
    pub balance: Balance,
    /// What `client_hash` tells clients apart by: `key` (the API key, else the client's address; the default) or
    /// `header:<name>` (else the client's address).
    #[serde(default)]
    #[garde(custom(sharing::validate_hash_on(self.balance)))]
    pub hash_on: Option<String>,
    /// When a target that fails leaves rotation; null = after five failures in a row where there are several targets.
    #[serde(default)]
    #[garde(dive)]
    pub circuit_breaker: Option<CircuitBreaker>,
    /// How each target is probed; null = not at all.
    #[serde(default)]
    #[garde(dive)]
    pub health_check: Option<HealthCheck>,
    /// Believe any certificate of the upstream. Whoever is on the way can then read and change everything.
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(custom(tls::validate_use(self)))]
    pub tls_skip_verify: bool,
    /// Certificates (PEM) of the authorities that are believed instead of the machine's.
    #[serde(default)]
    #[garde(custom(tls::validate_certificates(self)))]
    pub tls_ca: Option<String>,
    /// Certificate (PEM, with those that lead to its authority) that the gateway shows to the upstream.
    #[serde(default)]
    #[garde(custom(tls::validate_client_certificate(self)))]
    pub tls_client_cert: Option<String>,
    /// Its private key (PEM); encrypted at rest, masked in answers.
    #[serde(default)]
    #[garde(custom(tls::validate_client_key(self)))]
    pub tls_client_key: Option<String>,
    /// Name that the upstream's certificate must have, and that is asked for (SNI); the target's host when absent.
    #[serde(default)]
    #[garde(custom(tls::validate_server_name(self)))]
    pub tls_server_name: Option<String>,
    /// Requests through this route at once, 1–1,000,000; null = no bound.
    #[serde(default)]
    #[garde(inner(custom(crate::fields::whole(1, crate::api_key::MAX_CONCURRENCY))))]
    pub max_concurrency: Option<u32>,
    /// Bytes of a request's body at most, 1–1,099,511,627,776 (1 TiB); null = no limit.
    #[serde(default)]
    #[garde(inner(custom(crate::fields::whole(1, MAX_BODY_BYTES))))]
    pub max_body_bytes: Option<u64>,
    /// Networks that clients must come from; empty = any.
    #[serde(default, deserialize_with = "null_is_default")]
    #[garde(length(max = 1000), inner(custom(network::validate)))]
    pub ip_allow: Vec<String>,
    /// Which pages of other origins may call the route from a browser; null leaves it to the upstream.
    #[serde(default)]
    #[garde(dive)]
    pub cors: Option<Cors>,
}

/// What may be a credential does not stay behind in memory that is given back. The dashboard only has masks.
#[cfg(not(target_family = "wasm"))]
impl Drop for RouteDefinition {
    fn drop(&mut self) {
        self.wipe();
    }
}

#[cfg(not(target_family = "wasm"))]
impl RouteDefinition {
    /// Overwrites and empties everything that may hold a credential of the upstream: the values of header fields, the query of
    /// the path, the client's key.
    fn wipe(&mut self) {
        use zeroize::Zeroize as _;
        self.add_headers.values_mut().for_each(|value| value.zeroize());
        self.target_path.zeroize();
        self.tls_client_key.zeroize();
    }
}

impl Fields for RouteDefinition {
    const WRITABLE: &'static [&'static str] = &[
        "route_name",
        "description",
        "priority",
        "is_active",
        "match_path",
        "match_method",
        "match_headers",
        "match_body_schema",
        "auth",
        "target_protocol",
        "target_host",
        "target_path",
        "strip_path_prefix",
        "targets",
        "remove_headers",
        "add_headers",
        "add_body_fields",
        "timeout",
        "retry_count",
        "retry_non_idempotent",
        "rate_limit",
        "balance",
        "hash_on",
        "circuit_breaker",
        "health_check",
        "tls_skip_verify",
        "tls_ca",
        "tls_client_cert",
        "tls_client_key",
        "tls_server_name",
        "max_concurrency",
        "max_body_bytes",
        "ip_allow",
        "cors",
    ];
    const READ_ONLY: &'static [&'static str] = &["route_id", "created_at", "updated_at"];
}

/// A route as the API shows it; secrets in it are masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Route {
    /// UUID of the route.
    pub route_id: String,
    #[serde(flatten)]
    #[allow(missing_docs, reason = "the fields of the definition, flat")]
    pub definition: RouteDefinition,
    /// When it was made; of two equal routes the older wins.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Shows which route it is; there are credentials among the rest.
impl fmt::Debug for RouteDefinition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RouteDefinition")
            .field("route_name", &self.route_name)
            .field("match_path", &self.match_path)
            .finish_non_exhaustive()
    }
}

/// The body of `POST /admin/routes/{route_id}/toggle`; an absent body flips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ToggleRoute {
    /// The state wanted; absent = the other one.
    #[serde(default)]
    pub is_active: Option<bool>,
}

/// The body of `POST /admin/routes/{route_id}/test`: one real request to the route's target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TestRoute {
    /// Method; when absent the first that the route names, else `GET`, or `POST` with a body.
    pub test_method: Option<String>,
    /// Client path, query included; a path made from `match_path` when absent.
    pub test_path: Option<String>,
    /// Header fields that the client would send.
    pub test_headers: BTreeMap<String, String>,
    /// Body: text as it is, anything else as JSON.
    pub test_body: Option<Value>,
    /// Seconds for the whole test, 1–3600; the route's own when absent.
    pub timeout: Option<u32>,
}

/// The answer of a route test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RouteTestResult {
    /// An answer with a status below 400 came.
    pub success: bool,
    /// The route, if active, would take this request. It is sent all the same.
    pub matched: bool,
    /// Where it was sent; secrets in the query are masked.
    pub target_url: String,
    /// The upstream's status.
    pub status_code: Option<u16>,
    /// Milliseconds until the last byte.
    pub response_time_ms: Option<f64>,
    /// Milliseconds until the first byte of the response.
    pub ttfb_ms: Option<f64>,
    /// Why it failed.
    pub error_message: Option<String>,
    /// The upstream's header fields in order, repeated ones included.
    pub response_headers: Vec<(String, String)>,
    /// The first 64 KiB of the body, as text.
    pub response_body: Option<String>,
}

/// The body of `POST /admin/routes/match`: which route would take this request?
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct MatchRequest {
    /// Method; `GET` when absent.
    pub method: Option<String>,
    /// Client path.
    pub path: String,
    /// Header fields.
    pub headers: BTreeMap<String, String>,
    /// Body: text as it is, anything else as JSON.
    pub body: Option<Value>,
    /// UUID of a key: `refusal` then says whether it may have what is asked for.
    pub key_id: Option<String>,
}

/// The first condition of a route that a request did not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum FailedCondition {
    /// `match_path` does not match.
    Path,
    /// `match_method` does not name the method.
    Method,
    /// A header is missing or different.
    Headers,
    /// The body does not fit, or is no JSON.
    Body,
    /// The route is switched off.
    Inactive,
}

/// What became of one route when a request was matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatchVerdict {
    /// UUID of the route.
    pub route_id: String,
    /// Its name.
    pub route_name: String,
    /// Its priority.
    pub priority: u16,
    /// Every condition is met.
    pub matched: bool,
    /// All that is known fits, but the route has a condition on the body, and that was not kept: it may have matched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undecided: bool,
    /// The first one that is not.
    pub failed: Option<FailedCondition>,
    /// The verdict as a sentence.
    pub reason: String,
}

/// The answer to `POST /admin/routes/match`: every route, in matching order; the first matched one wins,
/// or one of those that share its requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatchExplanation {
    /// The verdicts.
    pub candidates: Vec<MatchVerdict>,
    /// When none matched: UUIDs of the routes that came nearest, the nearest first, three at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<String>,
    /// What the winner does to the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transforms: Option<Transforms>,
    /// Why the key that was named would be refused, or the address that asks; absent where nothing would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

/// What a route makes of a request on its way to the upstream, credentials masked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Transforms {
    /// The URL at each target that has a weight.
    pub target_urls: Vec<String>,
    /// Header fields of the request that are taken off.
    pub removed_headers: Vec<String>,
    /// Header fields that are set.
    pub set_headers: BTreeMap<String, String>,
    /// Fields that are set at the top level of a JSON body.
    pub body_fields: serde_json::Map<String, Value>,
}

impl Fields for ToggleRoute {
    const WRITABLE: &'static [&'static str] = &["is_active"];
    const READ_ONLY: &'static [&'static str] = &[];
}

impl Fields for TestRoute {
    const WRITABLE: &'static [&'static str] = &["test_method", "test_path", "test_headers", "test_body", "timeout"];
    const READ_ONLY: &'static [&'static str] = &[];
}

impl Fields for MatchRequest {
    const WRITABLE: &'static [&'static str] = &["method", "path", "headers", "body", "key_id"];
    const READ_ONLY: &'static [&'static str] = &[];
}

fn default_priority() -> u16 {
    100
}

fn yes() -> bool {
    true
}

fn any_method() -> String {
    "ANY".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_credential_is_overwritten() {
        let written = serde_json::json!({"route_name": "r", "match_path": "/*", "target_host": "h",
            "target_path": "/x?key=canary", "add_headers": {"Authorization": "canary", "X-Plain": "canary"},
            "tls_client_key": "canary"});
        let mut route: RouteDefinition = serde_json::from_value(written).unwrap();
        route.wipe();
        let left = serde_json::to_string(&route).unwrap();
        assert!(!left.contains("canary"), "{left}");
    }
}
