//! Reading the roll-ups: the summary, and the figures by hour and by day.
//!
//! A range is cut into whole days, whole hours at its ends, and minutes at the ends of those, so that a year costs
//! hundreds of rows and not half a million.

use super::schema::rollups;
use super::types::count;
use super::{DbConnection, DbResult, keys, routes};
use crate::audit_log::record::instant;
use crate::audit_log::rollup::histogram::Histogram;
use crate::audit_log::rollup::{DAY, HOUR, HOURS_KEPT_DAYS, MINUTE, MINUTES_KEPT_DAYS, OTHER, start_of};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use fastgate_shared::metrics::{BucketFigures, DailyBucket, HourlyBucket, MetricsSummary, TopEntry};
use fastgate_shared::problem::FieldError;
use fastgate_shared::time::{self, DayEdge};
use jiff::Timestamp;
use std::collections::HashMap;
use std::fmt::Write as _;

/// Entries of a "top" list.
const TOP: usize = 10;
/// Buckets that a series may have, for the doors to refuse more: hours of a year, days of ten years.
pub const MAX_HOURS: u32 = 8_760;
/// See [`MAX_HOURS`].
pub const MAX_DAYS: u32 = 3_660;

const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;
const DAY_US: i64 = 24 * HOUR_US;

/// Which time a summary is about, to the minute; an open end is not bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetricsRange {
    /// From this time on.
    pub start: Option<Timestamp>,
    /// Up to and including this time.
    pub end: Option<Timestamp>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = rollups)]
struct Row {
    start: i64,
    source_path: String,
    route_id: String,
    model: String,
    status_class: i32,
    route_name: String,
    requests: i64,
    errors: i64,
    duration_us: i64,
    ttfb_us: i64,
    bytes_in: i64,
    bytes_out: i64,
    durations: Vec<u8>,
    ttfbs: Vec<u8>,
}

#[derive(QueryableByName)]
struct PathSum {
    #[diesel(sql_type = Text)]
    path: String,
    #[diesel(sql_type = BigInt)]
    requests: i64,
    #[diesel(sql_type = BigInt)]
    errors: i64,
}

/// A part of a range that roll-ups of one length cover: length, first start, and the end that no start reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    length: i32,
    from: i64,
    to: i64,
}

#[derive(Default)]
struct Sums {
    requests: u64,
    errors: u64,
    duration_us: u64,
    ttfb_us: u64,
    bytes_in: u64,
    bytes_out: u64,
    durations: Histogram,
    ttfbs: Histogram,
}

#[derive(Default)]
struct Tops(HashMap<String, TopEntry>);

impl MetricsRange {
    /// Reads `start_time` and `end_time` of a query string; empty texts are open ends.
    ///
    /// # Errors
    /// Each that is no time, or an end before the start.
    pub fn parse(start_time: Option<&str>, end_time: Option<&str>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut read = |field: &str, text: Option<&str>, edge| {
            let text = text.map(str::trim).filter(|text| !text.is_empty())?;
            match time::parse(text, edge) {
                Ok(time) => Some(time),
                Err(message) => {
                    errors.push(FieldError::new(field, message));
                    None
                }
            }
        };
        let range = Self {
            start: read("start_time", start_time, DayEdge::Start),
            end: read("end_time", end_time, DayEdge::End),
        };
        if let (Some(start), Some(end)) = (range.start, range.end)
            && start > end
        {
            errors.push(FieldError::new("end_time", "is before start_time"));
        }
        if errors.is_empty() { Ok(range) } else { Err(errors) }
    }

    fn parts(self, now: Timestamp) -> Vec<Part> {
        self.cut(|at| kept_length(at, now))
    }

    /// At least in whole hours: what the paths are counted by.
    fn path_parts(self, now: Timestamp) -> Vec<Part> {
        self.cut(|at| kept_length(at, now).max(HOUR))
    }

    /// Widens the range to whole spans of the length that is kept for its ends.
    fn cut(self, length: impl Fn(i64) -> i32) -> Vec<Part> {
        let start = |at: Timestamp| start_of(length(at.as_microsecond()), at.as_microsecond());
        let end = |at: Timestamp| start(at) + i64::from(length(at.as_microsecond())) * 1_000_000;
        parts(self.start.map_or(i64::MIN, start), self.end.map_or(i64::MAX, end))
    }
}

/// The shortest spans that are still kept of a time.
fn kept_length(at: i64, now: Timestamp) -> i32 {
    let days = (now.as_microsecond() - at) / DAY_US;
    if days >= HOURS_KEPT_DAYS {
        DAY
    } else if days >= MINUTES_KEPT_DAYS {
        HOUR
    } else {
        MINUTE
    }
}

/// The figures of a range. What the database does not know (`in_flight`, `audit_records_lost`) is 0: the caller fills it.
///
/// # Errors
/// See [`super::DbError`].
pub fn summary(connection: &mut DbConnection, range: MetricsRange, now: Timestamp) -> DbResult<MetricsSummary> {
    let mut sums = Sums::default();
    let (mut sources, mut by_route, mut models) = (Tops::default(), Tops::default(), Tops::default());
    let mut summary = MetricsSummary::default();
    for part in range.parts(now) {
        for row in load(connection, part)? {
            sums.add(&row);
            sources.add(&row.source_path, &row.source_path, &row);
            by_route.add(&row.route_id, &row.route_name, &row);
            models.add(&row.model, &row.model, &row);
            let class = match row.status_class {
                0 => "none".to_owned(),
                class => format!("{class}xx"),
            };
            *summary.status_distribution.entry(class).or_default() += count(row.requests);
        }
    }
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
        top_paths: top_paths(connection, &range.path_parts(now))?,
        top_source_paths: sources.first(false),
        top_routes: by_route.first(true),
        top_models: models.first(false),
        ..summary
    })
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
    let mut sums: Vec<Sums> = (0..buckets).map(|_| Sums::default()).collect();
    let part = Part {
        length,
        from: first,
        to: last + step,
    };
    for row in load(connection, part)? {
        let bucket = usize::try_from((row.start - first) / step).unwrap_or(usize::MAX);
        if let Some(sums) = sums.get_mut(bucket) {
            sums.add(&row);
        }
    }
    let starts = (0..).map(|bucket| first + step * bucket);
    Ok(starts.zip(sums.iter().map(Sums::figures)).collect())
}

/// Requests of the last 60 minutes, and of the last minute: the current one, and of the one before the share that is
/// less than a minute ago.
fn recent(connection: &mut DbConnection, now: Timestamp) -> DbResult<(u64, f64)> {
    let now = now.as_microsecond();
    let minute = start_of(MINUTE, now);
    let rows: Vec<(i64, i64)> = rollups::table
        .filter(rollups::span.eq(MINUTE))
        .filter(rollups::start.gt(minute - HOUR_US).and(rollups::start.le(minute)))
        .select((rollups::start, rollups::requests))
        .load(connection)?;
    let from = |start: i64| rows.iter().filter(|row| row.0 == start).map(|row| row.1).sum::<i64>();
    let share_before = 1.0 - (now - minute) as f64 / MINUTE_US as f64;
    let last_minute = from(minute) as f64 + from(minute - MINUTE_US) as f64 * share_before;
    Ok((count(rows.iter().map(|row| row.1).sum()), rounded(last_minute, 10.0)))
}

fn load(connection: &mut DbConnection, part: Part) -> DbResult<Vec<Row>> {
    Ok(rollups::table
        .filter(rollups::span.eq(part.length))
        .filter(rollups::start.ge(part.from).and(rollups::start.lt(part.to)))
        .order(rollups::start)
        .select(Row::as_select())
        .load(connection)?)
}

fn top_paths(connection: &mut DbConnection, parts: &[Part]) -> DbResult<Vec<TopEntry>> {
    let mut sql = "SELECT path, CAST(SUM(requests) AS BIGINT) AS requests, CAST(SUM(errors) AS BIGINT) AS errors \
                   FROM path_rollups WHERE ("
        .to_owned();
    for (index, part) in parts.iter().enumerate() {
        let or = if index > 0 { " OR " } else { "" };
        // Numbers only: nothing of a client gets into the text.
        let (length, from, to) = (part.length, part.from, part.to);
        let _ = write!(sql, "{or}(span = {length} AND start >= {from} AND start < {to})");
    }
    let _ = write!(
        sql,
        ") AND path <> '{OTHER}' GROUP BY path ORDER BY 2 DESC, 1 LIMIT {TOP}"
    );
    let sums: Vec<PathSum> = diesel::sql_query(sql).load(connection)?;
    Ok(sums
        .into_iter()
        .map(|sum| TopEntry {
            name: sum.path,
            id: None,
            count: count(sum.requests),
            errors: count(sum.errors),
        })
        .collect())
}

/// Cuts [from, to) into the fewest spans.
fn parts(from: i64, to: i64) -> Vec<Part> {
    let down = |length: i32, at: i64| if at == i64::MAX { at } else { start_of(length, at) };
    let up = |length: i32, step: i64, at: i64| match at {
        i64::MIN => at,
        at if start_of(length, at) == at => at,
        at => start_of(length, at) + step,
    };
    let (first_hour, last_hour) = (up(HOUR, HOUR_US, from), down(HOUR, to));
    let (first_day, last_day) = (up(DAY, DAY_US, from), down(DAY, to));
    let mut parts = Vec::new();
    let mut add = |length, from, to| {
        if from < to {
            parts.push(Part { length, from, to });
        }
    };
    if first_hour >= last_hour {
        add(MINUTE, from, to);
    } else {
        add(MINUTE, from, first_hour);
        if first_day >= last_day {
            add(HOUR, first_hour, last_hour);
        } else {
            add(HOUR, first_hour, first_day);
            add(DAY, first_day, last_day);
            add(HOUR, last_day, last_hour);
        }
        add(MINUTE, last_hour, to);
    }
    parts
}

impl Sums {
    fn add(&mut self, row: &Row) {
        self.requests += count(row.requests);
        self.errors += count(row.errors);
        self.duration_us += count(row.duration_us);
        self.ttfb_us += count(row.ttfb_us);
        self.bytes_in += count(row.bytes_in);
        self.bytes_out += count(row.bytes_out);
        self.durations.merge_encoded(&row.durations);
        self.ttfbs.merge_encoded(&row.ttfbs);
    }

    fn figures(&self) -> BucketFigures {
        let success = if self.requests == 0 {
            100.0
        } else {
            (self.requests - self.errors.min(self.requests)) as f64 / self.requests as f64 * 100.0
        };
        BucketFigures {
            total_requests: self.requests,
            errors: self.errors,
            success_rate: rounded(success, 100.0),
            avg_response_time: mean_ms(self.duration_us, self.durations.total()),
            p95_response_time: self.quantile_ms(0.95),
            avg_ttfb: mean_ms(self.ttfb_us, self.ttfbs.total()),
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
        }
    }

    fn quantile_ms(&self, q: f64) -> f64 {
        rounded(self.durations.quantile(q) / 1000.0, 1000.0)
    }
}

impl Tops {
    /// The empty text is "none" and is not listed.
    fn add(&mut self, id: &str, name: &str, row: &Row) {
        if id.is_empty() || id == OTHER {
            return;
        }
        let entry = self.0.entry(id.to_owned()).or_insert_with(|| TopEntry {
            name: String::new(),
            id: Some(id.to_owned()),
            count: 0,
            errors: 0,
        });
        // Rows come in the order of time: the last name stays.
        if !name.is_empty() {
            name.clone_into(&mut entry.name);
        }
        entry.count += count(row.requests);
        entry.errors += count(row.errors);
    }

    fn first(self, with_id: bool) -> Vec<TopEntry> {
        let mut entries: Vec<TopEntry> = self.0.into_values().collect();
        entries.sort_unstable_by(|one, two| two.count.cmp(&one.count).then_with(|| one.name.cmp(&two.name)));
        entries.truncate(TOP);
        if !with_id {
            entries.iter_mut().for_each(|entry| entry.id = None);
        }
        entries
    }
}

fn mean_ms(sum_us: u64, total: u64) -> f64 {
    if total == 0 {
        return 0.0;
    }
    rounded(sum_us as f64 / total as f64 / 1000.0, 1000.0)
}

/// Rounded to one part in `parts`, so that the JSON has no long tails.
fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

#[cfg(test)]
mod tests;
