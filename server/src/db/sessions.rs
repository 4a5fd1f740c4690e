//! Sessions of the dashboard. Only the hash of a session's token is stored; ending a session is deleting its row.
//! When a session is too old or idle is judged by the sign-in room.

use super::schema::sessions;
use super::types::{clean, role, time};
use super::{DbConnection, DbError, DbResult};
use diesel::prelude::*;
use fastgate_shared::admin_token::Role;
use jiff::Timestamp;

/// A session.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// SHA-256 of the cookie's token.
    pub token_hash: [u8; 32],
    /// When the administrator signed in.
    pub created_at: Timestamp,
    /// When it was last used, as far as written.
    pub last_used_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
    /// The browser.
    pub user_agent: Option<String>,
    /// Where the sign-in came from.
    pub address: String,
    /// What it may do.
    pub role: Role,
    /// The token's name, or what the identity provider says; none for the admin token.
    pub name: Option<String>,
    /// The named token that it was opened with.
    pub token_id: Option<String>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
struct Row {
    token_hash: Vec<u8>,
    created_at: i64,
    last_used_at: i64,
    expires_at: i64,
    user_agent: Option<String>,
    address: String,
    role: String,
    name: Option<String>,
    token_id: Option<String>,
}

/// Stores a new session.
///
/// # Errors
/// See [`DbError`].
pub fn insert(connection: &mut DbConnection, session: &StoredSession) -> DbResult<()> {
    diesel::insert_into(sessions::table)
        .values(Row {
            token_hash: session.token_hash.to_vec(),
            created_at: session.created_at.as_microsecond(),
            last_used_at: session.last_used_at.as_microsecond(),
            expires_at: session.expires_at.as_microsecond(),
            user_agent: session.user_agent.clone(),
            address: session.address.clone(),
            role: session.role.as_str().to_owned(),
            name: session.name.as_deref().map(|name| clean(name).into_owned()),
            token_id: session.token_id.clone(),
        })
        .execute(connection)?;
    Ok(())
}

/// The session with this token.
///
/// # Errors
/// [`DbError::NotFound`] when it was ended.
pub fn get(connection: &mut DbConnection, token_hash: &[u8; 32]) -> DbResult<StoredSession> {
    let row: Row = sessions::table
        .find(token_hash.as_slice())
        .select(Row::as_select())
        .first(connection)?;
    row.try_into()
}

/// Every session, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn all(connection: &mut DbConnection) -> DbResult<Vec<StoredSession>> {
    let rows: Vec<Row> = sessions::table
        .order(sessions::created_at.desc())
        .select(Row::as_select())
        .load(connection)?;
    rows.into_iter().map(StoredSession::try_from).collect()
}

/// Notes that a session was used.
///
/// # Errors
/// [`DbError::NotFound`] when it was ended.
pub fn touch(connection: &mut DbConnection, token_hash: &[u8; 32], at: Timestamp) -> DbResult<()> {
    let changed = diesel::update(sessions::table.find(token_hash.as_slice()))
        .set(sessions::last_used_at.eq(at.as_microsecond()))
        .execute(connection)?;
    if changed == 0 { Err(DbError::NotFound) } else { Ok(()) }
}

/// Ends a session; one that is not there has ended.
///
/// # Errors
/// See [`DbError`].
pub fn delete(connection: &mut DbConnection, token_hash: &[u8; 32]) -> DbResult<()> {
    diesel::delete(sessions::table.find(token_hash.as_slice())).execute(connection)?;
    Ok(())
}

/// Ends every session, e.g. when the admin token changes.
///
/// # Errors
/// See [`DbError`].
pub fn delete_all(connection: &mut DbConnection) -> DbResult<()> {
    diesel::delete(sessions::table).execute(connection)?;
    Ok(())
}

/// Ends the sessions that were opened with this named token.
///
/// # Errors
/// See [`DbError`].
pub fn delete_of_token(connection: &mut DbConnection, token_id: &str) -> DbResult<()> {
    diesel::delete(sessions::table.filter(sessions::token_id.eq(token_id).assume_not_null())).execute(connection)?;
    Ok(())
}

/// Ends every session but one; returns how many.
///
/// # Errors
/// See [`DbError`].
pub fn delete_others(connection: &mut DbConnection, kept: Option<&[u8; 32]>) -> DbResult<usize> {
    let kept = kept.map_or(&[][..], <[u8; 32]>::as_slice);
    Ok(diesel::delete(sessions::table.filter(sessions::token_hash.ne(kept))).execute(connection)?)
}

/// Deletes the sessions that ended by `now`, and those that were not used since `idle_before`; returns how many.
///
/// # Errors
/// See [`DbError`].
pub fn purge(connection: &mut DbConnection, now: Timestamp, idle_before: Timestamp) -> DbResult<usize> {
    Ok(diesel::delete(sessions::table)
        .filter(
            sessions::expires_at
                .le(now.as_microsecond())
                .or(sessions::last_used_at.lt(idle_before.as_microsecond())),
        )
        .execute(connection)?)
}

impl TryFrom<Row> for StoredSession {
    type Error = DbError;

    fn try_from(row: Row) -> DbResult<Self> {
        Ok(Self {
            token_hash: row
                .token_hash
                .try_into()
                .map_err(|_| DbError::Internal("a stored hash has not 32 bytes".to_owned()))?,
            created_at: time(row.created_at)?,
            last_used_at: time(row.last_used_at)?,
            expires_at: time(row.expires_at)?,
            user_agent: row.user_agent,
            address: row.address,
            role: role(&row.role)?,
            name: row.name,
            token_id: row.token_id,
        })
    }
}
