//! `/admin/tokens`: tokens of administrators with a name and a role. The configured or generated admin token is not among
//! them: it stays the root, and only it is left when all of these are gone.

use super::auth::{Admin, Administrator, Viewer};
use super::etag::{IfMatch, IfMatchParam, Tagged};
use super::json::{self, JsonObject};
use super::openapi::{Deleted, TOKENS};
use super::page::{Id, Query};
use super::problem::Problem;
use super::trail::{self, Object};
use crate::admin_token::named::NewToken;
use crate::app::{App, now};
use crate::db::admin_tokens::{self as stored, StoredAdminToken};
use crate::db::{DbConnection, DbError, DbResult, admin_events, sessions};
use crate::history;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use fastgate_shared::admin_token::{AdminEvent, AdminEventKind, AdminToken, AdminTokenDefinition, CreatedAdminToken};
use fastgate_shared::changes::{Conflict, Deletion};
use fastgate_shared::problem::Problem as ProblemDocument;
use http::{HeaderValue, StatusCode, header};
use secrecy::ExposeSecret as _;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The calls of this file.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(rotate))
}

/// List tokens, by name.
#[utoipa::path(get, path = "/admin/tokens", tag = TOKENS,
    responses((status = 200, body = Vec<AdminToken>), (status = 422, body = ProblemDocument)))]
async fn list(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    query: Query,
) -> Result<Json<Vec<AdminToken>>, Problem> {
    query.finish(&[])?;
    let tokens = app.db.read(stored::all).await?;
    Ok(Json(tokens.into_iter().map(|stored| stored.token).collect()))
}

/// Make a token.
///
/// `token_value` is shown in this answer only.
#[utoipa::path(post, path = "/admin/tokens", tag = TOKENS, request_body = AdminTokenDefinition,
    responses((status = 201, body = CreatedAdminToken), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn create(by: Administrator<Admin>, State(app): State<Arc<App>>, body: JsonObject) -> Result<Response, Problem> {
    let definition: AdminTokenDefinition = json::read(body.required()?, Vec::new()).validated().finish()?;
    let value = NewToken::generate().map_err(Problem::internal)?;
    let token = AdminToken {
        token_id: uuid::Uuid::now_v7().to_string(),
        token_preview: value.preview.clone(),
        definition,
        created_by: by.name(),
        created_at: now(),
        last_used_at: None,
    };
    let new = StoredAdminToken {
        token: token.clone(),
        hash: value.hash,
    };
    let etag = history::token_etag(&new, &app.secrets);
    let event = event(AdminEventKind::TokenCreated, &by, &token);
    let keep = app.config.changes.keep;
    let written = app.db.write(move |connection| {
        stored::insert(connection, &new)?;
        admin_events::record(connection, &event, keep)
    });
    written.await.map_err(|error| about(&token.token_id, error))?;
    tracing::info!(token_id = token.token_id, role = %token.definition.role, "an admin token was made");
    let location = format!("/admin/tokens/{}", token.token_id);
    let location = HeaderValue::from_str(&location).map_err(Problem::internal)?;
    let created = Tagged(etag, shown_once(&value, token));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], created).into_response())
}

/// Get a token.
#[utoipa::path(get, path = "/admin/tokens/{token_id}", tag = TOKENS, params(("token_id" = String, Path)),
    responses((status = 200, body = AdminToken), (status = 404, body = ProblemDocument)))]
async fn get(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    Id(token_id): Id,
) -> Result<Tagged<AdminToken>, Problem> {
    let id = token_id.clone();
    let found = app.db.read(move |connection| stored::get(connection, &id)).await;
    match found {
        Ok(stored) => Ok(tagged(&app, stored)),
        Err(error) => Err(missing(&app, &token_id, error).await),
    }
}

/// Change a token.
///
/// Changes the fields that are named; null means the default. When its role, its end or its activity changes, its sessions
/// end. With an `If-Match` that is not the token's ETag any more the answer is 409 with the token as it stands.
#[utoipa::path(put, path = "/admin/tokens/{token_id}", tag = TOKENS, params(("token_id" = String, Path), IfMatchParam),
    request_body = AdminTokenDefinition,
    responses((status = 200, body = AdminToken), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn update(
    by: Administrator<Admin>,
    State(app): State<Arc<App>>,
    Id(token_id): Id,
    wanted: IfMatch,
    body: JsonObject,
) -> Result<Tagged<AdminToken>, Problem> {
    let members = body.required()?;
    let keep = app.config.changes.keep;
    let changed = write(&app, &token_id, wanted, move |connection, mut stored| {
        let read = json::patch::<AdminTokenDefinition>(&stored.token, members, Vec::new());
        let definition = match read.and_then(|read| read.validated().finish()) {
            Ok(definition) => definition,
            Err(problem) => return Ok(Err(problem)),
        };
        let before = std::mem::replace(&mut stored.token.definition, definition.clone());
        if definition == before {
            return Ok(Ok(stored));
        }
        let id = &stored.token.token_id;
        stored::update(connection, id, &definition)?;
        let renamed = AdminTokenDefinition {
            name: definition.name.clone(),
            ..before
        };
        if renamed != definition {
            sessions::delete_of_token(connection, id)?;
        }
        let event = event(AdminEventKind::TokenUpdated, &by, &stored.token);
        admin_events::record(connection, &event, keep)?;
        tracing::info!(token_id = id, role = %definition.role, "an admin token was changed");
        Ok(Ok(stored))
    });
    changed.await.map(|stored| tagged(&app, stored))
}

/// Delete a token.
///
/// It is refused from now on, and its sessions end.
#[utoipa::path(delete, path = "/admin/tokens/{token_id}", tag = TOKENS, params(("token_id" = String, Path), IfMatchParam),
    responses((status = 200, body = Deleted), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn delete(
    by: Administrator<Admin>,
    State(app): State<Arc<App>>,
    Id(token_id): Id,
    wanted: IfMatch,
) -> Result<Json<Deleted>, Problem> {
    let keep = app.config.changes.keep;
    let deleted = write(&app, &token_id, wanted, move |connection, stored| {
        let id = &stored.token.token_id;
        stored::delete(connection, id)?;
        sessions::delete_of_token(connection, id)?;
        let event = event(AdminEventKind::TokenDeleted, &by, &stored.token);
        admin_events::record(connection, &event, keep).map(Ok)
    });
    deleted.await?;
    tracing::info!(token_id, "an admin token was deleted");
    Ok(Json(Deleted::new("The token was deleted.", token_id)))
}

/// Give a token a new value.
///
/// The old one is refused from now on, and its sessions end. The new one is shown in this answer only.
#[utoipa::path(post, path = "/admin/tokens/{token_id}/rotate", tag = TOKENS, params(("token_id" = String, Path), IfMatchParam),
    responses((status = 200, body = CreatedAdminToken), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn rotate(
    by: Administrator<Admin>,
    State(app): State<Arc<App>>,
    Id(token_id): Id,
    wanted: IfMatch,
) -> Result<Tagged<CreatedAdminToken>, Problem> {
    let value = NewToken::generate().map_err(Problem::internal)?;
    let (hash, preview, keep) = (value.hash, value.preview.clone(), app.config.changes.keep);
    let rotated = write(&app, &token_id, wanted, move |connection, mut stored| {
        let id = &stored.token.token_id;
        stored::rotate(connection, id, &hash, &preview)?;
        sessions::delete_of_token(connection, id)?;
        stored.token.token_preview = preview;
        stored.hash = hash;
        let event = event(AdminEventKind::TokenRotated, &by, &stored.token);
        admin_events::record(connection, &event, keep)?;
        Ok(Ok(stored))
    });
    let rotated = rotated.await?;
    tracing::info!(token_id, "an admin token was rotated");
    let etag = history::token_etag(&rotated, &app.secrets);
    Ok(Tagged(etag, shown_once(&value, rotated.token)))
}

/// Changes a token that is still in the state that the caller wants to change: both in one transaction.
async fn write<T: Send + 'static>(
    app: &Arc<App>,
    token_id: &str,
    wanted: IfMatch,
    work: impl FnOnce(&mut DbConnection, StoredAdminToken) -> DbResult<Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let (id, room) = (token_id.to_owned(), Arc::clone(app));
    let written = app.db.write(move |connection| {
        let stored = stored::get(connection, &id)?;
        let etag = history::token_etag(&stored, &room.secrets);
        if wanted.holds(&etag) {
            return work(connection, stored);
        }
        let last = admin_events::last_of(connection, &id)?;
        let conflict = Conflict {
            current: serde_json::to_value(stored.token)?,
            etag,
            changed: None,
            changed_at: last.as_ref().map(|last| last.time),
            changed_by: last.and_then(|last| last.author),
        };
        Ok(Err(Problem::changed_meanwhile(
            "The token was changed meanwhile; read it again and decide what shall hold.",
            conflict,
        )))
    });
    match written.await {
        Ok(written) => written,
        Err(error) => Err(missing(app, token_id, error).await),
    }
}

/// As [`about`]; a 404 tells who deleted the token, as long as the trail knows it.
async fn missing(app: &App, token_id: &str, error: DbError) -> Problem {
    let is_missing = matches!(error, DbError::NotFound);
    let problem = about(token_id, error);
    let id = token_id.to_owned();
    let last = match is_missing {
        true => {
            app.db
                .read(move |connection| admin_events::last_of(connection, &id))
                .await
        }
        false => Ok(None),
    };
    match last {
        Ok(Some(last)) if last.kind == AdminEventKind::TokenDeleted => problem.deleted(Deletion {
            at: last.time,
            by: last.author,
        }),
        _ => problem,
    }
}

fn tagged(app: &App, stored: StoredAdminToken) -> Tagged<AdminToken> {
    Tagged(history::token_etag(&stored, &app.secrets), stored.token)
}

fn about(token_id: &str, error: DbError) -> Problem {
    match error {
        DbError::NotFound => Problem::not_found("token", token_id),
        DbError::Conflict => Problem::new(StatusCode::CONFLICT, "Another token has this name.")
            .because_of("name", "is the name of another token"),
        other => other.into(),
    }
}

fn event(kind: AdminEventKind, by: &Administrator<Admin>, token: &AdminToken) -> AdminEvent {
    let object = Object {
        id: token.token_id.clone(),
        name: Some(token.definition.name.clone()),
    };
    trail::event(kind, by.author(), Some(object))
}

fn shown_once(value: &NewToken, token: AdminToken) -> CreatedAdminToken {
    CreatedAdminToken {
        token_value: value.value.expose_secret().to_owned(),
        token,
    }
}
