//! Adding up rows of the roll-ups, and what the sums say.

use super::super::schema::rollups;
use super::super::types::count;
use super::super::{DbConnection, DbResult};
use super::range::Part;
use crate::audit_log::rollup::histogram::Merged;
use diesel::prelude::*;
use fastgate_shared::metrics::{BucketFigures, GroupFigures};

/// The columns that are added up.
#[derive(Queryable, Selectable)]
#[diesel(table_name = rollups)]
pub(super) struct Columns {
    pub(super) requests: i64,
    pub(super) errors: i64,
    duration_us: i64,
    ttfb_us: i64,
    bytes_in: i64,
    bytes_out: i64,
    prompt_tokens: i64,
    completion_tokens: i64,
    durations: Vec<u8>,
    ttfbs: Vec<u8>,
}

/// A row without what its figures are kept apart by.
#[derive(Queryable, Selectable)]
#[diesel(table_name = rollups)]
pub(super) struct PlainRow {
    pub(super) start: i64,
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

/// The rows of a part, oldest first, without their dimensions.
pub(super) fn load_plain(connection: &mut DbConnection, part: Part) -> DbResult<Vec<PlainRow>> {
    Ok(rollups::table
        .filter(rollups::span.eq(part.length))
        .filter(rollups::start.ge(part.from).and(rollups::start.lt(part.to)))
        .order(rollups::start)
        .select(PlainRow::as_select())
        .load(connection)?)
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
