//! Adding up rows of the roll-ups, and what the sums say.

use super::super::schema::rollups;
use super::super::types::count;
use super::super::{DbConnection, DbResult};
use super::range::Part;
use crate::audit_log::rollup::Dimension;
use crate::audit_log::rollup::histogram::Merged;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Text};
use fastgate_shared::metrics::{BucketFigures, GroupFigures};

/// The columns that are added up.
#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = rollups)]
pub(super) struct Columns {
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

/// All requests of a span, as one segment has them.
#[derive(Queryable, Selectable)]
#[diesel(table_name = rollups)]
pub(super) struct Row {
    pub(super) start: i64,
    #[diesel(embed)]
    pub(super) columns: Columns,
}

/// Requests of a span under one value of a dimension, as one segment has them.
#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = rollups)]
pub(super) struct ValueRow {
    pub(super) start: i64,
    pub(super) value: String,
    pub(super) name: String,
    #[diesel(embed)]
    pub(super) columns: Columns,
}

/// Sums of some rows.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) requests: u64,
    errors: u64,
    duration_us: u64,
    ttfb_us: u64,
    bytes_in: u64,
    bytes_out: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    durations: Merged,
    ttfbs: Merged,
}

/// All requests of a part, oldest first.
pub(super) fn load(connection: &mut DbConnection, part: Part) -> DbResult<Vec<Row>> {
    Ok(rollups::table
        .filter(rollups::span.eq(part.length))
        .filter(rollups::dimension.eq(Dimension::All.number()))
        .filter(rollups::start.ge(part.from).and(rollups::start.lt(part.to)))
        .order(rollups::start)
        .select(Row::as_select())
        .load(connection)?)
}

/// Those of a part that have one of these values of a dimension, oldest first. A span's row of all requests leads to each
/// of its values by the whole key, past all other values.
pub(super) fn load_of(
    connection: &mut DbConnection,
    part: Part,
    dimension: Dimension,
    values: &[&str],
) -> DbResult<Vec<ValueRow>> {
    match connection {
        DbConnection::Sqlite(inner) => {
            let all = diesel::alias!(rollups as of_all);
            let of_same_span = rollups::span
                .eq(all.field(rollups::span))
                .and(rollups::start.eq(all.field(rollups::start)))
                .and(rollups::segment.eq(all.field(rollups::segment)));
            let start = all.field(rollups::start);
            Ok(all
                .inner_join(rollups::table.on(of_same_span))
                .filter(all.field(rollups::span).eq(part.length))
                .filter(all.field(rollups::dimension).eq(Dimension::All.number()))
                .filter(start.ge(part.from).and(start.lt(part.to)))
                .filter(rollups::dimension.eq(dimension.number()))
                .filter(rollups::value.eq_any(values))
                .order(start)
                .select(ValueRow::as_select())
                .load(inner)?)
        }
        // With `= ANY` or a plain join it would look at all values of a span; `OFFSET 0` has it take the whole key.
        DbConnection::Postgres(inner) => Ok(diesel::sql_query(
            "SELECT r.* FROM rollups AS of_all CROSS JOIN UNNEST($1::text[]) AS of (value) CROSS JOIN LATERAL (
                 SELECT * FROM rollups WHERE span = of_all.span AND dimension = $2 AND start = of_all.start
                 AND segment = of_all.segment AND value = of.value OFFSET 0
             ) AS r
             WHERE of_all.span = $3 AND of_all.dimension = 0 AND of_all.start >= $4 AND of_all.start < $5
             ORDER BY r.start",
        )
        .bind::<Array<Text>, _>(values)
        .bind::<Integer, _>(dimension.number())
        .bind::<Integer, _>(part.length)
        .bind::<BigInt, _>(part.from)
        .bind::<BigInt, _>(part.to)
        .load(inner)?),
    }
}

impl Sums {
    pub(super) fn add(&mut self, row: &Columns) {
        self.requests += count(row.requests);
        self.errors += count(row.errors);
        self.duration_us += count(row.duration_us);
        self.ttfb_us += count(row.ttfb_us);
        self.bytes_in += count(row.bytes_in);
        self.bytes_out += count(row.bytes_out);
        self.prompt_tokens += count(row.prompt_tokens);
        self.completion_tokens += count(row.completion_tokens);
        self.durations.add(&row.durations);
        self.ttfbs.add(&row.ttfbs);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.duration_us += other.duration_us;
        self.ttfb_us += other.ttfb_us;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.prompt_tokens += other.prompt_tokens;
        self.completion_tokens += other.completion_tokens;
        self.durations.merge(&other.durations);
        self.ttfbs.merge(&other.ttfbs);
    }

    /// Takes away what was added before.
    pub(super) fn subtract(&mut self, other: &Self) {
        self.requests = self.requests.saturating_sub(other.requests);
        self.errors = self.errors.saturating_sub(other.errors);
        self.duration_us = self.duration_us.saturating_sub(other.duration_us);
        self.ttfb_us = self.ttfb_us.saturating_sub(other.ttfb_us);
        self.bytes_in = self.bytes_in.saturating_sub(other.bytes_in);
        self.bytes_out = self.bytes_out.saturating_sub(other.bytes_out);
        self.prompt_tokens = self.prompt_tokens.saturating_sub(other.prompt_tokens);
        self.completion_tokens = self.completion_tokens.saturating_sub(other.completion_tokens);
        self.durations.subtract(&other.durations);
        self.ttfbs.subtract(&other.ttfbs);
    }

    /// Back to nothing; the memory is kept for the next use.
    pub(super) fn clear(&mut self) {
        let (mut durations, mut ttfbs) = (std::mem::take(&mut self.durations), std::mem::take(&mut self.ttfbs));
        durations.clear();
        ttfbs.clear();
        *self = Self {
            durations,
            ttfbs,
            ..Self::default()
        };
    }

    pub(super) fn figures(&self) -> BucketFigures {
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

    pub(super) fn group_figures(&self) -> GroupFigures {
        GroupFigures {
            figures: self.figures(),
            p50_response_time: self.quantile_ms(0.50),
            p99_response_time: self.quantile_ms(0.99),
            p95_ttfb: rounded(self.ttfbs.quantile(0.95) / 1000.0, 1000.0),
            prompt_tokens: self.prompt_tokens,
            completion_tokens: self.completion_tokens,
        }
    }

    pub(super) fn quantile_ms(&self, q: f64) -> f64 {
        rounded(self.durations.quantile(q) / 1000.0, 1000.0)
    }
}

fn mean_ms(sum_us: u64, total: u64) -> f64 {
    if total == 0 {
        return 0.0;
    }
    rounded(sum_us as f64 / total as f64 / 1000.0, 1000.0)
}

/// Rounded to one part in `parts`, so that the JSON has no long tails.
pub(super) fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}
