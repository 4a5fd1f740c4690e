//! The history of the configuration: who changed which key, route or stored setting, when, and field by field what. Also
//! what an import of a configuration answers. How two documents are compared is in `diff`, how two
//! changes of one are brought together in `merge`.

pub mod diff;
pub mod merge;

use crate::api_key::CreatedApiKey;
use crate::fields::Fields;
use crate::json::FromJson;
use crate::time::Timestamp;
pub use diff::FieldDiff;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What kind of thing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangedKind {
    /// An API key.
    Key,
    /// A route.
    Route,
    /// A setting that the gateway stores by itself: the admin token.
    Setting,
}

/// What was done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// It was made.
    Created,
    /// Fields of it were changed.
    Updated,
    /// It was switched on or off, and nothing else.
    Toggled,
    /// It got another secret.
    Rotated,
    /// It was deleted.
    Deleted,
}

/// How somebody showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuthorKind {
    /// By the admin token, in a script for example.
    AdminToken,
    /// By a token with a name and a role.
    NamedToken,
    /// By a session of the dashboard.
    Session,
    /// At the machine itself, by a command of the program.
    Program,
}

/// By which way a change came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeSource {
    /// One object by itself, over the API or the dashboard.
    #[default]
    Api,
    /// An import of a configuration.
    Import,
    /// A version from the history was restored.
    Restore,
    /// A command of the program.
    Command,
}

/// Who made a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Author {
    /// How they showed who they are.
    pub kind: AuthorKind,
    /// The named token's name, or what the identity provider calls them; also that of their session.
    pub name: Option<String>,
    /// The session's short id, where there was one: 12 hexadecimal digits that tell sessions apart and open nothing.
    pub session: Option<String>,
    /// The address that the change came from.
    pub address: Option<String>,
}

/// One version in the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Change {
    /// UUID of the change; later ones sort after earlier ones.
    pub id: String,
    /// When it was made.
    pub time: Timestamp,
    /// Who made it.
    pub author: Author,
    /// By which way it came.
    pub source: ChangeSource,
    /// The change that was restored by this one.
    pub restored_from: Option<String>,
    /// What kind of thing was changed.
    pub kind: ChangedKind,
    /// UUID of the key or route; name of the setting.
    pub object_id: String,
    /// What the thing was called: a route's name, a key's name or source path.
    pub object_name: String,
    /// What was done to it.
    pub action: ChangeAction,
    /// Field by field; credentials are masked. Fields that say nothing on either side are left out.
    pub diff: Vec<FieldDiff>,
    /// Whether the key or route is there now.
    pub exists: bool,
    /// Whether `…/restore` can put the object back as it stood after this change (after a deletion: before it).
    pub restorable: bool,
    /// The states into which `…/restore` can put the object and in which it does not stand now; empty where there is nothing to
    /// restore.
    pub restorable_to: Vec<RestoreState>,
}

/// A change with both documents; credentials are masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeRecord {
    #[serde(flatten)]
    #[allow(missing_docs, reason = "the change, flat")]
    pub change: Change,
    /// The object before; null when it was made by this change.
    pub before: Option<Value>,
    /// The object after; null when it was deleted by this change.
    pub after: Option<Value>,
}

/// Which side of a change is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RestoreState {
    /// As it stood before the change: undoes it.
    Before,
    /// As it stood after the change.
    After,
}

/// The body of `POST /admin/changes/{id}/restore`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RestoreChange {
    /// Which side is put back; `after` when absent, of a deletion `before`.
    pub state: Option<RestoreState>,
}

impl Fields for RestoreChange {
    const WRITABLE: &'static [&'static str] = &["state"];
    const READ_ONLY: &'static [&'static str] = &[];
}

/// What a restore did, or would do (`dry_run`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Restored {
    /// Nothing was changed: it was only asked.
    pub dry_run: bool,
    /// What is done to the object; null when it stands as it would be put.
    pub action: Option<ChangeAction>,
    /// UUID of the object.
    pub object_id: String,
    /// Its name.
    pub object_name: String,
    /// From how it stands now to how it is put; credentials are masked.
    pub diff: Vec<FieldDiff>,
    /// The object's present ETag, to be sent back as `If-Match`; null while it does not exist.
    pub etag: Option<String>,
}

/// One object that an import touches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportItem {
    /// What kind of thing it is.
    pub kind: ChangedKind,
    /// What is done to it.
    pub action: ChangeAction,
    /// UUID of the object; null while a plan has not made it.
    pub object_id: Option<String>,
    /// Its name.
    pub object_name: String,
    /// Field by field; credentials are masked.
    pub diff: Vec<FieldDiff>,
}

/// What an import did, or would do (`dry_run`).
#[derive(Clone, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportResult {
    /// Nothing was changed: it was only asked.
    pub dry_run: bool,
    /// Objects that are made.
    pub created: u64,
    /// Objects that are changed.
    pub changed: u64,
    /// Objects that are deleted (with `prune` only).
    pub deleted: u64,
    /// Objects that stay as they are.
    pub unchanged: u64,
    /// Stored objects that the document does not name and that stay, as `prune` was not asked for.
    pub not_named: u64,
    /// Every object that is touched.
    pub items: Vec<ImportItem>,
    /// The keys that were made, with their values: the only time that these are shown.
    pub created_keys: Vec<CreatedApiKey>,
    /// ETag of the configuration that this was compared with; as `If-Match` it makes sure that a plan is still true.
    pub etag: String,
}

impl ImportResult {
    /// Whether anything is different.
    #[must_use]
    pub fn changes_anything(&self) -> bool {
        !self.items.is_empty()
    }
}

/// Why a change of an object that somebody else changed meanwhile was refused (409), beside the members of every problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conflict {
    /// The object as it stands now; credentials are masked.
    pub current: Value,
    /// Its ETag: sent as `If-Match`, it overwrites exactly this state.
    pub etag: String,
    /// What changed since the state that the caller started from; null when the history does not know that state.
    pub changed: Option<Vec<FieldDiff>>,
    /// Who made the last change, where the history knows it.
    pub changed_by: Option<Author>,
    /// When it was made.
    pub changed_at: Option<Timestamp>,
}

/// Who deleted an object that is not there any more (404), beside the members of every problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deletion {
    /// When it was deleted.
    pub at: Timestamp,
    /// By whom, where that is known.
    pub by: Option<Author>,
}

impl ChangedKind {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Route => "route",
            Self::Setting => "setting",
        }
    }
}
