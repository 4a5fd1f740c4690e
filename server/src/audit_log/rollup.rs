//! Figures by the minute, hour and day: what the statistics are made of. Pure: the writer folds each batch into what it
//! holds in memory and stores the changed rows in the transaction of the batch, so that statistics equal records.
//!
//! Each open span of time is a *segment* of this writer; its rows are replaced as they grow. A span that was let go and
//! gets a late record is opened again as another segment. Readers add segments up, so nothing is ever read back here.

pub mod histogram;

use super::record::Record;
use histogram::Histogram;
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
/// Rows of one span: clients choose models and source paths, and must not fill the database with them.
const MAX_ROWS: usize = 1_000;
/// From this many rows on, requests without a key are no longer told apart by what strangers can choose.
const MAX_KEYLESS_ROWS: usize = 100;
/// Distinct paths of one span.
const MAX_PATHS: usize = 500;
/// Distinct paths of one span that no route took; scanners send many.
const MAX_UNROUTED_PATHS: usize = 50;
const MAX_NAME_CHARS: usize = 200;

/// What the figures need to know of a request that ended.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// When it ended, microseconds since the epoch.
    pub at: i64,
    /// UUID of the key.
    pub key_id: Option<&'a str>,
    /// Source path.
    pub source_path: Option<&'a str>,
    /// UUID of the route.
    pub route_id: Option<&'a str>,
    /// Its name.
    pub route_name: Option<&'a str>,
    /// Model.
    pub model: Option<&'a str>,
    /// Who was asked: protocol, host and port of the last attempt; `None` where nobody was.
    pub upstream: Option<&'a str>,
    /// Path without query.
    pub path: &'a str,
    /// Status; `None` without an answer.
    pub status_code: Option<u16>,
    /// See [`Record::is_error`].
    pub is_error: bool,
    /// Microseconds to the end.
    pub duration_us: Option<i64>,
    /// Microseconds to the response's head.
    pub ttfb_us: Option<i64>,
    /// Body bytes from the client.
    pub bytes_in: u64,
    /// Body bytes to the client.
    pub bytes_out: u64,
    /// Usage.
    pub prompt_tokens: u64,
    /// Usage.
    pub completion_tokens: u64,
}

/// What figures are kept apart by; the empty text is "none".
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dimensions {
    /// UUID of the key.
    pub key_id: String,
    /// Source path.
    pub source_path: String,
    /// UUID of the route.
    pub route_id: String,
    /// Model.
    pub model: String,
    /// Protocol, host and port of the upstream.
    pub upstream: String,
    /// First digit of the status; 0 without an answer.
    pub status_class: u8,
}

/// Sums of some requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Name of the route, as last seen.
    pub route_name: String,
    /// Requests.
    pub requests: u64,
    /// Of these with an error; see [`Record::is_error`].
    pub errors: u64,
    /// Sum of the durations, microseconds.
    pub duration_us: u64,
    /// Sum of the times to the first byte, microseconds.
    pub ttfb_us: u64,
    /// Body bytes from clients.
    pub bytes_in: u64,
    /// Body bytes to clients.
    pub bytes_out: u64,
    /// Usage.
    pub prompt_tokens: u64,
    /// Usage.
    pub completion_tokens: u64,
    /// Of those with a duration.
    pub durations: Histogram,
    /// Of those with an answer.
    pub ttfbs: Histogram,
}

/// Sums of one path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathFigures {
    /// Requests.
    pub requests: u64,
    /// Of these with an error.
    pub errors: u64,
}

/// The rows of one span.
#[derive(Clone, Debug, Default)]
pub struct Span {
    /// Tells the rows of this writer from others' and from those of an earlier opening.
    pub segment: i64,
    /// Figures.
    pub rows: HashMap<Dimensions, Figures>,
    /// Figures by path; minutes have none.
    pub paths: HashMap<String, PathFigures>,
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
        for group in grouped(samples) {
            let sample = &group.first;
            let (dimensions, path) = (Dimensions::of(sample), short(sample.path));
            for length in SPANS {
                let key = (length, start_of(length, sample.at));
                let known = self.spans.get(&key);
                let span = changes.spans.entry(key).or_insert_with(|| Span {
                    segment: known.map_or_else(&mut new_segment, |known| known.segment),
                    unrouted_paths: known.map_or(0, |known| known.unrouted_paths),
                    ..Span::default()
                });
                span.count(known, &dimensions, &group);
                if length != MINUTE {
                    span.count_path(known, &path, &group);
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
            span.rows.extend(changed.rows);
            span.paths.extend(changed.paths);
        }
        for length in SPANS {
            let open: Vec<SpanKey> = self.spans.keys().filter(|key| key.0 == length).copied().collect();
            for old in open.iter().rev().skip(OPEN_SPANS) {
                self.spans.remove(old);
            }
        }
    }
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
    fn count(&mut self, known: Option<&Self>, dimensions: &Dimensions, group: &Group<'_>) {
        // All but the first of a batch.
        if let Some(figures) = self.rows.get_mut(dimensions) {
            figures.merge(&group.figures);
            return;
        }
        let mut dimensions = dimensions.clone();
        let stored = |dimensions: &Dimensions| known.and_then(|known| known.rows.get(dimensions));
        if stored(&dimensions).is_none() {
            let rows = self.rows.len() + known.map_or(0, |known| known.rows.len());
            if rows >= MAX_ROWS || (group.first.key_id.is_none() && rows >= MAX_KEYLESS_ROWS) {
                OTHER.clone_into(&mut dimensions.model);
                OTHER.clone_into(&mut dimensions.source_path);
            }
        }
        let before = stored(&dimensions);
        self.rows
            .entry(dimensions)
            .or_insert_with(|| before.cloned().unwrap_or_default())
            .merge(&group.figures);
    }

    fn count_path(&mut self, known: Option<&Self>, path: &str, group: &Group<'_>) {
        if let Some(figures) = self.paths.get_mut(path) {
            figures.merge(&group.figures);
            return;
        }
        let mut path = path.to_owned();
        let stored = |path: &str| known.and_then(|known| known.paths.get(path));
        if stored(&path).is_none() {
            let paths = self.paths.len() + known.map_or(0, |known| known.paths.len());
            let unrouted = group.first.route_id.is_none();
            if paths >= MAX_PATHS || (unrouted && self.unrouted_paths >= MAX_UNROUTED_PATHS) {
                OTHER.clone_into(&mut path);
            } else if unrouted {
                self.unrouted_paths += 1;
            }
        }
        let before = stored(&path);
        self.paths
            .entry(path)
            .or_insert_with(|| before.copied().unwrap_or_default())
            .merge(&group.figures);
    }
}

impl PathFigures {
    fn merge(&mut self, more: &Figures) {
        self.requests += more.requests;
        self.errors += more.errors;
    }
}

impl Figures {
    fn merge(&mut self, more: &Self) {
        if !more.route_name.is_empty() && self.route_name != more.route_name {
            self.route_name.clone_from(&more.route_name);
        }
        self.requests += more.requests;
        self.errors += more.errors;
        self.duration_us += more.duration_us;
        self.ttfb_us += more.ttfb_us;
        self.bytes_in += more.bytes_in;
        self.bytes_out += more.bytes_out;
        self.prompt_tokens += more.prompt_tokens;
        self.completion_tokens += more.completion_tokens;
        self.durations.merge(&more.durations);
        self.ttfbs.merge(&more.ttfbs);
    }

    fn add(&mut self, sample: &Sample<'_>) {
        let whole = |number: i64| u64::try_from(number).unwrap_or(0);
        if let Some(name) = sample.route_name.map(short)
            && self.route_name != name
        {
            self.route_name = name.into_owned();
        }
        self.requests += 1;
        self.errors += u64::from(sample.is_error);
        if let Some(duration) = sample.duration_us.map(whole) {
            self.duration_us += duration;
            self.durations.add(duration);
        }
        if let Some(ttfb) = sample.ttfb_us.map(whole) {
            self.ttfb_us += ttfb;
            self.ttfbs.add(ttfb);
        }
        self.bytes_in += sample.bytes_in;
        self.bytes_out += sample.bytes_out;
        // What an upstream claims is bounded, so that sums stay far below the database's integers.
        self.prompt_tokens += sample.prompt_tokens.min(1 << 40);
        self.completion_tokens += sample.completion_tokens.min(1 << 40);
    }
}

impl Dimensions {
    fn of(sample: &Sample<'_>) -> Self {
        let text = |text: Option<&str>| text.map(short).unwrap_or_default().into_owned();
        Self {
            key_id: text(sample.key_id),
            source_path: text(sample.source_path),
            route_id: text(sample.route_id),
            model: text(sample.model),
            upstream: text(sample.upstream),
            status_class: sample
                .status_code
                .and_then(|status| u8::try_from(status / 100).ok())
                .unwrap_or(0),
        }
    }
}

impl<'a> From<&'a Record> for Sample<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            at: record.response_time.unwrap_or(record.request_time),
            key_id: record.key_id.as_deref(),
            source_path: record.source_path.as_deref(),
            route_id: record.route_id.as_deref(),
            route_name: record.route_name.as_deref(),
            model: record.model.as_deref(),
            upstream: record.target_url.as_deref().and_then(origin_of),
            path: record.path.get(..record.path_only_len).unwrap_or(&record.path),
            status_code: record.status_code,
            is_error: record.is_error(),
            duration_us: record.duration_us,
            ttfb_us: record.ttfb_us,
            bytes_in: record.request_size,
            bytes_out: record.response_size,
            prompt_tokens: record.prompt_tokens.unwrap_or(0),
            completion_tokens: record.completion_tokens.unwrap_or(0),
        }
    }
}

/// The start of the span of this length (seconds) that a time (microseconds) is in.
#[must_use]
pub const fn start_of(length: i32, microseconds: i64) -> i64 {
    let length = length as i64 * 1_000_000;
    microseconds.div_euclid(length) * length
}

/// `http://host:port` of a target's URL.
#[must_use]
pub fn origin_of(url: &str) -> Option<&str> {
    let (protocol, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    url.get(..protocol.len() + 3 + host.len())
}

/// Bounded, and without what a database refuses in a text.
fn short(text: &str) -> Cow<'_, str> {
    if text.len() <= MAX_NAME_CHARS && !text.contains('\0') {
        return text.into();
    }
    text.chars().filter(|c| *c != '\0').take(MAX_NAME_CHARS).collect()
}

#[cfg(test)]
mod tests;
