//! Values of API keys: how they are made, hashed and shown.

use rand::Rng;
use rand::distr::Alphanumeric;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use std::fmt;
use std::hash::{Hash, Hasher};
use subtle::ConstantTimeEq;

/// Letters and digits after the prefix: 62^43 > 2^256.
pub const VALUE_CHARS: usize = 43;

/// SHA-256 of a key's value. A plain hash is enough because the value has 256 random bits. Silent in `Debug`.
#[derive(Clone, Copy)]
pub struct KeyHash([u8; 32]);

/// A key value that was just made. It is shown once and then known by its hash only.
#[derive(Debug)]
pub struct NewKey {
    /// The value.
    pub value: SecretString,
    /// Its hash, to be stored.
    pub hash: KeyHash,
    /// What may be shown of it: `fg_Ab…9xYz`.
    pub preview: String,
}

impl NewKey {
    /// Makes a value with 256 bits from the system's random generator.
    #[must_use]
    pub fn generate(prefix: &str) -> Self {
        let random: String = rand::rng()
            .sample_iter(Alphanumeric)
            .take(VALUE_CHARS)
            .map(char::from)
            .collect();
        let value = format!("{prefix}{random}");
        Self {
            hash: KeyHash::of(&value),
            preview: format!("{prefix}{}…{}", &random[..2], &random[VALUE_CHARS - 4..]),
            value: value.into(),
        }
    }
}

impl KeyHash {
    /// The hash of a value.
    #[must_use]
    pub fn of(value: &str) -> Self {
        Self(Sha256::digest(value.as_bytes()).into())
    }

    /// A stored hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// For storing.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for KeyHash {
    /// Takes the same time wherever the hashes differ.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for KeyHash {}

impl Hash for KeyHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0[..8]);
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyHash(…)")
    }
}
