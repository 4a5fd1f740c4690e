//! The history of keys, routes and stored settings. Documents come and go as texts whose credentials are encrypted; what
//! they say, and how two of them differ, is known to the `history` room. Rows are written in the transaction of the change
//! itself.

use super::schema::changes;
use super::types::{clean, count, integer, time};
use super::{DbConnection, DbError, DbResult};
use diesel::prelude::*;
use fastgate_shared::changes::{Author, ChangeAction, ChangeSource, ChangedKind};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A change as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredChange {
    /// UUID of version 7.
    pub id: String,
    /// When it was made.
    pub time: Timestamp,
    /// Who made it.
    pub author: Author,
    /// By which way it came.
    pub source: ChangeSource,
    /// The change that this one restored.
    pub restored_from: Option<String>,
    /// What kind of thing was changed.
    pub kind: ChangedKind,
    /// Its id.
    pub object_id: String,
    /// What it was called.
    pub object_name: String,
    /// What was done to it.
    pub action: ChangeAction,
    /// JSON of the object before, credentials encrypted.
    pub before: Option<String>,
    /// JSON of the object after, credentials encrypted.
    pub after: Option<String>,
    /// The object's ETag after.
    pub etag: Option<String>,
    /// Encrypted: what a deleted object needs to be brought back.
    pub kept: Option<String>,
}

/// Which changes a list shows; `None` does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    /// Kind of the object.
    pub kind: Option<ChangedKind>,
    /// Id of the object.
    pub object_id: Option<String>,
    /// A kind of author, a name, a session's short id, or an address.
    pub author: Option<String>,
    /// From this time on.
    pub start: Option<Timestamp>,
    /// Up to and including this time.
    pub end: Option<Timestamp>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = changes)]
struct Row {
    id: String,
    time: i64,
    author: String,
    session: Option<String>,
    address: Option<String>,
    source: String,
    restored_from: Option<String>,
    kind: String,
    object_id: String,
    object_name: String,
    action: String,
    document_before: Option<String>,
    document_after: Option<String>,
    etag: Option<String>,
    kept: Option<String>,
    author_name: Option<String>,
}

/// Stores a change and forgets the oldest ones beyond `keep`.
///
/// # Errors
/// See [`DbError`].
pub fn record(connection: &mut DbConnection, made: &[StoredChange], keep: u64) -> DbResult<()> {
    for change in made {
        diesel::insert_into(changes::table)
            .values(Row::try_from(change)?)
            .execute(connection)?;
    }
    let surplus: Option<String> = changes::table
        .order(changes::id.desc())
        .offset(integer(keep))
        .limit(1)
        .select(changes::id)
        .first(connection)
        .optional()?;
    if let Some(newest) = surplus {
        diesel::delete(changes::table.filter(changes::id.le(newest))).execute(connection)?;
    }
    Ok(())
}

/// Replaces what a change keeps encrypted, and its ETag, after the key was rotated.
///
/// # Errors
/// [`DbError::NotFound`].
pub fn reseal(connection: &mut DbConnection, change: &StoredChange) -> DbResult<()> {
    let changed = diesel::update(changes::table.find(&change.id))
        .set((
            changes::document_before.eq(&change.before),
            changes::document_after.eq(&change.after),
            changes::etag.eq(&change.etag),
            changes::kept.eq(&change.kept),
        ))
        .execute(connection)?;
    if changed == 0 { Err(DbError::NotFound) } else { Ok(()) }
}

/// One change.
///
/// # Errors
/// [`DbError::NotFound`] when there is none with this id, or it was forgotten.
pub fn get(connection: &mut DbConnection, id: &str) -> DbResult<StoredChange> {
    changes::table
        .find(id)
        .select(Row::as_select())
        .first(connection)?
        .try_into()
}

/// The changes older than `before`, newest first, and how many there are in all.
///
/// # Errors
/// See [`DbError`].
pub fn list(
    connection: &mut DbConnection,
    filter: &ChangeFilter,
    before: Option<&str>,
    limit: u32,
) -> DbResult<(Vec<StoredChange>, u64)> {
    let filtered = || {
        let mut query = changes::table.into_boxed();
        if let Some(kind) = filter.kind {
            query = query.filter(changes::kind.eq(kind.as_str()));
        }
        if let Some(id) = &filter.object_id {
            query = query.filter(changes::object_id.eq(id));
        }
        if let Some(author) = &filter.author {
            let by_origin = changes::session
                .eq(author)
                .or(changes::address.eq(author))
                .or(changes::author_name.eq(author))
                .assume_not_null();
            query = query.filter(changes::author.eq(author).or(by_origin));
        }
        if let Some(start) = filter.start {
            query = query.filter(changes::time.ge(start.as_microsecond()));
        }
        if let Some(end) = filter.end {
            query = query.filter(changes::time.le(end.as_microsecond()));
        }
        query
    };
    let total: i64 = filtered().count().get_result(connection)?;
    let mut page = filtered();
    if let Some(before) = before {
        page = page.filter(changes::id.lt(before));
    }
    let rows: Vec<Row> = page
        .order(changes::id.desc())
        .limit(i64::from(limit))
        .select(Row::as_select())
        .load(connection)?;
    let found = rows.into_iter().map(StoredChange::try_from).collect::<DbResult<_>>()?;
    Ok((found, count(total)))
}

/// The last change of an object, or the last one after which it had this ETag.
///
/// # Errors
/// See [`DbError`].
pub fn last_of(
    connection: &mut DbConnection,
    kind: ChangedKind,
    object_id: &str,
    etag: Option<&str>,
) -> DbResult<Option<StoredChange>> {
    let mut query = changes::table
        .filter(changes::kind.eq(kind.as_str()).and(changes::object_id.eq(object_id)))
        .into_boxed();
    if let Some(etag) = etag {
        query = query.filter(changes::etag.eq(etag));
    }
    let row: Option<Row> = query
        .order(changes::id.desc())
        .select(Row::as_select())
        .first(connection)
        .optional()?;
    row.map(StoredChange::try_from).transpose()
}

/// What brings a deleted object back, from the last of its deletions.
///
/// # Errors
/// See [`DbError`].
pub fn kept_of(connection: &mut DbConnection, kind: ChangedKind, object_id: &str) -> DbResult<Option<String>> {
    let found: Option<Option<String>> = changes::table
        .filter(changes::kind.eq(kind.as_str()).and(changes::object_id.eq(object_id)))
        .filter(changes::kept.is_not_null())
        .order(changes::id.desc())
        .select(changes::kept)
        .first(connection)
        .optional()?;
    Ok(found.flatten())
}

/// The name that a kind, an action or the like has on the wire; the database holds the same.
pub(super) fn name(value: &impl Serialize) -> DbResult<String> {
    match serde_json::to_value(value)? {
        Value::String(name) => Ok(name),
        other => Err(DbError::Internal(format!("not a name: {other}"))),
    }
}

pub(super) fn named<T: DeserializeOwned>(name: String) -> DbResult<T> {
    Ok(serde_json::from_value(Value::String(name))?)
}

impl TryFrom<&StoredChange> for Row {
    type Error = DbError;

    fn try_from(change: &StoredChange) -> DbResult<Self> {
        Ok(Self {
            id: change.id.clone(),
            time: change.time.as_microsecond(),
            author: name(&change.author.kind)?,
            session: change.author.session.clone(),
            address: change.author.address.clone(),
            source: name(&change.source)?,
            restored_from: change.restored_from.clone(),
            kind: name(&change.kind)?,
            object_id: change.object_id.clone(),
            object_name: clean(&change.object_name).into_owned(),
            action: name(&change.action)?,
            document_before: change.before.clone(),
            document_after: change.after.clone(),
            etag: change.etag.clone(),
            kept: change.kept.clone(),
            author_name: change.author.name.as_deref().map(|name| clean(name).into_owned()),
        })
    }
}

impl TryFrom<Row> for StoredChange {
    type Error = DbError;

    fn try_from(row: Row) -> DbResult<Self> {
        Ok(Self {
            id: row.id,
            time: time(row.time)?,
            author: Author {
                kind: named(row.author)?,
                name: row.author_name,
                session: row.session,
                address: row.address,
            },
            source: named(row.source)?,
            restored_from: row.restored_from,
            kind: named(row.kind)?,
            object_id: row.object_id,
            object_name: row.object_name,
            action: named(row.action)?,
            before: row.document_before,
            after: row.document_after,
            etag: row.etag,
            kept: row.kept,
        })
    }
}
