//! `/admin/upstreams`: how the targets of the routes are, at this moment.

use super::auth::{Administrator, Viewer};
use super::openapi::UPSTREAMS;
use super::page::Query;
use super::problem::Problem;
use crate::app::App;
use crate::upstream::overview::{Now, overview};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use fastgate_shared::problem::Problem as ProblemDocument;
use fastgate_shared::upstream::UpstreamStatus;
use http::{HeaderName, HeaderValue};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How many there are in all.
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");

/// The call of this file.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The targets of all routes and whether they get requests.
///
/// Routes in matching order, the targets of each as they are written; with `order=trouble` those first that get nothing
/// done, and those last that are switched off. How many there are in all is in `X-Total-Count`.
#[utoipa::path(get, path = "/admin/upstreams", tag = UPSTREAMS,
    params(
        ("route_id" = Option<String>, Query, description = "Only the targets of this route"),
        ("order" = Option<String>, Query, description = "matching (the default) or trouble"),
        ("skip" = Option<u64>, Query, description = "Targets left out, 0 by default"),
        ("limit" = Option<u64>, Query, description = "Targets returned, 1–1000, 100 by default"),
    ),
    responses((status = 200, body = Vec<UpstreamStatus>, headers(("X-Total-Count" = u64))),
        (status = 422, body = ProblemDocument)))]
async fn list(_: Administrator<Viewer>, State(app): State<Arc<App>>, mut query: Query) -> Result<Response, Problem> {
    let route_id = query.take("route_id");
    let order = query.take("order");
    let page = query.take_page();
    let by_trouble = match order.as_deref() {
        None | Some("" | "matching") => false,
        Some("trouble") => true,
        Some(other) => {
            let why = format!(
                "`{}` is not an order; allowed is matching or trouble",
                other.escape_debug()
            );
            query.refuse("order", why);
            false
        }
    };
    query.finish(&["route_id", "order", "skip", "limit"])?;
    let snapshot = app.snapshot();
    let wanted = |status: &UpstreamStatus| route_id.as_ref().is_none_or(|route_id| *route_id == status.route_id);
    let mut all: Vec<UpstreamStatus> = overview(&snapshot.routes, &app.health_checks, Now::read())
        .filter(wanted)
        .collect();
    if by_trouble {
        all.sort_by_key(UpstreamStatus::trouble);
    }
    let total = all.len() as u64;
    let shown: Vec<UpstreamStatus> = all
        .into_iter()
        .skip(usize::try_from(page.skip).unwrap_or(usize::MAX))
        .take(usize::try_from(page.limit).unwrap_or(usize::MAX))
        .collect();
    Ok(([(TOTAL, HeaderValue::from(total))], Json(shown)).into_response())
}
