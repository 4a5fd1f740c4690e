//! What the program remembers by itself: the hash of the admin token, the canary of the encryption.

use super::schema::settings;
use super::{DbConnection, DbResult, on_inner};
use diesel::prelude::*;

/// Hash of the admin token, hexadecimal.
pub const ADMIN_TOKEN_HASH: &str = "admin_token_hash";
/// A sealed text that tells whether the encryption key is the one that was used.
pub const ENCRYPTION_CANARY: &str = "encryption_canary";
/// The most that a record's number was ever ahead of its time, in milliseconds.
pub(crate) const AUDIT_CLOCK_LEAD_MS: &str = "audit_clock_lead_ms";

/// The value, if there is one.
///
/// # Errors
/// See [`super::DbError`].
pub fn get(connection: &mut DbConnection, name: &str) -> DbResult<Option<String>> {
    Ok(settings::table
        .find(name)
        .select(settings::value)
        .first(connection)
        .optional()?)
}

/// As [`get`], and until the transaction ends nobody changes the value.
///
/// # Errors
/// See [`super::DbError`].
pub fn get_held(connection: &mut DbConnection, name: &str) -> DbResult<Option<String>> {
    let value = settings::table.find(name).select(settings::value);
    Ok(match connection {
        // A transaction that writes is the only one.
        DbConnection::Sqlite(inner) => value.first(inner).optional()?,
        DbConnection::Postgres(inner) => value.for_share().first(inner).optional()?,
    })
}

/// Stores a value in place of the old one.
///
/// # Errors
/// See [`super::DbError`].
pub fn set(connection: &mut DbConnection, name: &str, value: &str) -> DbResult<()> {
    on_inner!(connection, inner => diesel::insert_into(settings::table)
        .values((settings::name.eq(name), settings::value.eq(value)))
        .on_conflict(settings::name)
        .do_update()
        .set(settings::value.eq(value))
        .execute(inner))?;
    Ok(())
}

/// Stores a value unless there is one, and returns the one that is there now. Of several processes one wins.
///
/// # Errors
/// See [`super::DbError`].
pub fn set_if_absent(connection: &mut DbConnection, name: &str, value: &str) -> DbResult<String> {
    on_inner!(connection, inner => diesel::insert_into(settings::table)
        .values((settings::name.eq(name), settings::value.eq(value)))
        .on_conflict(settings::name)
        .do_nothing()
        .execute(inner))?;
    Ok(settings::table.find(name).select(settings::value).first(connection)?)
}

/// Forgets a value; one that is not there is none.
///
/// # Errors
/// See [`super::DbError`].
pub fn remove(connection: &mut DbConnection, name: &str) -> DbResult<()> {
    diesel::delete(settings::table.find(name)).execute(connection)?;
    Ok(())
}
