//! Figures by the minute, hour and day: what the statistics are made of. Pure: the writer folds each batch into what it
//! holds in memory and stores the changed rows in the transaction of the batch, so that statistics equal records.
//!
//! Each open span of time is a *segment* of this writer; its rows are replaced as they grow. A span that was let go and
//! gets a late record is opened again as another segment. Readers add segments up, so nothing is ever read back here.

//!
//! Figures are kept by one [`Dimension`] at a time, so that their number grows with that of routes, keys and models, and
//! not with the product of these: a month of a thousand keys is thirty thousand rows by the day.

mod figures;
pub mod histogram;
mod sample;

pub use figures::{Dimension, Figures, PathFigures};
pub use sample::{Sample, origin_of};

use super::record::Record;
use sample::short;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// Lengths of the spans in seconds: minutes for detail, hours and days so that a year is quickly added up.
pub const SPANS: [i32; 3] = [MINUTE, HOUR, DAY];
/// Seconds.
pub const MINUTE: i32 = 60;
/// Seconds.
pub const HOUR: i32 = 3600;
/// Seconds.
pub const DAY: i32 = 86_400;

/// Figures by the minute are kept for this many days, then those by the hour serve.
pub const MINUTES_KEPT_DAYS: i64 = 32;
/// Figures by the hour are kept for this many days; those by the day are kept.
pub const HOURS_KEPT_DAYS: i64 = 400;

/// What stands for all values beyond a bound.
pub const OTHER: &str = "(other)";

/// Spans of each length that are kept in memory; an older one is let go.
const OPEN_SPANS: usize = 3;
/// Models, and source paths, of one span: clients choose them, and must not fill the database with them.
const MAX_VALUES: usize = 1_000;
/// From this many on, requests without a key add no further ones: these are chosen by strangers.
const MAX_KEYLESS_VALUES: usize = 100;
/// Distinct paths of one span.
const MAX_PATHS: usize = 500;
/// Distinct paths of one span that no route took; scanners send many.
const MAX_UNROUTED_PATHS: usize = 50;

/// Something for each [`Dimension`], in the order of their numbers.
type ByDimension<T> = [T; Dimension::ALL.len()];

/// Sums under one value of a dimension.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Name of the route, as last seen; empty in other dimensions.
    pub name: String,
    /// Sums.
    pub figures: Figures,
}

/// The rows of one span.
#[derive(Clone, Debug, Default)]
pub struct Span {
    /// Tells the rows of this writer from others' and from those of an earlier opening.
    pub segment: i64,
    /// Figures by path; minutes have none.
    pub paths: HashMap<String, PathFigures>,
    rows: ByDimension<HashMap<String, Row>>,
    unrouted_paths: usize,
}

/// Length and start (microseconds since the epoch) of a span.
pub type SpanKey = (i32, i64);

/// The open spans of a writer.
#[derive(Debug, Default)]
pub struct Rollups {
    spans: BTreeMap<SpanKey, Span>,
}

/// The rows that a batch changes, with their new values: to be stored, then [applied](Rollups::apply). Storing them
/// twice does no harm.
#[derive(Debug, Default)]
pub struct Changes {
    /// By span.
    pub spans: BTreeMap<SpanKey, Span>,
}

impl Rollups {
    /// Adds a batch to what is known, without changing it: a batch that cannot be stored now leaves no trace.
    /// `new_segment` gives a number that no other segment of any writer has.
    pub fn fold<'a>(
        &self,
        samples: impl IntoIterator<Item = Sample<'a>>,
        mut new_segment: impl FnMut() -> i64,
    ) -> Changes {
        let mut changes = Changes::default();
        for (minute, counted) in by_minute(samples) {
            for length in SPANS {
                let key = (length, start_of(length, minute));
                let known = self.spans.get(&key);
                let span = changes.spans.entry(key).or_insert_with(|| Span {
                    segment: known.map_or_else(&mut new_segment, |known| known.segment),
                    unrouted_paths: known.map_or(0, |known| known.unrouted_paths),
                    ..Span::default()
                });
                for (dimension, rows) in Dimension::ALL.into_iter().zip(&counted.rows) {
                    rows.iter()
                        .for_each(|(value, counted)| span.count(known, dimension, value, counted));
                }
                if length != MINUTE {
                    let paths = counted.paths.iter();
                    paths.for_each(|(path, counted)| span.count_path(known, path, *counted));
                }
            }
        }
        changes
    }

    /// Takes over what was stored, and lets old spans go.
    pub fn apply(&mut self, changes: Changes) {
        for (key, changed) in changes.spans {
            let span = self.spans.entry(key).or_default();
            span.segment = changed.segment;
            span.unrouted_paths = changed.unrouted_paths;
            span.paths.extend(changed.paths);
            for (rows, changed) in span.rows.iter_mut().zip(changed.rows) {
                rows.extend(changed);
            }
        }
        for length in SPANS {
            let open: Vec<SpanKey> = self.spans.keys().filter(|key| key.0 == length).copied().collect();
            for old in open.iter().rev().skip(OPEN_SPANS) {
                self.spans.remove(old);
            }
        }
    }
}

/// What a batch adds to a minute, and so to the hour and day that it is in.
#[derive(Default)]
struct Minute<'a> {
    rows: ByDimension<HashMap<Cow<'a, str>, Counted<'a>>>,
    paths: HashMap<Cow<'a, str>, CountedPath>,
}

#[derive(Default)]
struct Counted<'a> {
    name: Cow<'a, str>,
    figures: Figures,
    /// Whether at least one came with a key.
    has_key: bool,
}

#[derive(Clone, Copy, Default)]
struct CountedPath {
    figures: PathFigures,
    /// Whether a route took at least one.
    has_route: bool,
}

/// The samples added up once, for all lengths of spans.
fn by_minute<'a>(samples: impl IntoIterator<Item = Sample<'a>>) -> BTreeMap<i64, Minute<'a>> {
    let mut minutes: BTreeMap<i64, Minute<'a>> = BTreeMap::new();
    for Group { first, figures } in grouped(samples) {
        let minute = minutes.entry(start_of(MINUTE, first.at)).or_default();
        for (dimension, rows) in Dimension::ALL.into_iter().zip(&mut minute.rows) {
            let counted = rows.entry(first.value(dimension)).or_default();
            counted.figures.merge(&figures);
            counted.has_key |= first.key_id.is_some();
            if let (Dimension::Route, Some(name)) = (dimension, first.route_name) {
                counted.name = short(name);
            }
        }
        let path = minute.paths.entry(short(first.path)).or_default();
        path.has_route |= first.route_id.is_some();
        path.figures.merge(PathFigures {
            requests: figures.requests,
            errors: figures.errors,
        });
    }
    minutes
}

/// Samples of one minute that differ in nothing that figures are kept apart by.
struct Group<'a> {
    first: Sample<'a>,
    figures: Figures,
}

/// Samples by what they have in common, in the order in which each was first seen: most of a batch are alike, and are then
/// counted once in each span instead of one by one.
fn grouped<'a>(samples: impl IntoIterator<Item = Sample<'a>>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut places = HashMap::new();
    for sample in samples {
        let place = *places.entry(Alike::from(&sample)).or_insert_with(|| {
            groups.push(Group {
                first: sample,
                figures: Figures::default(),
            });
            groups.len() - 1
        });
        groups[place].figures.add(&sample);
    }
    groups
}

/// What the samples of a group have in common.
#[derive(PartialEq, Eq, Hash)]
struct Alike<'a> {
    minute: i64,
    path: &'a str,
    names: [Option<&'a str>; 5],
    status_class: Option<u16>,
}

impl<'a> From<&Sample<'a>> for Alike<'a> {
    fn from(sample: &Sample<'a>) -> Self {
        Self {
            minute: start_of(MINUTE, sample.at),
            path: sample.path,
            names: [
                sample.key_id,
                sample.source_path,
                sample.route_id,
                sample.model,
                sample.upstream,
            ],
            status_class: sample.status_code.map(|status| status / 100),
        }
    }
}

impl Span {
    /// What there is of each dimension: value and sums.
    pub fn rows(&self) -> impl Iterator<Item = (Dimension, &str, &Row)> {
        let dimensions = Dimension::ALL.into_iter().zip(&self.rows);
        dimensions.flat_map(|(dimension, rows)| rows.iter().map(move |(value, row)| (dimension, value.as_str(), row)))
    }

    fn count(&mut self, known: Option<&Self>, dimension: Dimension, value: &str, counted: &Counted<'_>) {
        let place = dimension as usize;
        let stored = known.map(|known| &known.rows[place]);
        let find = |value: &str| stored.and_then(|rows| rows.get(value));
        let rows = &mut self.rows[place];
        let mut value = value;
        if dimension.is_chosen_by_clients() && !rows.contains_key(value) && find(value).is_none() {
            let values = rows.len() + stored.map_or(0, HashMap::len);
            if values >= MAX_VALUES || (!counted.has_key && values >= MAX_KEYLESS_VALUES) {
                value = OTHER;
            }
        }
        if !rows.contains_key(value) {
            rows.insert(value.to_owned(), find(value).cloned().unwrap_or_default());
        }
        let Some(row) = rows.get_mut(value) else { return };
        row.figures.merge(&counted.figures);
        if !counted.name.is_empty() && row.name != counted.name {
            counted.name.as_ref().clone_into(&mut row.name);
        }
    }

    fn count_path(&mut self, known: Option<&Self>, path: &str, counted: CountedPath) {
        let stored = known.map(|known| &known.paths);
        let find = |path: &str| stored.and_then(|paths| paths.get(path));
        let mut path = path;
        if !self.paths.contains_key(path) && find(path).is_none() {
            let paths = self.paths.len() + stored.map_or(0, HashMap::len);
            if paths >= MAX_PATHS || (!counted.has_route && self.unrouted_paths >= MAX_UNROUTED_PATHS) {
                path = OTHER;
            } else if !counted.has_route {
                self.unrouted_paths += 1;
            }
        }
        if !self.paths.contains_key(path) {
            self.paths
                .insert(path.to_owned(), find(path).copied().unwrap_or_default());
        }
        if let Some(figures) = self.paths.get_mut(path) {
            figures.merge(counted.figures);
        }
    }
}

/// The start of the span of this length (seconds) that a time (microseconds) is in.
#[must_use]
pub const fn start_of(length: i32, microseconds: i64) -> i64 {
    let length = length as i64 * 1_000_000;
    microseconds.div_euclid(length) * length
}

#[cfg(test)]
mod tests;
