//! The documents of a change: how a key or route is written down, read again, compared and masked.

use super::{HistoryError, Object};
use crate::db::changes::StoredChange;
use crate::db::keys::{PreviousSecret, StoredKey};
use crate::secrets::{SealedDefinition, SecretBox, mask_definition};
use fastgate_shared::api_key::{ApiKey, ApiKeyDefinition};
use fastgate_shared::changes::diff::{Sides, compare_shown};
use fastgate_shared::changes::{ChangeAction, ChangedKind, FieldDiff};
use fastgate_shared::route::{Route, RouteDefinition};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Fields of a [`KeyDocument`] that tell of its secret, which no version brings back.
const OF_SECRET: [&str; 2] = ["key_preview", OLD_UNTIL];
const OLD_UNTIL: &str = "previous_valid_until";

/// A key as the history knows it: without its hash. The preview tells that a secret was rotated.
#[derive(Clone, Serialize, Deserialize)]
pub struct KeyDocument {
    /// Prefix, first two and last four characters.
    pub key_preview: String,
    /// After a rotation: until when the secret before it works, or did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_valid_until: Option<Timestamp>,
    /// What an administrator says about it.
    #[serde(flatten)]
    pub definition: ApiKeyDefinition,
}

/// What brings a deleted object back as it was. Stored encrypted only: it holds what a key's secret is recognised by.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kept {
    /// Of a key.
    Key {
        /// SHA-256 of the secret.
        hash: [u8; 32],
        /// Of the secret before the last rotation, and until when it works.
        previous: Option<([u8; 32], Timestamp)>,
        /// The key's counters and times.
        key_preview: String,
        /// Requests that it made.
        usage_count: u64,
        /// When it was last used.
        last_used_at: Option<Timestamp>,
        /// When it was made.
        created_at: Timestamp,
    },
    /// Of a route: its age decides between equal ones.
    Route {
        /// When it was made.
        created_at: Timestamp,
    },
}

impl KeyDocument {
    fn of(key: &StoredKey) -> Self {
        Self {
            key_preview: key.key.key_preview.clone(),
            previous_valid_until: None,
            definition: key.key.definition.clone(),
        }
    }

    /// After a rotation at `now`. Without a grace time the secret before it ended there and then.
    fn rotated(self, key: &StoredKey, now: Timestamp) -> Self {
        let previous = key.previous.map(|previous| previous.valid_until);
        Self {
            previous_valid_until: previous.or(Some(now)),
            ..self
        }
    }
}

impl Kept {
    /// What is kept of an object that is deleted; `None` of one that is not.
    pub(super) fn of(object: &Object) -> Option<Self> {
        match object {
            Object::Key {
                before: Some(stored),
                after: None,
            } => Some(Self::Key {
                hash: stored.hash,
                previous: stored.previous.map(|previous| (previous.hash, previous.valid_until)),
                key_preview: stored.key.key_preview.clone(),
                usage_count: stored.key.usage_count,
                last_used_at: stored.key.last_used_at,
                created_at: stored.key.created_at,
            }),
            Object::Route {
                before: Some(route),
                after: None,
            } => Some(Self::Route {
                created_at: route.created_at,
            }),
            _ => None,
        }
    }

    pub(super) fn seal(&self, secrets: &SecretBox) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|json| secrets.seal(&json))
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// When it was encrypted with another key, or is damaged.
    pub fn open(sealed: &str, secrets: &SecretBox) -> Result<Self, HistoryError> {
        let json = secrets.open(sealed)?;
        Ok(serde_json::from_str(json.expose_secret())?)
    }

    /// The deleted key with this definition.
    #[must_use]
    pub fn into_key(self, key_id: &str, definition: ApiKeyDefinition) -> Option<StoredKey> {
        let Self::Key {
            hash,
            previous,
            key_preview,
            usage_count,
            last_used_at,
            created_at,
        } = self
        else {
            return None;
        };
        Some(StoredKey {
            key: ApiKey {
                key_id: key_id.to_owned(),
                key_preview,
                definition,
                usage_count,
                last_used_at,
                previous_valid_until: previous.map(|(_, valid_until)| valid_until),
                created_at,
            },
            hash,
            previous: previous.map(|(hash, valid_until)| PreviousSecret { hash, valid_until }),
        })
    }
}

/// Both sides of a change, each as it is and as it may be shown; null = there is none.
pub(super) struct Pair {
    before: Side,
    after: Side,
}

#[derive(Default)]
pub(super) struct Side {
    real: Value,
    shown: Value,
}

impl Side {
    fn key(key: &KeyDocument) -> Self {
        let real = serde_json::to_value(key).unwrap_or_default();
        Self {
            shown: real.clone(),
            real,
        }
    }

    pub(super) fn stored_key(key: &StoredKey) -> Self {
        Self::key(&KeyDocument::of(key))
    }

    pub(super) fn route(definition: &RouteDefinition) -> Self {
        Self {
            real: serde_json::to_value(definition).unwrap_or_default(),
            shown: serde_json::to_value(mask_definition(definition)).unwrap_or_default(),
        }
    }

    /// Reads a stored document. It goes through the type, so that fields that were added since count as what they default
    /// to, and not as a difference.
    fn read(kind: ChangedKind, document: Option<&String>, secrets: &SecretBox) -> Result<Self, HistoryError> {
        let Some(document) = document else {
            return Ok(Self::default());
        };
        match kind {
            ChangedKind::Key => Ok(Self::key(&serde_json::from_str(document)?)),
            ChangedKind::Route => Ok(Self::route(&secrets.open_route(&sealed_definition(document)?)?)),
            ChangedKind::Setting => Ok(Self::default()),
        }
    }

    /// What an administrator says about the object: of a key without what tells of its secret. `None` where there is none.
    pub(super) fn into_definition(self) -> Option<Value> {
        let mut definition = self.real;
        if let Value::Object(fields) = &mut definition {
            OF_SECRET.iter().for_each(|name| drop(fields.remove(*name)));
        }
        Some(definition).filter(|definition| !definition.is_null())
    }

    fn sides(&self) -> Sides<'_> {
        Sides {
            real: &self.real,
            shown: &self.shown,
        }
    }
}

impl Pair {
    pub(super) fn of_object(object: &Object) -> Self {
        let route = |route: &Option<Box<Route>>| {
            let route = route.as_ref();
            route.map_or_else(Side::default, |route| Side::route(&route.definition))
        };
        let key = |key: &Option<StoredKey>| key.as_ref().map_or_else(Side::default, Side::stored_key);
        let (before, after) = match object {
            Object::Key { before, after } => (key(before), key(after)),
            Object::Route { before, after } => (route(before), route(after)),
        };
        Self { before, after }
    }

    pub(super) fn of_stored(stored: &StoredChange, secrets: &SecretBox) -> Result<Self, HistoryError> {
        Ok(Self {
            before: Side::read(stored.kind, stored.before.as_ref(), secrets)?,
            after: Side::read(stored.kind, stored.after.as_ref(), secrets)?,
        })
    }

    pub(super) fn since(stored: &StoredChange, now: &Object, secrets: &SecretBox) -> Result<Self, HistoryError> {
        let mut before = Side::read(stored.kind, stored.after.as_ref(), secrets)?;
        // Only a rotation's own version tells it.
        for side in [&mut before.real, &mut before.shown] {
            side.as_object_mut().map(|fields| fields.remove(OLD_UNTIL));
        }
        Ok(Self {
            before,
            after: Self::of_object(now).after,
        })
    }

    pub(super) fn diff(&self) -> Vec<FieldDiff> {
        compare_shown(self.before.sides(), self.after.sides())
    }

    pub(super) fn shown(&self) -> (Option<Value>, Option<Value>) {
        let some = |side: &Side| Some(side.shown.clone()).filter(|value| !value.is_null());
        (some(&self.before), some(&self.after))
    }

    pub(super) fn into_definitions(self) -> (Option<Value>, Option<Value>) {
        (self.before.into_definition(), self.after.into_definition())
    }
}

type Documents = (Option<String>, Option<String>);

/// Both documents as they are stored, of a change at `now`.
pub(super) fn sealed(object: &Object, secrets: &SecretBox, now: Timestamp) -> Result<Documents, serde_json::Error> {
    let rotated = object.action() == Some(ChangeAction::Rotated);
    let write = |document: Option<KeyDocument>| document.map(|document| serde_json::to_string(&document)).transpose();
    let after = |key: &StoredKey| match rotated {
        true => KeyDocument::of(key).rotated(key, now),
        false => KeyDocument::of(key),
    };
    let route = |route: &Option<Box<Route>>| {
        let sealed = route.as_ref().map(|route| secrets.seal_route(&route.definition));
        sealed.map(|sealed| serde_json::to_string(sealed.public())).transpose()
    };
    match object {
        Object::Key {
            before,
            after: now_stands,
        } => Ok((
            write(before.as_ref().map(KeyDocument::of))?,
            write(now_stands.as_ref().map(after))?,
        )),
        Object::Route { before, after } => Ok((route(before)?, route(after)?)),
    }
}

/// The definition in a stored document of a route.
///
/// # Errors
/// When it is damaged.
pub fn sealed_definition(document: &str) -> Result<SealedDefinition, HistoryError> {
    SealedDefinition::from_stored(document).map_err(|error| {
        let damaged = <serde_json::Error as serde::de::Error>::custom(error.cause());
        HistoryError::Document(damaged)
    })
}
