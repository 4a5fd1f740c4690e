//! From what is stored to what the request path reads: keys and routes, compiled, with their limiters.

use super::{App, ChangeError};
use crate::api_keys::{ApiKeyEntry, KeyHash, KeyRing};
use crate::db::DbResult;
use crate::db::keys::{self, StoredKey};
use crate::db::routes::{self, StoredRoute};
use crate::permissions::Permissions;
use crate::routing::{CompiledRoute, RouteTable};
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::Route;
use std::sync::Arc;

impl App {
    /// Reads all keys and routes into the snapshot. A row that cannot be compiled (it was stored by another version) is
    /// left out and reported: its key is refused, its route takes nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn load_snapshot(&self) -> DbResult<()> {
        let _alone = self.changes.lock().await;
        let (stored_keys, stored_routes) = self
            .db
            .read(|connection| Ok((keys::all(connection)?, routes::all(connection)?)))
            .await?;
        let entries = stored_keys.iter().filter_map(|stored| match self.compile_key(stored) {
            Ok(entry) => Some(Arc::new(entry)),
            Err(_) => {
                tracing::error!(
                    key_id = stored.key.key_id,
                    "a stored API key cannot be used; save it again"
                );
                None
            }
        });
        let ring = KeyRing::from_entries(entries);
        let compiled = stored_routes.iter().filter_map(|stored| self.compile_stored(stored));
        let table = Arc::new(RouteTable::new(compiled.collect()));
        self.snapshot.update_keys(|_| ring.clone());
        self.use_routes(table);
        Ok(())
    }

    /// Swaps in other routes; their health checks begin, and those of routes that are gone end.
    pub fn use_routes(&self, table: Arc<RouteTable>) {
        self.health_checks.follow(&table);
        self.snapshot.replace_routes(table);
    }

    /// Compiles a key. Its limiter is the one in use if the limit stays, so that another change hands out no new tokens.
    ///
    /// # Errors
    /// When its permissions are refused.
    pub fn compile_key(&self, stored: &StoredKey) -> Result<ApiKeyEntry, ChangeError> {
        let definition = &stored.key.definition;
        let permissions = Permissions::compile(&definition.permissions)
            .map_err(|error| ChangeError::Refused(vec![FieldError::new("permissions", error.to_string())]))?;
        let limits = &self.config.rate_limiting;
        let limit = definition.rate_limit.or(limits.default_requests_per_minute);
        let limit = limit.filter(|_| limits.enabled);
        let key_id = stored.key.key_id.as_str();
        Ok(ApiKeyEntry {
            key_id: key_id.into(),
            preview: stored.key.key_preview.as_str().into(),
            source_path: definition.source_path.as_str().into(),
            permissions,
            limiter: limit.map(|limit| self.limits.for_key(key_id, limit)),
            bound: definition
                .max_concurrency
                .map(|limit| self.concurrency.for_key(key_id, limit)),
            expires_at: definition.expires_at,
            is_active: definition.is_active,
            hash: KeyHash::from_bytes(stored.hash),
            previous: stored
                .previous
                .map(|previous| (KeyHash::from_bytes(previous.hash), previous.valid_until)),
        })
    }

    /// Compiles a route, with its connections. Its limiter and what is known of its targets are those in use; see
    /// [`App::compile_key`].
    ///
    /// # Errors
    /// Each refused field.
    pub fn compile_route(&self, route: Route) -> Result<CompiledRoute, Vec<FieldError>> {
        let mut compiled = CompiledRoute::compile(route)?;
        let targets = compiled.plan.targets.iter();
        let targets = targets.map(|target| (target.protocol, &target.authority));
        compiled.hosts = self.upstream.hosts(&compiled.route.definition, targets)?;
        let limit = compiled.route.definition.rate_limit;
        compiled.rate = limit
            .filter(|_| self.config.rate_limiting.enabled)
            .map(|limit| self.limits.for_route(&compiled.id, limit));
        let id = compiled.id.clone();
        compiled.bound = compiled
            .route
            .definition
            .max_concurrency
            .map(|limit| self.concurrency.for_route(&id, limit));
        if compiled.bound.is_none() {
            self.concurrency.lift_route(&id);
        }
        compiled.plan.keep_states(|state| self.targets.keep(&id, state));
        compiled.retries = self.targets.budget(&id);
        compiled.figures = self.route_figures.of(&compiled.name);
        Ok(compiled)
    }

    /// Decrypts a stored route.
    ///
    /// # Errors
    /// When its credentials cannot be decrypted.
    pub fn open_route(&self, stored: &StoredRoute) -> Result<Route, ChangeError> {
        Ok(Route {
            route_id: stored.route_id.clone(),
            definition: self.secrets.open_route(&stored.definition)?,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        })
    }

    fn compile_stored(&self, stored: &StoredRoute) -> Option<Arc<CompiledRoute>> {
        let refused = match self.open_route(stored) {
            Ok(route) => match self.compile_route(route) {
                Ok(compiled) => {
                    warn_of_unchecked(&compiled);
                    return Some(Arc::new(compiled));
                }
                Err(errors) => errors
                    .into_iter()
                    .map(|error| error.field)
                    .collect::<Vec<_>>()
                    .join(", "),
            },
            Err(error) => error.to_string(),
        };
        tracing::error!(
            route_id = stored.route_id,
            refused,
            "a stored route cannot be used; save it again"
        );
        None
    }
}

/// A route that believes any certificate is told of whenever it comes into use.
pub(super) fn warn_of_unchecked(route: &CompiledRoute) {
    if route.route.definition.tls_skip_verify {
        tracing::warn!(
            route_id = &*route.id,
            route = &*route.name,
            "the upstream's certificate is not checked (tls_skip_verify): whoever is on the way can read and change everything"
        );
    }
}
