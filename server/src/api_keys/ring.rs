//! All keys by hash, shared between snapshots: a change copies one shard of each index, not the whole.

use crate::api_keys::{ApiKeyEntry, KeyHash, KeyRefusal};
use jiff::Timestamp;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

/// With 100,000 keys a shard has about 400.
const SHARDS: usize = 256;

/// Keys by hash. Immutable; cloning is cheap.
#[derive(Clone, Default)]
pub struct KeyRing {
    by_hash: Shards<KeyHash, Arc<ApiKeyEntry>>,
    by_id: Shards<Arc<str>, Arc<ApiKeyEntry>>,
}

/// A map in copy-on-write pieces.
struct Shards<K, V> {
    pieces: Arc<[Arc<HashMap<K, V>>]>,
    /// Chooses the piece. Random, so that ids cannot be chosen to fall into one.
    hasher: RandomState,
}

impl KeyRing {
    /// A ring of these keys. Of two with one id, the last counts.
    #[must_use]
    pub fn from_entries(entries: impl IntoIterator<Item = Arc<ApiKeyEntry>>) -> Self {
        let by_id = Shards::collect(entries.into_iter().map(|entry| (entry.key_id.clone(), entry)));
        let by_hash = Shards::collect(by_id.values().flat_map(Self::hashes));
        Self { by_hash, by_id }
    }

    /// The key with a presented value, when it may be used at `now`.
    ///
    /// # Errors
    /// When there is none, or it is switched off or expired.
    pub fn lookup(&self, presented: &str, now: Timestamp) -> Result<Arc<ApiKeyEntry>, KeyRefusal> {
        let hash = KeyHash::of(presented);
        let entry = self.by_hash.get(&hash).ok_or(KeyRefusal::Unknown)?;
        // A value that was rotated away is unknown, whatever else the key is.
        if entry.hash != hash && entry.previous.is_none_or(|(_, until)| until <= now) {
            return Err(KeyRefusal::Unknown);
        }
        entry.usable(now)?;
        Ok(entry.clone())
    }

    /// The key with this id, when it may be used at `now`.
    ///
    /// # Errors
    /// When there is none, or it is switched off or expired.
    pub fn by_id(&self, key_id: &str, now: Timestamp) -> Result<Arc<ApiKeyEntry>, KeyRefusal> {
        let entry = self.by_id.get(key_id).ok_or(KeyRefusal::Unknown)?;
        entry.usable(now)?;
        Ok(entry.clone())
    }

    /// The key that a value belongs to, also one that is not let in: for the record of its refusal.
    #[must_use]
    pub fn owner(&self, presented: &str) -> Option<&Arc<ApiKeyEntry>> {
        self.by_hash.get(&KeyHash::of(presented))
    }

    /// Every key, in no order.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<ApiKeyEntry>> {
        self.by_id.values()
    }

    /// A ring in which this key replaces the one with the same id, or is added.
    #[must_use]
    pub fn with(&self, entry: Arc<ApiKeyEntry>) -> Self {
        let mut ring = self.without(&entry.key_id);
        for (hash, entry) in Self::hashes(&entry) {
            ring.by_hash.insert(hash, entry);
        }
        ring.by_id.insert(entry.key_id.clone(), entry);
        ring
    }

    /// A ring without a key; the same one when there is no such key.
    #[must_use]
    pub fn without(&self, key_id: &str) -> Self {
        let mut ring = self.clone();
        if let Some(entry) = self.by_id.get(key_id) {
            for (hash, _) in Self::hashes(entry) {
                ring.by_hash.remove(&hash);
            }
            ring.by_id.remove(key_id);
        }
        ring
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.pieces.iter().map(|piece| piece.len()).sum()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many shards of each index two rings share.
    #[cfg(test)]
    pub(super) fn shared_shards(&self, other: &Self) -> (usize, usize) {
        fn count<K, V>(left: &Shards<K, V>, right: &Shards<K, V>) -> usize {
            let pairs = left.pieces.iter().zip(right.pieces.iter());
            pairs.filter(|(left, right)| Arc::ptr_eq(left, right)).count()
        }
        (count(&self.by_hash, &other.by_hash), count(&self.by_id, &other.by_id))
    }

    /// Under which hashes an entry is reached.
    fn hashes(entry: &Arc<ApiKeyEntry>) -> impl Iterator<Item = (KeyHash, Arc<ApiKeyEntry>)> + use<> {
        let previous = entry.previous.map(|(hash, _)| hash);
        let entry = entry.clone();
        std::iter::once(entry.hash)
            .chain(previous)
            .map(move |hash| (hash, entry.clone()))
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Shards<K, V> {
    fn collect(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let hasher = RandomState::new();
        let mut pieces: Vec<HashMap<K, V>> = (0..SHARDS).map(|_| HashMap::new()).collect();
        for (key, value) in pairs {
            pieces[place(&hasher, &key)].insert(key, value);
        }
        Self {
            pieces: pieces.into_iter().map(Arc::new).collect(),
            hasher,
        }
    }

    fn get<Q: ?Sized + Eq + Hash>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.pieces[place(&self.hasher, key)].get(key)
    }

    fn values(&self) -> impl Iterator<Item = &V> {
        self.pieces.iter().flat_map(|piece| piece.values())
    }

    fn insert(&mut self, key: K, value: V) {
        let place = place(&self.hasher, &key);
        self.change(place, |piece| {
            piece.insert(key, value);
        });
    }

    fn remove<Q: ?Sized + Eq + Hash>(&mut self, key: &Q)
    where
        K: std::borrow::Borrow<Q>,
    {
        self.change(place(&self.hasher, key), |piece| {
            piece.remove(key);
        });
    }

    /// Changes a copy of one piece; the others stay shared.
    fn change(&mut self, place: usize, change: impl FnOnce(&mut HashMap<K, V>)) {
        let mut pieces = self.pieces.to_vec();
        change(Arc::make_mut(&mut pieces[place]));
        self.pieces = pieces.into();
    }
}

impl<K, V> Clone for Shards<K, V> {
    fn clone(&self) -> Self {
        Self {
            pieces: self.pieces.clone(),
            hasher: self.hasher.clone(),
        }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Default for Shards<K, V> {
    fn default() -> Self {
        Self::collect([])
    }
}

fn place<Q: ?Sized + Hash>(hasher: &RandomState, key: &Q) -> usize {
    usize::try_from(hasher.hash_one(key) % SHARDS as u64).unwrap_or(0)
}
