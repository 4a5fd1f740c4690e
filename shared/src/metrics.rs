//! Figures from the per-minute roll-ups.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One line of a "top" list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TopEntry {
    /// What is counted: a path, a source path, a route's or model's name.
    pub name: String,
    /// UUID where the thing has one (routes).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Requests.
    pub count: u64,
    /// Of these with status ≥ 400 or without an answer.
    pub errors: u64,
}

/// The answer to `GET /admin/metrics`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// Requests in the last 60 minutes.
    pub last_hour_requests: u64,
    /// Requests in the last minute.
    pub requests_per_minute: f64,
    /// Requests in flight now.
    pub in_flight: u64,
    /// Audit records that were lost since the start.
    pub audit_records_lost: u64,
    /// Most used paths, ten at most.
    pub top_paths: Vec<TopEntry>,
    /// Busiest sources, ten at most.
    pub top_source_paths: Vec<TopEntry>,
    /// Busiest routes, ten at most.
    pub top_routes: Vec<TopEntry>,
    /// Busiest models, ten at most.
    pub top_models: Vec<TopEntry>,
    /// Requests by status class: `2xx` … `5xx`.
    pub status_distribution: BTreeMap<String, u64>,
}

/// The figures of one hour or day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
