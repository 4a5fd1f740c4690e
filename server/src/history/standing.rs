//! How keys and routes stand now, beside what their versions say: where a version can be gone back to.

use super::HistoryError;
use super::document::{Pair, Side};
use crate::db::changes::StoredChange;
use crate::db::keys::StoredKey;
use crate::db::routes::StoredRoute;
use crate::secrets::SecretBox;
use fastgate_shared::changes::{ChangedKind, RestoreState};
use serde_json::Value;
use std::collections::HashMap;

/// What administrators say about the keys and routes that exist, by kind and id.
#[derive(Default)]
pub struct Standing(HashMap<(ChangedKind, String), Value>);

impl Standing {
    /// Of these keys and routes. What is not among them counts as deleted.
    ///
    /// # Errors
    /// When a stored credential cannot be decrypted.
    pub fn of(keys: &[StoredKey], routes: &[StoredRoute], secrets: &SecretBox) -> Result<Self, HistoryError> {
        let mut standing = HashMap::new();
        for key in keys {
            let id = (ChangedKind::Key, key.key.key_id.clone());
            standing.extend(Side::stored_key(key).into_definition().map(|now| (id, now)));
        }
        for route in routes {
            let id = (ChangedKind::Route, route.route_id.clone());
            let definition = secrets.open_route(&route.definition)?;
            standing.extend(Side::route(&definition).into_definition().map(|now| (id, now)));
        }
        Ok(Self(standing))
    }

    /// Whether the key or route is there.
    pub(super) fn has(&self, kind: ChangedKind, id: &str) -> bool {
        self.0.contains_key(&(kind, id.to_owned()))
    }

    /// The sides of a change into which its object can be put back, and in which it does not stand now. A change that left
    /// the definition as it was, as a rotation does, has one side.
    pub(super) fn ways_back(&self, stored: &StoredChange, pair: Pair) -> Vec<RestoreState> {
        let now = self.0.get(&(stored.kind, stored.object_id.clone()));
        let (before, after) = pair.into_definitions();
        let leads_elsewhere = |side: &Option<Value>| side.is_some() && side.as_ref() != now;
        let mut ways = Vec::new();
        if leads_elsewhere(&before) && before != after {
            ways.push(RestoreState::Before);
        }
        if leads_elsewhere(&after) {
            ways.push(RestoreState::After);
        }
        ways
    }
}
