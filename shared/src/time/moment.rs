//! A point in time for the dashboard: what it reads, shows and sends back, without a calendar library of its own. The
//! server has jiff; this reads and writes the same text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

const MICROS: i64 = 1_000_000;
const DAY: i64 = 86_400;

/// Microseconds since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// Of milliseconds since the epoch.
    ///
    /// # Errors
    /// Where microseconds would not fit.
    pub const fn from_millisecond(ms: i64) -> Result<Self, &'static str> {
        match ms.checked_mul(1_000) {
            Some(micros) => Ok(Self(micros)),
            None => Err("out of range"),
        }
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_microsecond(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millisecond(self) -> i64 {
        self.0 / 1_000
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.0.div_euclid(MICROS), self.0.rem_euclid(MICROS));
        let (year, month, day) = date_of(seconds.div_euclid(DAY));
        let of_day = seconds.rem_euclid(DAY);
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if micros > 0 {
            write!(out, ".{}", format!("{micros:06}").trim_end_matches('0'))?;
        }
        out.write_str("Z")
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    /// `2030-12-31T23:59:59.123Z`, or with an offset such as `+02:00`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text.as_bytes()).map(Self).ok_or("not a point in time")
    }
}

fn read(text: &[u8]) -> Option<i64> {
    let (head, mut rest) = text.split_at_checked(19)?;
    let parts = [(0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19)];
    let [year, month, day, hour, minute, second] = parts.map(|(from, to)| number(&head[from..to]));
    let marks = head[4] == b'-' && head[7] == b'-' && head[13] == b':' && head[16] == b':';
    if !marks || !matches!(head[10], b'T' | b't' | b' ') {
        return None;
    }
    let in_range = (1..=12).contains(&month?) && hour? < 24 && minute? < 60 && second? < 60;
    let days = days_of(year?, month?, day?);
    if !in_range || date_of(days) != (year?, month?, day?) {
        return None;
    }
    let mut micros = 0;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = &fraction[..length.min(6)];
        let scale = 10_i64.pow(6 - u32::try_from(digits.len()).ok()?);
        micros = number(digits)? * scale;
        rest = &fraction[length..];
    }
    let seconds = days * DAY + hour? * 3_600 + minute? * 60 + second? - offset(rest)?;
    Some(seconds * MICROS + micros)
}

/// Seconds east of UTC.
fn offset(text: &[u8]) -> Option<i64> {
    match *text {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let seconds = number(&[h1, h2])? * 3_600 + number(&[m1, m2])? * 60;
            Some(if sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
    })
}

/// Days since the epoch, by counting years from March: leap days then end them.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The way back of [`days_of`].
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn milliseconds_are_a_thousand_microseconds_as_far_as_there_is_room() {
        let moment = Moment::from_millisecond(1_700).unwrap();
        assert_eq!((moment.as_microsecond(), moment.as_millisecond()), (1_700_000, 1_700));
        assert!(Moment::from_millisecond(i64::MAX).is_err());
    }

    #[rstest]
    #[case("2026-11-23T12:03:26.481Z")]
    #[case("2026-11-23T12:03:26.481007Z")]
    #[case("2024-02-29T00:00:00Z")]
    #[case("2000-02-29T23:59:59Z")]
    #[case("1969-12-31T23:59:59.999999Z")]
    #[case("1600-03-01T00:00:00Z")]
    #[case("9999-12-30T22:00:00Z")]
    fn it_reads_and_writes_what_the_server_does(#[case] text: &str) {
        let time: Moment = text.parse().unwrap();
        let servers: jiff::Timestamp = text.parse().unwrap();
        assert_eq!(time.to_string(), text);
        assert_eq!(servers.to_string(), text);
        assert_eq!(time.as_millisecond(), servers.as_millisecond());
    }

    #[test]
    fn every_day_of_four_centuries_has_one_date() {
        for day in -20_000..140_000 {
            let (year, month, of_month) = date_of(day);
            assert_eq!(days_of(year, month, of_month), day);
        }
    }

    #[rstest]
    #[case("2026-11-23T12:00:00+02:00", "2026-11-23T10:00:00Z")]
    #[case("2026-11-23 12:00:00-05:30", "2026-11-23T17:30:00Z")]
    #[case("2026-11-23T12:00:00.1234567Z", "2026-11-23T12:00:00.123456Z")]
    fn offsets_and_fine_fractions_are_read(#[case] text: &str, #[case] same: &str) {
        assert_eq!(text.parse::<Moment>().unwrap().to_string(), same);
    }

    #[rstest]
    #[case("")]
    #[case("2026-11-23")]
    #[case("2026-02-30T00:00:00Z")]
    #[case("2026-13-01T00:00:00Z")]
    #[case("2026-11-23T24:00:00Z")]
    #[case("2026-11-23T12:00:00")]
    #[case("2026-11-23T12:00:00.Z")]
    #[case("2026-11-23T12:00:00Zx")]
    #[case("2026/11/23T12:00:00Z")]
    fn what_is_no_point_in_time_is_refused(#[case] text: &str) {
        assert!(text.parse::<Moment>().is_err());
    }
}
