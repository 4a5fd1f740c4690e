//! The ranges of time that figures are shown of, and the buckets that fit them.

use fastgate_shared::metrics::BucketSpan;

use crate::locales::common as t;

/// A range that ends now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Its name in the address.
    pub key: &'static str,
    /// How far it goes back.
    pub hours: u32,
    /// The buckets that show it best.
    pub span: BucketSpan,
}

const fn range(key: &'static str, hours: u32, span: BucketSpan) -> Range {
    Range { key, hours, span }
}

/// What is shown unless the address says otherwise.
pub const DEFAULT: &str = "24h";

/// Every range, the shortest first.
pub const RANGES: [Range; 7] = [
    range("1h", 1, BucketSpan::Minute),
    range("6h", 6, BucketSpan::Minute),
    range(DEFAULT, 24, BucketSpan::Hour),
    range("7d", 7 * 24, BucketSpan::Hour),
    range("30d", 30 * 24, BucketSpan::Day),
    range("90d", 90 * 24, BucketSpan::Day),
    range("365d", 365 * 24, BucketSpan::Day),
];

impl Range {
    /// The range of this name; the default one where there is none.
    pub fn find(key: &str) -> Self {
        let found = RANGES.into_iter().find(|range| range.key == key);
        found.unwrap_or(RANGES[2])
    }

    /// `Last 24 hours`.
    pub fn word(self) -> String {
        match self.hours {
            1 => t::last_hour().to_owned(),
            hours if hours <= 24 => t::last_hours(hours),
            hours => t::last_days(hours / 24),
        }
    }

    /// How many buckets of this length it has.
    pub fn buckets(self, span: BucketSpan) -> u32 {
        (self.hours * 3_600).div_ceil(span.seconds().unsigned_abs())
    }

    /// When it begins, as RFC 3339: so that it has whole buckets, of which the current one is the last.
    pub fn start(self, span: BucketSpan) -> String {
        self.start_before(span, 0)
    }

    /// When the range before it began that is as long and ended as many buckets ago.
    pub fn start_before(self, span: BucketSpan, buckets: u32) -> String {
        let step = f64::from(span.seconds()) * 1_000.0;
        let current = (js_sys::Date::now() / step).floor();
        rfc3339((current + 1.0 - f64::from(self.buckets(span) + buckets)) * step)
    }
    /// The last moment of the range before, as RFC 3339.
    pub fn end_before(self, span: BucketSpan) -> String {
        let start = js_sys::Date::new(&self.start(span).into()).get_time();
        rfc3339(start - 1.0)
    }
}

/// Milliseconds since the epoch as RFC 3339 in UTC.
pub fn rfc3339(ms: f64) -> String {
    js_sys::Date::new(&ms.into()).to_iso_string().into()
}

/// The choices of a select.
pub fn choices() -> Vec<(String, String)> {
    let choices = RANGES.iter().map(|range| (range.key.to_owned(), range.word()));
    choices.collect()
}
