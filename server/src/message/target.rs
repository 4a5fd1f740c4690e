//! Where a request goes: the upstreams of a route, and how the path there is made (contract: Target).

use super::template::{Template, Values};
use crate::routing::path;
use crate::upstream::balance::Share;
use crate::upstream::circuit::CircuitRules;
use crate::upstream::targets::TargetState;
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::RouteDefinition;
use fastgate_shared::route::pattern::PathPattern;
use fastgate_shared::route::target::Protocol;
use fastgate_shared::route::transform::is_secret_query_name;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Everything but RFC 3986's unreserved characters.
const NOT_UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a path may contain plainly but separates parameters in a query.
const QUERY_SYNTAX: &AsciiSet = &CONTROLS.add(b'&').add(b'=').add(b'+').add(b';');

/// One upstream of a route.
#[derive(Debug)]
pub struct PlannedTarget {
    /// What is spoken with it.
    pub protocol: Protocol,
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Host and port.
    pub authority: Authority,
    /// What `Host` is set to.
    pub host: HeaderValue,
    /// `http(s)://host:port`, for the log.
    pub label: Arc<str>,
    /// Share of the load.
    pub weight: u32,
    /// What is known of it; outlives this plan.
    pub state: Arc<TargetState>,
}

impl Share for PlannedTarget {
    fn weight(&self) -> u32 {
        self.weight
    }

    fn in_flight(&self) -> u32 {
        self.state.in_flight()
    }

    fn latency(&self, now: Instant) -> Duration {
        self.state.latency(now)
    }

    fn name(&self) -> &str {
        &self.label
    }
}

/// Makes the [`PlannedTarget`]s of a route.
///
/// # Errors
/// For a host that is no URI authority.
pub fn compile_targets(definition: &RouteDefinition) -> Result<Vec<PlannedTarget>, FieldError> {
    let rules = circuit_rules(definition);
    if definition.targets.is_empty() {
        let host = &definition.target_host;
        let target = compile_target("target_host", host, definition.target_protocol, (1, rules))?;
        return Ok(vec![target]);
    }
    let of_list = |(index, target): (usize, &fastgate_shared::route::Target)| {
        let protocol = target.protocol.unwrap_or(definition.target_protocol);
        let field = format!("targets[{index}].host");
        compile_target(&field, &target.host, protocol, (target.weight, rules))
    };
    definition.targets.iter().enumerate().map(of_list).collect()
}

/// The route's own rules, or those of several targets. A lone target gives way to other routes, unless the route switches
/// failover off.
fn circuit_rules(definition: &RouteDefinition) -> Option<CircuitRules> {
    let in_use = definition.targets.iter().filter(|target| target.weight > 0);
    match (&definition.circuit_breaker, in_use.count()) {
        (Some(own), _) => Some(CircuitRules::from(own)),
        (None, 2..) => Some(CircuitRules::USUAL),
        (None, _) => (definition.retry_count != Some(0)).then_some(CircuitRules::LONE),
    }
}

fn compile_target(
    field: &str,
    host: &str,
    protocol: Protocol,
    (weight, rules): (u32, Option<CircuitRules>),
) -> Result<PlannedTarget, FieldError> {
    let refused = || FieldError::new(field, format!("`{}` is not host[:port]", host.escape_debug()));
    let authority: Authority = host.parse().map_err(|_| refused())?;
    let host = HeaderValue::from_str(authority.as_str()).map_err(|_| refused())?;
    let scheme = match protocol {
        Protocol::Http | Protocol::H2c => Scheme::HTTP,
        Protocol::Https => Scheme::HTTPS,
    };
    let label: Arc<str> = Arc::from(format!("{scheme}://{authority}"));
    Ok(PlannedTarget {
        state: Arc::new(TargetState::new(label.clone(), rules)),
        protocol,
        scheme,
        authority,
        host,
        label,
        weight,
    })
}

/// How the path at the upstream is made.
pub struct PathPlan {
    /// `None`: the client's own path.
    path: Option<Template>,
    /// Query of `target_path`, which comes first.
    query: Option<Template>,
    /// Values in it that are credentials.
    credentials: Vec<String>,
    /// Bytes of `match_path`'s literal prefix, in canonical spelling; `None` without `strip_path_prefix`.
    strip: Option<usize>,
}

impl std::fmt::Debug for PathPlan {
    /// The query may hold a credential: it is never shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PathPlan")
            .field("path", &self.path)
            .field("strip", &self.strip)
            .finish_non_exhaustive()
    }
}

impl PathPlan {
    /// Compiles `target_path` and `strip_path_prefix`.
    #[must_use]
    pub fn compile(definition: &RouteDefinition) -> Self {
        let (path, query) = match definition.target_path.split_once('?') {
            Some((path, query)) => (path, Some(Template::parse(query))),
            None => (definition.target_path.as_str(), None),
        };
        // A pattern that does not parse is refused where the route is compiled.
        let prefix_len =
            || PathPattern::parse(&definition.match_path).map_or(0, |pattern| pattern.literal_prefix().len());
        let credentials = definition.target_path.split(['?', '&']).filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            is_secret_query_name(name).then(|| value.to_owned())
        });
        Self {
            credentials: credentials.collect(),
            path: (!path.is_empty()).then(|| Template::parse(path)),
            query,
            strip: definition.strip_path_prefix.then(prefix_len),
        }
    }

    /// The credentials in the query of `target_path`, as they are written there.
    pub fn credentials(&self) -> impl Iterator<Item = &str> + Clone {
        self.credentials.iter().map(String::as_str)
    }

    /// Whether the path at the upstream is the client's own.
    #[must_use]
    pub fn keeps_path(&self) -> bool {
        self.path.is_none() && self.strip.is_none()
    }

    /// The path and query at the upstream.
    ///
    /// `client_path` and `client_query` are the client's own spelling.
    #[must_use]
    pub fn path_and_query(&self, client_path: &str, client_query: Option<&str>, values: &Values<'_>) -> String {
        let encode = |text: &str| -> String { utf8_percent_encode(text, NOT_UNRESERVED).to_string() };
        let mut out = match &self.path {
            Some(template) => template.fill(values, |text| Cow::Owned(encode(text))),
            None if self.strip.is_some() => String::new(),
            None => client_path.to_owned(),
        };
        if let Some(prefix) = self.strip {
            join(&mut out, path::after_prefix(client_path, prefix));
        }
        if out.is_empty() {
            out.push('/');
        }
        // What is plain text in a path may be syntax in a query: a client must not add parameters by way of a capture.
        let in_query = |capture: &str| -> String { utf8_percent_encode(capture, QUERY_SYNTAX).to_string() };
        let own = self.query.as_ref().map(|query| {
            query.fill_with(
                values,
                |capture| Cow::Owned(in_query(capture)),
                |text| Cow::Owned(encode(text)),
            )
        });
        match (own.filter(|own| !own.is_empty()), client_query) {
            (None, None) => {}
            (None, Some(query)) => out.extend(["?", query]),
            (Some(own), None | Some("")) => out.extend(["?", &own]),
            (Some(own), Some(query)) => out.extend(["?", &own, "&", query]),
        }
        out
    }
}

/// Joins two pieces of a path with exactly one `/` between; nothing is added for an empty rest.
fn join(path: &mut String, rest: &str) {
    if rest.is_empty() {
        return;
    }
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    if !path.ends_with('/') {
        path.push('/');
    }
    path.push_str(rest);
}

/// The URI of an attempt.
///
/// # Errors
/// When path and query are longer than a URI may be (65,534 bytes).
pub fn uri(target: &PlannedTarget, path_and_query: &str) -> Result<Uri, http::Error> {
    Uri::builder()
        .scheme(target.scheme.clone())
        .authority(target.authority.clone())
        .path_and_query(path_and_query)
        .build()
}

#[cfg(test)]
mod tests;
