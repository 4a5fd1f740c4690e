//! Finding records: which index leads to them, and how far one call looks.
//!
//! Where one index leads to exactly what is asked for, the database is asked once. Else it is asked for one slice of the
//! records after the other, in the order of their numbers, and whoever asks stops when the time is up and goes on from
//! there with the next call: the time of a call then does not depend on how much there is.

use super::super::audit::{self, RecordRow};
use super::super::connection::MultiBackend;
use super::super::schema::audit_records;
use super::super::{DbConnection, DbResult};
use super::Times;
use super::query::{LogQuery, Order};
use diesel::dsl::{min, not};
use diesel::prelude::*;
use std::time::{Duration, Instant};

/// Milliseconds by which number and time may differ without a clock that was set back.
const TOLERANCE_MS: i64 = 2_000;
/// Records of a slice at most that are read in the order of their numbers.
const SLICE: i64 = 5_000;
/// Records of a slice at most that an index leads to: each is somewhere else.
const SCATTERED_SLICE: i64 = 1_000;
/// Records of the first slice: nobody knows yet how far they are.
const FIRST_SLICE: i64 = 20;
/// Records of a slice at least.
const SHORTEST_SLICE: i64 = 20;
/// A slice is made shorter where it takes longer than this (records that are not in memory yet), and longer where it takes less
/// than a quarter of it: it is only looked at the clock between two.
const SLICE_TIME: Duration = Duration::from_millis(5);

type Filtered<'a> = audit_records::BoxedQuery<'a, MultiBackend>;

/// In which order, and after which number.
pub type Place = (Order, Option<i64>);

/// What was found of what was asked for.
pub struct Found {
    /// In order.
    pub rows: Vec<RecordRow<'static>>,
    /// Up to which number it was looked, when the time was up before enough was found or everything was seen.
    pub stopped_at: Option<i64>,
}

/// What leads through the records of which some are asked for.
#[derive(Clone, Copy)]
enum Guide {
    /// The index of the first filter that is an equal text.
    Name,
    /// The index of this status.
    Status(i32),
    /// The index of the records with an error.
    Errors,
    /// The index of the streams.
    Streams,
    /// The records themselves.
    All,
}

impl Guide {
    /// Records of a slice at most.
    const fn slice(self) -> i64 {
        match self {
            Self::Name | Self::Status(_) | Self::Errors => SCATTERED_SLICE,
            Self::Streams | Self::All => SLICE,
        }
    }
}

/// How long the next slice is to be after one of this length that took so long, with so much time left: at this pace it is to
/// end in time.
fn next_length(length: i64, took: Duration, left: Duration) -> i64 {
    let wanted = if took > SLICE_TIME {
        length / 2
    } else if took < SLICE_TIME / 4 {
        length * 2
    } else {
        length
    };
    let at_this_pace = i128::from(length) * left.as_micros().cast_signed() / took.as_micros().cast_signed().max(1);
    wanted
        .min(i64::try_from(at_this_pace).unwrap_or(i64::MAX))
        .max(SHORTEST_SLICE)
}

/// A query as the database gets it.
pub struct Search<'a> {
    query: &'a LogQuery,
    /// First and last number that the range of time allows.
    ids: (Option<i64>, Option<i64>),
    /// The statuses to look for one by one; `None` filters on the range as it is.
    statuses: Option<Vec<i32>>,
    /// How to go through the records in slices; `None` where an index leads to exactly those asked for.
    guide: Option<Guide>,
}

impl<'a> Search<'a> {
    pub fn new(connection: &mut DbConnection, query: &'a LogQuery) -> DbResult<Self> {
        let last = match query.end {
            Some(end) => Some(end.div_euclid(1000) + audit::clock_lead(connection)? + TOLERANCE_MS),
            None => None,
        };
        let first = query.start.map(|start| start.div_euclid(1000) - TOLERANCE_MS);
        let id = |ms: i64| ms.clamp(0, i64::MAX >> 20) << 20;
        let guide = query.guide();
        let statuses = match query.status {
            Some((first, last)) if first < last && guide.is_none() => Some(statuses(connection, first, last)?),
            _ => None,
        };
        Ok(Self {
            query,
            ids: (first.map(id), last.map(|ms| id(ms) | 0xf_ffff)),
            statuses,
            guide,
        })
    }

    /// Up to `limit` rows that follow the place.
    pub fn rows(&self, connection: &mut DbConnection, place: Place, limit: i64, time: Duration) -> DbResult<Found> {
        let mut rows: Vec<RecordRow> = Vec::new();
        let stopped_at = self.walk(connection, place, (limit, time), |connection, slice| {
            let found: Vec<RecordRow> = slice.select(RecordRow::as_select()).load(connection)?;
            let many = found.len();
            rows.extend(found);
            Ok(many)
        })?;
        if self.statuses.is_some() {
            match place.0 {
                Order::Desc => rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id)),
                Order::Asc => rows.sort_unstable_by_key(|row| row.id),
            }
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        Ok(Found { rows, stopped_at })
    }

    /// When the newest ones began, and their statuses.
    pub fn times(&self, connection: &mut DbConnection, limit: i64, time: Duration) -> DbResult<Times> {
        let mut found: Vec<(i64, Option<i32>)> = Vec::new();
        let stopped_at = self.walk(connection, (Order::Desc, None), (limit, time), |connection, slice| {
            let columns = (audit_records::request_time, audit_records::status_code);
            let times: Vec<(i64, Option<i32>)> = slice.select(columns).load(connection)?;
            let many = times.len();
            found.extend(times);
            Ok(many)
        })?;
        found.sort_unstable_by_key(|(time, _)| std::cmp::Reverse(*time));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(Times {
            found,
            all: stopped_at.is_none(),
        })
    }

    /// How many match, counted up to `limit`; and whether those were all up to there.
    pub fn count(&self, connection: &mut DbConnection, limit: i64, time: Duration) -> DbResult<(i64, bool)> {
        let mut found = 0;
        let stopped_at = self.walk(connection, (Order::Desc, None), (limit, time), |connection, slice| {
            let ids: Vec<i64> = slice.select(audit_records::id).load(connection)?;
            found += i64::try_from(ids.len()).unwrap_or(i64::MAX);
            Ok(ids.len())
        })?;
        Ok((found.min(limit), stopped_at.is_none()))
    }

    /// Hands queries of up to `limit` matching records to `take`, which tells how many there were. Returns where it
    /// stopped because the time was up.
    fn walk(
        &self,
        connection: &mut DbConnection,
        (order, after): Place,
        (limit, time): (i64, Duration),
        mut take: impl FnMut(&mut DbConnection, Filtered<'a>) -> DbResult<usize>,
    ) -> DbResult<Option<i64>> {
        let Some(guide) = self.guide else {
            for status in self.each_status() {
                take(connection, placed(self.filtered(status), order, after).limit(limit))?;
            }
            return Ok(None);
        };
        let (mut begun, mut left, mut after) = (Instant::now(), limit, after);
        let (until, most) = (begun + time, guide.slice());
        let mut length = FIRST_SLICE;
        loop {
            let edge = self.edge(connection, (guide, length), (order, after))?;
            let mut slice = placed(self.guided(guide), order, after);
            slice = match (order, edge) {
                (Order::Desc, Some(edge)) => slice.filter(audit_records::id.ge(edge)),
                (Order::Asc, Some(edge)) => slice.filter(audit_records::id.le(edge)),
                (_, None) => slice,
            };
            left -= i64::try_from(take(connection, slice.limit(left))?).unwrap_or(i64::MAX);
            if left <= 0 || edge.is_none() {
                return Ok(None);
            }
            let now = Instant::now();
            if now >= until {
                return Ok(edge);
            }
            length = next_length(length, now - begun, until - now).min(most);
            (begun, after) = (now, edge);
        }
    }

    /// The last number of the slice that follows the place; `None` when less than a slice is left.
    fn edge(
        &self,
        connection: &mut DbConnection,
        (guide, length): (Guide, i64),
        (order, after): Place,
    ) -> DbResult<Option<i64>> {
        let rows = self.in_time(audit_records::table.into_boxed::<MultiBackend>());
        let rows = match guide {
            Guide::Name => self.first_name(rows),
            Guide::Status(status) => rows.filter(audit_records::status_code.eq(status)),
            Guide::Errors => rows.filter(audit_records::has_error),
            Guide::Streams => rows.filter(audit_records::is_stream),
            Guide::All => rows,
        };
        let edge = placed(rows, order, after).offset(length - 1).limit(1);
        Ok(edge.select(audit_records::id).first(connection).optional()?)
    }

    /// All conditions, and that of the guide in the words of its index.
    fn guided(&self, guide: Guide) -> Filtered<'a> {
        match guide {
            Guide::Status(status) => self.filtered(Some(status)),
            Guide::Errors => self.filtered(None).filter(audit_records::has_error),
            _ => self.filtered(None),
        }
    }

    fn in_time(&self, mut rows: Filtered<'a>) -> Filtered<'a> {
        use audit_records as r;
        if let Some(first) = self.ids.0 {
            rows = rows.filter(r::id.ge(first));
        }
        if let Some(last) = self.ids.1 {
            rows = rows.filter(r::id.le(last));
        }
        rows
    }

    fn each_status(&self) -> Vec<Option<i32>> {
        match &self.statuses {
            Some(statuses) => statuses.iter().copied().map(Some).collect(),
            None => vec![None],
        }
    }

    fn filtered(&self, status: Option<i32>) -> Filtered<'a> {
        use audit_records as r;
        let query = self.query;
        let mut rows = self.in_time(r::table.into_boxed::<MultiBackend>());
        if let Some(start) = query.start {
            rows = rows.filter(r::request_time.ge(start));
        }
        if let Some(end) = query.end {
            rows = rows.filter(r::request_time.le(end));
        }
        match (status, query.status) {
            (Some(status), _) => rows = rows.filter(r::status_code.eq(status)),
            (None, Some((first, last))) if first == last && self.guide.is_none() => {
                rows = rows.filter(r::status_code.eq(i32::from(first)));
            }
            // Something else leads: hidden from its own index, which would be read for the whole range and then sorted.
            (None, Some((first, last))) => {
                rows = rows.filter((r::status_code + 0).between(i32::from(first), i32::from(last)));
            }
            (None, None) => {}
        }
        if let Some(path) = &query.path {
            let mut patterns = path.like().into_iter();
            rows = match (patterns.next(), patterns.next()) {
                (Some(one), Some(two)) => {
                    rows.filter(r::path.like(one).escape('\\').or(r::path.like(two).escape('\\')))
                }
                (Some(one), None) => rows.filter(r::path.like(one).escape('\\')),
                _ => rows,
            };
        }
        if let Some(least) = query.min_us {
            rows = rows.filter(r::duration_us.ge(least));
        }
        // Said without a bound value, so that the databases see that the partial indices fit.
        rows = match query.has_error {
            Some(true) => rows.filter(r::has_error),
            Some(false) => rows.filter(not(r::has_error)),
            None => rows,
        };
        rows = match query.is_stream {
            // Errors are fewer than streams.
            Some(true) if query.has_error == Some(true) => rows.filter(r::is_stream.eq(true)),
            Some(true) => rows.filter(r::is_stream),
            Some(false) => rows.filter(not(r::is_stream)),
            None => rows,
        };
        self.named(rows)
    }

    /// The condition whose index leads.
    fn first_name(&self, rows: Filtered<'a>) -> Filtered<'a> {
        use audit_records as r;
        let query = self.query;
        match (&query.key_id, &query.ip_address, &query.source_path) {
            (Some(key_id), ..) => rows.filter(r::key_id.eq(key_id)),
            (None, Some(ip_address), _) => rows.filter(r::ip_address.eq(ip_address)),
            (None, None, Some(source_path)) => rows.filter(r::source_path.eq(source_path)),
            (None, None, None) => match (&query.route_id, &query.model) {
                (Some(route_id), _) => rows.filter(r::route_id.eq(route_id)),
                (None, Some(model)) => rows.filter(r::model.eq(model)),
                (None, None) => rows,
            },
        }
    }

    /// The conditions that are an equal text. Only the first that has an index leads: the others are hidden from theirs, which
    /// the planner of SQLite could take for as good.
    fn named(&self, mut rows: Filtered<'a>) -> Filtered<'a> {
        use audit_records as r;
        let query = self.query;
        if let Some(method) = &query.method {
            rows = rows.filter(r::method.eq(method));
        }
        let mut leads = true;
        macro_rules! named {
            ($($column:ident),*) => {$(
                if let Some(value) = &query.$column {
                    rows = match std::mem::take(&mut leads) {
                        true => rows.filter(r::$column.eq(value)),
                        false => rows.filter(r::$column.concat("").eq(value)),
                    };
                }
            )*};
        }
        // As in `LogQuery::names`.
        named!(request_id, key_id, ip_address, source_path, route_id, model);
        rows
    }
}

/// The records after a number, in order.
fn placed(rows: Filtered<'_>, order: Order, after: Option<i64>) -> Filtered<'_> {
    use audit_records::id;
    match (order, after) {
        (Order::Desc, Some(after)) => rows.filter(id.lt(after)).order(id.desc()),
        (Order::Desc, None) => rows.order(id.desc()),
        (Order::Asc, Some(after)) => rows.filter(id.gt(after)).order(id.asc()),
        (Order::Asc, None) => rows.order(id.asc()),
    }
}

impl LogQuery {
    /// What leads through the records, where no index leads to exactly those asked for.
    fn guide(&self) -> Option<Guide> {
        let names = self.names().iter().filter(|name| name.is_some()).count();
        let (errors, streams) = (self.has_error == Some(true), self.is_stream == Some(true));
        let others = [
            self.method.is_some(),
            self.path.is_some(),
            self.min_us.is_some(),
            self.has_error == Some(false),
            self.is_stream == Some(false),
        ];
        // Each but one of these is beside what an index leads to.
        let led = names
            + [self.status.is_some(), errors, streams]
                .iter()
                .filter(|is| **is)
                .count();
        if led <= 1 && !others.contains(&true) {
            return None;
        }
        Some(match self.status {
            // One request, or few.
            _ if self.request_id.is_some() => return None,
            _ if names > 0 => Guide::Name,
            Some((first, last)) if first == last => Guide::Status(i32::from(first)),
            // What has such a status is an error.
            Some((first, _)) if first >= 400 => Guide::Errors,
            _ if errors => Guide::Errors,
            _ if streams => Guide::Streams,
            _ => Guide::All,
        })
    }

    /// The filters that are an equal text and have an index; those that leave the fewest records first.
    fn names(&self) -> [&Option<String>; 6] {
        [
            &self.request_id,
            &self.key_id,
            &self.ip_address,
            &self.source_path,
            &self.route_id,
            &self.model,
        ]
    }
}

/// The statuses that occur in a range, by hopping over the index from one to the next. A range itself cannot be read
/// from the index in the order of the numbers; each status can.
fn statuses(connection: &mut DbConnection, first: u16, last: u16) -> DbResult<Vec<i32>> {
    let (mut from, last) = (i32::from(first), i32::from(last));
    let mut statuses = Vec::new();
    while let Some(status) = audit_records::table
        .filter(audit_records::status_code.between(from, last))
        .select(min(audit_records::status_code))
        .first::<Option<i32>>(connection)?
    {
        statuses.push(status);
        from = status + 1;
    }
    Ok(statuses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::slow(1_000, 10, 20, 500)]
    #[case::quick(1_000, 1, 20, 2_000)]
    #[case::as_it_should_be(1_000, 3, 20, 1_000)]
    #[case::with_little_time_left(1_000, 4, 1, 250)]
    #[case::with_none_left(1_000, 4, 0, SHORTEST_SLICE)]
    #[case::very_slow(60, 500, 1, SHORTEST_SLICE)]
    #[case::too_quick_to_be_measured(1_000, 0, 20, 2_000)]
    fn a_slice_is_as_long_as_its_time_allows(
        #[case] length: i64,
        #[case] took_ms: u64,
        #[case] left_ms: u64,
        #[case] expected: i64,
    ) {
        let (took, left) = (Duration::from_millis(took_ms), Duration::from_millis(left_ms));
        assert_eq!(next_length(length, took, left), expected);
    }
}
