//! Named tokens of administrators, known by their hashes. Whether one is still good is judged by the room `admin_token`.

use super::schema::admin_tokens;
use super::types::{clean, optional_time, role, time};
use super::{DbConnection, DbError, DbResult};
use diesel::prelude::*;
use fastgate_shared::admin_token::{AdminToken, AdminTokenDefinition};
use jiff::Timestamp;

/// A token as it is stored.
#[derive(Clone, PartialEq)]
pub struct StoredAdminToken {
    /// What may be shown of it.
    pub token: AdminToken,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = admin_tokens)]
struct Row {
    token_id: String,
    token_preview: String,
    token_hash: Vec<u8>,
    name: String,
    role: String,
    is_active: bool,
    expires_at: Option<i64>,
    created_by: String,
    created_at: i64,
    last_used_at: Option<i64>,
}

/// Every token, by name.
///
/// # Errors
/// See [`DbError`].
pub fn all(connection: &mut DbConnection) -> DbResult<Vec<StoredAdminToken>> {
    let rows: Vec<Row> = admin_tokens::table
        .order(admin_tokens::name)
        .select(Row::as_select())
        .load(connection)?;
    rows.into_iter().map(StoredAdminToken::try_from).collect()
}

/// One token.
///
/// # Errors
/// [`DbError::NotFound`] when there is none with this id.
pub fn get(connection: &mut DbConnection, token_id: &str) -> DbResult<StoredAdminToken> {
    let row: Row = admin_tokens::table
        .find(token_id)
        .select(Row::as_select())
        .first(connection)?;
    row.try_into()
}

/// The token with this hash.
///
/// # Errors
/// See [`DbError`].
pub fn find(connection: &mut DbConnection, hash: &[u8; 32]) -> DbResult<Option<StoredAdminToken>> {
    let row: Option<Row> = admin_tokens::table
        .filter(admin_tokens::token_hash.eq(hash.as_slice()))
        .select(Row::as_select())
        .first(connection)
        .optional()?;
    row.map(StoredAdminToken::try_from).transpose()
}

/// Stores a new token.
///
/// # Errors
/// [`DbError::Conflict`] when its name exists.
pub fn insert(connection: &mut DbConnection, stored: &StoredAdminToken) -> DbResult<()> {
    let StoredAdminToken { token, hash } = stored;
    diesel::insert_into(admin_tokens::table)
        .values(Row {
            token_id: token.token_id.clone(),
            token_preview: token.token_preview.clone(),
            token_hash: hash.to_vec(),
            name: clean(&token.definition.name).into_owned(),
            role: token.definition.role.as_str().to_owned(),
            is_active: token.definition.is_active,
            expires_at: token.definition.expires_at.map(Timestamp::as_microsecond),
            created_by: clean(&token.created_by).into_owned(),
            created_at: token.created_at.as_microsecond(),
            last_used_at: token.last_used_at.map(Timestamp::as_microsecond),
        })
        .execute(connection)?;
    Ok(())
}

/// Replaces what is said about a token.
///
/// # Errors
/// [`DbError::NotFound`]; [`DbError::Conflict`] when another one has the name.
pub fn update(connection: &mut DbConnection, token_id: &str, definition: &AdminTokenDefinition) -> DbResult<()> {
    let changed = diesel::update(admin_tokens::table.find(token_id))
        .set((
            admin_tokens::name.eq(clean(&definition.name)),
            admin_tokens::role.eq(definition.role.as_str()),
            admin_tokens::is_active.eq(definition.is_active),
            admin_tokens::expires_at.eq(definition.expires_at.map(Timestamp::as_microsecond)),
        ))
        .execute(connection)?;
    found(changed)
}

/// Gives a token another value.
///
/// # Errors
/// [`DbError::NotFound`].
pub fn rotate(connection: &mut DbConnection, token_id: &str, hash: &[u8; 32], preview: &str) -> DbResult<()> {
    let changed = diesel::update(admin_tokens::table.find(token_id))
        .set((
            admin_tokens::token_hash.eq(hash.as_slice()),
            admin_tokens::token_preview.eq(preview),
        ))
        .execute(connection)?;
    found(changed)
}

/// Notes that a token was used.
///
/// # Errors
/// [`DbError::NotFound`].
pub fn touch(connection: &mut DbConnection, token_id: &str, at: Timestamp) -> DbResult<()> {
    let changed = diesel::update(admin_tokens::table.find(token_id))
        .set(admin_tokens::last_used_at.eq(at.as_microsecond()))
        .execute(connection)?;
    found(changed)
}

/// Deletes a token.
///
/// # Errors
/// [`DbError::NotFound`].
pub fn delete(connection: &mut DbConnection, token_id: &str) -> DbResult<()> {
    found(diesel::delete(admin_tokens::table.find(token_id)).execute(connection)?)
}

fn found(rows: usize) -> DbResult<()> {
    if rows == 0 { Err(DbError::NotFound) } else { Ok(()) }
}

impl TryFrom<Row> for StoredAdminToken {
    type Error = DbError;

    fn try_from(row: Row) -> DbResult<Self> {
        let hash = row.token_hash.try_into();
        Ok(Self {
            hash: hash.map_err(|_| DbError::Internal("a stored hash has not 32 bytes".to_owned()))?,
            token: AdminToken {
                token_id: row.token_id,
                token_preview: row.token_preview,
                definition: AdminTokenDefinition {
                    name: row.name,
                    role: role(&row.role)?,
                    expires_at: optional_time(row.expires_at)?,
                    is_active: row.is_active,
                },
                created_by: row.created_by,
                created_at: time(row.created_at)?,
                last_used_at: optional_time(row.last_used_at)?,
            },
        })
    }
}
