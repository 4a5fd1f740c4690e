//! Reads points in time as users write them. The server alone does; the dashboard reads what the server writes.

use jiff::fmt::temporal::Pieces;
use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Deserializer, de::Error as _};

/// What a point in time may look like; the text of the error when it does not.
pub const ALLOWED: &str =
    "an RFC 3339 time such as 2030-12-31T23:59:59Z, a naive time (read as UTC) or a date such as 2030-12-31";

/// Scripts write its last day for "never", which is past the last point in time of the library by some hours; that last
/// point is then taken.
const LAST_YEAR: i16 = 9999;

/// Which end of a day a bare date stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayEdge {
    /// Midnight at the start of the day.
    Start,
    /// The last microsecond of the day.
    End,
}

/// Reads a point in time; a bare date becomes the named edge of that day in UTC.
///
/// # Errors
/// The text when it is none of the forms of [`ALLOWED`].
pub fn parse(text: &str, edge: DayEdge) -> Result<Timestamp, String> {
    let text = text.trim();
    // A `+` of an offset arrives as a space where a query string was not encoded.
    let repaired = text
        .rfind(' ')
        .filter(|at| *at >= 19)
        .map(|at| format!("{}+{}", &text[..at], &text[at + 1..]));
    let text = repaired.as_deref().unwrap_or(text);
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp);
    }
    if let Ok(pieces) = Pieces::parse(text)
        && pieces.offset().is_some()
        && pieces.time().is_some()
        && pieces.date().year() == LAST_YEAR
    {
        return Ok(last());
    }
    let utc = |time: civil::DateTime| match time.to_zoned(TimeZone::UTC) {
        Ok(zoned) => Ok(zoned.timestamp()),
        Err(_) if time.year() == LAST_YEAR => Ok(last()),
        Err(_) => Err(format!("`{text}` is out of range")),
    };
    if text.len() <= 10 {
        if let Ok(date) = text.parse::<civil::Date>() {
            return match edge {
                DayEdge::Start => utc(date.at(0, 0, 0, 0)),
                DayEdge::End => utc(date.at(23, 59, 59, 999_999_000)),
            };
        }
    } else if let Ok(naive) = text.parse::<civil::DateTime>() {
        return utc(naive);
    }
    Err(format!("`{text}` is not a point in time; allowed is {ALLOWED}"))
}

/// The last full second in time.
fn last() -> Timestamp {
    Timestamp::from_second(Timestamp::MAX.as_second()).unwrap_or(Timestamp::MAX)
}

/// `deserialize_with` for an optional point in time; null and the empty text mean none.
///
/// # Errors
/// Where [`parse`] refuses the text.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        None => Ok(None),
        Some(text) if text.trim().is_empty() => Ok(None),
        Some(text) => parse(&text, DayEdge::End).map(Some).map_err(D::Error::custom),
    }
}
