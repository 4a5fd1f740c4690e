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
        let widened = self.widening.is_empty() || self.widened_by(asked);
        let narrowed = self.models.is_empty()
            || asked
                .model
                .is_some_and(|model| self.models.iter().any(|glob| glob.matches(model)));
        widened && narrowed
    }

    fn widened_by(&self, asked: &PermissionRequest<'_>) -> bool {
        // The upstream may read `%63hat` as `chat`; so the operation is judged in canonical spelling.
        let operation = Operation::of_path(&path::respell(asked.upstream_path));
        self.widening.iter().any(|entry| match entry {
            Widening::Everything => true,
            Widening::Operation(wanted) => operation == Some(*wanted),
            Widening::Route(route) => **route == *asked.route_id || **route == *asked.route_name,
            Widening::Path(pattern) => pattern.is_match(asked.client_path),
        })
    }
}

#[cfg(test)]
mod tests;
