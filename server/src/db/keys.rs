//! API keys. Only hashes are stored: the secret is shown once and cannot be read back.

use super::schema::api_keys;
use super::types::{count, offset_and_limit, optional_time, time};
use super::{DbConnection, DbError, DbResult};
use diesel::prelude::*;
use fastgate_shared::api_key::{ApiKey, ApiKeyDefinition};
use fastgate_shared::page::Page;
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};

/// A key with what is needed to recognise it.
#[derive(Clone, PartialEq)]
pub struct StoredKey {
    /// What the API shows.
    pub key: ApiKey,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// The secret before the last rotation, while it may still work.
    pub previous: Option<PreviousSecret>,
}

/// A rotated secret in its grace period.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PreviousSecret {
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// Until when it works.
    pub valid_until: Timestamp,
}

/// Which keys a list shows; `None` does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// Whole `source_path`.
    pub source_path: Option<String>,
    /// The flag, whatever `expires_at` says.
    pub is_active: Option<bool>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys)]
struct Row {
    key_id: String,
    key_preview: String,
    hash: Vec<u8>,
    previous_hash: Option<Vec<u8>>,
    previous_valid_until: Option<i64>,
    name: Option<String>,
    source_path: String,
    permissions: String,
    rate_limit: Option<i64>,
    expires_at: Option<i64>,
    is_active: bool,
    usage_count: i64,
    last_used_at: Option<i64>,
    created_at: i64,
    max_concurrency: Option<i64>,
}

/// Every key, for the key ring.
///
/// # Errors
/// See [`DbError`].
pub fn all(connection: &mut DbConnection) -> DbResult<Vec<StoredKey>> {
    let rows: Vec<Row> = api_keys::table
        .order(api_keys::key_id)
        .select(Row::as_select())
        .load(connection)?;
    rows.into_iter().map(StoredKey::try_from).collect()
}

/// A page of keys, newest first, and how many there are.
///
/// # Errors
/// See [`DbError`].
pub fn list(connection: &mut DbConnection, filter: &KeyFilter, page: Page) -> DbResult<(Vec<StoredKey>, u64)> {
    let filtered = || {
        let mut query = api_keys::table.into_boxed();
        if let Some(source_path) = &filter.source_path {
            query = query.filter(api_keys::source_path.eq(source_path));
        }
        if let Some(is_active) = filter.is_active {
            query = query.filter(api_keys::is_active.eq(is_active));
        }
        query
    };
    let total: i64 = filtered().count().get_result(connection)?;
    let (offset, limit) = offset_and_limit(page);
    let rows: Vec<Row> = filtered()
        .order((api_keys::created_at.desc(), api_keys::key_id.desc()))
        .offset(offset)
        .limit(limit)
        .select(Row::as_select())
        .load(connection)?;
    let keys = rows.into_iter().map(StoredKey::try_from).collect::<DbResult<_>>()?;
    Ok((keys, count(total)))
}

/// The source paths in use, sorted.
///
/// # Errors
/// See [`DbError`].
pub fn sources(connection: &mut DbConnection) -> DbResult<Vec<String>> {
    let mut sources: Vec<String> = api_keys::table
        .select(api_keys::source_path)
        .distinct()
        .load(connection)?;
    // Sorted here: the two databases collate differently.
    sources.sort_unstable();
    Ok(sources)
}

/// One key.
///
/// # Errors
/// [`DbError::NotFound`] when there is none with this id.
pub fn get(connection: &mut DbConnection, key_id: &str) -> DbResult<StoredKey> {
    api_keys::table
        .find(key_id)
        .select(Row::as_select())
        .first(connection)?
        .try_into()
}

/// Those of these keys that there are.
///
/// # Errors
/// See [`DbError`].
pub fn those(connection: &mut DbConnection, ids: &HashSet<String>) -> DbResult<Vec<StoredKey>> {
    let rows: Vec<Row> = api_keys::table
        .filter(api_keys::key_id.eq_any(ids))
        .select(Row::as_select())
        .load(connection)?;
    rows.into_iter().map(StoredKey::try_from).collect()
}

/// How people call these keys, by id: the name, else the preview. Keys that are gone have none.
///
/// # Errors
/// See [`DbError`].
pub fn labels(connection: &mut DbConnection, ids: &[&str]) -> DbResult<HashMap<String, String>> {
    let rows: Vec<(String, Option<String>, String)> = api_keys::table
        .filter(api_keys::key_id.eq_any(ids))
        .select((api_keys::key_id, api_keys::name, api_keys::key_preview))
        .load(connection)?;
    Ok(rows
        .into_iter()
        .map(|(id, name, preview)| (id, name.filter(|name| !name.is_empty()).unwrap_or(preview)))
        .collect())
}

/// How many keys are active and not expired at `now`.
///
/// # Errors
/// See [`DbError`].
pub fn count_active(connection: &mut DbConnection, now: Timestamp) -> DbResult<u64> {
    let total: i64 = api_keys::table
        .filter(api_keys::is_active.eq(true))
        .filter(
            api_keys::expires_at
                .is_null()
                .or(api_keys::expires_at.gt(now.as_microsecond()).assume_not_null()),
        )
        .count()
        .get_result(connection)?;
    Ok(count(total))
}

/// Stores a new key.
///
/// # Errors
/// [`DbError::Conflict`] when its id or secret exists.
pub fn insert(connection: &mut DbConnection, key: &StoredKey) -> DbResult<()> {
    diesel::insert_into(api_keys::table)
        .values(Row::try_from(key)?)
        .execute(connection)?;
    Ok(())
}

/// Changes what an administrator says about a key; secret and use stay.
///
/// # Errors
/// [`DbError::NotFound`].
pub fn update(connection: &mut DbConnection, key_id: &str, definition: &ApiKeyDefinition) -> DbResult<()> {
    let changed = diesel::update(api_keys::table.find(key_id))
        .set((
            api_keys::name.eq(&definition.name),
            api_keys::source_path.eq(&definition.source_path),
            api_keys::permissions.eq(serde_json::to_string(&definition.permissions)?),
            api_keys::rate_limit.eq(definition.rate_limit.map(i64::from)),
            api_keys::max_concurrency.eq(definition.max_concurrency.map(i64::from)),
            api_keys::expires_at.eq(definition.expires_at.map(Timestamp::as_microsecond)),
            api_keys::is_active.eq(definition.is_active),
        ))
        .execute(connection)?;
    found(changed)
}

/// Gives a key another secret. The one that it had works on until `previous_valid_until`; the one before that ends.
///
/// # Errors
/// [`DbError::NotFound`]; [`DbError::Conflict`] when the secret exists.
pub fn rotate(
    connection: &mut DbConnection,
    key_id: &str,
    hash: &[u8; 32],
    key_preview: &str,
    previous_valid_until: Option<Timestamp>,
) -> DbResult<()> {
    let old = get(connection, key_id)?;
    let changed = diesel::update(api_keys::table.find(key_id))
        .set((
            api_keys::hash.eq(hash.as_slice()),
            api_keys::key_preview.eq(key_preview),
            api_keys::previous_hash.eq(previous_valid_until.map(|_| old.hash.to_vec())),
            api_keys::previous_valid_until.eq(previous_valid_until.map(Timestamp::as_microsecond)),
        ))
        .execute(connection)?;
    found(changed)
}

/// Deletes a key; its audit records stay.
///
/// # Errors
/// [`DbError::NotFound`].
pub fn delete(connection: &mut DbConnection, key_id: &str) -> DbResult<()> {
    found(diesel::delete(api_keys::table.find(key_id)).execute(connection)?)
}

/// Adds to the count of a key's requests. A key that was deleted meanwhile is passed over.
pub(crate) fn add_usage(connection: &mut DbConnection, key_id: &str, requests: i64, last_used_at: i64) -> DbResult<()> {
    diesel::update(api_keys::table.find(key_id))
        .set(api_keys::usage_count.eq(api_keys::usage_count + requests))
        .execute(connection)?;
    diesel::update(api_keys::table.find(key_id))
        .filter(
            api_keys::last_used_at
                .is_null()
                .or(api_keys::last_used_at.lt(last_used_at).assume_not_null()),
        )
        .set(api_keys::last_used_at.eq(last_used_at))
        .execute(connection)?;
    Ok(())
}

fn found(changed: usize) -> DbResult<()> {
    if changed == 0 { Err(DbError::NotFound) } else { Ok(()) }
}

fn hash(bytes: Vec<u8>) -> DbResult<[u8; 32]> {
    bytes
        .try_into()
        .map_err(|_| DbError::Internal("a stored hash has not 32 bytes".to_owned()))
}

impl TryFrom<Row> for StoredKey {
    type Error = DbError;

    fn try_from(row: Row) -> DbResult<Self> {
        let previous = match (row.previous_hash, row.previous_valid_until) {
            (Some(bytes), Some(valid_until)) => Some(PreviousSecret {
                hash: hash(bytes)?,
                valid_until: time(valid_until)?,
            }),
            _ => None,
        };
        Ok(Self {
            hash: hash(row.hash)?,
            previous,
            key: ApiKey {
                key_id: row.key_id,
                key_preview: row.key_preview,
                definition: ApiKeyDefinition {
                    source_path: row.source_path,
                    name: row.name,
                    permissions: serde_json::from_str(&row.permissions)?,
                    rate_limit: row.rate_limit.and_then(|limit| u32::try_from(limit).ok()),
                    max_concurrency: row.max_concurrency.and_then(|bound| u32::try_from(bound).ok()),
                    expires_at: optional_time(row.expires_at)?,
                    is_active: row.is_active,
                },
                usage_count: count(row.usage_count),
                last_used_at: optional_time(row.last_used_at)?,
                previous_valid_until: previous.map(|previous| previous.valid_until),
                created_at: time(row.created_at)?,
            },
        })
    }
}

impl TryFrom<&StoredKey> for Row {
    type Error = DbError;

    fn try_from(stored: &StoredKey) -> DbResult<Self> {
        let key = &stored.key;
        let definition = &key.definition;
        Ok(Self {
            key_id: key.key_id.clone(),
            key_preview: key.key_preview.clone(),
            hash: stored.hash.to_vec(),
            previous_hash: stored.previous.map(|previous| previous.hash.to_vec()),
            previous_valid_until: stored.previous.map(|previous| previous.valid_until.as_microsecond()),
            name: definition.name.clone(),
            source_path: definition.source_path.clone(),
            permissions: serde_json::to_string(&definition.permissions)?,
            rate_limit: definition.rate_limit.map(i64::from),
            expires_at: definition.expires_at.map(Timestamp::as_microsecond),
            is_active: definition.is_active,
            usage_count: i64::try_from(key.usage_count).unwrap_or(i64::MAX),
            last_used_at: key.last_used_at.map(Timestamp::as_microsecond),
            created_at: key.created_at.as_microsecond(),
            max_concurrency: definition.max_concurrency.map(i64::from),
        })
    }
}
