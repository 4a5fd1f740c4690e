//! `/admin/sessions`: who is signed in to the dashboard, and ending that. How sessions are opened is in `session`.

use super::auth::{Admin, Administrator, Viewer, session_token};
use super::openapi::{Deleted, SESSIONS};
use super::page::{Id, Query};
use super::problem::Problem;
use super::session::{Limits, short_id};
use super::trail::{self, Object};
use crate::admin_token::{TokenHash, hash};
use crate::app::App;
use crate::db::admin_events;
use crate::db::sessions::{self, StoredSession};
use axum::Json;
use axum::extract::State;
use fastgate_shared::admin_token::AdminEventKind;
use fastgate_shared::problem::Problem as ProblemDocument;
use fastgate_shared::settings::SessionEntry;
use http::HeaderMap;
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The calls of this file.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, end_others))
        .routes(routes!(end))
}

/// How many sessions were ended.
#[derive(Serialize, ToSchema)]
struct Ended {
    /// What happened, as a sentence.
    message: &'static str,
    /// How many.
    count: usize,
}

/// The sessions that have not ended, newest first.
#[utoipa::path(get, path = "/admin/sessions", tag = SESSIONS,
    responses((status = 200, body = Vec<SessionEntry>), (status = 422, body = ProblemDocument)))]
async fn list(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: Query,
) -> Result<Json<Vec<SessionEntry>>, Problem> {
    query.finish(&[])?;
    let current = current(&headers);
    let entries = open_sessions(&app).await?.into_iter().map(|session| SessionEntry {
        session_id: short_id(&session.token_hash),
        is_current: current == Some(session.token_hash),
        role: session.role,
        name: session.name,
        user_agent: session.user_agent,
        address: session.address,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
    });
    Ok(Json(entries.collect()))
}

/// Ends a session: its browser has to sign in again.
#[utoipa::path(delete, path = "/admin/sessions/{session_id}", tag = SESSIONS,
    params(("session_id" = String, Path)),
    responses((status = 200, body = Deleted), (status = 404, body = ProblemDocument)))]
async fn end(by: Administrator<Admin>, State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Deleted>, Problem> {
    let sessions = open_sessions(&app).await?;
    let Some(session) = sessions.into_iter().find(|session| short_id(&session.token_hash) == id) else {
        return Err(Problem::not_found("session", &id));
    };
    let object = Object {
        id: id.clone(),
        name: session.name.clone(),
    };
    let event = trail::event(AdminEventKind::SessionEnded, by.author(), Some(object));
    let keep = app.config.changes.keep;
    app.db
        .write(move |connection| {
            sessions::delete(connection, &session.token_hash)?;
            admin_events::record(connection, &event, keep)
        })
        .await?;
    Ok(Json(Deleted::new("The session was ended.", id)))
}

/// Ends every session but the one that the call came with.
///
/// A call that means them all has to say so.
#[utoipa::path(delete, path = "/admin/sessions", tag = SESSIONS,
    params(("others" = bool, Query, description = "Must be true")),
    responses((status = 200, body = Ended), (status = 422, body = ProblemDocument)))]
async fn end_others(
    by: Administrator<Admin>,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Json<Ended>, Problem> {
    if query.take_bool("others") != Some(true) {
        query.refuse("others", "must be true: it ends every session but that of the call");
    }
    query.finish(&["others"])?;
    let kept = current(&headers);
    let event = trail::event(AdminEventKind::OtherSessionsEnded, by.author(), None);
    let keep = app.config.changes.keep;
    let count = app
        .db
        .write(move |connection| {
            admin_events::record(connection, &event, keep)?;
            sessions::delete_others(connection, kept.as_ref())
        })
        .await?;
    Ok(Json(Ended {
        message: "The other sessions were ended.",
        count,
    }))
}

async fn open_sessions(app: &App) -> Result<Vec<StoredSession>, Problem> {
    let limits = Limits::of(app);
    let now = Timestamp::now();
    let mut sessions = app.db.read(sessions::all).await?;
    sessions.retain(|session| limits.allow(session, now));
    Ok(sessions)
}

/// The session of the calling browser.
fn current(headers: &HeaderMap) -> Option<TokenHash> {
    session_token(headers).map(|token| hash(&token))
}
