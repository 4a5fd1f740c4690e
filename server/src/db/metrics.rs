//! Reading the roll-ups: the summary, and the figures by hour and by day. Figures by group are in `grouped`, how a range
//! is cut in `range`, what rows add up to in `sums`, who had most in `ranks`.

pub mod grouped;
mod range;
mod ranks;
mod sums;

pub use range::MetricsRange;

use super::schema::rollups;
use super::types::count;
use super::{Db, DbConnection, DbResult, keys, routes};
use crate::audit_log::record::instant;
use crate::audit_log::rollup::{DAY, Dimension, HOUR, MINUTE, start_of};
use diesel::prelude::*;
use fastgate_shared::metrics::{BucketFigures, DailyBucket, HourlyBucket, MetricsSummary, TopEntry};
use jiff::Timestamp;
use range::{HOUR_US, MINUTE_US, Part};
use sums::{Sums, rounded};

/// Buckets that a series may have, for the doors to refuse more: hours of a year, days of ten years.
pub const MAX_HOURS: u32 = 8_760;
/// See [`MAX_HOURS`].
pub const MAX_DAYS: u32 = 3_660;

/// More than there are classes of a status.
const CLASSES: usize = 10;

/// The figures of a range. What the database does not know (`in_flight`, `audit_records_lost`) is 0: the caller fills it.
/// The lists of keys and routes are most of the work, and are read beside the rest.
///
/// # Errors
/// See [`super::DbError`].
pub async fn summary(db: &Db, range: MetricsRange, now: Timestamp) -> DbResult<MetricsSummary> {
    let (figures, keys, routes) = tokio::try_join!(
        db.read(move |connection| figures(connection, range, now)),
        db.read(move |connection| busiest(connection, Dimension::Key, range, now)),
        db.read(move |connection| busiest(connection, Dimension::Route, range, now)),
    )?;
    let ((top_keys, keys_used), (top_routes, routes_used)) = (keys, routes);
    Ok(MetricsSummary {
        top_keys,
        keys_used,
        top_routes,
        routes_used,
        ..figures
    })
}

/// The top list of a dimension, and how many values there are in all.
///
/// # Errors
/// See [`super::DbError`].
pub fn busiest(
    connection: &mut DbConnection,
    dimension: Dimension,
    range: MetricsRange,
    now: Timestamp,
) -> DbResult<(Vec<TopEntry>, u64)> {
    ranks::top_of_all(connection, dimension, &range.coarse_parts(now))
}

/// A [`summary`] without keys and routes.
///
/// # Errors
/// See [`super::DbError`].
pub fn figures(connection: &mut DbConnection, range: MetricsRange, now: Timestamp) -> DbResult<MetricsSummary> {
    let parts = range.parts(now);
    let mut sums = Sums::default();
    for part in &parts {
        let rows = sums::load(connection, *part)?;
        rows.iter().for_each(|row| sums.add(&row.columns));
    }
    let classes = ranks::busiest(connection, Dimension::Status, &parts, CLASSES)?;
    let coarse = range.coarse_parts(now);
    let mut top = |dimension| ranks::top(connection, dimension, &coarse);
    let (top_source_paths, top_models) = (top(Dimension::Source)?, top(Dimension::Model)?);
    let figures = sums.figures();
    let (last_hour_requests, requests_per_minute) = recent(connection, now)?;
    Ok(MetricsSummary {
        total_requests: figures.total_requests,
        total_errors: figures.errors,
        success_rate: figures.success_rate,
        avg_response_time: figures.avg_response_time,
        p50_response_time: sums.quantile_ms(0.50),
        p95_response_time: figures.p95_response_time,
        p99_response_time: sums.quantile_ms(0.99),
        avg_ttfb: figures.avg_ttfb,
        active_api_keys: keys::count_active(connection, now)?,
        active_routes: routes::count_active(connection)?,
        last_hour_requests,
        requests_per_minute,
        status_distribution: classes
            .into_iter()
            .map(|class| (class.value, count(class.requests)))
            .collect(),
        top_paths: ranks::paths(connection, &coarse)?,
        top_source_paths,
        top_models,
        ..MetricsSummary::default()
    })
}

/// How many requests a range has, to the minute or to what is kept of its ends. A look at hundreds of rows, however many
/// requests there are.
///
/// # Errors
/// See [`super::DbError`].
pub fn requests(connection: &mut DbConnection, range: MetricsRange, now: Timestamp) -> DbResult<u64> {
    let mut all = 0;
    for part in range.parts(now) {
        let rows: Vec<i64> = rollups::table
            .filter(rollups::span.eq(part.length))
            .filter(rollups::dimension.eq(Dimension::All.number()))
            .filter(rollups::start.ge(part.from).and(rollups::start.lt(part.to)))
            .select(rollups::requests)
            .load(connection)?;
        all += count(rows.iter().sum());
    }
    Ok(all)
}

/// The last `hours` hours, oldest first; the last one is the current one.
///
/// # Errors
/// See [`super::DbError`].
pub fn hourly(connection: &mut DbConnection, hours: u32, now: Timestamp) -> DbResult<Vec<HourlyBucket>> {
    let buckets = series(connection, HOUR, hours, now)?;
    Ok(buckets
        .into_iter()
        .map(|(start, figures)| HourlyBucket {
            hour: instant(start).to_string(),
            figures,
        })
        .collect())
}

/// The last `days` days in UTC, oldest first; the last one is today.
///
/// # Errors
/// See [`super::DbError`].
pub fn daily(connection: &mut DbConnection, days: u32, now: Timestamp) -> DbResult<Vec<DailyBucket>> {
    let buckets = series(connection, DAY, days, now)?;
    Ok(buckets
        .into_iter()
        .map(|(start, figures)| DailyBucket {
            day: instant(start).strftime("%Y-%m-%d").to_string(),
            figures,
        })
        .collect())
}

fn series(
    connection: &mut DbConnection,
    length: i32,
    buckets: u32,
    now: Timestamp,
) -> DbResult<Vec<(i64, BucketFigures)>> {
    let step = i64::from(length) * 1_000_000;
    let last = start_of(length, now.as_microsecond());
    let first = last - step * i64::from(buckets.max(1) - 1);
    let part = Part {
        length,
        from: first,
        to: last + step,
    };
    let rows = sums::load(connection, part)?;
    let empty = Sums::default().figures();
    let starts = (0..buckets).map(|bucket| first + step * i64::from(bucket));
    let mut figures: Vec<(i64, BucketFigures)> = starts.map(|start| (start, empty.clone())).collect();
    // Rows come in the order of time: one sum serves all buckets.
    let mut sums = Sums::default();
    for of_bucket in rows.chunk_by(|one, two| one.start == two.start) {
        sums.clear();
        of_bucket.iter().for_each(|row| sums.add(&row.columns));
        let bucket = usize::try_from((of_bucket[0].start - first) / step).unwrap_or(usize::MAX);
        if let Some((_, figures)) = figures.get_mut(bucket) {
            *figures = sums.figures();
        }
    }
    Ok(figures)
}

/// Requests of the last 60 minutes, and of the last minute: the current one, and of the one before the share that is
/// less than a minute ago.
fn recent(connection: &mut DbConnection, now: Timestamp) -> DbResult<(u64, f64)> {
    let now = now.as_microsecond();
    let minute = start_of(MINUTE, now);
    let rows: Vec<(i64, i64)> = rollups::table
        .filter(
            rollups::span
                .eq(MINUTE)
                .and(rollups::dimension.eq(Dimension::All.number())),
        )
        .filter(rollups::start.gt(minute - HOUR_US).and(rollups::start.le(minute)))
        .select((rollups::start, rollups::requests))
        .load(connection)?;
    let from = |start: i64| rows.iter().filter(|row| row.0 == start).map(|row| row.1).sum::<i64>();
    let share_before = 1.0 - (now - minute) as f64 / MINUTE_US as f64;
    let last_minute = from(minute) as f64 + from(minute - MINUTE_US) as f64 * share_before;
    Ok((count(rows.iter().map(|row| row.1).sum()), rounded(last_minute, 10.0)))
}
