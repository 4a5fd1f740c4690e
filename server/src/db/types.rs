//! How values become columns and come back: times as microseconds, JSON as text.

use super::{DbError, DbResult};
use fastgate_shared::admin_token::Role;
use jiff::Timestamp;
use std::borrow::Cow;

/// A time from its microseconds since the epoch.
pub(super) fn time(microseconds: i64) -> DbResult<Timestamp> {
    Timestamp::from_microsecond(microseconds)
        .map_err(|error| DbError::Internal(format!("a stored time cannot be read: {error}")))
}

/// Like [`time`], where there may be none.
pub(super) fn optional_time(microseconds: Option<i64>) -> DbResult<Option<Timestamp>> {
    microseconds.map(time).transpose()
}

/// Rows left out and returned, as SQL wants them.
pub(super) fn offset_and_limit(page: fastgate_shared::page::Page) -> (i64, i64) {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    (whole(page.skip), whole(page.limit))
}

/// A count as the API shows it.
pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A count as the database holds it; what is too large becomes the largest.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A stored role.
pub(super) fn role(name: &str) -> DbResult<Role> {
    Role::named(name).ok_or_else(|| DbError::Internal("a stored role is none".to_owned()))
}

/// A text as both databases take it: PostgreSQL refuses NUL.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}
