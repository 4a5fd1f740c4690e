//! Encryption at rest: XChaCha20-Poly1305 with a key from the configuration or from a key file beside the database.
//!
//! [`SecretBox`] seals and opens texts; `route` says which values of a route are secret, `unlock` finds the key at the
//! start, `key_file` is the file it is kept in, `rotate` encrypts everything anew. Hashes of API keys and tokens are not
//! here: they are not encrypted but hashed, by the rooms that compare them.

mod key_file;
mod rotate;
mod route;
mod unlock;

pub use rotate::{RotateError, Rotated, rotate};
pub use route::{
    SealedDefinition, credentials_touched, destination_changed, mask_definition, mask_route, merge_masked,
};
pub use unlock::UnlockError;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::Aead;
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use rand::TryRngCore as _;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, Zeroizing};

/// What a sealed text begins with; the number is for a later change of the method.
const PREFIX: &str = "enc:v1:";
const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;
/// Of 96 bits no two of one database are alike by chance.
const FINGERPRINT_BYTES: usize = 12;

/// 256 bits that everything is encrypted with. `Debug` shows nothing, and the bytes are overwritten when it is dropped.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

/// Encrypts and decrypts stored credentials. Cheap to clone: all clones take a new key at once. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct SecretBox {
    key: Arc<ArcSwap<MasterKey>>,
}

/// Why a sealed text cannot be opened. Says nothing about the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an encrypted value cannot be decrypted: it is damaged, or was encrypted with another key")]
pub struct OpenSecretError;

impl MasterKey {
    /// A new one, from the system's randomness.
    ///
    /// # Errors
    /// When the system has none to give.
    pub fn random() -> Result<Self, rand::rand_core::OsError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        rand::rngs::OsRng.try_fill_bytes(key.as_mut())?;
        Ok(Self(key))
    }

    /// Reads 64 hexadecimal digits; spaces and line ends around them do not count.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let text = text.trim().as_bytes();
        if text.len() != 2 * KEY_BYTES {
            return None;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        for (byte, pair) in key.iter_mut().zip(text.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(key))
    }

    /// 64 hexadecimal digits.
    fn to_hex(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES + 1));
        for byte in self.0.iter() {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).expect("four bits are a hexadecimal digit"));
            }
        }
        text
    }

    fn is(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MasterKey(…)")
    }
}

impl SecretBox {
    /// A box with the given key; for tests. The gateway's own is made by [`SecretBox::unlock`].
    #[must_use]
    pub fn new(key: [u8; KEY_BYTES]) -> Self {
        Self::of(MasterKey(Zeroizing::new(key)))
    }

    fn of(key: MasterKey) -> Self {
        Self {
            key: Arc::new(ArcSwap::from_pointee(key)),
        }
    }

    /// Encrypts a text. Two calls never give the same.
    #[must_use]
    pub fn seal(&self, text: &str) -> String {
        // 192 random bits do not repeat.
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), text.as_bytes())
            .expect("a text in memory is far below the cipher's limit of 256 GiB");
        let mut bytes = Vec::with_capacity(NONCE_BYTES + sealed.len());
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Decrypts what [`SecretBox::seal`] made.
    ///
    /// # Errors
    /// When the text was not sealed with this key, or was changed since.
    pub fn open(&self, sealed: &str) -> Result<SecretString, OpenSecretError> {
        let encoded = sealed.strip_prefix(PREFIX).ok_or(OpenSecretError)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| OpenSecretError)?;
        let (nonce, text) = bytes.split_at_checked(NONCE_BYTES).ok_or(OpenSecretError)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| OpenSecretError)?;
        let plain = self
            .cipher()
            .decrypt(&XNonce::from(nonce), text)
            .map_err(|_| OpenSecretError)?;
        String::from_utf8(plain).map(SecretString::from).map_err(|error| {
            error.into_bytes().zeroize();
            OpenSecretError
        })
    }

    /// A short text that is another one for other bytes. It depends on the key, so that nobody without it can find out by
    /// trying what was fingerprinted.
    #[must_use]
    pub fn fingerprint(&self, bytes: &[u8]) -> String {
        let key = self.key.load();
        let inner = Sha256::new()
            .chain_update(key.0.as_slice())
            .chain_update(bytes)
            .finalize();
        let outer = Sha256::new()
            .chain_update(key.0.as_slice())
            .chain_update(inner)
            .finalize();
        URL_SAFE_NO_PAD.encode(&outer[..FINGERPRINT_BYTES])
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.key.load().0))
    }
}

impl fmt::Debug for SecretBox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretBox(…)")
    }
}

#[cfg(test)]
mod tests;
