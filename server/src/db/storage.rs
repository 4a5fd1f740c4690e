//! What the audit log takes in the database, and the database's own name. What is deleted, and when, is in `upkeep`.

use super::metrics::{self, MetricsRange};
use super::schema::{audit_records, rollups};
use super::types::count;
use super::{DbConnection, DbResult, upkeep};
use crate::audit_log::record::instant;
use crate::audit_log::rollup::{Dimension, HOUR, start_of};
use diesel::prelude::*;
use diesel::sql_types::Text;
use jiff::Timestamp;

/// Records that are counted one by one.
const EXACT: u64 = 10_000;
/// Days whose mean is the present rate.
const RATE_DAYS: f64 = 7.0;
const DAY_US: f64 = 86_400_000_000.0;

/// What the log takes now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogSize {
    /// Records; see [`records`].
    pub records: u64,
    /// Bytes; see [`upkeep::used_bytes`].
    pub bytes: u64,
    /// The oldest record's time.
    pub oldest: Option<Timestamp>,
    /// Requests a day: of the last seven days, or of the days that there are; at least one hour is looked at.
    pub records_per_day: f64,
}

/// Measures the log.
///
/// # Errors
/// See [`super::DbError`].
pub fn log_size(connection: &mut DbConnection, now: Timestamp) -> DbResult<LogSize> {
    let oldest: Option<i64> = audit_records::table
        .select(audit_records::request_time)
        .order(audit_records::id)
        .first(connection)
        .optional()?;
    let now = now.as_microsecond();
    let days = oldest.map_or(0.0, |oldest| (now - oldest) as f64 / DAY_US);
    let days = days.clamp(1.0 / 24.0, RATE_DAYS);
    let from = start_of(HOUR, now - (days * DAY_US) as i64);
    let counts: Vec<i64> = rollups::table
        .filter(
            rollups::span
                .eq(HOUR)
                .and(rollups::dimension.eq(Dimension::All.number())),
        )
        .filter(rollups::start.ge(from))
        .select(rollups::requests)
        .load(connection)?;
    let records = match oldest {
        Some(oldest) => records(connection, instant(oldest), instant(now), EXACT)?,
        None => 0,
    };
    Ok(LogSize {
        records,
        bytes: upkeep::used_bytes(connection)?,
        oldest: oldest.map(instant),
        records_per_day: count(counts.iter().sum()) as f64 / days,
    })
}

/// How many records there are, the oldest of them from `oldest`: exact up to `exact`. More are not counted one by one, which
/// takes seconds where there are millions: retention takes the oldest first, so that those that are left are the requests
/// that the roll-ups know since then. That is true to the minute of the oldest; what is in flight is not among them.
///
/// # Errors
/// See [`super::DbError`].
pub fn records(connection: &mut DbConnection, oldest: Timestamp, now: Timestamp, exact: u64) -> DbResult<u64> {
    let range = MetricsRange {
        start: Some(oldest),
        end: None,
    };
    let since = metrics::requests(connection, range, now)?;
    if since > exact {
        return Ok(since);
    }
    let found = upkeep::count_up_to(connection, exact + 1)?;
    Ok(if found > exact { since.max(found) } else { found })
}

/// `SQLite 3.50.4` or `PostgreSQL 17.2`.
///
/// # Errors
/// See [`super::DbError`].
pub fn database_version(connection: &mut DbConnection) -> DbResult<String> {
    #[derive(QueryableByName)]
    struct Version {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let (name, sql) = match connection {
        DbConnection::Sqlite(_) => ("SQLite", "SELECT sqlite_version() AS version"),
        DbConnection::Postgres(_) => ("PostgreSQL", "SELECT current_setting('server_version') AS version"),
    };
    let found: Version = diesel::sql_query(sql).get_result(connection)?;
    // Distributions add their own name behind the number.
    let number = found.version.split_whitespace().next().unwrap_or_default();
    Ok(format!("{name} {number}"))
}
