//! What a request looks like at the upstream: target, header fields, body fields. Pure: text in, text out.
//!
//! A route's part is compiled once into a [`Plan`]; the proxy's `transform` stage carries it out for each request.
//! Sending is not here, it is in `upstream`.

pub mod cors;
pub mod forwarded;
pub mod grpc;
pub mod head;
pub mod headers;
pub mod hop_by_hop;
pub mod json_fields;
pub mod max_forwards;
pub mod own_cookie;
pub mod target;
pub mod template;
pub mod trailers;
pub mod upgrade;

use crate::upstream::balance::Balancer;
use crate::upstream::targets::TargetState;
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::RouteDefinition;
use std::sync::Arc;

pub use headers::HeaderPlan;
pub use json_fields::BodyPlan;
pub use target::{PathPlan, PlannedTarget};
pub use template::Values;

/// What a route does to a request, compiled when the route is saved and when it is loaded.
#[derive(Debug)]
pub struct Plan {
    /// The upstreams that share the load; at least one.
    pub targets: Vec<PlannedTarget>,
    /// How they do it.
    pub balancer: Balancer,
    /// How the route shares with those alike, when it is the first of them.
    pub among_routes: Balancer,
    /// How the path at the upstream is made.
    pub path: PathPlan,
    /// Header fields that are removed and set.
    pub headers: HeaderPlan,
    /// Fields that are set in a JSON object body.
    pub body: BodyPlan,
}

/// Shorter credentials are not looked for where they do not belong: they would be found in any text.
const TELLING: usize = 8;

impl Plan {
    /// The credentials that the route sends to its upstream.
    pub fn credentials(&self) -> impl Iterator<Item = &str> + Clone {
        let all = self.headers.credentials().chain(self.path.credentials());
        all.filter(|credential| credential.len() >= TELLING)
    }

    /// Lets somebody put what is known of the targets in the place of the new states that the plan was made with.
    pub fn keep_states(&mut self, keep: impl Fn(&TargetState) -> TargetState) {
        for target in &mut self.targets {
            target.state = Arc::new(keep(&target.state));
        }
    }

    /// Whether an upstream of the route gets credentials that the client does not have.
    #[must_use]
    pub fn sends_credentials(&self) -> bool {
        self.headers.sends_credentials() || self.path.credentials().next().is_some()
    }

    /// Compiles the part of a route that says where a request goes and what changes on the way.
    ///
    /// # Errors
    /// Each refused field with what is wrong. A definition that passed `garde` validation is refused here only for
    /// what needs the HTTP types: an authority, header name or value that they do not accept.
    pub fn compile(definition: &RouteDefinition) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut keep = |error: FieldError| errors.push(error);
        let targets = target::compile_targets(definition).map_err(&mut keep).ok();
        let path = PathPlan::compile(definition);
        let headers = HeaderPlan::compile(definition).map_err(&mut keep).ok();
        match (targets, headers) {
            (Some(targets), Some(headers)) => Ok(Self {
                targets,
                balancer: Balancer::new(definition),
                among_routes: Balancer::new(definition),
                path,
                headers,
                body: BodyPlan::compile(&definition.add_body_fields),
            }),
            _ => Err(errors),
        }
    }
}
