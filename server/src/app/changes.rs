//! Changes of keys and routes: database first, then the snapshot, one after the other. A change that has answered holds
//! on the request path; one whose client left is carried out all the same. Each is written into the history in the same
//! transaction (`history.rs`).

use super::App;
use super::compile::warn_of_unchecked;
use crate::api_keys::ApiKeyEntry;
use crate::db::changes::StoredChange;
use crate::db::keys::{self, StoredKey};
use crate::db::routes::{self, StoredRoute};
use crate::db::{DbConnection, DbError, DbResult, changes};
use crate::history::{self, Object, Origin};
use crate::routing::{CompiledRoute, RouteTable};
use crate::secrets::UnlockError;
use fastgate_shared::admin_token::Role;
use fastgate_shared::api_key::ApiKeyDefinition;
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::{Route, RouteDefinition};
use jiff::Timestamp;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// The right to change keys and routes. There is one at a time; see [`change`].
pub struct Change {
    app: Arc<App>,
    origin: Origin,
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
    /// A document of the history cannot be read.
    #[error(transparent)]
    History(#[from] history::HistoryError),
    /// The author's role does not go that far.
    #[error("this needs the role `{needed}`; yours is `{role}`")]
    NotAllowed {
        /// What it would take.
        needed: Role,
        /// What it is.
        role: Role,
    },
    /// The task that made the change panicked.
    #[error("the change broke off")]
    BrokeOff,
}

/// Carries out `work` with the sole right to change; what it changes is written down as coming from `origin`. It runs as a task of its own, so that a client that leaves cannot
/// part the database from the snapshot.
///
/// # Errors
/// What `work` returns, or [`ChangeError::BrokeOff`] when it panics.
pub async fn change<T, E, F, Fut>(app: &Arc<App>, origin: Origin, work: F) -> Result<T, E>
where
    T: Send + 'static,
    E: From<ChangeError> + Send + 'static,
    F: FnOnce(Change) -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, E>> + Send,
{
    let app = app.clone();
    let task = tokio::spawn(async move {
        let alone = app.changes.clone().lock_owned().await;
        let change = Change {
            app,
            origin,
            _alone: alone,
        };
        work(change).await
    });
    task.await.unwrap_or_else(|_| Err(ChangeError::BrokeOff.into()))
}

impl App {
    /// Takes the encryption key of a rotation, with no change under way: none may seal with the one key and be compared
    /// with the other. Says whether it is another one.
    ///
    /// # Errors
    /// When the new key is not to be found; the old one stays.
    pub async fn take_new_key(&self) -> Result<bool, UnlockError> {
        let _alone = self.changes.lock().await;
        self.secrets.take_new_key(&self.config, &self.db).await
    }
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

    /// A route with its credentials in clear.
    ///
    /// # Errors
    /// [`DbError::NotFound`], or when its credentials cannot be decrypted.
    pub async fn route(&self, route_id: &str) -> Result<Route, ChangeError> {
        let id = route_id.to_owned();
        let stored = self.app.db.read(move |connection| routes::get(connection, &id)).await?;
        self.app.open_route(&stored)
    }

    /// Stores a new key; it works from now on.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn add_key(&self, key: StoredKey) -> Result<StoredKey, ChangeError> {
        self.put_key(None, key).await
    }

    /// Changes what an administrator says about a key.
    ///
    /// # Errors
    /// [`DbError::NotFound`].
    pub async fn change_key(&self, key_id: &str, definition: ApiKeyDefinition) -> Result<StoredKey, ChangeError> {
        let before = self.key(key_id).await?;
        let mut key = before.clone();
        key.key.definition = definition;
        self.put_key(Some(before), key).await
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
        let before = self.key(key_id).await?;
        let mut key = before.clone();
        key.previous = old_until.map(|valid_until| keys::PreviousSecret {
            hash: before.hash,
            valid_until,
        });
        key.hash = hash;
        key.key.key_preview = key_preview;
        key.key.previous_valid_until = old_until;
        self.put_key(Some(before), key).await
    }

    /// Deletes a key; it is refused from now on.
    ///
    /// # Errors
    /// [`DbError::NotFound`].
    pub async fn delete_key(&self, key_id: &str) -> Result<(), ChangeError> {
        let before = Some(self.key(key_id).await?);
        self.carry_out(vec![Object::Key { before, after: None }]).await
    }

    /// Stores a new route; it takes requests from now on.
    ///
    /// # Errors
    /// [`ChangeError::Refused`] when it cannot be compiled.
    pub async fn add_route(&self, definition: RouteDefinition) -> Result<Route, ChangeError> {
        self.put_route(None, new_route(definition)).await
    }

    /// Replaces the definition of a route.
    ///
    /// # Errors
    /// [`ChangeError::Refused`] when it cannot be compiled; [`DbError::NotFound`].
    pub async fn change_route(&self, route_id: &str, definition: RouteDefinition) -> Result<Route, ChangeError> {
        let before = self.route(route_id).await?;
        let route = Route {
            definition,
            updated_at: now(),
            ..before.clone()
        };
        self.put_route(Some(before), route).await
    }

    /// Deletes a route; it takes no further request.
    ///
    /// # Errors
    /// [`DbError::NotFound`].
    pub async fn delete_route(&self, route_id: &str) -> Result<(), ChangeError> {
        let before = Some(Box::new(self.route(route_id).await?));
        self.carry_out(vec![Object::Route { before, after: None }]).await
    }

    async fn put_key(&self, before: Option<StoredKey>, key: StoredKey) -> Result<StoredKey, ChangeError> {
        let after = Some(key.clone());
        self.carry_out(vec![Object::Key { before, after }]).await?;
        Ok(key)
    }

    async fn put_route(&self, before: Option<Route>, route: Route) -> Result<Route, ChangeError> {
        let (before, after) = (before.map(Box::new), Some(Box::new(route.clone())));
        self.carry_out(vec![Object::Route { before, after }]).await?;
        Ok(route)
    }

    /// Whether the author's role goes as far as these changes. Everything that changes comes by here.
    ///
    /// # Errors
    /// [`ChangeError::NotAllowed`].
    pub fn allows(&self, objects: &[Object]) -> Result<(), ChangeError> {
        let role = self.origin.role;
        let changing = objects.iter().filter(|object| object.action().is_some());
        match changing.map(Object::role_needed).max() {
            Some(needed) if needed > role => Err(ChangeError::NotAllowed { needed, role }),
            _ => Ok(()),
        }
    }

    /// Makes all of these changes in one transaction, with their rows in the history, and then lets the request path see
    /// them, all at once. Either everything is done or nothing.
    ///
    /// # Errors
    /// [`ChangeError::Refused`] when something cannot be compiled; see [`DbError`].
    pub async fn carry_out(&self, objects: Vec<Object>) -> Result<(), ChangeError> {
        self.allows(&objects)?;
        let compiled = Compiled::of(&self.app, &objects)?;
        let now = now();
        let mut rows = Vec::new();
        for object in &objects {
            let row = history::record(object, &self.origin, &self.app.secrets, now);
            rows.extend(row.map_err(history::HistoryError::from)?);
        }
        let secrets = self.app.secrets.clone();
        let keep = self.app.config.changes.keep;
        self.app
            .db
            .write(move |connection| {
                secrets.check_current(connection)?;
                for object in &objects {
                    store(connection, object, |route| StoredRoute {
                        route_id: route.route_id.clone(),
                        definition: secrets.seal_route(&route.definition),
                        created_at: route.created_at,
                        updated_at: route.updated_at,
                    })?;
                }
                record(connection, &rows, keep)
            })
            .await?;
        compiled.take_effect(&self.app);
        Ok(())
    }
}

/// A route that was not stored yet.
#[must_use]
pub fn new_route(definition: RouteDefinition) -> Route {
    let now = now();
    Route {
        route_id: uuid::Uuid::now_v7().to_string(),
        definition,
        created_at: now,
        updated_at: now,
    }
}

fn record(connection: &mut DbConnection, rows: &[StoredChange], keep: u64) -> DbResult<()> {
    match rows {
        [] => Ok(()),
        rows => changes::record(connection, rows, keep),
    }
}

fn store(connection: &mut DbConnection, object: &Object, seal: impl Fn(&Route) -> StoredRoute) -> DbResult<()> {
    match object {
        Object::Key { before, after } => match (before, after) {
            (None, Some(key)) => keys::insert(connection, key),
            (Some(before), Some(key)) => {
                if before.hash != key.hash {
                    let old_until = key.previous.map(|previous| previous.valid_until);
                    keys::rotate(connection, &key.key.key_id, &key.hash, &key.key.key_preview, old_until)?;
                }
                keys::update(connection, &key.key.key_id, &key.key.definition)
            }
            (Some(key), None) => keys::delete(connection, &key.key.key_id),
            (None, None) => Ok(()),
        },
        Object::Route { before, after } => match (before, after) {
            (None, Some(route)) => routes::insert(connection, &seal(route)),
            (Some(_), Some(route)) => routes::update(connection, &seal(route)),
            (Some(route), None) => routes::delete(connection, &route.route_id),
            (None, None) => Ok(()),
        },
    }
}

/// What the request path gets of a change.
#[derive(Default)]
struct Compiled {
    keys: Vec<Arc<ApiKeyEntry>>,
    keys_gone: Vec<String>,
    routes: Vec<Arc<CompiledRoute>>,
    routes_gone: Vec<String>,
}

impl Compiled {
    fn of(app: &App, objects: &[Object]) -> Result<Self, ChangeError> {
        let mut compiled = Self::default();
        for object in objects {
            match object {
                Object::Key { after: Some(key), .. } => compiled.keys.push(Arc::new(app.compile_key(key)?)),
                Object::Key { after: None, .. } => compiled.keys_gone.push(object.id().to_owned()),
                Object::Route { after: Some(route), .. } => {
                    let route = app.compile_route(Route::clone(route)).map_err(ChangeError::Refused)?;
                    compiled.routes.push(Arc::new(route));
                }
                Object::Route { after: None, .. } => compiled.routes_gone.push(object.id().to_owned()),
            }
        }
        Ok(compiled)
    }

    fn take_effect(self, app: &App) {
        if !self.keys.is_empty() || !self.keys_gone.is_empty() {
            app.snapshot.update_keys(|ring| {
                let without = self.keys_gone.iter().fold(ring.clone(), |ring, id| ring.without(id));
                self.keys.iter().fold(without, |ring, entry| ring.with(entry.clone()))
            });
        }
        if self.routes.is_empty() && self.routes_gone.is_empty() {
            return;
        }
        self.routes.iter().for_each(|route| warn_of_unchecked(route));
        let changed: HashSet<&str> = self
            .routes
            .iter()
            .map(|route| &*route.id)
            .chain(self.routes_gone.iter().map(String::as_str))
            .collect();
        let snapshot = app.snapshot.load();
        let others = snapshot.routes.all_in_order().iter();
        let others = others.filter(|route| !changed.contains(&*route.id));
        let table = RouteTable::new(others.cloned().chain(self.routes.iter().cloned()).collect());
        app.use_routes(Arc::new(table));
    }
}
