//! `/admin/routes`: where requests go. Credentials in answers are masked; a mask that is sent back keeps the stored value.

mod copy_of;
pub mod explain;
mod test;

use super::auth::{Administrator, Operator, Viewer};
use super::etag::{self, DryRun, DryRunParam, IfMatch, IfMatchParam, Tagged, Tried};
use super::gone;
use super::json::{self, JsonObject, Reading, add_missing};
use super::openapi::{Deleted, ROUTES};
use super::page::{Id, Query};
use super::problem::Problem;
use crate::app::{App, Change, ChangeError, change};
use crate::db::routes as stored;
use crate::history::{self, Object};
use crate::routing::RouteTable;
use crate::secrets::{mask_route, merge_masked};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use copy_of::{CopyOf, CopyOfParam};
use fastgate_shared::changes::ChangedKind;
use fastgate_shared::problem::{FieldError, Problem as ProblemDocument, field_errors};
use fastgate_shared::route::{Route, RouteDefinition, ToggleRoute};
use garde::Validate as _;
use http::{HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How many there are in all.
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");

/// The calls of this file and of its parts.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(explain::explain))
        .routes(routes!(get, update, delete))
        .routes(routes!(toggle))
        .routes(routes!(test::test))
        .routes(routes!(update_by_post))
        .routes(routes!(delete_by_post))
}

/// Make a route.
///
/// It takes requests with the answer. A copy of another one (`copy_of`) may send that route's credentials as they are shown.
#[utoipa::path(post, path = "/admin/routes", tag = ROUTES, params(DryRunParam, CopyOfParam), request_body = RouteDefinition,
    responses((status = 201, body = Route), (status = 204, description = "Of a dry run: it would be made"), (status = 422, body = ProblemDocument)))]
async fn create(
    by: Administrator<Operator>,
    State(app): State<Arc<App>>,
    DryRun(dry_run): DryRun,
    CopyOf(copy_of): CopyOf,
    body: JsonObject,
) -> Result<Response, Problem> {
    let read = json::read(body.required()?, Vec::new());
    let made = change(&app, by.origin(), move |change| async move {
        let model = match &copy_of {
            Some(route_id) => Some(route(&change, route_id).await?),
            None => None,
        };
        let definition = checked(change.app(), read, model.as_ref())?;
        if dry_run {
            return Ok(None);
        }
        let route = change.add_route(definition).await?;
        tracing::info!(route_id = route.route_id, "a route was made");
        Ok::<_, Problem>(Some(tagged(change.app(), route)))
    })
    .await?;
    let Some(route) = made else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let location = format!("/admin/routes/{}", route.1.route_id);
    let location = HeaderValue::from_str(&location).map_err(Problem::internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], route).into_response())
}

/// List routes in matching order: the first that takes a request wins.
///
/// How many there are in all is in `X-Total-Count`.
#[utoipa::path(get, path = "/admin/routes", tag = ROUTES,
    params(
        ("is_active" = Option<bool>, Query, description = "Only those that are, or are not, active"),
        ("skip" = Option<u64>, Query, description = "Routes left out, 0 by default"),
        ("limit" = Option<u64>, Query, description = "Routes returned, 1–1000, 100 by default"),
    ),
    responses((status = 200, body = Vec<Route>, headers(("X-Total-Count" = u64))), (status = 422, body = ProblemDocument)))]
async fn list(_: Administrator<Viewer>, State(app): State<Arc<App>>, mut query: Query) -> Result<Response, Problem> {
    let is_active = query.take_bool("is_active");
    let page = query.take_page();
    query.finish(&["is_active", "skip", "limit"])?;
    let snapshot = app.snapshot();
    let listed: Vec<&Route> = listed(&snapshot.routes)
        .filter(|route| is_active.is_none_or(|active| active == route.definition.is_active))
        .collect();
    let total = listed.len() as u64;
    let routes: Vec<Route> = listed
        .into_iter()
        .skip(usize::try_from(page.skip).unwrap_or(usize::MAX))
        .take(usize::try_from(page.limit).unwrap_or(usize::MAX))
        .map(|route| mask_route(route.clone()))
        .collect();
    Ok(([(TOTAL, HeaderValue::from(total))], Json(routes)).into_response())
}

/// Get a route.
#[utoipa::path(get, path = "/admin/routes/{route_id}", tag = ROUTES, params(("route_id" = String, Path)),
    responses((status = 200, body = Route), (status = 404, body = ProblemDocument)))]
async fn get(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    Id(route_id): Id,
) -> Result<Tagged<Route>, Problem> {
    read(&app, &route_id).await.map(|route| tagged(&app, route))
}

/// Change a route.
///
/// Changes the fields that are named; null means the default. Masked credentials keep their stored value, unless the
/// route's host or protocol changes: then they must be sent anew. With an `If-Match` or an `updated_at` that is not the
/// stored one any more the answer is 409 with what changed meanwhile, so that nobody's change is lost.
#[utoipa::path(put, path = "/admin/routes/{route_id}", tag = ROUTES, params(("route_id" = String, Path), IfMatchParam, DryRunParam),
    request_body = RouteDefinition,
    responses((status = 200, body = Route), (status = 204, description = "Of a dry run: it would be changed"), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn update(
    by: Administrator<Operator>,
    State(app): State<Arc<App>>,
    Id(route_id): Id,
    Tried { dry_run, wanted }: Tried,
    body: JsonObject,
) -> Result<Response, Problem> {
    let members = body.required()?;
    change(&app, by.origin(), move |change| async move {
        let stored = unchanged(&change, &route_id, &wanted).await?;
        refuse_older(change.app(), &members, &stored).await?;
        // The client's picture of the route is the masked one: what it leaves out is masked as well, so that a new host
        // never gets a credential that was not entered for it.
        let patched = json::patch(&mask_route(stored.clone()), members, Vec::new())?;
        let definition = checked(change.app(), patched, Some(&stored))?;
        if dry_run {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        let saved = save(&change, &route_id, definition, "a route was changed").await?;
        Ok(saved.into_response())
    })
    .await
}

/// Delete a route.
///
/// It takes no further request; those in flight go on.
#[utoipa::path(delete, path = "/admin/routes/{route_id}", tag = ROUTES, params(("route_id" = String, Path), IfMatchParam),
    responses((status = 200, body = Deleted), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn delete(
    by: Administrator<Operator>,
    State(app): State<Arc<App>>,
    Id(route_id): Id,
    wanted: IfMatch,
) -> Result<Json<Deleted>, Problem> {
    change(&app, by.origin(), move |change| async move {
        unchanged(&change, &route_id, &wanted).await?;
        change
            .delete_route(&route_id)
            .await
            .map_err(|error| Problem::about("route", &route_id, error))?;
        tracing::info!(route_id, "a route was deleted");
        Ok(Json(Deleted::new("The route was deleted.", route_id)))
    })
    .await
}

/// Switch a route on or off.
///
/// Without a body: the other way.
#[utoipa::path(post, path = "/admin/routes/{route_id}/toggle", tag = ROUTES, params(("route_id" = String, Path), IfMatchParam),
    request_body = Option<ToggleRoute>,
    responses((status = 200, body = Route), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn toggle(
    by: Administrator<Operator>,
    State(app): State<Arc<App>>,
    Id(route_id): Id,
    wanted: IfMatch,
    body: JsonObject,
) -> Result<Tagged<Route>, Problem> {
    let ToggleRoute { is_active } = json::whole(body.0.unwrap_or_default(), Vec::new())?;
    change(&app, by.origin(), move |change| async move {
        let mut definition = unchanged(&change, &route_id, &wanted).await?.definition;
        definition.is_active = is_active.unwrap_or(!definition.is_active);
        save(&change, &route_id, definition, "a route was switched").await
    })
    .await
}

/// Change a route, where PUT does not pass.
#[utoipa::path(post, path = "/admin/routes/update/{route_id}", tag = ROUTES, params(("route_id" = String, Path), IfMatchParam, DryRunParam),
    request_body = RouteDefinition,
    responses((status = 200, body = Route), (status = 204, description = "Of a dry run: it would be changed"), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn update_by_post(
    by: Administrator<Operator>,
    app: State<Arc<App>>,
    route_id: Id,
    tried: Tried,
    body: JsonObject,
) -> Result<Response, Problem> {
    update(by, app, route_id, tried, body).await
}

/// Delete a route, where DELETE does not pass.
#[utoipa::path(post, path = "/admin/routes/delete/{route_id}", tag = ROUTES, params(("route_id" = String, Path), IfMatchParam),
    responses((status = 200, body = Deleted), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn delete_by_post(
    by: Administrator<Operator>,
    app: State<Arc<App>>,
    route_id: Id,
    wanted: IfMatch,
) -> Result<Json<Deleted>, Problem> {
    delete(by, app, route_id, wanted).await
}

/// Every route in matching order, credentials in clear.
fn listed(table: &RouteTable) -> impl Iterator<Item = &Route> {
    table.all_in_order().iter().map(|compiled| &*compiled.route)
}

/// A route with its credentials in clear.
async fn read(app: &App, route_id: &str) -> Result<Route, Problem> {
    let id = route_id.to_owned();
    let found = app.db.read(move |connection| stored::get(connection, &id)).await;
    match found
        .map_err(ChangeError::from)
        .and_then(|stored| app.open_route(&stored))
    {
        Ok(route) => Ok(route),
        Err(error) => Err(gone::about(app, ChangedKind::Route, route_id, error).await),
    }
}

async fn route(change: &Change, route_id: &str) -> Result<Route, Problem> {
    match change.route(route_id).await {
        Ok(route) => Ok(route),
        Err(error) => Err(gone::about(change.app(), ChangedKind::Route, route_id, error).await),
    }
}

/// The route as it is stored, if it is still in the state that the caller wants to change.
async fn unchanged(change: &Change, route_id: &str, wanted: &IfMatch) -> Result<Route, Problem> {
    let stored = route(change, route_id).await?;
    let etag = history::route_etag(&stored, &change.app().secrets);
    let shown = mask_route(stored.clone());
    wanted.check(change.app(), &as_it_is(&stored), &etag, &shown).await?;
    Ok(stored)
}

fn as_it_is(route: &Route) -> Object {
    Object::Route {
        before: None,
        after: Some(Box::new(route.clone())),
    }
}

/// The answer about a route with its credentials in clear: masked, with its ETag.
fn tagged(app: &App, route: Route) -> Tagged<Route> {
    Tagged(history::route_etag(&route, &app.secrets), mask_route(route))
}

/// A client that sends back the whole route must have read the latest one.
async fn refuse_older(app: &App, members: &Map<String, Value>, stored: &Route) -> Result<(), Problem> {
    let read = members.get("updated_at").and_then(Value::as_str);
    match read.and_then(|text| text.parse::<Timestamp>().ok()) {
        Some(read) if read < stored.updated_at => {
            let detail = format!(
                "The route was changed at {}; read it again, or leave `updated_at` out.",
                stored.updated_at
            );
            let etag = history::route_etag(stored, &app.secrets);
            let shown = mask_route(stored.clone());
            Err(etag::conflict(app, &as_it_is(stored), (None, &etag), &shown, detail).await)
        }
        _ => Ok(()),
    }
}

async fn save(
    change: &Change,
    route_id: &str,
    definition: RouteDefinition,
    event: &'static str,
) -> Result<Tagged<Route>, Problem> {
    let saved = change
        .change_route(route_id, definition)
        .await
        .map_err(|error| Problem::about("route", route_id, error))?;
    tracing::info!(route_id, is_active = saved.definition.is_active, "{event}");
    Ok(tagged(change.app(), saved))
}

/// Puts stored credentials in place of their masks and refuses what cannot work, everything at once.
pub(super) fn checked(
    app: &App,
    read: Reading<RouteDefinition>,
    stored: Option<&Route>,
) -> Result<RouteDefinition, Problem> {
    let judge = |definition: RouteDefinition, refused: &[FieldError]| {
        let (definition, mut errors) = judged(app, &definition, stored);
        let is_refused = |field: &str| refused.iter().any(|error| json::is_within(&error.field, field));
        errors.retain(|error| {
            !LEANING
                .iter()
                .any(|(field, on)| *field == error.field && is_refused(on))
        });
        (definition, errors)
    };
    read.remade(judge).finish()
}

/// Fields that are judged by another one: where that is refused itself, what would be said of them means nothing.
const LEANING: [(&str, &str); 12] = [
    ("target_path", "match_path"),
    ("add_headers", "match_path"),
    ("add_body_fields", "match_path"),
    ("target_host", "targets"),
    ("hash_on", "balance"),
    ("tls_skip_verify", "target_protocol"),
    ("tls_ca", "target_protocol"),
    ("tls_client_cert", "target_protocol"),
    ("tls_client_cert", "tls_client_key"),
    ("tls_client_key", "target_protocol"),
    ("tls_client_key", "tls_client_cert"),
    ("tls_server_name", "target_protocol"),
];

fn judged(app: &App, definition: &RouteDefinition, stored: Option<&Route>) -> (RouteDefinition, Vec<FieldError>) {
    let kept = stored.map(|stored| &stored.definition);
    let (definition, mut errors) = merge_masked(definition, kept);
    if let Err(report) = definition.validate() {
        add_missing(&mut errors, field_errors(&report));
    }
    add_missing(&mut errors, refused_addresses(app, &definition));
    // What needs an engine (regexes, schemas) is known by compiling; the route itself is not kept.
    let trial = Route {
        route_id: String::new(),
        definition: definition.clone(),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    };
    if let Err(more) = app.compile_route(trial) {
        add_missing(&mut errors, more);
    }
    add_missing(&mut errors, app.leads_back(&definition));
    (definition, errors)
}

/// Targets that are written as addresses which no connection is made to; those that names lead to are judged when they
/// are connected to.
fn refused_addresses(app: &App, definition: &RouteDefinition) -> Vec<FieldError> {
    let listed = definition.targets.iter().enumerate();
    let listed = listed.map(|(index, target)| (format!("targets[{index}].host"), target.host.as_str()));
    let own = std::iter::once(("target_host".to_owned(), definition.target_host.as_str()));
    let judged = own.chain(listed).filter_map(|(field, host)| {
        let authority: http::uri::Authority = host.parse().ok()?;
        let refused = app.upstream.rules().check_literal(authority.host()).err()?;
        Some(FieldError::new(
            field,
            format!(
                "is {refused}, which the gateway does not connect to unless `security.allow_upstream_networks` names it"
            ),
        ))
    });
    judged.collect()
}
