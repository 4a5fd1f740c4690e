//! `/admin/upstreams`.

use fastgate_shared::upstream::UpstreamStatus;

use crate::api::{self, Answer};

/// The targets of all routes as they are now, up to the API's largest page.
pub async fn list() -> Answer<Vec<UpstreamStatus>> {
    api::get("/admin/upstreams?limit=1000").await
}
