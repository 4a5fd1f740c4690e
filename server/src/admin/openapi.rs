//! The OpenAPI document and its page. The document is collected from the handlers themselves, so that there is no call
//! without a description and no description without a call.

use crate::app::App;
use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use fastgate_shared::admin_token::Role;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use std::sync::Arc;
use utoipa::openapi::RefOr;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::{Modify, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;

/// Tag of the calls about keys.
pub const KEYS: &str = "keys";
/// Tag of the calls about routes.
pub const ROUTES: &str = "routes";
/// Tag of the calls about the history.
pub const CHANGES: &str = "changes";
/// Tag of the calls about the whole configuration.
pub const CONFIG: &str = "config";
/// Tag of the calls about upstreams.
pub const UPSTREAMS: &str = "upstreams";
/// Tag of the calls about the log.
pub const LOGS: &str = "logs";
/// Tag of the call that sends a request for an administrator.
pub const PLAYGROUND: &str = "playground";
/// Tag of the calls about the gateway itself.
pub const SETTINGS: &str = "settings";
/// Tag of the calls about the dashboard's sessions.
pub const SESSIONS: &str = "sessions";
/// Tag of the calls about administrators' tokens.
pub const TOKENS: &str = "tokens";
/// Tag of the calls about the administrators' trail.
pub const EVENTS: &str = "events";
/// Tag of the calls about figures.
pub const METRICS: &str = "metrics";

/// Swagger UI sets styles on elements and has one inline style sheet; its scripts are files. It talks to this origin only.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "M-FastGate admin API",
        description = "Keys, routes, the audit log and its figures. Errors are RFC 9457 problem documents. JSON bodies are read whatever their Content-Type says; unknown fields are refused.",
        license(name = "MIT", identifier = "MIT"),
    ),
    // What only parameters name is not collected by itself.
    components(schemas(fastgate_shared::metrics::GroupBy)),
    modifiers(&Credentials),
    security(("admin_token" = []), ("session" = []), ("query_token" = [])),
    tags(
        (name = KEYS, description = "API keys of clients"),
        (name = ROUTES, description = "Where requests go"),
        (name = CHANGES, description = "Who changed what, when, and the way back"),
        (name = CONFIG, description = "All keys and routes as one document"),
        (name = UPSTREAMS, description = "How the targets of the routes are"),
        (name = LOGS, description = "One record for each request"),
        (name = PLAYGROUND, description = "A request of the administrator's own"),
        (name = METRICS, description = "Figures from the per-minute roll-ups"),
        (name = SETTINGS, description = "The gateway itself: configuration, storage, version"),
        (name = SESSIONS, description = "Who is signed in to the dashboard"),
        (name = TOKENS, description = "Tokens of administrators, with a name and a role"),
        (name = EVENTS, description = "Sign-ins, refusals, and what was done to tokens and sessions"),
    )
)]
struct Document;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(
            "admin_token",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        );
        components.add_security_scheme(
            "session",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(super::session::COOKIE))),
        );
        components.add_security_scheme(
            "query_token",
            SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::with_description(
                "token",
                "For scripts of 0.2; `security.allow_query_token` switches it off",
            ))),
        );
    }
}

/// What a deletion answers.
#[derive(Serialize, ToSchema)]
pub struct Deleted {
    /// What happened, as a sentence.
    message: &'static str,
    /// UUID of what is gone.
    id: String,
}

impl Deleted {
    /// The answer.
    #[must_use]
    pub fn new(message: &'static str, id: String) -> Self {
        Self { message, id }
    }
}

/// A router that starts with the document's head.
pub fn collector() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Document::openapi())
}

/// Completes what the handlers leave out: names that are unique in the whole document, and of the answers the
/// description that OpenAPI requires, the media type of problems, and the 401 that each call can give.
pub fn complete(document: &mut utoipa::openapi::OpenApi) {
    let calls = document.paths.paths.iter_mut().flat_map(|(path, item)| {
        let reads = [&mut item.get].into_iter().flatten().map(|call| (Role::Viewer, call));
        let writes = [&mut item.put, &mut item.post, &mut item.delete].into_iter().flatten();
        let role = role_for_writing(path);
        reads.chain(writes.map(move |call| (role, call)))
    });
    for (role, call) in calls {
        let as_role = |scheme: &str| SecurityRequirement::new(scheme, [role.as_str()]);
        call.security = Some(["admin_token", "session", "query_token"].map(as_role).to_vec());
        if let (Some(name), Some([tag])) = (&mut call.operation_id, call.tags.as_deref()) {
            *name = format!("{tag}_{name}");
        }
        let answers = &mut call.responses.responses;
        let stranger = || RefOr::T(utoipa::openapi::Response::new(""));
        answers.entry("401".to_owned()).or_insert_with(stranger);
        if role > Role::Viewer {
            answers.entry("403".to_owned()).or_insert_with(stranger);
        }
        for (status, answer) in answers {
            if let (Ok(status), RefOr::T(answer)) = (status.parse::<StatusCode>(), answer) {
                complete_answer(status, answer);
            }
        }
    }
}

/// The least role for what is no GET below a path. The handlers' types decide; a test compares.
fn role_for_writing(path: &str) -> Role {
    let admins = ["/admin/keys", "/admin/tokens", "/admin/sessions"];
    match path {
        // Says how routes would judge a request, and sends nothing.
        "/admin/routes/match" => Role::Viewer,
        _ if admins.iter().any(|begin| path.starts_with(begin)) => Role::Admin,
        _ => Role::Operator,
    }
}

fn complete_answer(status: StatusCode, answer: &mut utoipa::openapi::Response) {
    if answer.description.is_empty() {
        status
            .canonical_reason()
            .unwrap_or_default()
            .clone_into(&mut answer.description);
    }
    if status.is_client_error() {
        let problem = utoipa::openapi::Ref::from_schema_name("Problem");
        let content = utoipa::openapi::ContentBuilder::new().schema(Some(problem)).build();
        let media_type = "application/problem+json".to_owned();
        answer.content = [(media_type, RefOr::T(content))].into_iter().collect();
    }
}

/// `/admin/openapi.json` and `/admin/docs`, open to everyone: they hold no data.
pub fn pages<S: Clone + Send + Sync + 'static>(document: &utoipa::openapi::OpenApi) -> Router<S> {
    let json: Arc<str> = document.to_json().unwrap_or_default().into();
    let config = Arc::new(
        utoipa_swagger_ui::Config::from("/admin/openapi.json")
            .validator_url("none")
            .persist_authorization(false),
    );
    let serve = move |request: axum::extract::Request| async move { page(request.uri().path(), config.clone()) };
    Router::new()
        .route(
            "/admin/openapi.json",
            get(move || async move {
                (
                    [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))],
                    json.to_string(),
                )
            }),
        )
        .route("/admin/docs", get(|| async { Redirect::permanent("/admin/docs/") }))
        .route("/admin/docs/", get(serve.clone()))
        .route("/admin/docs/{*file}", get(serve))
}

fn page(path: &str, config: Arc<utoipa_swagger_ui::Config<'static>>) -> Response {
    let name = path.strip_prefix("/admin/docs/").unwrap_or_default();
    let file = match utoipa_swagger_ui::serve(name, config) {
        Ok(Some(file)) => file,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return super::problem::Problem::internal(error).into_response(),
    };
    let gzip = file.gzpipped;
    let mut response = file.bytes.into_owned().into_response();
    let headers = response.headers_mut();
    if let Ok(media_type) = HeaderValue::from_str(&file.content_type) {
        headers.insert(header::CONTENT_TYPE, media_type);
    }
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    response
}
