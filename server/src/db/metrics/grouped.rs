//! Figures told apart by route, key, source, model, upstream or status, over the whole range and over time.
//!
//! Which groups are the busiest is counted in the longest spans that fit (a month is thirty rows a group), their figures come
//! from spans of the asked length; both cover the same time, because the range is widened to whole spans first. The rest
//! is what all requests have and no shown group has, so that nothing of it is read.

use super::super::{DbConnection, DbResult};
use super::range::{MetricsRange, Part, kept_length, parts};
use super::sums::Sums;
use super::{ranks, sums};
use crate::audit_log::record::instant;
use crate::audit_log::rollup::{Dimension, OTHER, start_of};
use fastgate_shared::metrics::{BucketSpan, GroupBy, GroupSeries, GroupedMetrics, MetricsGroup, UsedOverTime};
use fastgate_shared::problem::FieldError;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

/// Buckets of a series at most: a day by the minute, two months by the hour, four years by the day.
pub const MAX_BUCKETS: i64 = 1_500;
/// Groups that are told apart at most; the rest is added up.
pub const MAX_GROUPS: usize = 50;

/// How far back figures go unless said otherwise.
const DEFAULT_RANGE: SignedDuration = SignedDuration::from_hours(24);
/// What those are called that have no route, key, model or upstream.
const NONE: &str = "(none)";

/// What is asked for. [`Grouping::new`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grouping {
    by: Option<GroupBy>,
    span: BucketSpan,
    groups: usize,
    from: i64,
    to: i64,
}

/// A group while it is added up.
#[derive(Default)]
struct Group {
    sums: Sums,
    /// Of the bucket that is being added up.
    bucket: Sums,
    series: GroupSeries,
}

impl Grouping {
    /// By what, in which buckets (chosen by the range where not said), of how many groups, in which range (the last 24
    /// hours unless said).
    ///
    /// # Errors
    /// When there would be more than [`MAX_BUCKETS`], or the range begins before what is kept of such short spans.
    pub fn new(
        by: Option<GroupBy>,
        span: Option<BucketSpan>,
        groups: usize,
        range: MetricsRange,
        now: Timestamp,
    ) -> Result<Self, FieldError> {
        let end = range.end.unwrap_or(now);
        let start = range
            .start
            .unwrap_or_else(|| end.saturating_sub(DEFAULT_RANGE).unwrap_or(end));
        let span = span.unwrap_or_else(|| fitting(start, end, now));
        let from = start_of(span.seconds(), start.as_microsecond());
        let step = i64::from(span.seconds()) * 1_000_000;
        let to = start_of(span.seconds(), end.as_microsecond()) + step;
        if (to - from) / step > MAX_BUCKETS {
            return Err(FieldError::new(
                "span",
                format!(
                    "makes {} buckets of this range; allowed are {MAX_BUCKETS}",
                    (to - from) / step
                ),
            ));
        }
        if kept_length(from, now) > span.seconds() {
            return Err(FieldError::new(
                "span",
                format!(
                    "`{}` is not kept of a time so long ago; take a longer one",
                    span.as_str()
                ),
            ));
        }
        Ok(Self {
            by,
            span,
            groups,
            from,
            to,
        })
    }

    fn series_part(self) -> Part {
        Part {
            length: self.span.seconds(),
            from: self.from,
            to: self.to,
        }
    }

    fn step(self) -> i64 {
        i64::from(self.span.seconds()) * 1_000_000
    }

    /// Where the bucket that starts at this time stands.
    fn bucket(self, start: i64) -> usize {
        usize::try_from((start - self.from) / self.step()).unwrap_or(usize::MAX)
    }

    fn buckets(self) -> usize {
        self.bucket(self.to)
    }

    fn starts(self) -> Vec<Timestamp> {
        let starts = (0..).map(|bucket| instant(self.from + bucket * self.step()));
        starts.take(self.buckets()).collect()
    }
}

/// Minutes up to three hours, hours up to eight days, days beyond; longer ones where these are not kept.
fn fitting(start: Timestamp, end: Timestamp, now: Timestamp) -> BucketSpan {
    let kept = kept_length(start.as_microsecond(), now);
    let hours = end.duration_since(start).as_hours();
    let fits = |span: &BucketSpan| match span {
        BucketSpan::Minute => hours < 3,
        BucketSpan::Hour => hours < 8 * 24,
        BucketSpan::Day => true,
    };
    let mut spans = BucketSpan::ALL.into_iter().filter(|span| span.seconds() >= kept);
    spans.find(fits).unwrap_or(BucketSpan::Day)
}

/// The figures that were asked for.
///
/// # Errors
/// See [`super::super::DbError`].
pub fn grouped(connection: &mut DbConnection, grouping: Grouping) -> DbResult<GroupedMetrics> {
    let rows = sums::load(connection, grouping.series_part())?;
    let Some(by) = grouping.by else {
        let mut total = Group::default();
        let mut rows = rows.iter().peekable();
        for bucket in 0..grouping.buckets() {
            while let Some(row) = rows.next_if(|row| grouping.bucket(row.start) <= bucket) {
                total.bucket.add(&row.columns);
            }
            total.flush();
        }
        return Ok(answer(grouping, total, Vec::new(), None));
    };
    let dimension = dimension(by);
    let parts = parts(grouping.from, grouping.to);
    let ranks = ranks::busiest(connection, dimension, &parts, grouping.groups)?;
    let names = ranks::names(connection, dimension, &parts, &ranks)?;
    let values: Vec<&str> = ranks.iter().map(|rank| rank.value.as_str()).collect();
    let chosen = sums::load_of(connection, grouping.series_part(), dimension, &values)?;
    let (total, groups, rest) = added_up(grouping, &rows, &values, &chosen);
    let groups = values.iter().zip(groups).map(|(value, group)| MetricsGroup {
        name: match *value {
            "" => NONE.to_owned(),
            value => names.get(value).map_or(value, String::as_str).to_owned(),
        },
        id: Some((*value).to_owned()).filter(|id| !id.is_empty()),
        figures: group.sums.group_figures(),
        series: group.series,
    });
    let groups = groups.collect();
    let other = (rest.sums.requests > 0).then(|| MetricsGroup {
        id: None,
        name: OTHER.to_owned(),
        figures: rest.sums.group_figures(),
        series: rest.series,
    });
    Ok(answer(grouping, total, groups, other))
}

/// How many different keys and routes had requests, bucket by bucket.
///
/// # Errors
/// See [`super::super::DbError`].
pub fn used(connection: &mut DbConnection, grouping: Grouping) -> DbResult<UsedOverTime> {
    let mut over_time = |dimension: Dimension| -> DbResult<Vec<u64>> {
        let mut counts = vec![0; grouping.buckets()];
        for (start, values) in ranks::different(connection, dimension, grouping.series_part())? {
            if let Some(count) = counts.get_mut(grouping.bucket(start)) {
                *count = values;
            }
        }
        Ok(counts)
    };
    Ok(UsedOverTime {
        keys: over_time(Dimension::Key)?,
        routes: over_time(Dimension::Route)?,
        span: grouping.span,
        buckets: grouping.starts(),
    })
}

/// What the database tells apart by.
const fn dimension(by: GroupBy) -> Dimension {
    match by {
        GroupBy::Route => Dimension::Route,
        GroupBy::Key => Dimension::Key,
        GroupBy::Source => Dimension::Source,
        GroupBy::Model => Dimension::Model,
        GroupBy::Upstream => Dimension::Upstream,
        GroupBy::Status => Dimension::Status,
    }
}

/// All requests, those of each value, and the rest: what all have and no value has.
fn added_up(
    grouping: Grouping,
    rows: &[sums::Row],
    values: &[&str],
    chosen: &[sums::ValueRow],
) -> (Group, Vec<Group>, Group) {
    let places: HashMap<&str, usize> = values.iter().enumerate().map(|(at, value)| (*value, at)).collect();
    let mut groups: Vec<Group> = values.iter().map(|_| Group::default()).collect();
    let (mut total, mut rest) = (Group::default(), Group::default());
    let (mut rows, mut chosen) = (rows.iter().peekable(), chosen.iter().peekable());
    for bucket in 0..grouping.buckets() {
        while let Some(row) = rows.next_if(|row| grouping.bucket(row.start) <= bucket) {
            total.bucket.add(&row.columns);
        }
        rest.bucket.merge(&total.bucket);
        while let Some(row) = chosen.next_if(|row| grouping.bucket(row.start) <= bucket) {
            if let Some(group) = places.get(row.value.as_str()).and_then(|place| groups.get_mut(*place)) {
                group.bucket.add(&row.columns);
            }
        }
        for group in &mut groups {
            rest.bucket.subtract(&group.bucket);
            group.flush();
        }
        total.flush();
        rest.flush();
    }
    (total, groups, rest)
}

impl Group {
    /// Ends a bucket.
    fn flush(&mut self) {
        self.series.push(&self.bucket.group_figures());
        if self.bucket.requests > 0 {
            self.sums.merge(&self.bucket);
            self.bucket.clear();
        }
    }
}

fn answer(grouping: Grouping, total: Group, groups: Vec<MetricsGroup>, other: Option<MetricsGroup>) -> GroupedMetrics {
    GroupedMetrics {
        span: grouping.span,
        start_time: instant(grouping.from),
        end_time: instant(grouping.to),
        buckets: grouping.starts(),
        total: MetricsGroup {
            id: None,
            name: String::new(),
            figures: total.sums.group_figures(),
            series: total.series,
        },
        groups,
        other,
    }
}
