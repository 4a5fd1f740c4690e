//! What an API key may do. The grammar of the entries is in `fastgate_shared::route::permission`.

use crate::routing::path;
use crate::routing::pattern::PathMatcher;
use fastgate_shared::route::permission::{ModelGlob, Operation, Permission, PermissionError};

/// The permissions of a key, compiled. The default allows everything, like an empty list.
#[derive(Clone, Debug, Default)]
pub struct Permissions {
    /// At least one must allow the request, unless there are none.
    widening: Vec<Widening>,
    /// At least one must fit the model, unless there are none.
    models: Vec<ModelGlob>,
}

/// What a key wants to do.
#[derive(Clone, Copy, Debug)]
pub struct PermissionRequest<'a> {
    /// Path that the upstream gets, without the query.
    pub upstream_path: &'a str,
    /// The client's path in canonical spelling.
    pub client_path: &'a str,
    /// UUID of the route that won.
    pub route_id: &'a str,
    /// Its name.
    pub route_name: &'a str,
    /// The body's `model`; `None` where the body has none that can be read.
    pub model: Option<&'a str>,
}

/// What a key lacks for a request, for the record: the client hears only that it may not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lack {
    /// No entry allows a path that asks for an operation.
    #[error("The API key lacks a permission: `{operation}`, `route:{route}` or a `path:` that takes this request.")]
    Operation {
        /// The permission that names the operation.
        operation: &'static str,
        /// Name of the route that won.
        route: String,
    },
    /// No entry allows any other path.
    #[error("The API key lacks a permission: `route:{route}` or a `path:` that takes this request.")]
    Route {
        /// Name of the route that won.
        route: String,
    },
    /// No `model:` entry fits.
    #[error("The API key lacks a permission for the model `{model}`.")]
    Model {
        /// The model that was asked for, its control characters escaped; cut where it is long.
        model: String,
    },
    /// There are `model:` entries, and nothing that they could fit.
    #[error("The API key is for certain models only, and no model can be read in this request.")]
    NoModel,
}

/// Bytes of a model's name that are told at most.
const TOLD_MODEL_BYTES: usize = 255;

#[derive(Clone, Debug)]
enum Widening {
    Everything,
    Operation(Operation),
    Route(Box<str>),
    Path(Box<PathMatcher>),
}

impl Permissions {
    /// Compiles the entries of a key.
    ///
    /// # Errors
    /// The first entry that is no permission. A mistyped entry must never end up as an empty list, which would allow
    /// everything.
    pub fn compile<S: AsRef<str>>(entries: &[S]) -> Result<Self, PermissionError> {
        let mut compiled = Self::default();
        for entry in entries {
            match Permission::parse(entry.as_ref())? {
                Permission::Everything => compiled.widening.push(Widening::Everything),
                Permission::Operation(operation) => compiled.widening.push(Widening::Operation(operation)),
                Permission::Route(route) => compiled.widening.push(Widening::Route(route.into())),
                Permission::Path(pattern) => {
                    compiled
                        .widening
                        .push(Widening::Path(Box::new(PathMatcher::new(pattern))));
                }
                Permission::Model(glob) => compiled.models.push(glob),
            }
        }
        Ok(compiled)
    }

    /// Whether judging needs the body's `model`, so that the body must be buffered.
    #[must_use]
    pub fn needs_body_model(&self) -> bool {
        !self.models.is_empty()
    }

    /// Whether the key may do this (contract: Permissions).
    #[must_use]
    pub fn allows(&self, asked: &PermissionRequest<'_>) -> bool {
        self.widened_by(asked) && self.narrowed_to(asked)
    }

    /// What the key lacks; `None` when it may do this.
    #[must_use]
    pub fn lack(&self, asked: &PermissionRequest<'_>) -> Option<Lack> {
        if !self.widened_by(asked) {
            let route = asked.route_name.to_owned();
            return Some(match asked.operation().map(Operation::name) {
                Some(operation) => Lack::Operation { operation, route },
                None => Lack::Route { route },
            });
        }
        if self.narrowed_to(asked) {
            return None;
        }
        let told = |model: &str| {
            model[..model.floor_char_boundary(TOLD_MODEL_BYTES)]
                .escape_debug()
                .to_string()
        };
        Some(
            asked
                .model
                .map_or(Lack::NoModel, |model| Lack::Model { model: told(model) }),
        )
    }

    fn narrowed_to(&self, asked: &PermissionRequest<'_>) -> bool {
        self.models.is_empty()
            || asked
                .model
                .is_some_and(|model| self.models.iter().any(|glob| glob.matches(model)))
    }

    fn widened_by(&self, asked: &PermissionRequest<'_>) -> bool {
        if self.widening.is_empty() {
            return true;
        }
        let operation = asked.operation();
        self.widening.iter().any(|entry| match entry {
            Widening::Everything => true,
            Widening::Operation(wanted) => operation == Some(*wanted),
            Widening::Route(route) => **route == *asked.route_id || **route == *asked.route_name,
            Widening::Path(pattern) => pattern.is_match(asked.client_path),
        })
    }
}

impl PermissionRequest<'_> {
    /// The upstream may read `%63hat` as `chat`; so the operation is judged in canonical spelling.
    fn operation(&self) -> Option<Operation> {
        Operation::of_path(&path::respell(self.upstream_path))
    }
}

#[cfg(test)]
mod tests;
