//! `/admin/metrics`.

use fastgate_shared::metrics::{HourlyBucket, MetricsSummary};

use crate::api::{self, Answer};

/// The figures since a time (RFC 3339).
pub async fn summary(start_time: &str) -> Answer<MetricsSummary> {
    api::get(&api::with_query(
        "/admin/metrics",
        &serde_json::json!({ "start_time": start_time }),
    ))
    .await
}

/// One bucket for each of the last `hours` hours, oldest first.
pub async fn hourly(hours: u32) -> Answer<Vec<HourlyBucket>> {
    api::get(&format!("/admin/metrics/hourly?hours={hours}")).await
}
