//! Figures from the per-minute roll-ups.

use crate::json::FromJson;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One line of a "top" list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TopEntry {
    /// What is counted: a path, a source path, a route's or model's name.
    pub name: String,
    /// UUID where the thing has one (keys, routes).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Requests.
    pub count: u64,
    /// Of these with status ≥ 400 or without an answer.
    pub errors: u64,
}

/// The answer to `GET /admin/metrics`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MetricsSummary {
    /// Requests that ended in the range.
    pub total_requests: u64,
    /// Requests with status ≥ 400 or without an answer.
    pub total_errors: u64,
    /// Percent of requests without an error, 0–100; 100 when there was none.
    pub success_rate: f64,
    /// Mean milliseconds.
    pub avg_response_time: f64,
    /// Median milliseconds.
    pub p50_response_time: f64,
    /// 95th percentile, milliseconds.
    pub p95_response_time: f64,
    /// 99th percentile, milliseconds.
    pub p99_response_time: f64,
    /// Mean milliseconds to the response's head.
    pub avg_ttfb: f64,
    /// Keys that are active and not expired.
    pub active_api_keys: u64,
    /// Routes that are active.
    pub active_routes: u64,
    /// Keys with requests in the range, as wide as the top lists take it.
    #[serde(default)]
    pub keys_used: u64,
    /// Routes with requests in the range, as wide as the top lists take it.
    #[serde(default)]
    pub routes_used: u64,
    /// Requests in the last 60 minutes.
    pub last_hour_requests: u64,
    /// Requests in the last minute.
    pub requests_per_minute: f64,
    /// Requests in flight now.
    pub in_flight: u64,
    /// Audit records that were lost since the start.
    pub audit_records_lost: u64,
    /// Whether audit records cannot be written now and wait, in memory or on disk: the disk is full, or the database
    /// locked or away.
    #[serde(default)]
    pub audit_stalled: bool,
    /// Most used paths, ten at most. This and the other top lists are of whole hours, and of whole days (UTC) where the range has more
    /// than two of these: they may begin a little before it and end a little after it.
    pub top_paths: Vec<TopEntry>,
    /// Busiest sources, ten at most.
    pub top_source_paths: Vec<TopEntry>,
    /// Busiest keys by name or preview, ten at most.
    #[serde(default)]
    pub top_keys: Vec<TopEntry>,
    /// Busiest routes, ten at most.
    pub top_routes: Vec<TopEntry>,
    /// Busiest models, ten at most.
    pub top_models: Vec<TopEntry>,
    /// Requests by status class: `2xx` … `5xx`.
    pub status_distribution: BTreeMap<String, u64>,
}

/// The figures of one hour or day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BucketFigures {
    /// Requests that ended in it.
    pub total_requests: u64,
    /// Of these with an error.
    pub errors: u64,
    /// Percent without an error, 0–100; 100 when there was no request.
    pub success_rate: f64,
    /// Mean milliseconds.
    pub avg_response_time: f64,
    /// 95th percentile, milliseconds.
    pub p95_response_time: f64,
    /// Mean milliseconds to the response's head.
    pub avg_ttfb: f64,
    /// Body bytes from clients.
    pub bytes_in: u64,
    /// Body bytes to clients.
    pub bytes_out: u64,
}

/// An element of `GET /admin/metrics/hourly`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HourlyBucket {
    /// Start of the hour, RFC 3339 in UTC.
    pub hour: String,
    #[serde(flatten)]
    #[allow(missing_docs, reason = "the figures, flat")]
    pub figures: BucketFigures,
}

/// An element of `GET /admin/metrics/daily`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DailyBucket {
    /// The day in UTC, `2030-12-31`.
    pub day: String,
    #[serde(flatten)]
    #[allow(missing_docs, reason = "the figures, flat")]
    pub figures: BucketFigures,
}

/// What figures are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// The route that answered or refused.
    Route,
    /// The client's key.
    Key,
    /// The source path.
    Source,
    /// The model.
    Model,
    /// Protocol, host and port of the upstream that was asked last.
    Upstream,
    /// The class of the status: `2xx` … `5xx`, `none` without an answer.
    Status,
}

/// The length of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BucketSpan {
    /// 60 s; kept for 32 days.
    Minute,
    /// 3,600 s; kept for 400 days.
    Hour,
    /// 86,400 s, in UTC.
    Day,
}

impl GroupBy {
    /// Each, in the order in which they are offered.
    pub const ALL: [Self; 6] = [
        Self::Route,
        Self::Key,
        Self::Source,
        Self::Model,
        Self::Upstream,
        Self::Status,
    ];

    /// Its name in queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Key => "key",
            Self::Source => "source",
            Self::Model => "model",
            Self::Upstream => "upstream",
            Self::Status => "status",
        }
    }
}

impl BucketSpan {
    /// Each, the shortest first.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// Its name in queries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// Its length.
    #[must_use]
    pub const fn seconds(self) -> i32 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

/// The figures of a group over the whole range.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupFigures {
    #[serde(flatten)]
    #[allow(missing_docs, reason = "the figures, flat")]
    pub figures: BucketFigures,
    /// Median milliseconds.
    pub p50_response_time: f64,
    /// 99th percentile, milliseconds.
    pub p99_response_time: f64,
    /// 95th percentile of the time to the response's head, milliseconds.
    pub p95_ttfb: f64,
    /// Usage, as upstreams tell it.
    pub prompt_tokens: u64,
    /// Usage, as upstreams tell it.
    pub completion_tokens: u64,
}

/// The figures of a group over time: of each kind one number for each bucket.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[allow(missing_docs, reason = "as in GroupFigures")]
pub struct GroupSeries {
    pub total_requests: Vec<u64>,
    pub errors: Vec<u64>,
    pub success_rate: Vec<f64>,
    pub avg_response_time: Vec<f64>,
    pub p50_response_time: Vec<f64>,
    pub p95_response_time: Vec<f64>,
    pub p99_response_time: Vec<f64>,
    pub avg_ttfb: Vec<f64>,
    pub p95_ttfb: Vec<f64>,
    pub bytes_in: Vec<u64>,
    pub bytes_out: Vec<u64>,
    pub prompt_tokens: Vec<u64>,
    pub completion_tokens: Vec<u64>,
}

/// The requests that have one thing in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MetricsGroup {
    /// What the log is filtered by: a UUID, a model, a source path, a status class; null for those that have none.
    pub id: Option<String>,
    /// What people call it; `(none)` for those that have none, `(other)` for the rest.
    pub name: String,
    /// The whole range.
    pub figures: GroupFigures,
    /// Over time.
    pub series: GroupSeries,
}

/// The answer to `GET /admin/metrics/grouped`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupedMetrics {
    /// The length of a bucket.
    pub span: BucketSpan,
    /// Start of the first bucket.
    pub start_time: Timestamp,
    /// End of the last bucket: the range holds no time that is not before it.
    pub end_time: Timestamp,
    /// Starts of the buckets, oldest first, empty ones included.
    pub buckets: Vec<Timestamp>,
    /// All requests.
    pub total: MetricsGroup,
    /// The busiest groups, the busiest first.
    pub groups: Vec<MetricsGroup>,
    /// The rest, if there is one.
    pub other: Option<MetricsGroup>,
}

/// The answer to `GET /admin/metrics/used`: what had requests, over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsedOverTime {
    /// The length of a bucket.
    pub span: BucketSpan,
    /// Starts of the buckets, oldest first, empty ones included.
    pub buckets: Vec<Timestamp>,
    /// Different keys with requests, bucket by bucket.
    pub keys: Vec<u64>,
    /// Different routes with requests, bucket by bucket.
    pub routes: Vec<u64>,
}

impl GroupSeries {
    /// One bucket more.
    pub fn push(&mut self, bucket: &GroupFigures) {
        let figures = &bucket.figures;
        self.total_requests.push(figures.total_requests);
        self.errors.push(figures.errors);
        self.success_rate.push(figures.success_rate);
        self.avg_response_time.push(figures.avg_response_time);
        self.p50_response_time.push(bucket.p50_response_time);
        self.p95_response_time.push(figures.p95_response_time);
        self.p99_response_time.push(bucket.p99_response_time);
        self.avg_ttfb.push(figures.avg_ttfb);
        self.p95_ttfb.push(bucket.p95_ttfb);
        self.bytes_in.push(figures.bytes_in);
        self.bytes_out.push(figures.bytes_out);
        self.prompt_tokens.push(bucket.prompt_tokens);
        self.completion_tokens.push(bucket.completion_tokens);
    }
}
