//! Tokens with a name and a role: who shows one, and whether it is still good. What is stored is in `db/admin_tokens`.

use super::{PREFIX, TokenHash, generate, hash};
use crate::db::admin_tokens::{self as stored, StoredAdminToken};
use crate::db::{Db, DbResult};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

/// A use is written down when the last one is longer ago than this.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Characters at the end that may be shown.
const SHOWN: usize = 4;

/// A value that was just made. It is shown once and then known by its hash only.
pub struct NewToken {
    /// The value.
    pub value: SecretString,
    /// Its hash, to be stored.
    pub hash: TokenHash,
    /// What may be shown of it.
    pub preview: String,
}

impl NewToken {
    /// Makes one of 256 random bits.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn generate() -> Result<Self, rand::rand_core::OsError> {
        let value = generate()?;
        let text = value.expose_secret();
        Ok(Self {
            hash: hash(text),
            preview: format!("{PREFIX}…{}", &text[text.len() - SHOWN..]),
            value,
        })
    }
}

/// The token that somebody shows, if it is one of these and still good.
///
/// # Errors
/// When the database cannot be read.
pub async fn find(db: &Db, shown: &str, now: Timestamp) -> DbResult<Option<StoredAdminToken>> {
    // Nothing else can be one: a stranger's text costs no query.
    if !shown.starts_with(PREFIX) {
        return Ok(None);
    }
    let hash = hash(shown);
    let found = db.read(move |connection| stored::find(connection, &hash)).await?;
    let Some(found) = found.filter(|found| is_good(found, now)) else {
        return Ok(None);
    };
    let last_used = found.token.last_used_at;
    if last_used.is_none_or(|last| now.duration_since(last) > TOUCH_EVERY) {
        touch(db, found.token.token_id.clone(), now).await;
    }
    Ok(Some(found))
}

fn is_good(stored: &StoredAdminToken, now: Timestamp) -> bool {
    let definition = &stored.token.definition;
    definition.is_active && definition.expires_at.is_none_or(|end| now < end)
}

/// A failure refuses nobody: the next use tries again.
async fn touch(db: &Db, token_id: String, now: Timestamp) {
    let written = db
        .write(move |connection| stored::touch(connection, &token_id, now))
        .await;
    if let Err(error) = written {
        tracing::debug!(error = %error.cause(), "the use of a token was not written down");
    }
}
