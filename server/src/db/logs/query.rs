//! What a list, an export or the live view asks for: parsed once from the query string, then judged in the database
//! (`logs`) or in memory ([`LogQuery::matches`]) by the same rules.

use super::super::audit::has_error;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fastgate_shared::audit_log::{LogFilter, LogItem};
use fastgate_shared::problem::FieldError;
use fastgate_shared::time::{self, DayEdge};
use std::net::IpAddr;

/// Rows of a page at most.
pub const MAX_LIMIT: u64 = 1_000;
/// Rows of a page unless said otherwise.
pub const DEFAULT_LIMIT: u64 = 50;

/// Filters of the log, parsed. Every condition that is there must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogQuery {
    /// First and last microsecond of `request_time`.
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
    /// First and last status.
    pub(super) status: Option<(u16, u16)>,
    /// In upper case.
    pub(super) method: Option<String>,
    pub(super) path: Option<PathFilter>,
    pub(super) route_id: Option<String>,
    pub(super) key_id: Option<String>,
    pub(super) source_path: Option<String>,
    pub(super) model: Option<String>,
    pub(super) is_stream: Option<bool>,
    /// Shortest duration in microseconds.
    pub(super) min_us: Option<i64>,
    pub(super) has_error: Option<bool>,
    pub(super) request_id: Option<String>,
    pub(super) ip_address: Option<String>,
}

/// A condition on the path, query included; case counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PathFilter {
    /// Anywhere in it.
    Part(String),
    /// All of it, or all before a `?`; `*` stands for any characters, as does a capture of a route's pattern.
    Pattern(String),
}

/// In which order records come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    #[default]
    Desc,
    /// Oldest first.
    Asc,
}

/// Which part of the list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPage {
    /// The order.
    pub order: Order,
    /// Rows at most, 1–1000.
    pub limit: u64,
    /// The number of the last record of the page before.
    pub(super) after: Option<i64>,
}

impl Default for LogPage {
    fn default() -> Self {
        Self {
            order: Order::Desc,
            limit: DEFAULT_LIMIT,
            after: None,
        }
    }
}

impl LogQuery {
    /// Reads the filters; empty texts do not filter.
    ///
    /// # Errors
    /// Each filter that makes no sense, with what is allowed.
    pub fn parse(filter: &LogFilter) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let query = Self {
            start: read(&mut errors, "start_time", &filter.start_time, |text| {
                time::parse(text, DayEdge::Start).map(|time| time.as_microsecond())
            }),
            end: read(&mut errors, "end_time", &filter.end_time, |text| {
                time::parse(text, DayEdge::End).map(|time| time.as_microsecond())
            }),
            status: read(&mut errors, "status_code", &filter.status_code, status_range),
            method: read(&mut errors, "method", &filter.method, one_method),
            path: given(&filter.path).map(PathFilter::of),
            route_id: given(&filter.route_id).map(str::to_owned),
            key_id: given(&filter.key_id).map(str::to_owned),
            source_path: given(&filter.source_path).map(str::to_owned),
            model: given(&filter.model).map(str::to_owned),
            is_stream: read(&mut errors, "is_stream", &filter.is_stream, truth),
            min_us: read(&mut errors, "min_ms", &filter.min_ms, microseconds),
            has_error: read(&mut errors, "has_error", &filter.has_error, truth),
            request_id: given(&filter.request_id).map(str::to_owned),
            ip_address: read(&mut errors, "ip_address", &filter.ip_address, |text| {
                text.parse::<IpAddr>()
                    .map(|address| address.to_string())
                    .map_err(|_| format!("`{}` is not an IP address", text.escape_debug()))
            }),
        };
        if let (Some(start), Some(end)) = (query.start, query.end)
            && start > end
        {
            errors.push(FieldError::new("end_time", "is before start_time"));
        }
        if errors.is_empty() { Ok(query) } else { Err(errors) }
    }

    /// The first and the last moment of the range of time, in microseconds since the Unix epoch.
    #[must_use]
    pub fn range(&self) -> (Option<i64>, Option<i64>) {
        (self.start, self.end)
    }

    /// Whether a record is one of those asked for.
    #[must_use]
    pub fn matches(&self, item: &LogItem) -> bool {
        fn same(wanted: &Option<String>, found: Option<&str>) -> bool {
            wanted.is_none() || wanted.as_deref() == found
        }
        let at = item.request_time.as_microsecond();
        self.start.is_none_or(|start| at >= start)
            && self.end.is_none_or(|end| at <= end)
            && self
                .status
                .is_none_or(|(first, last)| item.status_code.is_some_and(|status| (first..=last).contains(&status)))
            && same(&self.method, Some(&item.method))
            && self.path.as_ref().is_none_or(|path| path.matches(&item.path))
            && same(&self.route_id, item.route_id.as_deref())
            && same(&self.key_id, item.key_id.as_deref())
            && same(&self.source_path, item.source_path.as_deref())
            && same(&self.model, item.model.as_deref())
            && self.is_stream.is_none_or(|wanted| item.is_stream == wanted)
            && self.min_us.is_none_or(|least| {
                item.response_time_ms
                    .is_some_and(|ms| (ms * 1000.0).round() >= least as f64)
            })
            && self
                .has_error
                .is_none_or(|wanted| has_error(item.status_code, item.error_message.as_deref()) == wanted)
            && same(&self.request_id, Some(&item.request_id))
            && same(&self.ip_address, Some(&item.ip_address))
    }
}

impl PathFilter {
    fn of(text: &str) -> Self {
        let pattern = without_captures(text);
        if pattern.contains('*') {
            Self::Pattern(pattern)
        } else {
            Self::Part(text.to_owned())
        }
    }

    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Part(part) => path.contains(part.as_str()),
            Self::Pattern(pattern) => {
                fits(pattern, path) || path.match_indices('?').any(|(at, _)| fits(pattern, &path[..at]))
            }
        }
    }

    /// The same as patterns of SQL's `LIKE` with the escape `\`; one of them has to match.
    pub(super) fn like(&self) -> Vec<String> {
        match self {
            Self::Part(part) => vec![format!("%{}%", escaped(part))],
            Self::Pattern(pattern) => {
                let pattern = escaped(pattern).replace('*', "%");
                vec![format!("{pattern}?%"), pattern]
            }
        }
    }
}

impl Order {
    const fn letter(self) -> u8 {
        match self {
            Self::Desc => b'd',
            Self::Asc => b'a',
        }
    }
}

impl LogPage {
    /// Reads `order`, `limit` and `cursor` of a query string; empty texts mean the default.
    ///
    /// # Errors
    /// Each that makes no sense, with what is allowed.
    pub fn parse(order: Option<&str>, limit: Option<&str>, cursor: Option<&str>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let order = read(&mut errors, "order", &owned(order), |text| match text {
            "desc" => Ok(Order::Desc),
            "asc" => Ok(Order::Asc),
            _ => Err(format!(
                "`{}` is not an order; allowed is desc or asc",
                text.escape_debug()
            )),
        })
        .unwrap_or_default();
        let limit = read(&mut errors, "limit", &owned(limit), |text| {
            let limit = text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
            limit.ok_or_else(|| format!("`{}` is not a number from 1 to {MAX_LIMIT}", text.escape_debug()))
        })
        .unwrap_or(DEFAULT_LIMIT);
        let after = read(&mut errors, "cursor", &owned(cursor), |text| {
            decode_cursor(order, text).ok_or_else(|| {
                "is not a cursor of this list; give back next_cursor of the page before, with the same order".to_owned()
            })
        });
        if errors.is_empty() {
            Ok(Self { order, limit, after })
        } else {
            Err(errors)
        }
    }

    /// The cursor that asks for what follows a record.
    pub(super) fn cursor_after(&self, id: i64) -> String {
        let mut bytes = vec![self.order.letter()];
        bytes.extend_from_slice(&id.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

fn decode_cursor(order: Order, text: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (letter, id) = bytes.split_first()?;
    let id = i64::from_be_bytes(id.try_into().ok()?);
    (*letter == order.letter() && id >= 0).then_some(id)
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn read<T>(
    errors: &mut Vec<FieldError>,
    field: &str,
    text: &Option<String>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    match parse(given(text)?) {
        Ok(value) => Some(value),
        Err(message) => {
            errors.push(FieldError::new(field, message));
            None
        }
    }
}

fn status_range(text: &str) -> Result<(u16, u16), String> {
    let number = |text: &str| text.trim().parse().ok().filter(|status| (100..=999).contains(status));
    let lower = text.to_ascii_lowercase();
    let range = match (lower.strip_suffix("xx"), text.split_once('-')) {
        (Some(class), _) => number(&format!("{class}00")).map(|first: u16| (first, first + 99)),
        (None, Some((first, last))) => number(first).zip(number(last)).filter(|(first, last)| first <= last),
        (None, None) => number(text).map(|status| (status, status)),
    };
    range.ok_or_else(|| {
        format!(
            "`{}` is not a status; allowed is a status (200), a class (4xx) or a range (400-499)",
            text.escape_debug()
        )
    })
}

fn one_method(text: &str) -> Result<String, String> {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if text.bytes().all(is_letter) {
        return Ok(text.to_ascii_uppercase());
    }
    Err(format!(
        "`{}` is not a method; allowed is one, such as POST",
        text.escape_debug()
    ))
}

/// A route's pattern with `*` in place of each `{capture}`.
fn without_captures(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (name, after))) = rest
        .split_once('{')
        .and_then(|(b, rest)| Some((b, rest.split_once('}')?)))
    {
        pattern.push_str(before);
        let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_:".contains(&b)) && !name.is_empty();
        if is_name {
            pattern.push('*');
        } else {
            pattern.extend(["{", name, "}"]);
        }
        rest = after;
    }
    pattern + rest
}

fn truth(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(format!("`{}` is neither true nor false", text.escape_debug())),
    }
}

fn microseconds(text: &str) -> Result<i64, String> {
    let ms = text.parse::<f64>().ok().filter(|ms| (0.0..=1e12).contains(ms));
    #[expect(clippy::cast_possible_truncation, reason = "at most 1e15")]
    let microseconds = ms.map(|ms| (ms * 1000.0).round() as i64);
    microseconds.ok_or_else(|| format!("`{}` is not a number of milliseconds from 0", text.escape_debug()))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// Whether the whole text fits a pattern with `*`; linear but for the backtracking to the last `*`.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests;
