//! The administrators' trail, `/admin/events`: who came in, who was refused, who made or ended what. What is done to keys and
//! routes is in the history (`changes`).

use super::auth::{Administrator, Viewer};
use super::openapi::EVENTS;
use super::page::Query;
use super::problem::Problem;
use crate::app::{App, now};
use crate::db::admin_events::{self as stored, EventFilter};
use axum::Json;
use axum::extract::State;
use fastgate_shared::admin_token::{AdminEvent, AdminEventKind};
use fastgate_shared::changes::Author;
use fastgate_shared::page::CursorPage;
use fastgate_shared::problem::Problem as ProblemDocument;
use serde_json::Value;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Events in one answer, unless asked otherwise, and at most.
const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 1000;

/// The calls of this file.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// What was done to.
pub struct Object {
    /// Its id.
    pub id: String,
    /// Its name, if it has one.
    pub name: Option<String>,
}

/// An event that just happened.
#[must_use]
pub fn event(kind: AdminEventKind, author: &Author, object: Option<Object>) -> AdminEvent {
    let (object_id, object_name) = object.map_or((None, None), |object| (Some(object.id), object.name));
    AdminEvent {
        id: uuid::Uuid::now_v7().to_string(),
        time: now(),
        kind,
        author: Some(author.clone()),
        address: author.address.clone(),
        object_id,
        object_name,
    }
}

/// Writes an event down that was not part of a transaction. What happened has happened: a failure is logged.
pub async fn record(app: &App, kind: AdminEventKind, author: &Author, object: Option<Object>) {
    write(app, event(kind, author, object)).await;
}

/// Writes down that a stranger was refused.
pub async fn refused(app: &App, address: String) {
    write(
        app,
        AdminEvent {
            id: uuid::Uuid::now_v7().to_string(),
            time: now(),
            kind: AdminEventKind::SignInRefused,
            author: None,
            address: Some(address),
            object_id: None,
            object_name: None,
        },
    )
    .await;
}

async fn write(app: &App, event: AdminEvent) {
    let keep = app.config.changes.keep;
    let written = app
        .db
        .write(move |connection| stored::record(connection, &event, keep))
        .await;
    if let Err(error) = written {
        tracing::error!(error = %error.cause(), "an event of administration was not written down");
    }
}

/// List sign-ins, refusals, and what was done to tokens and sessions, newest first.
///
/// As many are kept as `changes.keep` says, of refusals and of the rest each.
#[utoipa::path(get, path = "/admin/events", tag = EVENTS,
    params(
        ("kind" = Option<AdminEventKind>, Query, description = "Only events of this kind"),
        ("author" = Option<String>, Query, description = "`admin_token`, `named_token`, `session`, a name, a session's short id, or an address"),
        ("start_time" = Option<String>, Query, description = "From this time on: RFC 3339, a naive time (read as UTC) or a bare date"),
        ("end_time" = Option<String>, Query, description = "Up to and including this time; a bare date means its end"),
        ("limit" = Option<u32>, Query, description = "Events returned, 1–1000, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = CursorPage<AdminEvent>), (status = 422, body = ProblemDocument)))]
async fn list(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    mut query: Query,
) -> Result<Json<CursorPage<AdminEvent>>, Problem> {
    let kind = query.take("kind").and_then(|word| {
        let kind = serde_json::from_value(Value::String(word)).ok();
        if kind.is_none() {
            query.refuse("kind", "must be signed_in, sign_in_refused, signed_out, session_ended, other_sessions_ended, token_created, token_updated, token_rotated or token_deleted");
        }
        kind
    });
    let (start, end) = query.take_times();
    let filter = EventFilter {
        kind,
        author: query.take("author"),
        start,
        end,
    };
    let limit = query.take_number("limit", 1..=MAX_LIMIT).unwrap_or(DEFAULT_LIMIT);
    let cursor = query.take("cursor");
    query.finish(&["kind", "author", "start_time", "end_time", "limit", "cursor"])?;
    // One more than asked for tells whether there is another page.
    let found = app
        .db
        .read(move |connection| stored::list(connection, &filter, cursor.as_deref(), limit + 1));
    let (mut items, total) = found.await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|last| last.id.clone());
    Ok(Json(CursorPage {
        items,
        next_cursor,
        total,
        total_is_lower_bound: false,
    }))
}
