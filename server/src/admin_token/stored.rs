//! Which admin token is accepted at the start: the configured one, or the one whose hash the database holds.

use super::{AdminToken, TokenHash, generate, hash, hash_from_text, hash_to_text};
use crate::config::Security;
use crate::db::{Db, DbError, changes, sessions, settings};
use crate::history::{self, Origin};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

/// Why there is no token to accept. The texts are for the operator.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The database said no.
    #[error("the admin token cannot be read or stored: {}", .0.cause())]
    Db(#[from] DbError),
    /// The system has no randomness to give.
    #[error("the admin token cannot be generated: {0}")]
    Random(#[from] rand::rand_core::OsError),
    /// What is stored is no hash.
    #[error("the stored hash of the admin token is damaged; `fastgate admin-token --rotate` makes another")]
    Damaged,
}

/// The token that is accepted: the configured one, else the stored one, else a new one, which is returned as well. Of
/// several first starts at once one makes the token.
///
/// # Errors
/// See [`TokenError`].
pub async fn establish(config: &Security, db: &Db) -> Result<(AdminToken, Option<SecretString>), TokenError> {
    if let Some(hash) = current(config, db).await? {
        return Ok((AdminToken::from_hash(hash), None));
    }
    let token = generate()?;
    let mine = hash(token.expose_secret());
    let offered = hash_to_text(&mine);
    let stored = db
        .write(move |connection| settings::set_if_absent(connection, settings::ADMIN_TOKEN_HASH, &offered))
        .await?;
    let accepted = hash_from_text(&stored).ok_or(TokenError::Damaged)?;
    Ok((AdminToken::from_hash(accepted), (accepted == mine).then_some(token)))
}

/// Makes another token, stores its hash, ends all sessions and writes it into the history, of which `keep` changes stay.
///
/// # Errors
/// See [`TokenError`].
pub async fn rotate(db: &Db, keep: u64) -> Result<SecretString, TokenError> {
    let token = generate()?;
    let hash = hash_to_text(&hash(token.expose_secret()));
    db.write(move |connection| {
        settings::set(connection, settings::ADMIN_TOKEN_HASH, &hash)?;
        sessions::delete_all(connection)?;
        let change = history::setting_rotated("admin_token", &Origin::program(), Timestamp::now());
        changes::record(connection, &[change], keep)
    })
    .await?;
    Ok(token)
}

/// The hash of the configured token, else the one that an earlier start stored.
///
/// # Errors
/// See [`TokenError`].
pub async fn current(config: &Security, db: &Db) -> Result<Option<TokenHash>, TokenError> {
    if let Some(token) = &config.admin_token {
        return Ok(Some(hash(token.expose_secret())));
    }
    let stored = db
        .read(|connection| settings::get(connection, settings::ADMIN_TOKEN_HASH))
        .await?;
    stored
        .map(|text| hash_from_text(&text).ok_or(TokenError::Damaged))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Database;

    /// A fresh database in a folder of its own.
    fn database() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().unwrap();
        let config = Database {
            sqlite_path: folder.path().join("fastgate.db"),
            ..Database::default()
        };
        let db = Db::open(&config).unwrap();
        (folder, db)
    }

    #[tokio::test]
    async fn the_first_start_makes_a_token_and_later_ones_accept_it() {
        let (_folder, db) = database();
        let (accepted, token) = establish(&Security::default(), &db).await.unwrap();
        let token = token.expect("made at the first start");
        assert!(accepted.verify(token.expose_secret()));
        let (accepted, shown_again) = establish(&Security::default(), &db).await.unwrap();
        assert!(accepted.verify(token.expose_secret()));
        assert!(shown_again.is_none());
    }

    #[tokio::test]
    async fn a_configured_token_is_accepted_and_not_stored() {
        let (_folder, db) = database();
        let config = Security {
            admin_token: Some("configured-by-hand".into()),
            ..Security::default()
        };
        let (accepted, token) = establish(&config, &db).await.unwrap();
        assert!(accepted.verify("configured-by-hand") && token.is_none());
        assert!(current(&Security::default(), &db).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_rotated_token_takes_the_place_of_the_old_one() {
        let (_folder, db) = database();
        let (_, old) = establish(&Security::default(), &db).await.unwrap();
        let new = rotate(&db, 100).await.unwrap();
        let (accepted, _) = establish(&Security::default(), &db).await.unwrap();
        assert!(accepted.verify(new.expose_secret()));
        assert!(!accepted.verify(old.unwrap().expose_secret()));
    }

    #[tokio::test]
    async fn a_damaged_hash_opens_nothing() {
        let (_folder, db) = database();
        db.write(|connection| settings::set(connection, settings::ADMIN_TOKEN_HASH, "no hash"))
            .await
            .unwrap();
        assert!(matches!(
            establish(&Security::default(), &db).await,
            Err(TokenError::Damaged)
        ));
    }
}
