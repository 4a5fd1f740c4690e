//! The health door: is the process alive, is it ready, how long does it run. Open to everyone and cheap.

use crate::app::App;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long the database may take to answer before it counts as unreachable.
const DATABASE_LIMIT: Duration = Duration::from_secs(2);

/// `/health`, `/health/live` and `/health/ready`.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .with_state(app)
}

async fn health(State(app): State<Arc<App>>) -> Response {
    Json(json!({
        "status": "healthy",
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": app.started.elapsed().as_secs(),
    }))
    .into_response()
}

async fn live() -> Response {
    Json(json!({"status": "live"})).into_response()
}

/// Ready: new requests may be sent here.
async fn ready(State(app): State<Arc<App>>) -> Response {
    if app.draining.load(Ordering::Relaxed) {
        return not_ready("draining");
    }
    match tokio::time::timeout(DATABASE_LIMIT, app.db.ping()).await {
        Ok(Ok(())) => Json(json!({"status": "ready"})).into_response(),
        Ok(Err(_)) | Err(_) => not_ready("database"),
    }
}

fn not_ready(reason: &str) -> Response {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        Json(json!({"status": "not_ready", "reason": reason})),
    )
        .into_response()
}
