//! `POST /admin/logs/{log_id}/cancel`: ends a request that is in flight.

use crate::admin::auth::{Administrator, Operator};
use crate::admin::openapi::LOGS;
use crate::admin::page::Id;
use crate::admin::problem::Problem;
use crate::app::App;
use axum::extract::State;
use fastgate_shared::problem::Problem as ProblemDocument;
use http::StatusCode;
use std::sync::Arc;

/// Cancel a request in flight.
///
/// Its upstream is not asked any further. The client hears 503 with the code `request_cancelled`, or, when the answer had
/// begun, a connection that ends without a clean end. The record's `outcome` becomes `interrupted`, and its
/// `error_message` says that an administrator did it. 409 when the request has ended.
#[utoipa::path(post, path = "/admin/logs/{log_id}/cancel", tag = LOGS, params(("log_id" = String, Path)),
    responses((status = 202, description = "The request is being cancelled"), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument)))]
pub async fn cancel(
    _: Administrator<Operator>,
    State(app): State<Arc<App>>,
    Id(log_id): Id,
) -> Result<StatusCode, Problem> {
    if log_id.parse().is_ok_and(|id| app.audit.live.cancel(id)) {
        tracing::info!(log_id, "A request in flight was cancelled by an administrator");
        return Ok(StatusCode::ACCEPTED);
    }
    let record = super::read(&app, &log_id).await?;
    let why = match record.item.outcome {
        Some(_) => "The request has ended already.",
        None => "The request is not in flight on this node.",
    };
    Err(Problem::new(StatusCode::CONFLICT, why))
}
