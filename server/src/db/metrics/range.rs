//! Which time figures are about, and how it is cut into spans: whole days, whole hours at its ends, and minutes at the
//! ends of those, so that a year costs hundreds of rows and not half a million.

use crate::audit_log::rollup::{DAY, HOUR, HOURS_KEPT_DAYS, MINUTE, MINUTES_KEPT_DAYS, start_of};
use fastgate_shared::problem::FieldError;
use fastgate_shared::time::{self, DayEdge};
use jiff::{SignedDuration, Timestamp};

pub(super) const MINUTE_US: i64 = 60_000_000;
pub(super) const HOUR_US: i64 = 60 * MINUTE_US;
pub(super) const DAY_US: i64 = 24 * HOUR_US;

/// From this length on whole days do for the order of a top list.
const LONG: SignedDuration = SignedDuration::from_hours(48);

/// Which time a summary is about, to the minute; an open end is not bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetricsRange {
    /// From this time on.
    pub start: Option<Timestamp>,
    /// Up to and including this time.
    pub end: Option<Timestamp>,
}

/// A part of a range that roll-ups of one length cover: length, first start, and the end that no start reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) length: i32,
    pub(super) from: i64,
    pub(super) to: i64,
}

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

    pub(super) fn parts(self, now: Timestamp) -> Vec<Part> {
        self.cut(|at| kept_length(at, now))
    }

    /// What the top lists are counted in: whole hours, and whole days where the range has more than two. Their order asks for no
    /// more, and the spans at the ends of a month would have more rows than all of its days.
    pub(super) fn coarse_parts(self, now: Timestamp) -> Vec<Part> {
        let long = match (self.start, self.end.unwrap_or(now)) {
            (Some(start), end) => end.duration_since(start) > LONG,
            (None, _) => true,
        };
        let least = if long { DAY } else { HOUR };
        self.cut(|at| kept_length(at, now).max(least))
    }

    /// Widens the range to whole spans of the length that is kept for its ends.
    fn cut(self, length: impl Fn(i64) -> i32) -> Vec<Part> {
        let start = |at: Timestamp| start_of(length(at.as_microsecond()), at.as_microsecond());
        let end = |at: Timestamp| start(at) + i64::from(length(at.as_microsecond())) * 1_000_000;
        parts(self.start.map_or(i64::MIN, start), self.end.map_or(i64::MAX, end))
    }
}

/// The shortest spans that are still kept of a time.
pub(super) fn kept_length(at: i64, now: Timestamp) -> i32 {
    let days = (now.as_microsecond() - at) / DAY_US;
    if days >= HOURS_KEPT_DAYS {
        DAY
    } else if days >= MINUTES_KEPT_DAYS {
        HOUR
    } else {
        MINUTE
    }
}

/// Cuts [from, to) into the fewest spans.
pub(super) fn parts(from: i64, to: i64) -> Vec<Part> {
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

#[cfg(test)]
mod tests;
