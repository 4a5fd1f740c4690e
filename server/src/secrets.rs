//! Encryption at rest: XChaCha20-Poly1305 with a key from the configuration or from a key file beside the database.
//!
//! [`SecretBox`] seals and opens texts; `route` says which values of a route are secret. Hashes of API keys and tokens
//! are not here: they are not encrypted but hashed, by the rooms that compare them.

mod route;

pub use route::{SealedDefinition, destination_changed, mask_definition, mask_route, merge_masked};

use crate::config::Config;
use crate::db::{Db, DbError, settings};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::Aead;
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::{Zeroize, Zeroizing};

/// What a sealed text begins with; the number is for a later change of the method.
const PREFIX: &str = "enc:v1:";
const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;
/// Of 96 bits no two of one database are alike by chance.
const FINGERPRINT_BYTES: usize = 12;
/// What the canary in the settings says.
const CANARY: &str = "fastgate";

/// Encrypts and decrypts stored credentials. Cheap to clone; its `Debug` shows nothing.
#[derive(Clone)]
pub struct SecretBox {
    key: Arc<Zeroizing<[u8; KEY_BYTES]>>,
}

/// Why a sealed text cannot be opened. Says nothing about the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an encrypted value cannot be decrypted: it is damaged, or was encrypted with another key")]
pub struct OpenSecretError;

/// Why the encryption key cannot be used; the texts are for the operator and stop the start.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// Not 64 hexadecimal digits.
    #[error("{place} must be 64 hexadecimal digits (256 bits)")]
    Malformed {
        /// The setting or the file.
        place: String,
    },
    /// The key does not open what is stored.
    #[error(
        "the encryption key of {place} is not the one that the stored credentials were encrypted with; restore the right key. Without it the routes' credentials are lost: starting over needs a new database"
    )]
    Wrong {
        /// The setting or the file.
        place: String,
    },
    /// There is a database with encrypted values, but no key.
    #[error(
        "the key file {path} is missing, but the database holds values encrypted with it; restore the file, or give its content as security.master_key"
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The key file cannot be read or made.
    #[error("cannot use the key file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The canary cannot be read or stored.
    #[error("cannot check the encryption key: {0}")]
    Database(#[from] DbError),
}

impl SecretBox {
    /// Takes the configured key, else reads the key file `<database.sqlite_path>.key`, or makes it at the first start;
    /// then compares it with the database's canary.
    ///
    /// # Errors
    /// See [`UnlockError`]: a wrong or missing key never starts.
    pub async fn unlock(config: &Config, db: &Db) -> Result<Self, UnlockError> {
        let canary = db
            .read(|connection| settings::get(connection, settings::ENCRYPTION_CANARY))
            .await?;
        let (secrets, place) = if let Some(master) = &config.security.master_key {
            let place = "security.master_key".to_owned();
            let secrets = Self::from_hex(master.expose_secret());
            (
                secrets.ok_or_else(|| UnlockError::Malformed { place: place.clone() })?,
                place,
            )
        } else {
            let path = key_path(&config.database.sqlite_path);
            (Self::from_file(&path, canary.is_some())?, path.display().to_string())
        };
        let canary = match canary {
            Some(canary) => canary,
            None => {
                let sealed = secrets.seal(CANARY);
                // Of several first starts one wins; the others are compared with its key.
                db.write(move |connection| settings::set_if_absent(connection, settings::ENCRYPTION_CANARY, &sealed))
                    .await?
            }
        };
        match secrets.open(&canary) {
            Ok(text) if text.expose_secret() == CANARY => Ok(secrets),
            _ => Err(UnlockError::Wrong { place }),
        }
    }

    /// A box with the given key; for tests and for [`SecretBox::unlock`].
    #[must_use]
    pub fn new(key: [u8; KEY_BYTES]) -> Self {
        Self {
            key: Arc::new(Zeroizing::new(key)),
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
        let inner = Sha256::new()
            .chain_update(self.key.as_slice())
            .chain_update(bytes)
            .finalize();
        let outer = Sha256::new()
            .chain_update(self.key.as_slice())
            .chain_update(inner)
            .finalize();
        URL_SAFE_NO_PAD.encode(&outer[..FINGERPRINT_BYTES])
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(**self.key))
    }

    fn from_hex(text: &str) -> Option<Self> {
        let text = text.trim().as_bytes();
        if text.len() != 2 * KEY_BYTES {
            return None;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        for (byte, pair) in key.iter_mut().zip(text.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self { key: Arc::new(key) })
    }

    fn from_file(path: &Path, was_used: bool) -> Result<Self, UnlockError> {
        let failed = |source| UnlockError::File {
            path: path.to_owned(),
            source,
        };
        match fs::read_to_string(path).map(Zeroizing::new) {
            Ok(text) => Self::from_hex(&text).ok_or_else(|| UnlockError::Malformed {
                place: format!("the key file {}", path.display()),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && was_used => {
                Err(UnlockError::Missing { path: path.to_owned() })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secrets = Self::new(rand::random());
                secrets.write_file(path).map_err(failed)?;
                Ok(secrets)
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn write_file(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            fs::create_dir_all(folder)?;
        }
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES + 1));
        for byte in self.key.iter() {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).expect("four bits are a hexadecimal digit"));
            }
        }
        text.push('\n');
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // The new name must survive a power cut as well: what is encrypted from now on depends on it.
        fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl std::fmt::Debug for SecretBox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretBox(…)")
    }
}

fn key_path(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".key");
    PathBuf::from(path)
}

#[cfg(test)]
mod tests;
