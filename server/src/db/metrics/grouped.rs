//! Figures told apart by route, key, source, model, upstream or status, over the whole range and over time.
//!
//! Totals come from the longest spans that fit (a month is thirty rows a group), the series from spans of the asked
//! length; both cover the same time, because the range is widened to whole spans first.

use super::super::schema::rollups;
use super::super::{DbConnection, DbResult, keys};
use super::range::{MetricsRange, Part, kept_length, parts};
use super::sums::{Columns, PlainRow, Sums, load_plain};
use super::tops::key_label;
use crate::audit_log::record::instant;
use crate::audit_log::rollup::{OTHER, start_of};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use fastgate_shared::metrics::{BucketSpan, GroupBy, GroupFigures, GroupSeries, GroupedMetrics, MetricsGroup};
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

#[derive(Queryable)]
struct Row {
    start: i64,
    id: String,
    route_name: String,
    columns: Columns,
}

/// A group while it is added up.
#[derive(Default)]
struct Group {
    name: String,
    sums: Sums,
}

/// Series that grow bucket by bucket: [`Growing::flush`] writes the sums of a bucket down.
struct Growing {
    sums: Vec<Sums>,
    series: Vec<GroupSeries>,
    used: Vec<bool>,
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
    let mut total = Sums::default();
    let Some(by) = grouping.by else {
        let series = plain_series(connection, grouping, &mut total)?;
        return Ok(answer(grouping, (&total, series), Vec::new(), None));
    };
    let (mut chosen, rest) = totals(connection, grouping, by, &mut total)?;
    if by == GroupBy::Key {
        let ids: Vec<&str> = chosen.iter().map(|(id, _)| id.as_str()).collect();
        let labels = keys::labels(connection, &ids)?;
        for (id, group) in &mut chosen {
            group.name = key_label(&labels, id);
        }
    }
    let (total_series, mut series) = grouped_series(connection, grouping, by, &chosen)?;
    let rest_series = series.pop();
    let groups = chosen
        .into_iter()
        .zip(series)
        .map(|((id, group), series)| MetricsGroup {
            name: match (id.as_str(), group.name.as_str()) {
                ("", _) => NONE.to_owned(),
                (id, "") => id.to_owned(),
                (_, name) => name.to_owned(),
            },
            id: Some(id).filter(|id| !id.is_empty()),
            figures: group.sums.group_figures(),
            series,
        });
    let groups = groups.collect();
    let other = (rest.requests > 0).then(|| MetricsGroup {
        id: None,
        name: OTHER.to_owned(),
        figures: rest.group_figures(),
        series: rest_series.unwrap_or_default(),
    });
    Ok(answer(grouping, (&total, total_series), groups, other))
}

fn answer(
    grouping: Grouping,
    (total, series): (&Sums, GroupSeries),
    groups: Vec<MetricsGroup>,
    other: Option<MetricsGroup>,
) -> GroupedMetrics {
    let starts = (0..).map(|bucket| instant(grouping.from + bucket * grouping.step()));
    GroupedMetrics {
        span: grouping.span,
        start_time: instant(grouping.from),
        end_time: instant(grouping.to),
        buckets: starts.take(grouping.buckets()).collect(),
        total: MetricsGroup {
            id: None,
            name: String::new(),
            figures: total.group_figures(),
            series,
        },
        groups,
        other,
    }
}

/// The busiest groups with their sums, the busiest first, and the sums of the rest.
fn totals(
    connection: &mut DbConnection,
    grouping: Grouping,
    by: GroupBy,
    total: &mut Sums,
) -> DbResult<(Vec<(String, Group)>, Sums)> {
    let mut groups: HashMap<String, Group> = HashMap::new();
    for part in parts(grouping.from, grouping.to) {
        for row in load(connection, part, by)? {
            if !groups.contains_key(&row.id) {
                groups.insert(row.id.clone(), Group::default());
            }
            let Some(group) = groups.get_mut(&row.id) else { continue };
            group.sums.add(&row.columns);
            // Rows come in the order of time: the last name stays.
            if by == GroupBy::Route && !row.route_name.is_empty() && group.name != row.route_name {
                group.name = row.route_name;
            }
        }
    }
    groups.values().for_each(|group| total.merge(&group.sums));
    let mut rest = groups.remove(OTHER).map(|group| group.sums).unwrap_or_default();
    let mut groups: Vec<(String, Group)> = groups.into_iter().collect();
    groups.sort_unstable_by(|one, two| {
        two.1
            .sums
            .requests
            .cmp(&one.1.sums.requests)
            .then_with(|| one.0.cmp(&two.0))
    });
    for (_, group) in groups.drain(grouping.groups.min(groups.len())..) {
        rest.merge(&group.sums);
    }
    Ok((groups, rest))
}

/// The series of all requests, and of each chosen group with that of the rest last.
fn grouped_series(
    connection: &mut DbConnection,
    grouping: Grouping,
    by: GroupBy,
    chosen: &[(String, Group)],
) -> DbResult<(GroupSeries, Vec<GroupSeries>)> {
    let places: HashMap<&str, usize> = chosen
        .iter()
        .enumerate()
        .map(|(at, (id, _))| (id.as_str(), at))
        .collect();
    let rest = chosen.len();
    let mut growing = Growing::new(chosen.len() + 2);
    let rows = load(connection, grouping.series_part(), by)?;
    let mut rows = rows.iter().peekable();
    for bucket in 0..grouping.buckets() {
        while let Some(row) = rows.next_if(|row| grouping.bucket(row.start) <= bucket) {
            growing.add(places.get(row.id.as_str()).copied().unwrap_or(rest), &row.columns);
        }
        growing.add_up();
        growing.flush();
    }
    let mut series = growing.series;
    let total = series.pop().unwrap_or_default();
    Ok((total, series))
}

/// The series of all requests, added up into `total` as well.
fn plain_series(connection: &mut DbConnection, grouping: Grouping, total: &mut Sums) -> DbResult<GroupSeries> {
    let rows: Vec<PlainRow> = load_plain(connection, grouping.series_part())?;
    let mut growing = Growing::new(1);
    let mut rows = rows.iter().peekable();
    for bucket in 0..grouping.buckets() {
        while let Some(row) = rows.next_if(|row| grouping.bucket(row.start) <= bucket) {
            total.add(&row.columns);
            growing.add(0, &row.columns);
        }
        growing.flush();
    }
    Ok(growing.series.pop().unwrap_or_default())
}

fn load(connection: &mut DbConnection, part: Part, by: GroupBy) -> DbResult<Vec<Row>> {
    let class = "CASE status_class WHEN 0 THEN 'none' ELSE CAST(status_class AS TEXT) || 'xx' END";
    let id = sql::<Text>(match by {
        GroupBy::Route => "route_id",
        GroupBy::Key => "key_id",
        GroupBy::Source => "source_path",
        GroupBy::Model => "model",
        GroupBy::Upstream => "upstream",
        GroupBy::Status => class,
    });
    Ok(rollups::table
        .filter(rollups::span.eq(part.length))
        .filter(rollups::start.ge(part.from).and(rollups::start.lt(part.to)))
        .order(rollups::start)
        .select((rollups::start, id, rollups::route_name, Columns::as_select()))
        .load(connection)?)
}

/// `2xx`; `none` for the class of those without an answer.
pub(super) fn class_name(class: i32) -> String {
    match class {
        0 => "none".to_owned(),
        class => format!("{class}xx"),
    }
}

impl Growing {
    fn new(series: usize) -> Self {
        Self {
            sums: (0..series).map(|_| Sums::default()).collect(),
            series: vec![GroupSeries::default(); series],
            used: vec![false; series],
        }
    }

    fn add(&mut self, at: usize, columns: &Columns) {
        self.sums[at].add(columns);
        self.used[at] = true;
    }

    /// Makes the last series the sum of the others: cheaper than adding each row twice.
    fn add_up(&mut self) {
        let Some((total, groups)) = self.sums.split_last_mut() else {
            return;
        };
        let Some((total_used, groups_used)) = self.used.split_last_mut() else {
            return;
        };
        for (group, _) in groups.iter().zip(groups_used).filter(|(_, used)| **used) {
            total.merge(group);
            *total_used = true;
        }
    }

    fn flush(&mut self) {
        let empty = GroupFigures {
            figures: Sums::default().figures(),
            ..GroupFigures::default()
        };
        for ((sums, series), used) in self.sums.iter_mut().zip(&mut self.series).zip(&mut self.used) {
            if std::mem::take(used) {
                series.push(&sums.group_figures());
                sums.clear();
            } else {
                series.push(&empty);
            }
        }
    }
}
