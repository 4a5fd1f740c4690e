//! Writing the audit log: records, roll-ups, and what retention takes away. Reading is in `logs` and `metrics`.

use super::schema::{audit_details, audit_records, path_rollups, rollups};
use super::types::{clean, integer};
use super::{DbConnection, DbResult, settings};
use crate::audit_log::record::Record;
use crate::audit_log::rollup::{Changes, Sample, Span, SpanKey};
use diesel::prelude::*;
use diesel::upsert::excluded;
use fastgate_shared::audit_log::Outcome;
use http::HeaderMap;
use std::fmt::Write as _;

/// PostgreSQL takes 65,535 values in a statement at most.
const MAX_BINDS: usize = 60_000;

/// What is said of requests that the end of the process cut off.
pub const INTERRUPTED: &str = "the gateway stopped before the request ended";

/// A row of `audit_records`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_records, treat_none_as_default_value = false)]
pub(super) struct RecordRow {
    pub id: i64,
    pub writer: i64,
    pub request_id: String,
    pub source_path: Option<String>,
    pub key_id: Option<String>,
    pub key_preview: Option<String>,
    pub route_id: Option<String>,
    pub route_name: Option<String>,
    pub method: String,
    pub path: String,
    pub target_url: Option<String>,
    pub status_code: Option<i32>,
    pub outcome: Option<String>,
    pub request_time: i64,
    pub first_response_time: Option<i64>,
    pub response_time: Option<i64>,
    pub duration_us: Option<i64>,
    pub ttfb_us: Option<i64>,
    pub gateway_us: Option<i64>,
    pub request_size: i64,
    pub response_size: i64,
    pub user_agent: Option<String>,
    pub ip_address: String,
    pub is_stream: bool,
    pub stream_chunks: i64,
    pub model: Option<String>,
    pub prompt_tokens: Option<i64>,
    pub completion_tokens: Option<i64>,
    pub error_message: Option<String>,
    pub has_error: bool,
}

/// A row of `audit_details`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_details, treat_none_as_default_value = false)]
pub(super) struct DetailRow {
    pub id: i64,
    pub request_headers: String,
    pub request_body: Option<String>,
    pub response_headers: String,
    pub response_body: Option<String>,
    pub attempts: String,
    pub match_reason: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = rollups, treat_none_as_default_value = false)]
struct RollupRow<'a> {
    span: i32,
    start: i64,
    segment: i64,
    key_id: &'a str,
    source_path: &'a str,
    route_id: &'a str,
    model: &'a str,
    status_class: i32,
    route_name: &'a str,
    requests: i64,
    errors: i64,
    duration_us: i64,
    ttfb_us: i64,
    bytes_in: i64,
    bytes_out: i64,
    prompt_tokens: i64,
    completion_tokens: i64,
    durations: Vec<u8>,
    ttfbs: Vec<u8>,
}

#[derive(Insertable)]
#[diesel(table_name = path_rollups, treat_none_as_default_value = false)]
struct PathRow<'a> {
    span: i32,
    start: i64,
    segment: i64,
    path: &'a str,
    requests: i64,
    errors: i64,
}

/// Whether a record is shown as an error (contract: `has_error`).
#[must_use]
pub fn has_error(status_code: Option<u16>, error_message: Option<&str>) -> bool {
    status_code.is_some_and(|status| status >= 400) || error_message.is_some()
}

/// Stores a record once; one that is there is left as it is. Returns whether it was stored.
///
/// # Errors
/// See [`super::DbError`].
pub fn insert_started(connection: &mut DbConnection, writer: i64, record: &Record) -> DbResult<bool> {
    insert_details(connection, &[DetailRow::of(record)?])?;
    Ok(insert_records(connection, &[RecordRow::of(record, writer)])? > 0)
}

/// Stores the ends of requests; `shown` are the numbers of those whose start was stored before. Records that are there
/// already, after a commit whose answer was lost, are left as they are. Returns how many were stored.
///
/// # Errors
/// See [`super::DbError`].
pub fn insert_ended(connection: &mut DbConnection, writer: i64, records: &[&Record], shown: &[i64]) -> DbResult<usize> {
    for ids in shown.chunks(500) {
        diesel::delete(audit_records::table.filter(audit_records::id.eq_any(ids))).execute(connection)?;
        diesel::delete(audit_details::table.filter(audit_details::id.eq_any(ids))).execute(connection)?;
    }
    let rows: Vec<_> = records.iter().map(|record| RecordRow::of(record, writer)).collect();
    let details = records
        .iter()
        .map(|record| DetailRow::of(record))
        .collect::<DbResult<Vec<_>>>()?;
    insert_details(connection, &details)?;
    insert_records(connection, &rows)
}

fn insert_records(connection: &mut DbConnection, rows: &[RecordRow]) -> DbResult<usize> {
    let mut stored = 0;
    match connection {
        // One prepared statement for each row is the fast way into SQLite, one statement for all into PostgreSQL.
        DbConnection::Sqlite(inner) => {
            for row in rows {
                stored += diesel::insert_into(audit_records::table)
                    .values(row)
                    .on_conflict(audit_records::id)
                    .do_nothing()
                    .execute(inner)?;
            }
        }
        DbConnection::Postgres(inner) => {
            for rows in rows.chunks(MAX_BINDS / 30) {
                stored += diesel::insert_into(audit_records::table)
                    .values(rows)
                    .on_conflict(audit_records::id)
                    .do_nothing()
                    .execute(inner)?;
            }
        }
    }
    Ok(stored)
}

fn insert_details(connection: &mut DbConnection, rows: &[DetailRow]) -> DbResult<()> {
    match connection {
        DbConnection::Sqlite(inner) => {
            for row in rows {
                diesel::insert_into(audit_details::table)
                    .values(row)
                    .on_conflict(audit_details::id)
                    .do_nothing()
                    .execute(inner)?;
            }
        }
        DbConnection::Postgres(inner) => {
            for rows in rows.chunks(MAX_BINDS / 7) {
                diesel::insert_into(audit_details::table)
                    .values(rows)
                    .on_conflict(audit_details::id)
                    .do_nothing()
                    .execute(inner)?;
            }
        }
    }
    Ok(())
}

/// Replaces the changed rows of the roll-ups.
///
/// # Errors
/// See [`super::DbError`].
pub fn replace_rollups(connection: &mut DbConnection, changes: &Changes) -> DbResult<()> {
    let mut rows = Vec::new();
    let mut paths = Vec::new();
    for (key, span) in &changes.spans {
        rows.extend(rollup_rows(*key, span));
        paths.extend(path_rows(*key, span));
    }
    match connection {
        DbConnection::Sqlite(inner) => {
            for row in rows {
                diesel::replace_into(rollups::table).values(row).execute(inner)?;
            }
            for row in paths {
                diesel::replace_into(path_rollups::table).values(row).execute(inner)?;
            }
        }
        DbConnection::Postgres(inner) => {
            use rollups as r;
            for rows in rows.chunks(MAX_BINDS / 19) {
                diesel::insert_into(r::table)
                    .values(rows)
                    .on_conflict((
                        r::span,
                        r::start,
                        r::segment,
                        r::key_id,
                        r::source_path,
                        r::route_id,
                        r::model,
                        r::status_class,
                    ))
                    .do_update()
                    .set((
                        r::route_name.eq(excluded(r::route_name)),
                        r::requests.eq(excluded(r::requests)),
                        r::errors.eq(excluded(r::errors)),
                        r::duration_us.eq(excluded(r::duration_us)),
                        r::ttfb_us.eq(excluded(r::ttfb_us)),
                        r::bytes_in.eq(excluded(r::bytes_in)),
                        r::bytes_out.eq(excluded(r::bytes_out)),
                        r::prompt_tokens.eq(excluded(r::prompt_tokens)),
                        r::completion_tokens.eq(excluded(r::completion_tokens)),
                        r::durations.eq(excluded(r::durations)),
                        r::ttfbs.eq(excluded(r::ttfbs)),
                    ))
                    .execute(inner)?;
            }
            use path_rollups as p;
            for rows in paths.chunks(MAX_BINDS / 6) {
                diesel::insert_into(p::table)
                    .values(rows)
                    .on_conflict((p::span, p::start, p::segment, p::path))
                    .do_update()
                    .set((p::requests.eq(excluded(p::requests)), p::errors.eq(excluded(p::errors))))
                    .execute(inner)?;
            }
        }
    }
    Ok(())
}

fn rollup_rows((length, start): SpanKey, span: &Span) -> impl Iterator<Item = RollupRow<'_>> {
    span.rows.iter().map(move |(dimensions, figures)| RollupRow {
        span: length,
        start,
        segment: span.segment,
        key_id: &dimensions.key_id,
        source_path: &dimensions.source_path,
        route_id: &dimensions.route_id,
        model: &dimensions.model,
        status_class: i32::from(dimensions.status_class),
        route_name: &figures.route_name,
        requests: integer(figures.requests),
        errors: integer(figures.errors),
        duration_us: integer(figures.duration_us),
        ttfb_us: integer(figures.ttfb_us),
        bytes_in: integer(figures.bytes_in),
        bytes_out: integer(figures.bytes_out),
        prompt_tokens: integer(figures.prompt_tokens),
        completion_tokens: integer(figures.completion_tokens),
        durations: figures.durations.encode(),
        ttfbs: figures.ttfbs.encode(),
    })
}

fn path_rows((length, start): SpanKey, span: &Span) -> impl Iterator<Item = PathRow<'_>> {
    span.paths.iter().map(move |(path, figures)| PathRow {
        span: length,
        start,
        segment: span.segment,
        path,
        requests: integer(figures.requests),
        errors: integer(figures.errors),
    })
}

/// The highest number of a record, of all writers; 0 without any.
///
/// # Errors
/// See [`super::DbError`].
pub fn last_id(connection: &mut DbConnection) -> DbResult<i64> {
    let last: Option<i64> = audit_records::table
        .select(audit_records::id)
        .order(audit_records::id.desc())
        .first(connection)
        .optional()?;
    Ok(last.unwrap_or(0))
}

/// Marks up to `limit` records that other writers left without an end as interrupted, and adds them to the roll-ups
/// through `fold`. Returns how many there were. To be called in a transaction until it returns 0.
///
/// # Errors
/// See [`super::DbError`].
pub fn interrupt_unfinished(
    connection: &mut DbConnection,
    writer: i64,
    limit: i64,
    fold: impl FnOnce(Vec<Sample<'_>>) -> Changes,
) -> DbResult<usize> {
    let rows: Vec<RecordRow> = audit_records::table
        .filter(audit_records::outcome.is_null())
        .filter(audit_records::writer.ne(writer))
        .order(audit_records::id)
        .limit(limit)
        .select(RecordRow::as_select())
        .load(connection)?;
    if rows.is_empty() {
        return Ok(0);
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    diesel::update(audit_records::table.filter(audit_records::id.eq_any(ids)))
        .set((
            audit_records::outcome.eq(Outcome::Interrupted.as_str()),
            audit_records::error_message.eq(INTERRUPTED),
            audit_records::has_error.eq(true),
        ))
        .execute(connection)?;
    replace_rollups(connection, &fold(rows.iter().map(RecordRow::sample).collect()))?;
    Ok(rows.len())
}

/// The most that a number was ever ahead of its record's time, milliseconds; see `logs`.
///
/// # Errors
/// See [`super::DbError`].
pub fn clock_lead(connection: &mut DbConnection) -> DbResult<i64> {
    let stored = settings::get(connection, settings::AUDIT_CLOCK_LEAD_MS)?;
    Ok(stored.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Stores a larger lead; see [`clock_lead`].
///
/// # Errors
/// See [`super::DbError`].
pub fn raise_clock_lead(connection: &mut DbConnection, lead_ms: i64) -> DbResult<()> {
    let lead_ms = lead_ms.max(clock_lead(connection)?);
    settings::set(connection, settings::AUDIT_CLOCK_LEAD_MS, &lead_ms.to_string())
}

/// Deletes up to `limit` of the oldest records with numbers below `before`; returns how many.
///
/// # Errors
/// See [`super::DbError`].
pub fn delete_oldest(connection: &mut DbConnection, before: i64, limit: i64) -> DbResult<usize> {
    let ids: Vec<i64> = audit_records::table
        .filter(audit_records::id.lt(before))
        .order(audit_records::id)
        .limit(limit)
        .select(audit_records::id)
        .load(connection)?;
    let Some(last) = ids.last() else {
        return Ok(0);
    };
    diesel::delete(audit_details::table.filter(audit_details::id.le(*last))).execute(connection)?;
    Ok(diesel::delete(audit_records::table.filter(audit_records::id.le(*last))).execute(connection)?)
}

/// Deletes up to `limit` spans' worth of roll-ups of this length that began before `before`; returns how many rows.
///
/// # Errors
/// See [`super::DbError`].
pub fn delete_rollups(connection: &mut DbConnection, length: i32, before: i64, limit: i64) -> DbResult<usize> {
    let starts: Vec<i64> = rollups::table
        .filter(rollups::span.eq(length).and(rollups::start.lt(before)))
        .order(rollups::start)
        .select(rollups::start)
        .limit(limit)
        .load(connection)?;
    let Some(last) = starts.last() else {
        return Ok(0);
    };
    diesel::delete(path_rollups::table.filter(path_rollups::span.eq(length).and(path_rollups::start.le(last))))
        .execute(connection)?;
    Ok(
        diesel::delete(rollups::table.filter(rollups::span.eq(length).and(rollups::start.le(last))))
            .execute(connection)?,
    )
}

/// How many records there are.
///
/// # Errors
/// See [`super::DbError`].
pub fn count(connection: &mut DbConnection) -> DbResult<u64> {
    let total: i64 = audit_records::table.count().get_result(connection)?;
    Ok(super::types::count(total))
}

/// Bytes that the database takes, without what is free inside of it.
///
/// # Errors
/// See [`super::DbError`].
pub fn used_bytes(connection: &mut DbConnection) -> DbResult<u64> {
    #[derive(QueryableByName)]
    struct Bytes {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        bytes: i64,
    }
    let sql = match connection {
        DbConnection::Sqlite(_) => {
            "SELECT (page_count - freelist_count) * page_size AS bytes
             FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
        }
        // Rows that were deleted still take room until they are vacuumed; they do not count.
        DbConnection::Postgres(_) => {
            "SELECT COALESCE(SUM(pg_total_relation_size(relid)
                 * (n_live_tup + 1)::float8 / (n_live_tup + n_dead_tup + 1)), 0)::bigint AS bytes
             FROM pg_stat_user_tables
             WHERE schemaname = current_schema() AND relname IN ('audit_records', 'audit_details')"
        }
    };
    let found: Bytes = diesel::sql_query(sql).get_result(connection)?;
    Ok(u64::try_from(found.bytes).unwrap_or(0))
}

/// Gives up to `pages` free pages of an SQLite file back to the system; PostgreSQL does this by itself.
///
/// # Errors
/// See [`super::DbError`].
pub fn shrink(connection: &mut DbConnection, pages: u32) -> DbResult<()> {
    if let DbConnection::Sqlite(_) = connection {
        super::execute_batch(connection, &format!("PRAGMA incremental_vacuum({pages})"))?;
    }
    Ok(())
}

/// Lets the planner of SQLite know how values are spread; cheap, bounded. PostgreSQL does this by itself.
///
/// # Errors
/// See [`super::DbError`].
pub fn refresh_statistics(connection: &mut DbConnection) -> DbResult<()> {
    if let DbConnection::Sqlite(_) = connection {
        super::execute_batch(connection, "PRAGMA analysis_limit = 1000; PRAGMA optimize = 0x10002")?;
    }
    Ok(())
}

impl RecordRow {
    fn of(record: &Record, writer: i64) -> Self {
        let text = |text: Option<&str>| text.map(clean);
        Self {
            id: record.id,
            writer,
            request_id: clean(&record.request_id),
            source_path: text(record.source_path.as_deref()),
            key_id: text(record.key_id.as_deref()),
            key_preview: text(record.key_preview.as_deref()),
            route_id: text(record.route_id.as_deref()),
            route_name: text(record.route_name.as_deref()),
            method: clean(record.method.as_str()),
            path: clean(&record.path),
            target_url: text(record.target_url.as_deref()),
            status_code: record.status_code.map(i32::from),
            outcome: record.outcome.map(|outcome| outcome.as_str().to_owned()),
            request_time: record.request_time,
            first_response_time: record.first_response_time,
            response_time: record.response_time,
            duration_us: record.duration_us,
            ttfb_us: record.ttfb_us,
            gateway_us: record.gateway_us,
            request_size: integer(record.request_size),
            response_size: integer(record.response_size),
            user_agent: text(record.user_agent.as_deref()),
            ip_address: record.ip_address.to_string(),
            is_stream: record.is_stream,
            stream_chunks: integer(record.stream_chunks),
            model: text(record.model.as_deref()),
            prompt_tokens: record.prompt_tokens.map(integer),
            completion_tokens: record.completion_tokens.map(integer),
            error_message: text(record.error_message.as_deref()),
            has_error: has_error(record.status_code, record.error_message.as_deref()),
        }
    }

    fn sample(&self) -> Sample<'_> {
        Sample {
            at: self.response_time.unwrap_or(self.request_time),
            key_id: self.key_id.as_deref(),
            source_path: self.source_path.as_deref(),
            route_id: self.route_id.as_deref(),
            route_name: self.route_name.as_deref(),
            model: self.model.as_deref(),
            path: self.path.split('?').next().unwrap_or_default(),
            status_code: self.status_code.and_then(|status| u16::try_from(status).ok()),
            // It was interrupted.
            is_error: true,
            duration_us: self.duration_us,
            ttfb_us: self.ttfb_us,
            bytes_in: super::types::count(self.request_size),
            bytes_out: super::types::count(self.response_size),
            prompt_tokens: self.prompt_tokens.map_or(0, super::types::count),
            completion_tokens: self.completion_tokens.map_or(0, super::types::count),
        }
    }
}

impl DetailRow {
    fn of(record: &Record) -> DbResult<Self> {
        let text = |text: Option<&str>| text.map(clean);
        Ok(Self {
            id: record.id,
            request_headers: headers_as_json(&record.request_headers),
            request_body: text(record.request_body.as_deref()),
            response_headers: headers_as_json(&record.response_headers),
            response_body: text(record.response_body.as_deref()),
            attempts: clean(&serde_json::to_string(&record.attempts)?),
            match_reason: text(record.match_reason.as_deref()),
        })
    }
}

/// `[["name","value"],…]` in order. Bytes that are not UTF-8 become `\u{fffd}`.
fn headers_as_json(headers: &HeaderMap) -> String {
    let mut json = String::with_capacity(2 + headers.len() * 48);
    json.push('[');
    for (name, value) in headers {
        if json.len() > 1 {
            json.push(',');
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        // Writing to a String cannot fail, nor can a text fail to be JSON.
        let value = serde_json::to_string(&*value).unwrap_or_else(|_| "\"\"".to_owned());
        drop(write!(json, "[\"{name}\",{value}]"));
    }
    json.push(']');
    json
}
