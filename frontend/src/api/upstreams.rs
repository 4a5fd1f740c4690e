//! `/admin/upstreams`.

use fastgate_shared::upstream::UpstreamStatus;

use crate::api::{self, Answer};

/// The targets of all routes as they are now, up to the API's largest page.
pub async fn list() -> Answer<Vec<UpstreamStatus>> {
    api::get("/admin/upstreams?limit=1000").await
}

/// So many targets, those in trouble first and those that are switched off last.
pub async fn worst(limit: usize) -> Answer<Vec<UpstreamStatus>> {
    api::get(&format!("/admin/upstreams?order=trouble&limit={limit}")).await
}
