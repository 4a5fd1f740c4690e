//! What is counted of requests, and what it is told apart by.

use super::histogram::Histogram;
use super::sample::Sample;

/// What figures are told apart by, one at a time: each request is counted once in each of them. The numbers stand in the
/// database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// By nothing: all requests together.
    All = 0,
    /// UUID of the route.
    Route = 1,
    /// UUID of the key.
    Key = 2,
    /// Source path.
    Source = 3,
    /// Model.
    Model = 4,
    /// Protocol, host and port of the upstream.
    Upstream = 5,
    /// First digit of the status, as `2xx`; `none` without an answer.
    Status = 6,
}

/// Sums of some requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Requests.
    pub requests: u64,
    /// Of these with an error; see [`Record::is_error`](super::Record::is_error).
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

impl Dimension {
    /// In the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::All,
        Self::Route,
        Self::Key,
        Self::Source,
        Self::Model,
        Self::Upstream,
        Self::Status,
    ];

    /// As the database has it.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// Whether clients choose the value, so that there must be a bound.
    pub(super) const fn is_chosen_by_clients(self) -> bool {
        matches!(self, Self::Source | Self::Model)
    }
}

impl PathFigures {
    pub(super) fn merge(&mut self, more: Self) {
        self.requests += more.requests;
        self.errors += more.errors;
    }
}

impl Figures {
    pub(super) fn merge(&mut self, more: &Self) {
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

    pub(super) fn add(&mut self, sample: &Sample<'_>) {
        let whole = |number: i64| u64::try_from(number).unwrap_or(0);
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
