//! Changes of keys and routes: database first, then the snapshot, one after the other. A change that has answered holds
//! on the request path; one whose client left is carried out all the same.

use super::App;
use crate::db::keys::{self, StoredKey};
use crate::db::routes::{self, StoredRoute};
use crate::db::{DbError, DbResult};
use crate::routing::{CompiledRoute, RouteTable};
use fastgate_shared::api_key::ApiKeyDefinition;
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::{Route, RouteDefinition};
use jiff::Timestamp;
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// The right to change keys and routes. There is one at a time; see [`change`].
pub struct Change {
    app: Arc<App>,
    _alone: OwnedMutexGuard<()>,
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The database said no.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The key or route cannot be compiled.
    #[error("a value was refused")]
    Refused(Vec<FieldError>),
    /// A stored credential cannot be decrypted.
    #[error(transparent)]
    Secret(#[from] crate::secrets::OpenSecretError),
    /// The task that made the change panicked.
    #[error("the change broke off")]
    BrokeOff,
}

/// Carries out `work` with the sole right to change. It runs as a task of its own, so that a client that leaves cannot
/// part the database from the snapshot.
///
/// # Errors
/// What `work` returns, or [`ChangeError::BrokeOff`] when it panics.
pub async fn change<T, E, F, Fut>(app: &Arc<App>, work: F) -> Result<T, E>
where
    T: Send + 'static,
    E: From<ChangeError> + Send + 'static,
    F: FnOnce(Change) -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, E>> + Send,
{
    let app = app.clone();
    let task = tokio::spawn(async move {
        let alone = app.changes.clone().lock_owned().await;
        work(Change { app, _alone: alone }).await
    });
    task.await.unwrap_or_else(|_| Err(ChangeError::BrokeOff.into()))
}

/// The time, as precise as the database keeps it, so that a thing reads the same when it was just made and later.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

impl Change {
    /// The running gateway.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// A key as it is stored.
    ///
    /// # Errors
    /// [`DbError::NotFound`].
    pub async fn key(&self, key_id: &str) -> DbResult<StoredKey> {
        let key_id = key_id.to_owned();
        self.app.db.read(move |connection| keys::get(connection, &key_id)).await
    }

    /// Stores a new key; it works from now on.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn add_key(&self, key: StoredKey) -> Result<StoredKey, ChangeError> {
        self.write_key(key, keys::insert).await
    }

    /// Changes what an administrator says about a key.
    ///
    /// # Errors
    /// [`DbError::NotFound`].
    pub async fn change_key(&self, key_id: &str, definition: ApiKeyDefinition) -> Result<StoredKey, ChangeError> {
        let mut key = self.key(key_id).await?;
        key.key.definition = definition;
        self.write_key(key, |connection, key| {
            keys::update(connection, &key.key.key_id, &key.key.definition)
        })
        .await
    }

    /// Gives a key another secret; the one that it had works until `old_until`.
    ///
    /// # Errors
    /// [`DbError::NotFound`].
    pub async fn rotate_key(
        &self,
        key_id: &str,
        hash: [u8; 32],
        key_preview: String,
        old_until: Option<Timestamp>,
    ) -> Result<StoredKey, ChangeError> {
        let mut key = self.key(key_id).await?;
        key.previous = old_until.map(|valid_until| keys::PreviousSecret {
            hash: key.hash,
            valid_until,
        });
        key.hash = hash;
        key.key.key_preview = key_preview;
        self.write_key(key, move |connection, key| {
            keys::rotate(connection, &key.key.key_id, &key.hash, &key.key.key_preview, old_until)
        })
        .await
    }

    /// Deletes a key; it is refused from now on.
    ///
    /// # Errors
    /// [`DbError::NotFound`].
    pub async fn delete_key(&self, key_id: &str) -> DbResult<()> {
        let id = key_id.to_owned();
        self.app
            .db
            .write(move |connection| keys::delete(connection, &id))
            .await?;
        self.app.snapshot.update_keys(|ring| ring.without(key_id));
        Ok(())
    }

    async fn write_key(
        &self,
        key: StoredKey,
        write: impl FnOnce(&mut crate::db::DbConnection, &StoredKey) -> DbResult<()> + Send + 'static,
    ) -> Result<StoredKey, ChangeError> {
        let entry = Arc::new(self.app.compile_key(&key)?);
        let stored = key.clone();
        self.app.db.write(move |connection| write(connection, &stored)).await?;
        self.app.snapshot.update_keys(|ring| ring.with(entry.clone()));
        Ok(key)
    }

    /// A route with its credentials in clear.
    ///
    /// # Errors
    /// [`DbError::NotFound`], or when its credentials cannot be decrypted.
    pub async fn route(&self, route_id: &str) -> Result<Route, ChangeError> {
        let id = route_id.to_owned();
        let stored = self.app.db.read(move |connection| routes::get(connection, &id)).await?;
        self.app.open_route(&stored)
    }

    /// Stores a new route; it takes requests from now on.
    ///
    /// # Errors
    /// [`ChangeError::Refused`] when it cannot be compiled.
    pub async fn add_route(&self, definition: RouteDefinition) -> Result<Route, ChangeError> {
        let now = now();
        let route = Route {
            route_id: uuid::Uuid::now_v7().to_string(),
            definition,
            created_at: now,
            updated_at: now,
        };
        self.write_route(route, routes::insert).await
    }

    /// Replaces the definition of a route.
    ///
    /// # Errors
    /// [`ChangeError::Refused`] when it cannot be compiled; [`DbError::NotFound`].
    pub async fn change_route(&self, route_id: &str, definition: RouteDefinition) -> Result<Route, ChangeError> {
        let mut route = self.route(route_id).await?;
        route.definition = definition;
        route.updated_at = now();
        self.write_route(route, routes::update).await
    }

    /// Deletes a route; it takes no further request.
    ///
    /// # Errors
    /// [`DbError::NotFound`].
    pub async fn delete_route(&self, route_id: &str) -> DbResult<()> {
        let id = route_id.to_owned();
        self.app
            .db
            .write(move |connection| routes::delete(connection, &id))
            .await?;
        self.swap_route(route_id, None);
        Ok(())
    }

    async fn write_route(
        &self,
        route: Route,
        write: impl FnOnce(&mut crate::db::DbConnection, &StoredRoute) -> DbResult<()> + Send + 'static,
    ) -> Result<Route, ChangeError> {
        let compiled = self.app.compile_route(route.clone()).map_err(ChangeError::Refused)?;
        let stored = StoredRoute {
            route_id: route.route_id.clone(),
            definition: self.app.secrets.seal_route(&route.definition),
            created_at: route.created_at,
            updated_at: route.updated_at,
        };
        self.app.db.write(move |connection| write(connection, &stored)).await?;
        self.swap_route(&route.route_id, Some(Arc::new(compiled)));
        Ok(route)
    }

    fn swap_route(&self, route_id: &str, compiled: Option<Arc<CompiledRoute>>) {
        let snapshot = self.app.snapshot.load();
        let others = snapshot
            .routes
            .all_in_order()
            .iter()
            .filter(|route| *route.id != *route_id);
        let table = RouteTable::new(others.cloned().chain(compiled).collect());
        self.app.snapshot.replace_routes(Arc::new(table));
    }
}
