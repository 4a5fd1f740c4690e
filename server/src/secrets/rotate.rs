//! Another encryption key: everything that is sealed is opened with the old one and sealed with the new one, in one
//! transaction. Gateways may run meanwhile: they go on with what they hold in memory, and what they would seal with the old
//! key is refused ([`SecretBox::check_current`]) until they take the new one.

use super::key_file::KeyFile;
use super::unlock::{UnlockError, find};
use super::{MasterKey, OpenSecretError, PREFIX, SecretBox};
use crate::config::Config;
use crate::db::changes::{ChangeFilter, StoredChange};
use crate::db::{self, Db, DbConnection, DbError, DbResult, changes, keys, routes, settings};
use crate::history::{self, Origin};
use fastgate_shared::changes::{ChangeAction, ChangedKind};
use fastgate_shared::route::RouteDefinition;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use std::collections::HashMap;

/// Changes of the history that are read at once.
const PAGE: u32 = 500;

/// What was encrypted anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Routes.
    pub routes: usize,
    /// Changes in the history.
    pub changes: usize,
    /// Changes that could not be read before and were left as they are.
    pub unreadable: usize,
}

/// Why the key was not rotated; unless it says otherwise, nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The present key cannot be found or used, or the file cannot be written.
    #[error(transparent)]
    Key(#[from] UnlockError),
    /// The present key is configured, so that the gateway cannot keep another one.
    #[error(
        "security.master_key is configured, so the new key has to come from you: make one (`openssl rand -hex 32`), keep it, and give it as FASTGATE_NEW_MASTER_KEY or --new-key-file; afterwards put it in the place of security.master_key"
    )]
    NewKeyNeeded,
    /// Old and new are the same.
    #[error("the new key is the one that is in use")]
    SameKey,
    /// Another process is at it.
    #[error("the key is being rotated by another process, or just was; look at the key file and try again")]
    Busy,
    /// The database said no.
    #[error("{}", .0.cause())]
    Database(#[from] DbError),
}

/// Encrypts everything with another key: the given one, or with a key file a random one. Where the key is a file, it
/// holds the new key afterwards.
///
/// # Errors
/// See [`RotateError`].
pub async fn rotate(config: &Config, db: &Db, new: Option<MasterKey>) -> Result<Rotated, RotateError> {
    let old = find(config, db).await?;
    let is_configured = config.security.master_key.is_some();
    let new = match new {
        Some(new) => new,
        None if is_configured => return Err(RotateError::NewKeyNeeded),
        None => MasterKey::random().map_err(UnlockError::from)?,
    };
    if new.is(&old) {
        return Err(RotateError::SameKey);
    }
    let keep = config.changes.keep;
    if is_configured {
        return Ok(in_database(db, old, new, keep).await?);
    }
    let file = KeyFile::of(&config.database);
    let alone = file.lock(&old)?.ok_or(RotateError::Busy)?;
    file.write_pending(&alone, &new)?;
    match in_database(db, old, new.clone(), keep).await {
        Ok(rotated) => {
            file.swap(&new)?;
            Ok(rotated)
        }
        Err(error) => {
            // When the connection broke at the commit nobody knows which key holds now: then both stay, and the next
            // start finds out.
            if !error.is_temporary() {
                file.drop_pending(&alone);
            }
            Err(error.into())
        }
    }
}

async fn in_database(db: &Db, old: MasterKey, new: MasterKey, keep: u64) -> DbResult<Rotated> {
    let connector = db.connector();
    let work = move || {
        let connection = &mut connector.establish()?.connection;
        db::overwrite_what_is_replaced(connection)?;
        let old = SecretBox::of(old);
        let new = SecretBox::of(new);
        let rotated = db::transaction(connection, |connection| Resealing { old, new }.all(connection, keep))?;
        db::empty_write_ahead_log(connection);
        Ok(rotated)
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|panicked| DbError::Internal(format!("the rotation broke off: {panicked}")))?
}

/// From one key to the other.
struct Resealing {
    old: SecretBox,
    new: SecretBox,
}

impl Resealing {
    fn all(&self, connection: &mut DbConnection, keep: u64) -> DbResult<Rotated> {
        self.old.check_current(connection)?;
        settings::set(connection, settings::ENCRYPTION_CANARY, &self.new.seal_canary())?;
        let mut rotated = Rotated::default();
        for route in routes::all(connection)? {
            let definition = self.old.open_route(&route.definition).map_err(|error| {
                DbError::Internal(format!(
                    "route {} ({}): {error}",
                    route.definition.public().route_name,
                    route.route_id
                ))
            })?;
            routes::reseal(connection, &route.route_id, &self.new.seal_route(&definition))?;
            rotated.routes += 1;
        }
        self.history(connection, &mut rotated)?;
        let row = history::setting_rotated("master_key", &Origin::program(), Timestamp::now());
        changes::record(connection, &[row], keep)?;
        Ok(rotated)
    }

    fn history(&self, connection: &mut DbConnection, rotated: &mut Rotated) -> DbResult<()> {
        // ETags depend on the key. That of a key's last change is that of the key as it stands; older ones are forgotten.
        let mut etags: HashMap<String, String> = keys::all(connection)?
            .iter()
            .map(|key| (key.key.key_id.clone(), history::key_etag(key, &self.new)))
            .collect();
        let filter = ChangeFilter::default();
        let mut before: Option<String> = None;
        loop {
            let (page, _) = changes::list(connection, &filter, before.as_deref(), PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            before = Some(last.id.clone());
            for change in page {
                match self.change(&change, &mut etags) {
                    Ok(anew) => {
                        changes::reseal(connection, &anew)?;
                        rotated.changes += 1;
                    }
                    Err(Unreadable) => rotated.unreadable += 1,
                }
            }
        }
    }

    /// The change with everything sealed anew.
    fn change(&self, change: &StoredChange, etags: &mut HashMap<String, String>) -> Result<StoredChange, Unreadable> {
        let (before, _) = self.document(change.kind, change.before.as_deref())?;
        let (after, definition) = self.document(change.kind, change.after.as_deref())?;
        let kept = change.kept.as_deref().map(|kept| self.text(kept)).transpose()?;
        let etag = match change.kind {
            ChangedKind::Route => definition.map(|definition| history::definition_etag(&definition, &self.new)),
            ChangedKind::Key if change.action != ChangeAction::Deleted => etags.remove(&change.object_id),
            _ => None,
        };
        Ok(StoredChange {
            before,
            after,
            kept,
            etag,
            ..change.clone()
        })
    }

    /// The document sealed anew, and of a route what it says.
    fn document(
        &self,
        kind: ChangedKind,
        document: Option<&str>,
    ) -> Result<(Option<String>, Option<RouteDefinition>), Unreadable> {
        let (ChangedKind::Route, Some(document)) = (kind, document) else {
            return Ok((document.map(str::to_owned), None));
        };
        let sealed = history::sealed_definition(document).map_err(|_| Unreadable)?;
        let definition = self.old.open_route(&sealed)?;
        let anew = serde_json::to_string(self.new.seal_route(&definition).public()).map_err(|_| Unreadable)?;
        Ok((Some(anew), Some(definition)))
    }

    fn text(&self, sealed: &str) -> Result<String, OpenSecretError> {
        debug_assert!(sealed.starts_with(PREFIX));
        Ok(self.new.seal(self.old.open(sealed)?.expose_secret()))
    }
}

/// A row that nobody could read before either.
struct Unreadable;

impl From<OpenSecretError> for Unreadable {
    fn from(_: OpenSecretError) -> Self {
        Self
    }
}
