//! The admin door: REST under `/admin`, the dashboard's session, the OpenAPI document, and Prometheus' `/metrics`.
//! (contract: Admin REST.)
//!
//! Handlers follow one recipe: an [`auth::Administrator`] as proof, what was asked, the rooms' answer. Refusals are
//! [`problem::Problem`]s. The files of the dashboard are not here but in [`crate::ui`].

pub mod auth;
mod changes;
mod config;
mod envelope;
mod etag;
mod events;
mod gone;
mod json;
mod keys;
mod logs;
mod metrics;
mod openapi;
mod own_request;
mod page;
mod playground;
mod problem;
mod routes;
mod session;
mod sessions;
mod settings;
mod tokens;
mod trail;
mod upstreams;

use crate::app::App;
use axum::Router;
use axum::middleware;
use axum::routing::get;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// All of `/admin/*` but the dashboard's files.
pub fn router(app: Arc<App>) -> Router {
    let (calls, document) = calls().split_for_parts();
    let guarded = calls
        .route("/metrics", get(metrics::prometheus))
        .fallback(envelope::nothing_here)
        .layer(middleware::from_fn_with_state(app.clone(), auth::same_origin))
        .with_state(app.clone());
    guarded
        .merge(session::mount_identity(app.clone()))
        .merge(session::mount(app))
        .merge(openapi::pages(&document))
        .layer(CatchPanicLayer::custom(envelope::panicked))
        .layer(middleware::from_fn(envelope::speak_problems))
}

/// The OpenAPI document of the admin door.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    calls().into_openapi()
}

/// Every call with its description.
fn calls() -> utoipa_axum::router::OpenApiRouter<Arc<App>> {
    let mut calls = openapi::collector()
        .merge(keys::router())
        .merge(routes::router())
        .merge(changes::router())
        .merge(config::router())
        .merge(logs::router())
        .merge(playground::router())
        .merge(metrics::router())
        .merge(settings::router())
        .merge(sessions::router())
        .merge(tokens::router())
        .merge(trail::router())
        .merge(upstreams::router());
    openapi::complete(calls.get_openapi_mut());
    calls
}
