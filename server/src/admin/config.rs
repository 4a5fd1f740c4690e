//! `/admin/config`: all keys and routes as one document, and back. What an export says is in `export`; how a document is read
//! and compared with what is stored is in `plan`.

mod export;
mod plan;

use super::auth::{Administrator, Operator, Viewer};
use super::etag::IfMatch;
use super::keys::shown_once;
use super::openapi::CONFIG;
use super::page::Query;
use super::problem::Problem;
use crate::app::{App, Change, ChangeError, change};
use crate::db::keys::{self, StoredKey};
use crate::db::routes;
use crate::history::{self, Origin};
use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use fastgate_shared::changes::{ChangeSource, ImportResult};
use fastgate_shared::problem::Problem as ProblemDocument;
use fastgate_shared::route::Route;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use plan::Plan;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bytes of a document at most.
const MAX_DOCUMENT_BYTES: usize = 8 << 20;

/// The calls of this file.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(export)).routes(routes!(import))
}

/// Every key and route as they are stored, credentials in clear.
struct Stored {
    /// In the order of priorities, then the older first.
    routes: Vec<Route>,
    /// The older first.
    keys: Vec<StoredKey>,
}

impl Stored {
    async fn read(app: &App) -> Result<Self, Problem> {
        let (sealed, mut keys) = app
            .db
            .read(|connection| Ok((routes::all(connection)?, keys::all(connection)?)))
            .await?;
        keys.sort_by(|one, two| (one.key.created_at, &one.key.key_id).cmp(&(two.key.created_at, &two.key.key_id)));
        let routes = sealed.iter().map(|route| app.open_route(route));
        Ok(Self {
            routes: routes.collect::<Result<_, ChangeError>>()?,
            keys,
        })
    }

    fn etag(&self, app: &App) -> String {
        let routes = self.routes.iter();
        let routes = routes.map(|route| route.route_id.clone() + &history::route_etag(route, &app.secrets));
        let keys = self.keys.iter();
        let keys = keys.map(|key| key.key.key_id.clone() + &history::key_etag(key, &app.secrets));
        let parts: Vec<String> = routes.chain(keys).collect();
        history::whole_etag(&parts, &app.secrets)
    }
}

/// Get all keys and routes as one document.
///
/// Credentials are masked, keys have no values; fields that say what they default to are left out. Importing the document
/// again changes nothing.
#[utoipa::path(get, path = "/admin/config/export", tag = CONFIG,
    params(("format" = Option<String>, Query, description = "`yaml`, the default, or `json`")),
    responses((status = 200, body = String, content_type = "application/yaml"), (status = 422, body = ProblemDocument)))]
async fn export(_: Administrator<Viewer>, State(app): State<Arc<App>>, mut query: Query) -> Result<Response, Problem> {
    let format = query.take("format");
    let as_json = match format.as_deref() {
        None | Some("yaml") => false,
        Some("json") => true,
        Some(_) => {
            query.refuse("format", "is not known; allowed is yaml or json");
            false
        }
    };
    query.finish(&["format"])?;
    let stored = Stored::read(&app).await?;
    let (text, media_type, disposition) = if as_json {
        let text = export::json(&stored)?;
        (text, "application/json", "attachment; filename=\"fastgate.json\"")
    } else {
        let text = export::yaml(&stored)?;
        (text, "application/yaml", "attachment; filename=\"fastgate.yaml\"")
    };
    let etag = HeaderValue::from_str(&stored.etag(&app)).map_err(Problem::internal)?;
    let head = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition)),
        (header::ETAG, etag),
    ];
    Ok((head, text).into_response())
}

/// What an import is asked to do.
struct Asked {
    dry_run: bool,
    prune: bool,
    wanted: IfMatch,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Result<Self, Problem> {
        let mut query = Query::parse(parts.uri.query().unwrap_or_default());
        let dry_run = query.take_bool("dry_run").unwrap_or(false);
        let prune = query.take_bool("prune").unwrap_or(false);
        query.finish(&["dry_run", "prune"])?;
        Ok(Self {
            dry_run,
            prune,
            wanted: IfMatch::from_request_parts(parts, state).await?,
        })
    }
}

/// The text of a document.
struct DocumentText(String);

impl<S: Send + Sync> FromRequest<S> for DocumentText {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Problem> {
        let bytes = match Limited::new(request.into_body(), MAX_DOCUMENT_BYTES).collect().await {
            Ok(whole) => whole.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                let detail = format!("The document is over {MAX_DOCUMENT_BYTES} bytes.");
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
            }
            Err(_) => {
                let detail = "The body broke off or its framing is wrong.";
                return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
            }
        };
        let text = String::from_utf8(bytes.into());
        text.map(Self)
            .map_err(|_| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "The document is not UTF-8."))
    }
}

/// Make keys and routes as a document says.
///
/// YAML or JSON, as `…/export` gives it. Objects that are stored are changed, others made, all in one transaction: when
/// anything is wrong nothing is done, and every error names its place (`routes[3].target_host`). A field that is left out has
/// its default. Masked credentials keep their stored values. Keys that are made have their values in this answer only.
#[utoipa::path(post, path = "/admin/config/import", tag = CONFIG,
    params(super::etag::IfMatchParam,
        ("dry_run" = Option<bool>, Query, description = "Only say what would be done; false by default"),
        ("prune" = Option<bool>, Query, description = "Delete stored routes and keys that the document's `routes` and `keys` do not name; false by default")),
    request_body(content = String, content_type = "application/yaml"),
    responses((status = 200, body = ImportResult), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn import(
    by: Administrator<Operator>,
    State(app): State<Arc<App>>,
    asked: Asked,
    DocumentText(text): DocumentText,
) -> Result<Json<ImportResult>, Problem> {
    let document = plan::parse(&text)?;
    let origin = Origin {
        source: ChangeSource::Import,
        ..by.origin()
    };
    change(&app, origin, move |change| async move {
        carry_out(&change, document, &asked).await
    })
    .await
    .map(Json)
}

async fn carry_out(change: &Change, document: plan::Document, asked: &Asked) -> Result<ImportResult, Problem> {
    let app = change.app();
    let stored = Stored::read(app).await?;
    let etag = stored.etag(app);
    if !asked.wanted.holds(&etag) {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "The configuration was changed since this plan was made; plan again.",
        ));
    }
    let plan = Plan::make(app, &stored, document, asked.prune)?;
    change.allows(&plan.objects)?;
    let mut result = plan.told(etag);
    result.dry_run = asked.dry_run;
    if asked.dry_run || plan.objects.is_empty() {
        return Ok(result);
    }
    let Plan { objects, new_keys, .. } = plan;
    change.carry_out(objects).await?;
    tracing::info!(
        created = result.created,
        changed = result.changed,
        deleted = result.deleted,
        "a configuration was imported"
    );
    result.created_keys = new_keys
        .into_iter()
        .map(|(secret, stored)| shown_once(&secret, stored.key))
        .collect();
    Ok(result)
}
