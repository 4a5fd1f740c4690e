//! Finds the encryption key at the start, and again when it was rotated: from the configuration, else from the key file.
//! A key that does not open the canary in the database is never used.

use super::key_file::KeyFile;
use super::{MasterKey, SecretBox};
use crate::config::Config;
use crate::db::{Db, DbConnection, DbError, DbResult, settings};
use secrecy::ExposeSecret as _;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// What the canary in the settings says.
const CANARY: &str = "fastgate";

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
    /// The system has no randomness to give.
    #[error("the encryption key cannot be generated: {0}")]
    Random(#[from] rand::rand_core::OsError),
    /// The canary cannot be read or stored.
    #[error("cannot check the encryption key: {}", .0.cause())]
    Database(#[from] DbError),
}

impl SecretBox {
    /// Takes the configured key, else reads the key file `<database.sqlite_path>.key`, or makes it at the first start;
    /// then compares it with the database's canary. A rotation that a crash broke off after it was committed is finished.
    ///
    /// # Errors
    /// See [`UnlockError`]: a wrong or missing key never starts.
    pub async fn unlock(config: &Config, db: &Db) -> Result<Self, UnlockError> {
        find(config, db).await.map(Self::of)
    }

    /// Takes the key of a rotation that was made while the gateway runs; says whether it is another one. Nobody may seal
    /// anything meanwhile: see `App::take_new_key`.
    ///
    /// # Errors
    /// See [`UnlockError`]; the old key stays.
    pub async fn take_new_key(&self, config: &Config, db: &Db) -> Result<bool, UnlockError> {
        let key = find(config, db).await?;
        let is_new = !key.is(&self.key.load());
        self.key.store(Arc::new(key));
        Ok(is_new)
    }

    /// To be called in each transaction that writes sealed texts: they must be sealed with the key that the database goes
    /// by now. On PostgreSQL a rotation waits for the transaction from here on; on SQLite it waits anyway.
    ///
    /// # Errors
    /// [`DbError::KeyRotated`] when the key was rotated since this box was unlocked.
    pub fn check_current(&self, connection: &mut DbConnection) -> DbResult<()> {
        let canary = settings::get_held(connection, settings::ENCRYPTION_CANARY)?;
        match canary.is_some_and(|canary| self.opens_canary(&canary)) {
            true => Ok(()),
            false => Err(DbError::KeyRotated),
        }
    }

    /// What tells later that this key is the right one.
    pub(super) fn seal_canary(&self) -> String {
        self.seal(CANARY)
    }

    fn opens_canary(&self, canary: &str) -> bool {
        self.open(canary).is_ok_and(|text| text.expose_secret() == CANARY)
    }
}

/// The key that the database goes by.
pub(super) async fn find(config: &Config, db: &Db) -> Result<MasterKey, UnlockError> {
    match attempt(config, db).await {
        // A rotation may have come between reading the one and reading the other.
        Err(UnlockError::Wrong { .. } | UnlockError::Missing { .. }) => attempt(config, db).await,
        found => found,
    }
}

async fn attempt(config: &Config, db: &Db) -> Result<MasterKey, UnlockError> {
    let canary = db
        .read(|connection| settings::get(connection, settings::ENCRYPTION_CANARY))
        .await?;
    let file = KeyFile::of(&config.database);
    let (key, place) = match &config.security.master_key {
        Some(text) => {
            let place = "security.master_key".to_owned();
            let key = MasterKey::from_hex(text.expose_secret());
            (
                key.ok_or_else(|| UnlockError::Malformed { place: place.clone() })?,
                place,
            )
        }
        None => (
            file.read_or_make(canary.is_some(), |key| fits(key, canary.as_deref()))?,
            file.place(),
        ),
    };
    let canary = match canary {
        Some(canary) => canary,
        None => {
            let sealed = SecretBox::of(key.clone()).seal_canary();
            // Of several first starts one wins; the others are compared with its key.
            db.write(move |connection| settings::set_if_absent(connection, settings::ENCRYPTION_CANARY, &sealed))
                .await?
        }
    };
    match fits(&key, Some(&canary)) {
        true => Ok(key),
        false => Err(UnlockError::Wrong { place }),
    }
}

fn fits(key: &MasterKey, canary: Option<&str>) -> bool {
    canary.is_none_or(|canary| SecretBox::of(key.clone()).opens_canary(canary))
}
