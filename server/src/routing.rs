//! Which route takes a request. Pure: no socket, no clock, no database.
//!
//! `table` holds the compiled routes in matching order, `path` the patterns, `headers` and `body_schema` the other
//! conditions, `rank` the order, `explain` the verdicts in words.

use fastgate_shared::problem::FieldError;
use fastgate_shared::route::Route;
use http::{HeaderMap, Method};
use smallvec::SmallVec;
use std::sync::Arc;

/// The head of a request, as routing sees it.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Method, as sent.
    pub method: &'a Method,
    /// Path for matching: unreserved characters decoded; see `path::canonical`.
    pub path: &'a str,
    /// Header fields.
    pub headers: &'a HeaderMap,
}

/// What `{name}` captured, in the order of the pattern. The texts are the client's own spelling (still percent-encoded).
pub type Captures = SmallVec<[(Arc<str>, String); 2]>;

/// A route, ready for the request path. STUB: the routing room fills it.
pub struct CompiledRoute {
    /// The route as stored, credentials decrypted.
    pub route: Arc<Route>,
}

/// A route whose path, method and headers match.
pub struct Candidate {
    /// The route.
    pub route: Arc<CompiledRoute>,
    /// What its pattern captured.
    pub captures: Captures,
}

/// All active routes in matching order.
#[derive(Default)]
pub struct RouteTable {}

impl CompiledRoute {
    /// Compiles a route: pattern, regexes, schema, templates.
    ///
    /// # Errors
    /// Each refused field with what is wrong and what is allowed.
    pub fn compile(route: Route) -> Result<Self, Vec<FieldError>> {
        Ok(Self { route: Arc::new(route) })
    }
}
