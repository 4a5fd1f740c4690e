//! Which route takes a request. Pure: no socket, no clock, no database.
//!
//! `table` holds the compiled routes in matching order, `path` spells paths, `pattern` matches them, `headers` and
//! `body_schema` judge the other conditions, `rank` is the order, `alike` says which routes share, `explain` puts verdicts
//! into words.

pub mod alike;
pub mod body_schema;
pub mod explain;
pub mod headers;
pub mod path;
pub mod pattern;
pub mod rank;
pub mod table;

use crate::body::peek::PeekedBody;
use crate::concurrency::Bound;
use crate::message::Plan;
use crate::message::cors::CorsPolicy;
use crate::rate_limit::Limiter;
use crate::telemetry::RouteFigures;
use crate::upstream::UpstreamHost;
use crate::upstream::budget::RetryBudget;
use crate::upstream::health::Check;
use body_schema::BodyRule;
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::pattern::{PathPattern, Specificity};
use fastgate_shared::route::{Route, RouteAuth, matching};
use headers::HeaderRule;
use http::{HeaderMap, Method};
use ipnet::{IpNet, Ipv4Net};
use pattern::PathMatcher;
use smallvec::SmallVec;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
pub use table::{HeadMatch, RouteTable, Selection};

/// The head of a request, as routing sees it.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Method, as sent.
    pub method: &'a Method,
    /// Path for matching, without the query; see [`path::canonical`].
    pub path: &'a str,
    /// The same path as the client spelled it.
    pub raw_path: &'a str,
    /// Header fields.
    pub headers: &'a HeaderMap,
}

/// What `{name}` captured, in the order of the pattern. The texts are the client's own spelling (still percent-encoded).
pub type Captures = Vec<(Arc<str>, String)>;

/// A route, ready for the request path.
pub struct CompiledRoute {
    /// UUID of the route.
    pub id: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The route as stored, credentials decrypted.
    pub route: Arc<Route>,
    /// `match_path`.
    pub matcher: PathMatcher,
    /// `match_method`; empty means any.
    pub methods: SmallVec<[Method; 2]>,
    /// `match_headers`: all must fit.
    pub headers: Vec<HeaderRule>,
    /// `match_body_schema`.
    pub body_rule: Option<BodyRule>,
    /// Whether an API key is needed.
    pub auth: RouteAuth,
    /// The route's own `timeout`; `None` = `proxy.timeout`.
    pub timeout: Option<Duration>,
    /// The route's own `retry_count`; `None` = `proxy.max_retries`.
    pub retry_count: Option<u32>,
    /// The limit of the route. Set by who compiles the snapshot, because its state outlives the snapshot.
    pub rate: Option<Arc<Limiter>>,
    /// The route's `max_concurrency`. Set by who compiles the snapshot, as `rate`.
    pub bound: Option<Arc<Bound>>,
    /// Bytes of a request's body at most.
    pub max_body_bytes: u64,
    /// Networks that clients must come from; empty = any.
    networks: Vec<IpNet>,
    /// What browsers are told.
    pub cors: Option<Arc<CorsPolicy>>,
    /// Where its requests go and what changes on the way.
    pub plan: Plan,
    /// How its targets are probed; `None`: they are not.
    pub health_check: Option<Arc<Check>>,
    /// The connections to each target of the plan. Set as the limiter is, because routes share them.
    pub hosts: Vec<Arc<UpstreamHost>>,
    /// Its figures in `/metrics`. Set like [`Self::rate`].
    pub figures: Arc<RouteFigures>,
    /// How many failed attempts may be made anew. Set like [`Self::rate`].
    pub retries: Arc<RetryBudget>,
    /// Why this route won when it wins: "path /v1/* and method POST matched; priority 40".
    pub reason: Arc<str>,
    specificity: Specificity,
}

/// A route whose path, method and headers match.
pub struct Candidate {
    /// The route.
    pub route: Arc<CompiledRoute>,
    /// What its pattern captured.
    pub captures: Captures,
}

impl CompiledRoute {
    /// Compiles a route. Without a limiter and connections: see [`Self::rate`], [`Self::hosts`].
    ///
    /// # Errors
    /// Each refused field with what is wrong and what is allowed.
    pub fn compile(route: Route) -> Result<Self, Vec<FieldError>> {
        let definition = &route.definition;
        let mut errors = Vec::new();
        let pattern = PathPattern::parse(&definition.match_path)
            .map_err(|why| errors.push(FieldError::new("match_path", why.to_string())))
            .ok();
        let methods = compile_methods(&definition.match_method)
            .map_err(|why| errors.push(FieldError::new("match_method", why)))
            .unwrap_or_default();
        let mut headers = Vec::with_capacity(definition.match_headers.len());
        for (name, value) in &definition.match_headers {
            match HeaderRule::compile(name, value) {
                Ok(rule) => headers.push(rule),
                Err(why) => errors.push(FieldError::new("match_headers", why)),
            }
        }
        let body_rule = definition
            .match_body_schema
            .as_ref()
            .map_or(Ok(None), BodyRule::compile)
            .map_err(|why| errors.push(FieldError::new("match_body_schema", why)))
            .unwrap_or_default();
        let health_check = definition.health_check.as_ref().map(Check::compile).transpose();
        let health_check = health_check.map_err(|why| errors.push(why)).unwrap_or_default();
        let networks = compile_networks(&definition.ip_allow)
            .map_err(|why| errors.push(why))
            .unwrap_or_default();
        let cors = definition.cors.as_ref().map(CorsPolicy::compile).transpose();
        let cors = cors.map_err(|why| errors.push(why)).unwrap_or_default();
        let plan = Plan::compile(definition).map_err(|whys| errors.extend(whys)).ok();
        let (Some(pattern), Some(plan), []) = (pattern, plan, &*errors) else {
            return Err(errors);
        };
        let mut compiled = Self {
            id: route.route_id.as_str().into(),
            name: definition.route_name.as_str().into(),
            specificity: pattern.specificity(),
            matcher: PathMatcher::new(pattern),
            methods,
            headers,
            body_rule,
            auth: definition.auth,
            timeout: definition.timeout.map(|seconds| Duration::from_secs(seconds.into())),
            retry_count: definition.retry_count,
            rate: None,
            bound: None,
            max_body_bytes: definition.max_body_bytes.unwrap_or(u64::MAX),
            networks,
            cors: cors.map(Arc::new),
            plan,
            figures: Arc::default(),
            retries: Arc::default(),
            health_check: health_check.map(Arc::new),
            hosts: Vec::new(),
            reason: Arc::from(""),
            route: Arc::new(route),
        };
        compiled.reason = explain::winning_reason(&compiled).into();
        Ok(compiled)
    }

    /// Whether it takes requests at all.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.route.definition.is_active
    }

    /// `match_method`.
    #[must_use]
    pub fn matches_method(&self, method: &Method) -> bool {
        self.methods.is_empty() || self.methods.contains(method)
    }

    /// `match_headers`.
    #[must_use]
    pub fn matches_headers(&self, headers: &HeaderMap) -> bool {
        self.headers.iter().all(|rule| rule.is_match(headers))
    }

    /// `ip_allow`.
    #[must_use]
    pub fn lets_in(&self, client: IpAddr) -> bool {
        // A client of IPv4 that came over an IPv6 socket.
        let client = client.to_canonical();
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(&client))
    }

    /// `match_body_schema`.
    #[must_use]
    pub fn matches_body(&self, body: &PeekedBody<'_>) -> bool {
        self.body_rule.as_ref().is_none_or(|rule| rule.is_match(body))
    }
}

impl fmt::Debug for CompiledRoute {
    /// Leaves out the definition: it holds credentials.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CompiledRoute")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("path", &self.matcher.pattern().as_str())
            .finish_non_exhaustive()
    }
}

fn compile_networks(texts: &[String]) -> Result<Vec<IpNet>, FieldError> {
    let network = |(index, text): (usize, &String)| {
        let network = text.parse::<IpNet>().ok();
        network
            .map(canonical)
            .or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?.to_canonical())))
            .ok_or_else(|| {
                FieldError::new(
                    format!("ip_allow[{index}]"),
                    format!("`{}` is not a network", text.escape_debug()),
                )
            })
    };
    texts.iter().enumerate().map(network).collect()
}

/// A network of IPv4 that is written in IPv6 (`::ffff:10.0.0.0/104`), as the clients' addresses are compared.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else { return network };
    let prefix = mapped.prefix_len().checked_sub(96);
    let address = mapped.addr().to_ipv4_mapped();
    let within = address
        .zip(prefix)
        .and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
    within.map_or(network, IpNet::V4)
}

fn compile_methods(text: &str) -> Result<SmallVec<[Method; 2]>, String> {
    let method = |name: String| {
        Method::from_bytes(name.as_bytes()).map_err(|_| format!("`{}` is not a method", name.escape_debug()))
    };
    matching::methods(text)?.into_iter().map(method).collect()
}

#[cfg(test)]
mod tests;
