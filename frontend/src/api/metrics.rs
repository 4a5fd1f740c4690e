//! `/admin/metrics`.

use fastgate_shared::metrics::{BucketSpan, GroupBy, GroupedMetrics, HourlyBucket, MetricsSummary, UsedOverTime};
use serde_json::json;

use crate::api::{self, Answer};

/// The figures since a time and, unless they go on, up to one (RFC 3339).
pub async fn summary(start_time: &str, end_time: Option<&str>) -> Answer<MetricsSummary> {
    let query = json!({ "start_time": start_time, "end_time": end_time });
    api::get(&api::with_query("/admin/metrics", &query)).await
}

/// One bucket for each of the last `hours` hours, oldest first.
pub async fn hourly(hours: u32) -> Answer<Vec<HourlyBucket>> {
    api::get(&format!("/admin/metrics/hourly?hours={hours}")).await
}

/// The figures since a time (RFC 3339) over time, told apart where there is something to tell apart by.
pub async fn grouped(by: Option<GroupBy>, span: BucketSpan, start_time: &str, groups: u32) -> Answer<GroupedMetrics> {
    let query = json!({ "by": by, "span": span, "start_time": start_time, "limit": groups });
    api::get(&api::with_query("/admin/metrics/grouped", &query)).await
}

/// How many keys and routes had requests since a time (RFC 3339), over time.
pub async fn used(span: BucketSpan, start_time: &str) -> Answer<UsedOverTime> {
    let query = json!({ "span": span, "start_time": start_time });
    api::get(&api::with_query("/admin/metrics/used", &query)).await
}
