//! The administrators' trail: who came in, who was refused, who made or ended what. Changes of keys and routes are not
//! here but in `changes`.

use super::changes::{name, named};
use super::schema::admin_events;
use super::types::{clean, count, integer, time};
use super::{DbConnection, DbError, DbResult};
use diesel::prelude::*;
use fastgate_shared::admin_token::{AdminEvent, AdminEventKind};
use fastgate_shared::changes::Author;
use jiff::Timestamp;

/// Which events a list shows; `None` does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// What happened.
    pub kind: Option<AdminEventKind>,
    /// A kind of author, a name, a session's short id, or an address.
    pub author: Option<String>,
    /// Not before.
    pub start: Option<Timestamp>,
    /// Not after.
    pub end: Option<Timestamp>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = admin_events)]
struct Row {
    id: String,
    time: i64,
    kind: String,
    is_refusal: bool,
    author: Option<String>,
    author_name: Option<String>,
    session: Option<String>,
    address: Option<String>,
    object_id: Option<String>,
    object_name: Option<String>,
}

/// Stores an event and forgets the oldest ones beyond `keep`: refusals push out refusals only.
///
/// # Errors
/// See [`DbError`].
pub fn record(connection: &mut DbConnection, event: &AdminEvent, keep: u64) -> DbResult<()> {
    let row = Row::try_from(event)?;
    let is_refusal = row.is_refusal;
    diesel::insert_into(admin_events::table)
        .values(row)
        .execute(connection)?;
    let surplus: Option<String> = admin_events::table
        .filter(admin_events::is_refusal.eq(is_refusal))
        .order(admin_events::id.desc())
        .offset(integer(keep))
        .limit(1)
        .select(admin_events::id)
        .first(connection)
        .optional()?;
    if let Some(newest) = surplus {
        let old = admin_events::table
            .filter(admin_events::is_refusal.eq(is_refusal))
            .filter(admin_events::id.le(newest));
        diesel::delete(old).execute(connection)?;
    }
    Ok(())
}

/// The events older than `before`, newest first, and how many there are in all.
///
/// # Errors
/// See [`DbError`].
pub fn list(
    connection: &mut DbConnection,
    filter: &EventFilter,
    before: Option<&str>,
    limit: u32,
) -> DbResult<(Vec<AdminEvent>, u64)> {
    let kind = filter.kind.as_ref().map(name).transpose()?;
    let filtered = || {
        let mut query = admin_events::table.into_boxed();
        if let Some(kind) = &kind {
            query = query.filter(admin_events::kind.eq(kind));
        }
        if let Some(author) = &filter.author {
            let by = admin_events::author.eq(author).or(admin_events::author_name.eq(author));
            let by = by
                .or(admin_events::session.eq(author))
                .or(admin_events::address.eq(author));
            query = query.filter(by.assume_not_null());
        }
        if let Some(start) = filter.start {
            query = query.filter(admin_events::time.ge(start.as_microsecond()));
        }
        if let Some(end) = filter.end {
            query = query.filter(admin_events::time.le(end.as_microsecond()));
        }
        query
    };
    let total: i64 = filtered().count().get_result(connection)?;
    let mut page = filtered();
    if let Some(before) = before {
        page = page.filter(admin_events::id.lt(before));
    }
    let rows: Vec<Row> = page
        .order(admin_events::id.desc())
        .limit(i64::from(limit))
        .select(Row::as_select())
        .load(connection)?;
    let found = rows.into_iter().map(AdminEvent::try_from).collect::<DbResult<_>>()?;
    Ok((found, count(total)))
}

/// The last event about a token, where one is kept.
///
/// # Errors
/// See [`DbError`].
pub fn last_of(connection: &mut DbConnection, object_id: &str) -> DbResult<Option<AdminEvent>> {
    let row: Option<Row> = admin_events::table
        .filter(admin_events::object_id.eq(object_id))
        .order(admin_events::id.desc())
        .select(Row::as_select())
        .first(connection)
        .optional()?;
    row.map(AdminEvent::try_from).transpose()
}

impl TryFrom<&AdminEvent> for Row {
    type Error = DbError;

    fn try_from(event: &AdminEvent) -> DbResult<Self> {
        let text = |text: &Option<String>| text.as_deref().map(|text| clean(text).into_owned());
        let author = event.author.as_ref();
        Ok(Self {
            id: event.id.clone(),
            time: event.time.as_microsecond(),
            kind: name(&event.kind)?,
            is_refusal: event.kind == AdminEventKind::SignInRefused,
            author: author.map(|author| name(&author.kind)).transpose()?,
            author_name: author.and_then(|author| text(&author.name)),
            session: author.and_then(|author| author.session.clone()),
            address: event.address.clone(),
            object_id: text(&event.object_id),
            object_name: text(&event.object_name),
        })
    }
}

impl TryFrom<Row> for AdminEvent {
    type Error = DbError;

    fn try_from(row: Row) -> DbResult<Self> {
        let author = match row.author {
            Some(kind) => Some(Author {
                kind: named(kind)?,
                name: row.author_name,
                session: row.session,
                address: row.address.clone(),
            }),
            None => None,
        };
        Ok(Self {
            id: row.id,
            time: time(row.time)?,
            kind: named(row.kind)?,
            author,
            address: row.address,
            object_id: row.object_id,
            object_name: row.object_name,
        })
    }
}
