//! `GET /admin/keys/usage`: how much of their limits keys use at the moment. Read from memory, without a lock.

use crate::admin::auth::{Administrator, Viewer};
use crate::admin::openapi::KEYS;
use crate::admin::page::Query;
use crate::admin::problem::Problem;
use crate::app::App;
use axum::Json;
use axum::extract::State;
use fastgate_shared::api_key::KeyUsage;
use std::sync::Arc;

/// List how much of their limits keys use now.
///
/// Keys that have a limit of requests per minute, their own or the default, and use some of it. `used` falls as time gives
/// requests back; at `limit` the next one is refused. On this node alone.
#[utoipa::path(get, path = "/admin/keys/usage", tag = KEYS, responses((status = 200, body = Vec<KeyUsage>)))]
pub async fn usage(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    query: Query,
) -> Result<Json<Vec<KeyUsage>>, Problem> {
    query.finish(&[])?;
    let snapshot = app.snapshot();
    let used = snapshot.keys.entries().filter_map(|key| {
        let limiter = key.limiter.as_ref()?;
        let used = limiter.used();
        (used > 0).then(|| KeyUsage {
            key_id: key.key_id.to_string(),
            limit: limiter.limit(),
            used,
        })
    });
    let mut used: Vec<KeyUsage> = used.collect();
    used.sort_unstable_by(|left, right| right.used.cmp(&left.used).then_with(|| left.key_id.cmp(&right.key_id)));
    Ok(Json(used))
}
