//! `/admin/metrics`: figures from the per-minute roll-ups; and `/metrics`, the same process for Prometheus.

use super::auth::{self, Administrator, Viewer};
use super::openapi::METRICS;
use super::page::Query;
use super::problem::{Problem, shorten};
use crate::app::App;
use crate::client::ClientAddress;
use crate::db::metrics::grouped::{Grouping, MAX_GROUPS};
use crate::db::metrics::{self as stored, MAX_DAYS, MAX_HOURS, MetricsRange};
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use fastgate_shared::metrics::{
    BucketSpan, DailyBucket, GroupBy, GroupedMetrics, HourlyBucket, MetricsSummary, UsedOverTime,
};
use fastgate_shared::problem::Problem as ProblemDocument;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Hours unless said otherwise.
const DEFAULT_HOURS: u32 = 24;
/// Days unless said otherwise.
const DEFAULT_DAYS: u32 = 7;
/// Groups unless said otherwise.
const DEFAULT_GROUPS: usize = 10;
/// The text format of Prometheus.
const PROMETHEUS_TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
/// Fields by which a proxy tells that a request is not its own.
const FORWARDED: [HeaderName; 3] = [
    header::FORWARDED,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
];

/// The calls of this file.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(summary))
        .routes(routes!(hourly))
        .routes(routes!(daily))
        .routes(routes!(grouped))
        .routes(routes!(used))
}

/// The figures of a range, and of now.
#[utoipa::path(get, path = "/admin/metrics", tag = METRICS,
    params(
        ("start_time" = Option<String>, Query, description = "From this minute on; unbounded by default"),
        ("end_time" = Option<String>, Query, description = "Up to and including this minute; a bare date means its end"),
    ),
    responses((status = 200, body = MetricsSummary), (status = 422, body = ProblemDocument)))]
async fn summary(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    mut query: Query,
) -> Result<Json<MetricsSummary>, Problem> {
    let range = take_range(&mut query);
    query.finish(&["start_time", "end_time"])?;
    let now = Timestamp::now();
    let mut summary = stored::summary(&app.db, range, now).await?;
    summary.in_flight = app.audit.live.in_flight() as u64;
    summary.audit_records_lost = app.audit.lost();
    summary.audit_stalled = app.audit.stalled();
    Ok(Json(summary))
}

/// The last hours, oldest first; the last one is the current one.
#[utoipa::path(get, path = "/admin/metrics/hourly", tag = METRICS,
    params(("hours" = Option<u32>, Query, description = "Hours, 1–8760, 24 by default")),
    responses((status = 200, body = Vec<HourlyBucket>), (status = 422, body = ProblemDocument)))]
async fn hourly(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    mut query: Query,
) -> Result<Json<Vec<HourlyBucket>>, Problem> {
    let hours = query.take_number("hours", 1..=MAX_HOURS).unwrap_or(DEFAULT_HOURS);
    query.finish(&["hours"])?;
    let now = Timestamp::now();
    let buckets = app.db.read(move |connection| stored::hourly(connection, hours, now));
    Ok(Json(buckets.await?))
}

/// The last days in UTC, oldest first; the last one is today.
#[utoipa::path(get, path = "/admin/metrics/daily", tag = METRICS,
    params(("days" = Option<u32>, Query, description = "Days, 1–3660, 7 by default")),
    responses((status = 200, body = Vec<DailyBucket>), (status = 422, body = ProblemDocument)))]
async fn daily(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    mut query: Query,
) -> Result<Json<Vec<DailyBucket>>, Problem> {
    let days = query.take_number("days", 1..=MAX_DAYS).unwrap_or(DEFAULT_DAYS);
    query.finish(&["days"])?;
    let now = Timestamp::now();
    let buckets = app.db.read(move |connection| stored::daily(connection, days, now));
    Ok(Json(buckets.await?))
}

/// Figures told apart by route, key, source, model, upstream or status, over the range and over time.
#[utoipa::path(get, path = "/admin/metrics/grouped", tag = METRICS,
    params(
        ("by" = Option<GroupBy>, Query, description = "What figures are told apart by; only the total by default"),
        ("span" = Option<BucketSpan>, Query, description = "Length of a bucket; what fits the range by default. At most 1500 buckets"),
        ("start_time" = Option<String>, Query, description = "From the bucket with this time on; 24 hours before the end by default"),
        ("end_time" = Option<String>, Query, description = "Up to the bucket with this time; now by default; a bare date means its end"),
        ("limit" = Option<u32>, Query, description = "Groups told apart, 1–50, 10 by default; the rest is added up"),
    ),
    responses((status = 200, body = GroupedMetrics), (status = 422, body = ProblemDocument)))]
async fn grouped(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    mut query: Query,
) -> Result<Json<GroupedMetrics>, Problem> {
    let by = take_word(&mut query, "by", GroupBy::ALL.map(|by| (by.as_str(), by)));
    let span = take_word(&mut query, "span", BucketSpan::ALL.map(|span| (span.as_str(), span)));
    let groups = query.take_number("limit", 1..=MAX_GROUPS).unwrap_or(DEFAULT_GROUPS);
    let range = take_range(&mut query);
    query.finish(&["by", "span", "start_time", "end_time", "limit"])?;
    let grouping =
        Grouping::new(by, span, groups, range, Timestamp::now()).map_err(|error| Problem::fields(vec![error]))?;
    let figures = app
        .db
        .read(move |connection| stored::grouped::grouped(connection, grouping));
    Ok(Json(figures.await?))
}

/// How many different keys and routes had requests, over time.
#[utoipa::path(get, path = "/admin/metrics/used", tag = METRICS,
    params(
        ("span" = Option<BucketSpan>, Query, description = "Length of a bucket; what fits the range by default. At most 1500 buckets"),
        ("start_time" = Option<String>, Query, description = "From the bucket with this time on; 24 hours before the end by default"),
        ("end_time" = Option<String>, Query, description = "Up to the bucket with this time; now by default; a bare date means its end"),
    ),
    responses((status = 200, body = UsedOverTime), (status = 422, body = ProblemDocument)))]
async fn used(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    mut query: Query,
) -> Result<Json<UsedOverTime>, Problem> {
    let span = take_word(&mut query, "span", BucketSpan::ALL.map(|span| (span.as_str(), span)));
    let range = take_range(&mut query);
    query.finish(&["span", "start_time", "end_time"])?;
    let grouping =
        Grouping::new(None, span, 0, range, Timestamp::now()).map_err(|error| Problem::fields(vec![error]))?;
    let figures = app
        .db
        .read(move |connection| stored::grouped::used(connection, grouping));
    Ok(Json(figures.await?))
}

/// Takes `start_time` and `end_time` out.
fn take_range(query: &mut Query) -> MetricsRange {
    let (start, end) = (query.take("start_time"), query.take("end_time"));
    MetricsRange::parse(start.as_deref(), end.as_deref()).unwrap_or_else(|errors| {
        errors
            .into_iter()
            .for_each(|error| query.refuse(error.field, error.message));
        MetricsRange::default()
    })
}

/// Takes one of several words out.
fn take_word<T: Copy, const N: usize>(query: &mut Query, name: &str, words: [(&str, T); N]) -> Option<T> {
    let text = query.take(name)?;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    if found.is_none() {
        let allowed = words.map(|(word, _)| word).join(", ");
        query.refuse(
            name,
            format!(
                "is `{}`; allowed are {allowed}",
                shorten(&text.escape_debug().to_string())
            ),
        );
    }
    found
}

/// `/metrics`: open on this machine, or to everyone with `metrics.public`; else for administrators.
pub async fn prometheus(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let client = parts.extensions.get::<ClientAddress>();
    if !app.config.metrics.public && !client.is_some_and(|client| is_this_machine(client, &parts.headers)) {
        auth::authorise(&app, &parts).await?;
    }
    Ok(([(header::CONTENT_TYPE, PROMETHEUS_TEXT)], app.metrics_text()).into_response())
}

/// A proxy on this machine passes requests of others on: what it says of them must not open the door.
fn is_this_machine(client: &ClientAddress, headers: &HeaderMap) -> bool {
    client.is_loopback() && !FORWARDED.iter().any(|name| headers.contains_key(name))
}
