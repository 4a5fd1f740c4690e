//! Which route takes a request. Pure: no socket, no clock, no database.
//!
//! `table` holds the compiled routes in matching order, `path` spells paths, `pattern` matches them, `headers` and
//! `body_schema` judge the other conditions, `rank` is the order, `explain` puts verdicts into words.

pub mod body_schema;
pub mod explain;
pub mod headers;
pub mod path;
pub mod pattern;
pub mod rank;
pub mod table;

use crate::body::peek::PeekedBody;
use crate::message::Plan;
use crate::rate_limit::Limiter;
use crate::telemetry::RouteFigures;
use body_schema::BodyRule;
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::pattern::{PathPattern, Specificity};
use fastgate_shared::route::{Route, RouteAuth, matching};
use headers::HeaderRule;
use http::{HeaderMap, Method};
use pattern::PathMatcher;
use smallvec::SmallVec;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
pub use table::{RouteTable, Selection};

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
pub type Captures = SmallVec<[(Arc<str>, String); 2]>;

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
    /// Where its requests go and what changes on the way.
    pub plan: Arc<Plan>,
    /// Its figures in `/metrics`.
    pub figures: RouteFigures,
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
    /// Compiles a route. Without a limiter: see [`Self::rate`].
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
            plan: Arc::new(plan),
            figures: RouteFigures::new(&definition.route_name),
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

fn compile_methods(text: &str) -> Result<SmallVec<[Method; 2]>, String> {
    let method = |name: String| {
        Method::from_bytes(name.as_bytes()).map_err(|_| format!("`{}` is not a method", name.escape_debug()))
    };
    matching::methods(text)?.into_iter().map(method).collect()
}

#[cfg(test)]
mod tests;
