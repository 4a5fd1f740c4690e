//! Sessions of the dashboard: opened with the admin token or a named one through the server functions, kept as a hashed cookie,
//! ended on the server. What the database knows of them is in `db/sessions.rs`.

mod door;
mod identity;

pub use crate::message::own_cookie::{INSECURE as INSECURE_COOKIE, SECURE as COOKIE};
pub use door::mount;
pub use identity::mount as mount_identity;

use crate::admin_token::{TokenHash, hash};
use crate::app::App;
use crate::db::sessions::{self, StoredSession};
use crate::db::{DbError, DbResult};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fastgate_shared::admin_token::{AdminToken, Role};
use jiff::{SignedDuration, Timestamp};
use rand::TryRngCore as _;
use zeroize::Zeroizing;

/// A use is written down when the last one is longer ago than this.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// What sessions are told apart by where people read: the beginning of the hash, which opens nothing.
#[must_use]
pub fn short_id(token_hash: &TokenHash) -> String {
    token_hash[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whom a session is opened for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// What they may do.
    pub role: Role,
    /// The token's name, or what the identity provider says; none for the admin token.
    pub name: Option<String>,
    /// The named token that was shown.
    pub token_id: Option<String>,
    /// When the credential itself ends.
    pub until: Option<Timestamp>,
}

impl Owner {
    /// Who has shown the admin token.
    #[must_use]
    pub const fn of_admin_token() -> Self {
        Self {
            role: Role::Admin,
            name: None,
            token_id: None,
            until: None,
        }
    }
}

impl From<AdminToken> for Owner {
    fn from(token: AdminToken) -> Self {
        Self {
            role: token.definition.role,
            name: Some(token.definition.name),
            token_id: Some(token.token_id),
            until: token.definition.expires_at,
        }
    }
}

/// Opens a session and returns the token for its cookie. Sessions that have ended are cleared away on the occasion.
async fn open(
    app: &App,
    owner: Owner,
    user_agent: Option<String>,
    address: String,
) -> DbResult<(Zeroizing<String>, StoredSession)> {
    let mut bits = Zeroizing::new([0_u8; 32]);
    rand::rngs::OsRng
        .try_fill_bytes(bits.as_mut())
        .map_err(|error| DbError::Internal(format!("no randomness: {error}")))?;
    let token = Zeroizing::new(URL_SAFE_NO_PAD.encode(bits.as_ref()));
    let now = Timestamp::now();
    let limits = Limits::of(app);
    let session = StoredSession {
        token_hash: hash(&token),
        created_at: now,
        last_used_at: now,
        expires_at: owner
            .until
            .map_or(now + limits.absolute, |until| until.min(now + limits.absolute)),
        user_agent,
        address,
        role: owner.role,
        name: owner.name,
        token_id: owner.token_id,
    };
    let stored = session.clone();
    app.db
        .write(move |connection| {
            sessions::purge(connection, now, now - limits.idle)?;
            sessions::insert(connection, &stored)
        })
        .await?;
    Ok((token, session))
}

/// The session that this token opened, if it has not ended.
///
/// # Errors
/// When the database cannot be read.
pub async fn find(app: &App, token: &str) -> DbResult<Option<StoredSession>> {
    let token_hash = hash(token);
    let session = match app
        .db
        .read(move |connection| sessions::get(connection, &token_hash))
        .await
    {
        Ok(session) => session,
        Err(DbError::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let now = Timestamp::now();
    if !Limits::of(app).allow(&session, now) {
        return Ok(None);
    }
    if now.duration_since(session.last_used_at) > TOUCH_EVERY {
        touch(app, token_hash, now).await;
    }
    Ok(Some(session))
}

/// Ends the session that this token opened.
async fn close(app: &App, token: &str) -> DbResult<()> {
    let token_hash = hash(token);
    app.db
        .write(move |connection| sessions::delete(connection, &token_hash))
        .await
}

/// Writes down that a session is in use. A failure ends no session: the next use tries again.
async fn touch(app: &App, token_hash: TokenHash, now: Timestamp) {
    let written = app
        .db
        .write(move |connection| sessions::touch(connection, &token_hash, now))
        .await;
    if let Err(error) = written {
        tracing::debug!(error = %error.cause(), "the use of a session was not written down");
    }
}

/// How long sessions live.
pub struct Limits {
    idle: SignedDuration,
    absolute: SignedDuration,
}

impl Limits {
    /// As configured.
    pub fn of(app: &App) -> Self {
        let security = &app.config.security;
        Self {
            idle: SignedDuration::from_mins(i64::from(security.session_idle_minutes)),
            absolute: SignedDuration::from_hours(i64::from(security.session_max_hours)),
        }
    }

    /// A session from the future (the clock was set back) is as old as one of now.
    pub fn allow(&self, session: &StoredSession, now: Timestamp) -> bool {
        now < session.expires_at
            && now.duration_since(session.created_at) < self.absolute
            && now.duration_since(session.last_used_at) < self.idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, 0, true)]
    #[case(29, 29, true)]
    #[case(30, 30, false)]
    #[case(119, 1, true)]
    #[case(120, 1, false)]
    fn a_session_ends_when_it_is_idle_and_when_it_is_old(
        #[case] minutes_since_sign_in: i64,
        #[case] minutes_since_use: i64,
        #[case] allowed: bool,
    ) {
        let now = Timestamp::from_second(1_900_000_000).unwrap();
        let created_at = now - SignedDuration::from_mins(minutes_since_sign_in);
        let limits = Limits {
            idle: SignedDuration::from_mins(30),
            absolute: SignedDuration::from_hours(2),
        };
        let session = StoredSession {
            token_hash: [0; 32],
            created_at,
            last_used_at: now - SignedDuration::from_mins(minutes_since_use),
            expires_at: created_at + limits.absolute,
            user_agent: None,
            address: String::new(),
            role: Role::Admin,
            name: None,
            token_id: None,
        };
        assert_eq!(limits.allow(&session, now), allowed);
    }
}
