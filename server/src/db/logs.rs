//! Reading the audit log: pages, single records, exports. Lists read the small columns only.
//!
//! Everything goes by the record's number. It holds the milliseconds of the request's start, so that a range of time is
//! a range of numbers, which every index can serve; only a clock that was set back makes numbers run ahead of times, and
//! the writer remembers by how much at most.

mod query;

pub use query::{DEFAULT_LIMIT, LogPage, LogQuery, MAX_LIMIT, Order};

use super::audit::{self, DetailRow, RecordRow};
use super::connection::MultiBackend;
use super::schema::{audit_details, audit_records};
use super::types::count;
use super::{Db, DbConnection, DbResult};
use crate::audit_log::record::{instant, milliseconds};
use diesel::dsl::{min, not};
use diesel::prelude::*;
use fastgate_shared::audit_log::{LogItem, LogRecord, Outcome};
use fastgate_shared::page::CursorPage;
use futures_util::{Stream, stream};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Up to here `total` is counted.
const COUNTED: i64 = 10_000;
/// Records that an export reads at a time.
const EXPORT_STEP: i64 = 500;
/// Milliseconds by which number and time may differ without a clock that was set back.
const TOLERANCE_MS: i64 = 2_000;

type Filtered<'a> = audit_records::BoxedQuery<'a, MultiBackend>;

/// One page of the log. `total` counts all that match, exactly up to 10,000.
///
/// # Errors
/// See [`super::DbError`].
pub fn page(connection: &mut DbConnection, query: &LogQuery, page: &LogPage) -> DbResult<CursorPage<LogItem>> {
    let search = Search::new(connection, query)?;
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX - 1);
    let mut rows = search.rows(connection, page.order, page.after, limit + 1)?;
    let more = rows.len() as u64 > page.limit;
    rows.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
    let next_cursor = rows.last().filter(|_| more).map(|last| page.cursor_after(last.id));
    let found = if !more && page.after.is_none() {
        // The first page holds everything: nothing is left to count.
        i64::try_from(rows.len()).unwrap_or(i64::MAX)
    } else {
        search.count(connection, COUNTED + 1)?
    };
    Ok(CursorPage {
        items: rows.into_iter().map(LogItem::from).collect(),
        next_cursor,
        total: count(found.min(COUNTED)),
        total_is_lower_bound: found > COUNTED,
    })
}

/// When the newest records that match began (microseconds since the Unix epoch), and their statuses; the newest first, up
/// to `limit`.
///
/// # Errors
/// See [`super::DbError`].
pub fn times(connection: &mut DbConnection, query: &LogQuery, limit: i64) -> DbResult<Vec<(i64, Option<i32>)>> {
    let search = Search::new(connection, query)?;
    let mut found: Vec<(i64, Option<i32>)> = Vec::new();
    for status in search.each_status() {
        let rows = search.filtered(status).order(audit_records::id.desc()).limit(limit);
        let columns = (audit_records::request_time, audit_records::status_code);
        found.extend(rows.select(columns).load::<(i64, Option<i32>)>(connection)?);
    }
    found.sort_unstable_by_key(|(time, _)| std::cmp::Reverse(*time));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
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
            let (chunk, last) = db
                .read(move |connection| chunk(connection, &query, order, after, details))
                .await?;
            Ok(last.map(|last| {
                // A chunk that is not full is the last one.
                let full = chunk.len() as i64 == EXPORT_STEP;
                (chunk, full.then_some(Some(last)))
            }))
        }
    })
}

fn chunk(
    connection: &mut DbConnection,
    query: &LogQuery,
    order: Order,
    after: Option<i64>,
    details: bool,
) -> DbResult<(Vec<LogRecord>, Option<i64>)> {
    let rows = Search::new(connection, query)?.rows(connection, order, after, EXPORT_STEP)?;
    let last = rows.last().map(|row| row.id);
    let records = if details {
        with_details(connection, rows)?
    } else {
        rows.into_iter().map(|row| record(row, None)).collect::<DbResult<_>>()?
    };
    Ok((records, last))
}

/// A query as the database gets it.
struct Search<'a> {
    query: &'a LogQuery,
    /// First and last number that the range of time allows.
    ids: (Option<i64>, Option<i64>),
    /// The statuses to look for one by one; `None` filters on the range as it is.
    statuses: Option<Vec<i32>>,
}

impl<'a> Search<'a> {
    fn new(connection: &mut DbConnection, query: &'a LogQuery) -> DbResult<Self> {
        let last = match query.end {
            Some(end) => Some(end.div_euclid(1000) + audit::clock_lead(connection)? + TOLERANCE_MS),
            None => None,
        };
        let first = query.start.map(|start| start.div_euclid(1000) - TOLERANCE_MS);
        let id = |ms: i64| ms.clamp(0, i64::MAX >> 20) << 20;
        let statuses = match query.status {
            Some((first, last)) if first < last && !query.has_selective_filter() => {
                Some(statuses(connection, first, last)?)
            }
            _ => None,
        };
        Ok(Self {
            query,
            ids: (first.map(id), last.map(|ms| id(ms) | 0xf_ffff)),
            statuses,
        })
    }

    /// Up to `limit` rows that follow `after`.
    fn rows(
        &self,
        connection: &mut DbConnection,
        order: Order,
        after: Option<i64>,
        limit: i64,
    ) -> DbResult<Vec<RecordRow<'static>>> {
        let mut found: Vec<RecordRow> = Vec::new();
        for status in self.each_status() {
            let mut query = self.filtered(status);
            query = match (order, after) {
                (Order::Desc, Some(after)) => query.filter(audit_records::id.lt(after)),
                (Order::Asc, Some(after)) => query.filter(audit_records::id.gt(after)),
                (_, None) => query,
            };
            query = match order {
                Order::Desc => query.order(audit_records::id.desc()),
                Order::Asc => query.order(audit_records::id.asc()),
            };
            found.extend(query.limit(limit).select(RecordRow::as_select()).load(connection)?);
        }
        if self.statuses.is_some() {
            match order {
                Order::Desc => found.sort_unstable_by_key(|row| std::cmp::Reverse(row.id)),
                Order::Asc => found.sort_unstable_by_key(|row| row.id),
            }
            found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        Ok(found)
    }

    /// How many match, counted up to `limit`.
    fn count(&self, connection: &mut DbConnection, limit: i64) -> DbResult<i64> {
        let mut found = 0;
        for status in self.each_status() {
            let ids: Vec<i64> = self
                .filtered(status)
                .order(audit_records::id.desc())
                .limit(limit - found)
                .select(audit_records::id)
                .load(connection)?;
            found += i64::try_from(ids.len()).unwrap_or(i64::MAX);
            if found >= limit {
                break;
            }
        }
        Ok(found)
    }

    fn each_status(&self) -> Vec<Option<i32>> {
        match &self.statuses {
            Some(statuses) => statuses.iter().copied().map(Some).collect(),
            None => vec![None],
        }
    }

    fn filtered(&self, status: Option<i32>) -> Filtered<'a> {
        use audit_records as r;
        let query = self.query;
        let mut rows = r::table.into_boxed::<MultiBackend>();
        if let Some(first) = self.ids.0 {
            rows = rows.filter(r::id.ge(first));
        }
        if let Some(last) = self.ids.1 {
            rows = rows.filter(r::id.le(last));
        }
        if let Some(start) = query.start {
            rows = rows.filter(r::request_time.ge(start));
        }
        if let Some(end) = query.end {
            rows = rows.filter(r::request_time.le(end));
        }
        match (status, query.status) {
            (Some(status), _) => rows = rows.filter(r::status_code.eq(status)),
            // SQLite would take an equal status before an equal key, although most records have the same status: where
            // there is a better way, the status is given as a range.
            (None, Some((first, last))) if first == last && !query.has_selective_filter() => {
                rows = rows.filter(r::status_code.eq(i32::from(first)));
            }
            (None, Some((first, last))) => {
                rows = rows.filter(r::status_code.between(i32::from(first), i32::from(last)));
            }
            (None, None) => {}
        }
        if let Some(path) = &query.path {
            let mut patterns = path.like().into_iter();
            rows = match (patterns.next(), patterns.next()) {
                (Some(one), Some(two)) => {
                    rows.filter(r::path.like(one).escape('\\').or(r::path.like(two).escape('\\')))
                }
                (Some(one), None) => rows.filter(r::path.like(one).escape('\\')),
                _ => rows,
            };
        }
        if let Some(least) = query.min_us {
            rows = rows.filter(r::duration_us.ge(least));
        }
        // Said without a bound value, so that the databases see that the partial indices fit.
        rows = match query.has_error {
            Some(true) => rows.filter(r::has_error),
            Some(false) => rows.filter(not(r::has_error)),
            None => rows,
        };
        rows = match query.is_stream {
            // Errors are fewer than streams.
            Some(true) if query.has_error == Some(true) => rows.filter(r::is_stream.eq(true)),
            Some(true) => rows.filter(r::is_stream),
            Some(false) => rows.filter(not(r::is_stream)),
            None => rows,
        };
        self.named(rows)
    }

    /// The conditions that are an equal text.
    fn named(&self, mut rows: Filtered<'a>) -> Filtered<'a> {
        use audit_records as r;
        let query = self.query;
        if let Some(method) = &query.method {
            rows = rows.filter(r::method.eq(method));
        }
        if let Some(route_id) = &query.route_id {
            rows = rows.filter(r::route_id.eq(route_id));
        }
        if let Some(key_id) = &query.key_id {
            rows = rows.filter(r::key_id.eq(key_id));
        }
        if let Some(source_path) = &query.source_path {
            rows = rows.filter(r::source_path.eq(source_path));
        }
        if let Some(model) = &query.model {
            rows = rows.filter(r::model.eq(model));
        }
        if let Some(request_id) = &query.request_id {
            rows = rows.filter(r::request_id.eq(request_id));
        }
        if let Some(ip_address) = &query.ip_address {
            rows = rows.filter(r::ip_address.eq(ip_address));
        }
        rows
    }
}

impl LogQuery {
    /// Whether an index other than that of the status leads to few records in order.
    fn has_selective_filter(&self) -> bool {
        [
            &self.route_id,
            &self.key_id,
            &self.source_path,
            &self.model,
            &self.request_id,
            &self.ip_address,
        ]
        .iter()
        .any(|filter| filter.is_some())
    }
}

/// The statuses that occur in a range, by hopping over the index from one to the next. A range itself cannot be read
/// from the index in the order of the numbers; each status can.
fn statuses(connection: &mut DbConnection, first: u16, last: u16) -> DbResult<Vec<i32>> {
    let (mut from, last) = (i32::from(first), i32::from(last));
    let mut statuses = Vec::new();
    while let Some(status) = audit_records::table
        .filter(audit_records::status_code.between(from, last))
        .select(min(audit_records::status_code))
        .first::<Option<i32>>(connection)?
    {
        statuses.push(status);
        from = status + 1;
    }
    Ok(statuses)
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
