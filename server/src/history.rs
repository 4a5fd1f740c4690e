//! The history of the configuration: what a change of a key, a route or a stored setting is written down as, and how it is
//! shown. Pure but for the encryption; the rows are `db/changes`, who writes them is `app/changes`.
//!
//! Documents are stored with their credentials encrypted, like the routes themselves, and shown with them masked. The hash
//! of a key's secret is in no document; for a deleted key it is kept aside, encrypted ([`Kept`]), so that a deletion can
//! be undone.

mod document;
mod standing;

pub use document::{Kept, KeyDocument, sealed_definition};
pub use standing::Standing;

use crate::db::admin_tokens::StoredAdminToken;
use crate::db::changes::StoredChange;
use crate::db::keys::StoredKey;
use crate::secrets::{OpenSecretError, SecretBox, credentials_touched};
use document::Pair;
use fastgate_shared::admin_token::Role;
use fastgate_shared::changes::{
    Author, AuthorKind, Change, ChangeAction, ChangeRecord, ChangeSource, ChangedKind, FieldDiff,
};
use fastgate_shared::route::{Route, RouteDefinition};
use jiff::Timestamp;

/// What ETags and fingerprints are made of: credentials never leave this room in another form.
type Bytes = Vec<u8>;

/// Who makes changes, and by which way they come.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Who.
    pub author: Author,
    /// What they may do.
    pub role: Role,
    /// By which way.
    pub source: ChangeSource,
    /// The change that is restored.
    pub restored_from: Option<String>,
}

impl Origin {
    /// Changes of single objects by this author.
    #[must_use]
    pub fn of(author: Author, role: Role) -> Self {
        Self {
            author,
            role,
            source: ChangeSource::Api,
            restored_from: None,
        }
    }

    /// A command of the program, at the machine itself.
    #[must_use]
    pub fn program() -> Self {
        Self {
            source: ChangeSource::Command,
            ..Self::of(
                Author {
                    kind: AuthorKind::Program,
                    name: None,
                    session: None,
                    address: None,
                },
                Role::Admin,
            )
        }
    }
}

/// An object before and after a change; not both are none.
#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "a change has one of them, an import some thousands: nothing is gained by a box"
)]
pub enum Object {
    /// A key.
    Key {
        /// None: it is made.
        before: Option<StoredKey>,
        /// None: it is deleted.
        after: Option<StoredKey>,
    },
    /// A route, credentials in clear.
    Route {
        /// None: it is made.
        before: Option<Box<Route>>,
        /// None: it is deleted.
        after: Option<Box<Route>>,
    },
}

impl Object {
    /// What kind of thing it is.
    #[must_use]
    pub const fn kind(&self) -> ChangedKind {
        match self {
            Self::Key { .. } => ChangedKind::Key,
            Self::Route { .. } => ChangedKind::Route,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Key { before, after } => after.as_ref().or(before.as_ref()).map_or("", |key| &key.key.key_id),
            Self::Route { before, after } => after.as_ref().or(before.as_ref()).map_or("", |route| &route.route_id),
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Key { before, after } => after
                .as_ref()
                .or(before.as_ref())
                .map_or_else(String::new, |key| key_name(&key.key.definition)),
            Self::Route { before, after } => after
                .as_ref()
                .or(before.as_ref())
                .map_or_else(String::new, |route| route.definition.route_name.clone()),
        }
    }

    /// What is done to it; `None` when it stays as it is.
    #[must_use]
    pub fn action(&self) -> Option<ChangeAction> {
        let (is_new, is_gone, same, switched) = match self {
            Self::Key {
                before: Some(before),
                after: Some(after),
            } => {
                if before.hash != after.hash {
                    return Some(ChangeAction::Rotated);
                }
                let mut other = before.key.definition.clone();
                other.is_active = after.key.definition.is_active;
                let (old, new) = (&before.key.definition, &after.key.definition);
                (false, false, old == new, other == *new)
            }
            Self::Route {
                before: Some(before),
                after: Some(after),
            } => {
                let mut other = before.definition.clone();
                other.is_active = after.definition.is_active;
                let (old, new) = (&before.definition, &after.definition);
                (false, false, old == new, other == *new)
            }
            Self::Key { before, after } => (before.is_none(), after.is_none(), false, false),
            Self::Route { before, after } => (before.is_none(), after.is_none(), false, false),
        };
        match (is_new, is_gone) {
            (true, true) => None,
            (true, false) => Some(ChangeAction::Created),
            (false, true) => Some(ChangeAction::Deleted),
            (false, false) if same => None,
            (false, false) if switched => Some(ChangeAction::Toggled),
            (false, false) => Some(ChangeAction::Updated),
        }
    }

    /// The least role that may do this: routes are an operator's, keys and upstream credentials are not.
    #[must_use]
    pub fn role_needed(&self) -> Role {
        match self {
            Self::Key { .. } => Role::Admin,
            Self::Route { before, after } => {
                let definition = |route: &Option<Box<Route>>| route.as_ref().map(|route| route.definition.clone());
                match credentials_touched(definition(before).as_ref(), definition(after).as_ref()) {
                    true => Role::Admin,
                    false => Role::Operator,
                }
            }
        }
    }

    /// Field by field, credentials masked.
    #[must_use]
    pub fn diff(&self) -> Vec<FieldDiff> {
        Pair::of_object(self).diff()
    }
}

/// What a key is called where it has no name.
#[must_use]
pub fn key_name(definition: &fastgate_shared::api_key::ApiKeyDefinition) -> String {
    let named = definition.name.as_ref().filter(|name| !name.trim().is_empty());
    named.unwrap_or(&definition.source_path).clone()
}

/// The row of a change that is made at `now`; `None` when nothing is different.
///
/// # Errors
/// Where a document cannot be written as JSON.
pub fn record(
    object: &Object,
    origin: &Origin,
    secrets: &SecretBox,
    now: Timestamp,
) -> Result<Option<StoredChange>, serde_json::Error> {
    let Some(action) = object.action() else {
        return Ok(None);
    };
    let (before, after) = document::sealed(object, secrets, now)?;
    let kept = match action {
        ChangeAction::Deleted => Kept::of(object).map(|kept| kept.seal(secrets)).transpose()?,
        _ => None,
    };
    Ok(Some(StoredChange {
        id: uuid::Uuid::now_v7().to_string(),
        time: now,
        author: origin.author.clone(),
        source: origin.source,
        restored_from: origin.restored_from.clone(),
        kind: object.kind(),
        object_id: object.id().to_owned(),
        object_name: object.name(),
        action,
        before,
        after,
        etag: etag_after(object, secrets),
        kept,
    }))
}

/// The row of a rotation of a secret that the gateway keeps by itself. Neither the secret nor its hash is in it.
#[must_use]
pub fn setting_rotated(name: &str, origin: &Origin, now: Timestamp) -> StoredChange {
    StoredChange {
        id: uuid::Uuid::now_v7().to_string(),
        time: now,
        author: origin.author.clone(),
        source: origin.source,
        restored_from: None,
        kind: ChangedKind::Setting,
        object_id: name.to_owned(),
        object_name: name.to_owned(),
        action: ChangeAction::Rotated,
        before: None,
        after: None,
        etag: None,
        kept: None,
    }
}

/// The change as it is shown, beside how its object stands now.
///
/// # Errors
/// When a stored credential cannot be decrypted, or a document cannot be read.
pub fn show(stored: &StoredChange, standing: &Standing, secrets: &SecretBox) -> Result<ChangeRecord, HistoryError> {
    let pair = Pair::of_stored(stored, secrets)?;
    let diff = pair.diff();
    let (before, after) = pair.shown();
    let restorable = match stored.action {
        _ if stored.kind == ChangedKind::Setting => false,
        ChangeAction::Deleted => before.is_some(),
        _ => after.is_some(),
    };
    Ok(ChangeRecord {
        change: Change {
            id: stored.id.clone(),
            time: stored.time,
            author: stored.author.clone(),
            source: stored.source,
            restored_from: stored.restored_from.clone(),
            kind: stored.kind,
            object_id: stored.object_id.clone(),
            object_name: stored.object_name.clone(),
            action: stored.action,
            diff,
            exists: standing.has(stored.kind, &stored.object_id),
            restorable,
            restorable_to: standing.ways_back(stored, pair),
        },
        before,
        after,
    })
}

/// What changed from the state after a stored change to how a route or key stands now; credentials masked.
///
/// # Errors
/// See [`show`].
pub fn since(stored: &StoredChange, now: &Object, secrets: &SecretBox) -> Result<Vec<FieldDiff>, HistoryError> {
    Pair::since(stored, now, secrets).map(|pair| pair.diff())
}

/// Why a stored change cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Its credentials were encrypted with another key.
    #[error(transparent)]
    Secret(#[from] OpenSecretError),
    /// Its document is damaged.
    #[error("a document of the history cannot be read: {0}")]
    Document(#[from] serde_json::Error),
}

/// The ETag of a key: it changes with the definition and the secret, not with use.
#[must_use]
pub fn key_etag(key: &StoredKey, secrets: &SecretBox) -> String {
    let mut bytes = json_bytes(&key.key.definition);
    bytes.extend_from_slice(&key.hash);
    quoted(secrets, &bytes)
}

/// The ETag of an administrator's token: as a key's.
#[must_use]
pub fn token_etag(token: &StoredAdminToken, secrets: &SecretBox) -> String {
    let mut bytes = json_bytes(&token.token.definition);
    bytes.extend_from_slice(&token.hash);
    quoted(secrets, &bytes)
}

/// The ETag of a route with its credentials in clear: it changes with the definition.
#[must_use]
pub fn route_etag(route: &Route, secrets: &SecretBox) -> String {
    definition_etag(&route.definition, secrets)
}

/// As [`route_etag`], of its definition.
#[must_use]
pub fn definition_etag(definition: &RouteDefinition, secrets: &SecretBox) -> String {
    quoted(secrets, &json_bytes(definition))
}

/// The ETag of a whole configuration, from those of its objects.
#[must_use]
pub fn whole_etag(parts: &[String], secrets: &SecretBox) -> String {
    quoted(secrets, parts.concat().as_bytes())
}

fn etag_after(object: &Object, secrets: &SecretBox) -> Option<String> {
    match object {
        Object::Key { after, .. } => after.as_ref().map(|key| key_etag(key, secrets)),
        Object::Route { after, .. } => after.as_ref().map(|route| route_etag(route, secrets)),
    }
}

fn json_bytes(value: &impl serde::Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default()
}

/// A strong ETag (RFC 9110, section 8.8.3).
fn quoted(secrets: &SecretBox, bytes: &[u8]) -> String {
    format!("\"{}\"", secrets.fingerprint(bytes))
}
