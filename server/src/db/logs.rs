//! Reading the audit log: pages, single records, exports. Lists read the small columns only.
//!
//! Everything goes by the record's number. It holds the milliseconds of the request's start, so that a range of time is
//! a range of numbers, which every index can serve; only a clock that was set back makes numbers run ahead of times, and
//! the writer remembers by how much at most.

mod query;
mod search;

pub use query::{DEFAULT_LIMIT, LogPage, LogQuery, MAX_LIMIT, Order};

use search::{Found, Place, Search};

use super::audit::{DetailRow, RecordRow};
use super::schema::{audit_details, audit_records};
use super::types::count;
use super::{Db, DbConnection, DbResult};
use crate::audit_log::record::{instant, milliseconds};
use diesel::prelude::*;
use fastgate_shared::audit_log::{LogItem, LogRecord, Outcome};
use fastgate_shared::page::CursorPage;
use futures_util::{Stream, stream};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Up to here `total` is counted.
const COUNTED: i64 = 10_000;
/// Records that an export reads at a time.
const EXPORT_STEP: i64 = 500;
/// What looking for the rows of a page may take, and counting. Both end at the next look at the clock.
const PAGE_TIME: Duration = Duration::from_millis(30);
const COUNT_TIME: Duration = Duration::from_millis(10);
/// What looking for a step of an export may take before others get the connection.
const EXPORT_TIME: Duration = Duration::from_millis(500);

/// One page of the log. `total` counts all that match, exactly up to 10,000; or what was counted in the time that a page
/// may take, where no index leads to the records. Such a page may have fewer rows than asked for, and a cursor that goes
/// on where the time was up.
///
/// # Errors
/// See [`super::DbError`].
pub fn page(connection: &mut DbConnection, query: &LogQuery, page: &LogPage) -> DbResult<CursorPage<LogItem>> {
    let search = Search::new(connection, query)?;
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX - 1);
    let Found { mut rows, stopped_at } = search.rows(connection, (page.order, page.after), limit + 1, PAGE_TIME)?;
    let more = rows.len() as u64 > page.limit;
    rows.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
    let next_cursor = if more {
        rows.last().map(|last| page.cursor_after(last.id))
    } else {
        stopped_at.map(|id| page.cursor_after(id))
    };
    let (found, all) = if next_cursor.is_none() && page.after.is_none() {
        // The first page holds everything: nothing is left to count.
        (i64::try_from(rows.len()).unwrap_or(i64::MAX), true)
    } else {
        search.count(connection, COUNTED + 1, COUNT_TIME)?
    };
    // What the page shows was found as well.
    let found = found.max(i64::try_from(rows.len()).unwrap_or(0));
    Ok(CursorPage {
        items: rows.into_iter().map(LogItem::from).collect(),
        next_cursor,
        total: count(found.min(COUNTED)),
        total_is_lower_bound: !all || found > COUNTED,
    })
}

/// When and with which status a request began, for a chart.
pub struct Times {
    /// Microseconds since the Unix epoch, and the status; the newest first.
    pub found: Vec<(i64, Option<i32>)>,
    /// False where there may be older ones.
    pub all: bool,
}

/// The newest records that match, up to `limit`, or those that were found in the time that a chart may take.
///
/// # Errors
/// See [`super::DbError`].
pub fn times(connection: &mut DbConnection, query: &LogQuery, limit: i64) -> DbResult<Times> {
    Search::new(connection, query)?.times(connection, limit, PAGE_TIME)
}

/// A whole record; `None` when there is none with this number (any text will do).
///
/// # Errors
/// See [`super::DbError`].
pub fn get(connection: &mut DbConnection, id: &str) -> DbResult<Option<LogRecord>> {
    let Ok(id) = id.parse::<i64>() else {
        return Ok(None);
    };
    let row: Option<RecordRow<'static>> = audit_records::table
        .find(id)
        .select(RecordRow::as_select())
        .first(connection)
        .optional()?;
    let Some(row) = row else {
        return Ok(None);
    };
    Ok(with_details(connection, vec![row])?.pop())
}

/// All records that match, in chunks: each is read by itself, so that an export of any size takes constant memory and
/// holds no transaction open. With `details` headers, bodies and attempts are read as well, else they are empty.
pub fn export(
    db: Db,
    query: LogQuery,
    order: Order,
    details: bool,
) -> impl Stream<Item = DbResult<Vec<LogRecord>>> + Send + 'static {
    let query = Arc::new(query);
    stream::try_unfold(Some(None), move |next: Option<Option<i64>>| {
        let (db, query) = (db.clone(), query.clone());
        async move {
            let Some(after) = next else {
                return Ok(None);
            };
            let (chunk, next) = db
                .read(move |connection| chunk(connection, &query, (order, after), details))
                .await?;
            // An empty chunk ends the stream only where nothing follows.
            let next = next.map(Some);
            Ok((!chunk.is_empty() || next.is_some()).then_some((chunk, next)))
        }
    })
}

fn chunk(
    connection: &mut DbConnection,
    query: &LogQuery,
    place: Place,
    details: bool,
) -> DbResult<(Vec<LogRecord>, Option<i64>)> {
    let Found { rows, stopped_at } =
        Search::new(connection, query)?.rows(connection, place, EXPORT_STEP, EXPORT_TIME)?;
    // A chunk that is neither full nor cut short is the last one.
    let full = i64::try_from(rows.len()).is_ok_and(|rows| rows == EXPORT_STEP);
    let next = if full {
        rows.last().map(|row| row.id)
    } else {
        stopped_at
    };
    let records = if details {
        with_details(connection, rows)?
    } else {
        rows.into_iter().map(|row| record(row, None)).collect::<DbResult<_>>()?
    };
    Ok((records, next))
}

fn with_details(connection: &mut DbConnection, rows: Vec<RecordRow>) -> DbResult<Vec<LogRecord>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let details: Vec<DetailRow> = audit_details::table
        .filter(audit_details::id.eq_any(ids))
        .select(DetailRow::as_select())
        .load(connection)?;
    let mut details: HashMap<i64, DetailRow> = details.into_iter().map(|row| (row.id, row)).collect();
    rows.into_iter()
        .map(|row| {
            let detail = details.remove(&row.id);
            record(row, detail)
        })
        .collect()
}

fn record(row: RecordRow<'_>, details: Option<DetailRow<'_>>) -> DbResult<LogRecord> {
    let item = LogItem::from(row);
    let Some(details) = details else {
        return Ok(LogRecord {
            item,
            request_headers: Vec::new(),
            request_body: None,
            response_headers: Vec::new(),
            response_body: None,
            attempts: Vec::new(),
            match_reason: None,
            replay: None,
        });
    };
    let text = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
    Ok(LogRecord {
        item,
        request_headers: serde_json::from_str(&details.request_headers)?,
        request_body: text(details.request_body),
        response_headers: serde_json::from_str(&details.response_headers)?,
        response_body: text(details.response_body),
        attempts: serde_json::from_str(&details.attempts)?,
        match_reason: text(details.match_reason),
        replay: details.replay.map(|json| serde_json::from_str(&json)).transpose()?,
    })
}

fn outcome(name: &str) -> Option<Outcome> {
    [
        Outcome::Ok,
        Outcome::UpstreamError,
        Outcome::ClientClosed,
        Outcome::Timeout,
        Outcome::Rejected,
        Outcome::Interrupted,
    ]
    .into_iter()
    .find(|outcome| outcome.as_str() == name)
}

impl From<RecordRow<'_>> for LogItem {
    fn from(row: RecordRow<'_>) -> Self {
        let text = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        Self {
            id: row.id.to_string(),
            request_id: row.request_id.into_owned(),
            source_path: text(row.source_path),
            key_id: text(row.key_id),
            key_preview: text(row.key_preview),
            route_id: text(row.route_id),
            route_name: text(row.route_name),
            method: row.method.into_owned(),
            path: row.path.into_owned(),
            target_url: text(row.target_url),
            status_code: row.status_code.and_then(|status| u16::try_from(status).ok()),
            outcome: row.outcome.as_deref().and_then(outcome),
            request_time: instant(row.request_time),
            first_response_time: row.first_response_time.map(instant),
            response_time: row.response_time.map(instant),
            created_at: instant(row.request_time),
            response_time_ms: row.duration_us.map(milliseconds),
            ttfb_ms: row.ttfb_us.map(milliseconds),
            gateway_ms: row.gateway_us.map(milliseconds),
            request_size: count(row.request_size),
            response_size: count(row.response_size),
            user_agent: text(row.user_agent),
            ip_address: row.ip_address.into_owned(),
            is_stream: row.is_stream,
            stream_chunks: count(row.stream_chunks),
            model: text(row.model),
            prompt_tokens: row.prompt_tokens.map(count),
            completion_tokens: row.completion_tokens.map(count),
            error_message: text(row.error_message),
        }
    }
}
