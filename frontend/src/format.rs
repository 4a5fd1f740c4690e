//! Numbers, sizes, durations and times as people read them. Times are shown in the reader's own time zone.

use fastgate_shared::changes::{Author, AuthorKind};
use fastgate_shared::metrics::BucketSpan;
use fastgate_shared::time::Timestamp;
use js_sys::{Array, Date, Intl, JsString, Object, Reflect};
use wasm_bindgen::JsValue;

use crate::locales::{changes, common as t};

/// What a number is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    #[default]
    Count,
    Percent,
    Duration,
    Bytes,
}

impl Unit {
    /// The number as people read it; `–` where there is none.
    pub fn show(self, value: f64) -> String {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts are whole and not negative"
        )]
        let whole = value.round() as u64;
        match self {
            _ if !value.is_finite() => "–".to_owned(),
            Self::Count => count(whole),
            Self::Percent => percent(value),
            Self::Duration => duration(value),
            Self::Bytes => bytes(whole),
        }
    }
}

/// By what somebody showed who they are.
pub fn author_word(kind: AuthorKind) -> &'static str {
    match kind {
        AuthorKind::AdminToken => changes::by_token(),
        AuthorKind::NamedToken => changes::by_named_token(),
        AuthorKind::Session => changes::by_session(),
        AuthorKind::Program => changes::by_program(),
    }
}

/// `Token ci, 10.0.0.7, 2026-05-01 08:30:05`: who did something to what somebody else was about to change.
pub fn by_whom(author: Option<&Author>, at: Option<Timestamp>) -> String {
    let Some(author) = author else {
        return changes::conflict_lead_unknown().to_owned();
    };
    let mut who = author_word(author.kind).to_owned();
    if let Some(name) = &author.name {
        who.push(' ');
        who.push_str(name);
    }
    let at = at.map(|at| exact_time(millis(at))).unwrap_or_default();
    changes::conflict_lead(&who, author.address.as_deref().unwrap_or_default(), &at)
}

/// `12,345`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `0.4 ms`, `842 ms`, `1.24 s`, `2 min 5 s`.
pub fn duration(ms: f64) -> String {
    if ms > 0.0 && ms < 0.1 {
        "<\u{a0}0.1\u{a0}ms".to_owned()
    } else if ms < 10.0 {
        format!("{}\u{a0}ms", fixed(ms, 1))
    } else if ms < 1_000.0 {
        format!("{}\u{a0}ms", fixed(ms, 0))
    } else if ms < 60_000.0 {
        format!("{}\u{a0}s", fixed(ms / 1_000.0, 2))
    } else {
        format!(
            "{} min {}\u{a0}s",
            fixed((ms / 60_000.0).floor(), 0),
            fixed((ms % 60_000.0) / 1_000.0, 0)
        )
    }
}

/// A time that still goes on: whole seconds.
pub fn seconds(ms: f64) -> String {
    if ms < 60_000.0 {
        format!("{} s", fixed((ms / 1_000.0).floor(), 0))
    } else {
        duration(ms)
    }
}

/// `99.4 %`, rounded; but a hundred only where nothing lacks, and nought only where nothing is.
pub fn percent(value: f64) -> String {
    match value {
        100.0.. => "100 %".to_owned(),
        99.95..100.0 => "99.9 %".to_owned(),
        value if value > 0.0 && value < 0.05 => "0.1 %".to_owned(),
        _ => format!("{} %", fixed(value, 1)),
    }
}

/// A number with so many decimals, as the browser writes it: the standard library's way would be 5 KB more to transfer.
pub fn fixed(value: f64, decimals: u8) -> String {
    let text = js_sys::Number::from(value).to_fixed(decimals);
    text.map(String::from).unwrap_or_default()
}

/// A number with three decimals at most and no trailing zeros, as files have it.
pub fn trimmed(value: f64) -> String {
    let text = fixed(value, 3);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `512 B`, `4.2 KiB`.
#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
pub fn bytes(n: u64) -> String {
    let mut value = n as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1_024.0 {
            return if unit == "B" {
                format!("{n} B")
            } else {
                format!("{} {unit}", fixed(value, 1))
            };
        }
        value /= 1_024.0;
    }
    format!("{} TiB", fixed(value, 1))
}

/// `2026-11-23 12:03:26.481` in the reader's time zone.
pub fn exact_time(ms: f64) -> String {
    let date = Date::new(&JsValue::from_f64(ms));
    format!("{} {}", day(&date), time_of_day(&date))
}

/// A time as the API takes it, or a date alone, whose end may be meant: `2026-11-23 12:03` in the reader's time zone, with
/// seconds where there are any. None where it is no time.
pub fn local_time(text: &str, end: bool) -> Option<String> {
    let of_day = if end { "T23:59:59Z" } else { "T00:00:00Z" };
    // Without a zone it is UTC.
    let at = ["", "Z", of_day]
        .iter()
        .find_map(|rest| format!("{text}{rest}").parse().ok())?;
    let local = exact_time(millis(at));
    let minutes = local.get(..19)?;
    Some(minutes.strip_suffix(":00").unwrap_or(minutes).to_owned())
}

/// What a picker has, in the reader's time zone, as RFC 3339 in UTC; empty where nothing is picked.
pub fn from_local(picked: &str) -> String {
    let ms = Date::parse(picked);
    if ms.is_nan() {
        return String::new();
    }
    Date::new(&JsValue::from_f64(ms)).to_iso_string().into()
}

/// The name of the reader's time zone.
pub fn time_zone() -> String {
    let options = Intl::DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
    let name = Reflect::get(&options, &JsValue::from_str("timeZone")).ok();
    name.and_then(|name| name.as_string()).unwrap_or_default()
}

/// `12:03:26.481` today, with the date before on other days.
pub fn log_time(time: Timestamp, now: f64) -> String {
    let date = Date::new(&JsValue::from_f64(millis(time)));
    if day(&date) == day(&Date::new(&JsValue::from_f64(now))) {
        time_of_day(&date)
    } else {
        format!("{} {}", &day(&date)[5..], time_of_day(&date))
    }
}

/// The name of a bucket: `14:05` of a minute or hour, with the day where the range is longer than one; a day in UTC.
pub fn bucket(start: Timestamp, span: BucketSpan, with_day: bool) -> String {
    if span == BucketSpan::Day {
        return start.to_string()[..10].to_owned();
    }
    let date = Date::new(&JsValue::from_f64(millis(start)));
    let time = format!("{:02}:{:02}", date.get_hours(), date.get_minutes());
    if with_day {
        format!("{} {time}", &day(&date)[5..])
    } else {
        time
    }
}

/// `5 min ago` or `in 3 d`.
pub fn relative_time(ms: f64, now: f64) -> String {
    let past = now - ms;
    let step = |unit: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small non-negative number"
        )]
        let n = (past.abs() / unit).floor() as u64;
        n
    };
    let (second, minute, hour, day) = (1_000.0, 60_000.0, 3_600_000.0, 86_400_000.0);
    match (past >= -5.0 * second, past.abs()) {
        (true, age) if age < 5.0 * second => t::just_now().to_owned(),
        (true, age) if age < minute => t::seconds_ago(step(second)),
        (true, age) if age < hour => t::minutes_ago(step(minute)),
        (true, age) if age < 2.0 * day => t::hours_ago(step(hour)),
        (true, _) => t::days_ago(step(day)),
        (false, wait) if wait < hour => t::in_minutes(step(minute)),
        (false, wait) if wait < 2.0 * day => t::in_hours(step(hour)),
        (false, _) => t::in_days(step(day)),
    }
}

/// Milliseconds since the epoch.
#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds since the epoch fit a double for 280 years"
)]
pub fn millis(time: Timestamp) -> f64 {
    time.as_microsecond() as f64 / 1_000.0
}

/// Full hours between two points in time.
pub fn hours_between(start: Timestamp, end: Timestamp) -> f64 {
    ((millis(end) - millis(start)) / 3_600_000.0).floor()
}

/// Indents a text that is JSON, with its members in the order in which they came; any other text stays as it is.
pub fn pretty_json(text: &str) -> String {
    fastgate_shared::json::pretty(text).unwrap_or_else(|| text.to_owned())
}

/// In lower case, to be searched in. The browser knows how; the tables for it would be 4 KB of the program.
pub fn lower(text: &str) -> String {
    JsString::from(text).to_lower_case().into()
}

fn day(date: &Date) -> String {
    format!(
        "{}-{:02}-{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date()
    )
}

fn time_of_day(date: &Date) -> String {
    let (hours, minutes, seconds) = (date.get_hours(), date.get_minutes(), date.get_seconds());
    format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", date.get_milliseconds())
}
