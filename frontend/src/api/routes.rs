//! `/admin/routes`.

use fastgate_shared::problem::FieldError;
use fastgate_shared::route::{MatchExplanation, MatchRequest, Route, RouteDefinition, RouteTestResult, TestRoute};
use serde_json::{Value, json};

use crate::api::{self, Answer, Method, Tagged};

/// Every route in matching order.
pub async fn list() -> Answer<Vec<Route>> {
    rows(None).await
}

/// The first so many routes in matching order, or all.
pub async fn rows(first: Option<usize>) -> Answer<Vec<Route>> {
    api::get_rows("/admin/routes", first).await
}

/// Makes a route.
pub async fn create(definition: &RouteDefinition, copy_of: Option<&str>) -> Answer<Route> {
    api::send(Method::POST, &anew(copy_of), definition).await
}

/// Where a new route is made; a copy of another one takes its credentials over.
fn anew(copy_of: Option<&str>) -> String {
    format!("/admin/routes?copy_of={}", copy_of.unwrap_or_default())
}

/// What the server refuses of a new route, or of a change of one; nothing is done.
pub async fn refusals(route_id: Option<&str>, copy_of: Option<&str>, definition: &RouteDefinition) -> Vec<FieldError> {
    let (method, url) = match route_id {
        Some(route_id) => (Method::PUT, format!("{}?dry_run=true", url(route_id))),
        None => (Method::POST, format!("{}&dry_run=true", anew(copy_of))),
    };
    let tried = api::try_out(method, &url, definition).await;
    tried.err().map(|problem| problem.errors).unwrap_or_default()
}

/// One route, and the ETag of its state.
pub async fn get(route_id: &str) -> Answer<Tagged<Route>> {
    api::get_tagged(&url(route_id)).await
}

/// Changes a route that still has this ETag.
pub async fn update(route_id: &str, definition: &Value, etag: &str) -> Answer<Route> {
    api::send_if(Method::PUT, &url(route_id), definition, Some(etag)).await
}

/// Gives a route that still has this ETag another priority.
pub async fn set_priority(route_id: &str, priority: u16, etag: &str) -> Answer<Route> {
    api::send_if(
        Method::PUT,
        &url(route_id),
        &json!({ "priority": priority }),
        Some(etag),
    )
    .await
}

/// Switches a route on or off.
pub async fn set_active(route_id: &str, is_active: bool) -> Answer<Route> {
    let url = format!("/admin/routes/{route_id}/toggle");
    api::send(Method::POST, &url, &json!({ "is_active": is_active })).await
}

/// Sends one real request to the route's target.
pub async fn test(route_id: &str, test: &TestRoute) -> Answer<RouteTestResult> {
    api::send(Method::POST, &format!("/admin/routes/{route_id}/test"), test).await
}

/// Asks which route would take a request; sends nothing.
pub async fn explain(request: &MatchRequest) -> Answer<MatchExplanation> {
    api::send(Method::POST, "/admin/routes/match", request).await
}

/// Where a route is.
pub fn url(route_id: &str) -> String {
    format!("/admin/routes/{route_id}")
}
