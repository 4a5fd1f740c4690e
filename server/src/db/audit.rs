//! Writing the audit log: records and roll-ups. Reading is in `logs` and `metrics`, deleting in `upkeep`.

mod insert;
mod rollup_rows;
mod rows;

use rollup_rows::{PathRow, RollupRow};
pub use rows::has_error;
pub(super) use rows::{DetailRow, RecordRow};

use super::schema::{audit_details, audit_records, path_rollups, rollups};
use super::{DbConnection, DbResult, settings};
use crate::audit_log::record::Record;
use crate::audit_log::rollup::{Changes, Sample};
use diesel::prelude::*;
use diesel::upsert::excluded;
use fastgate_shared::audit_log::Outcome;
use std::collections::HashMap;

/// PostgreSQL takes 65,535 values in a statement at most.
const MAX_BINDS: usize = 60_000;

/// What is said of requests that the end of the process cut off.
pub const INTERRUPTED: &str = "the gateway stopped before the request ended";

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
#[inline(never)] // Counted by itself: bench/instructions.mjs.
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

fn insert_records(connection: &mut DbConnection, rows: &[RecordRow<'_>]) -> DbResult<usize> {
    let mut stored = 0;
    match connection {
        // Prepared statements for a few rows are the fast way into SQLite, one statement for all into PostgreSQL.
        DbConnection::Sqlite(inner) => stored += insert::insert(inner, rows)?,
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

fn insert_details(connection: &mut DbConnection, rows: &[DetailRow<'_>]) -> DbResult<()> {
    match connection {
        DbConnection::Sqlite(inner) => drop(insert::insert(inner, rows)?),
        DbConnection::Postgres(inner) => {
            for rows in rows.chunks(MAX_BINDS / 8) {
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
        rows.extend(RollupRow::of(*key, span));
        paths.extend(PathRow::of(*key, span));
    }
    match connection {
        DbConnection::Sqlite(inner) => {
            insert::insert(inner, &rows)?;
            insert::insert(inner, &paths)?;
        }
        DbConnection::Postgres(inner) => {
            use rollups as r;
            for rows in rows.chunks(MAX_BINDS / 16) {
                diesel::insert_into(r::table)
                    .values(rows)
                    .on_conflict((r::span, r::dimension, r::start, r::segment, r::value))
                    .do_update()
                    .set((
                        r::name.eq(excluded(r::name)),
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

/// Which of these numbers are those of stored records, and whether with their end.
///
/// # Errors
/// See [`super::DbError`].
pub fn known(connection: &mut DbConnection, ids: &[i64]) -> DbResult<HashMap<i64, bool>> {
    let mut known = HashMap::new();
    for ids in ids.chunks(500) {
        let found: Vec<(i64, Option<String>)> = audit_records::table
            .filter(audit_records::id.eq_any(ids))
            .select((audit_records::id, audit_records::outcome))
            .load(connection)?;
        known.extend(found.into_iter().map(|(id, outcome)| (id, outcome.is_some())));
    }
    Ok(known)
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
    let rows: Vec<RecordRow<'_>> = audit_records::table
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
