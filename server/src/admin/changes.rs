//! `/admin/changes`: the history of keys, routes and stored settings, and the way back to a version of it.

use super::auth::{Administrator, Operator, Viewer};
use super::etag::Checked;
use super::json::{self, JsonObject, Reading};
use super::openapi::CHANGES;
use super::page::{Id, Query};
use super::problem::Problem;
use super::routes::checked;
use crate::app::{App, Change as Changing, ChangeError, change, now};
use crate::db::changes::{self as stored, ChangeFilter, StoredChange};
use crate::db::{DbError, DbResult, keys, routes};
use crate::history::{self, HistoryError, Kept, KeyDocument, Object, Origin, Standing};
use crate::secrets::{SealedDefinition, mask_route};
use axum::Json;
use axum::extract::State;
use fastgate_shared::changes::{
    Change, ChangeAction, ChangeRecord, ChangeSource, ChangedKind, RestoreChange, RestoreState, Restored,
};
use fastgate_shared::page::CursorPage;
use fastgate_shared::problem::Problem as ProblemDocument;
use fastgate_shared::route::Route;
use http::StatusCode;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Changes in one answer, unless asked otherwise, and at most.
const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 1000;

/// The calls of this file.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(restore))
}

/// List changes, newest first.
///
/// Each with who made it and what differs, field by field. Credentials are masked.
#[utoipa::path(get, path = "/admin/changes", tag = CHANGES,
    params(
        ("kind" = Option<ChangedKind>, Query, description = "Only changes of keys, routes or settings"),
        ("object_id" = Option<String>, Query, description = "Only changes of this key or route"),
        ("author" = Option<String>, Query, description = "`admin_token`, `named_token`, `session`, `program`, a name, a session's short id, or an address"),
        ("start_time" = Option<String>, Query, description = "From this time on: RFC 3339, a naive time (read as UTC) or a bare date"),
        ("end_time" = Option<String>, Query, description = "Up to and including this time; a bare date means its end"),
        ("limit" = Option<u32>, Query, description = "Changes returned, 1–1000, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, body = CursorPage<Change>), (status = 422, body = ProblemDocument)))]
async fn list(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    mut query: Query,
) -> Result<Json<CursorPage<Change>>, Problem> {
    let filter = take_filter(&mut query);
    let limit = query.take_number("limit", 1..=MAX_LIMIT).unwrap_or(DEFAULT_LIMIT);
    let cursor = query.take("cursor");
    if cursor
        .as_ref()
        .is_some_and(|cursor| uuid::Uuid::try_parse(cursor).is_err())
    {
        query.refuse(
            "cursor",
            "is not a cursor of this list; give back next_cursor of the page before",
        );
    }
    query.finish(&[
        "kind",
        "object_id",
        "author",
        "start_time",
        "end_time",
        "limit",
        "cursor",
    ])?;
    // One more than asked for tells whether there is another page.
    let found = app
        .db
        .read(move |connection| stored::list(connection, &filter, cursor.as_deref(), limit + 1));
    let (mut found, total) = found.await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let standing = standing(&app, &found).await?;
    let items: Vec<Change> = found
        .iter()
        .map(|change| history::show(change, &standing, &app.secrets).map(|shown| shown.change))
        .collect::<Result<_, HistoryError>>()?;
    let next_cursor = items.last().filter(|_| more).map(|last| last.id.clone());
    Ok(Json(CursorPage {
        items,
        next_cursor,
        total,
        total_is_lower_bound: false,
    }))
}

/// Get a change, with the whole object before and after.
#[utoipa::path(get, path = "/admin/changes/{id}", tag = CHANGES, params(("id" = String, Path)),
    responses((status = 200, body = ChangeRecord), (status = 404, body = ProblemDocument)))]
async fn get(_: Administrator<Viewer>, State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<ChangeRecord>, Problem> {
    let change = find(&app, &id).await?;
    let standing = standing(&app, std::slice::from_ref(&change)).await?;
    Ok(Json(history::show(&change, &standing, &app.secrets)?))
}

/// How the objects of these changes stand now.
async fn standing(app: &App, changes: &[StoredChange]) -> Result<Standing, Problem> {
    let ids = |kind: ChangedKind| {
        let of_kind = changes.iter().filter(|change| change.kind == kind);
        of_kind.map(|change| change.object_id.clone()).collect::<HashSet<_>>()
    };
    let (key_ids, route_ids) = (ids(ChangedKind::Key), ids(ChangedKind::Route));
    let found = app.db.read(move |connection| {
        let keys = keys::those(connection, &key_ids)?;
        Ok((keys, routes::those(connection, &route_ids)?))
    });
    let (keys, routes) = found.await?;
    Ok(Standing::of(&keys, &routes, &app.secrets)?)
}

/// Put an object back as it stood after a change.
///
/// Of a deletion: as it stood before, under its old id; a key then works with its old secret. With `"state": "before"` the
/// change is undone. A key that exists keeps its present secret: a rotation is not turned back. The restoring is a change
/// itself. With `dry_run=true` nothing is done: the answer says what would be.
#[utoipa::path(post, path = "/admin/changes/{id}/restore", tag = CHANGES,
    params(("id" = String, Path), super::etag::IfMatchParam,
        ("dry_run" = Option<bool>, Query, description = "Only say what would be done")),
    request_body = Option<RestoreChange>,
    responses((status = 200, body = Restored), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn restore(
    by: Administrator<Operator>,
    State(app): State<Arc<App>>,
    Id(id): Id,
    Checked { dry_run, wanted }: Checked,
    body: JsonObject,
) -> Result<Json<Restored>, Problem> {
    let RestoreChange { state } = json::whole(body.0.unwrap_or_default(), Vec::new())?;
    let version = find(&app, &id).await?;
    let document = side(&version, state)?;
    let origin = Origin {
        source: ChangeSource::Restore,
        restored_from: Some(version.id.clone()),
        ..by.origin()
    };
    change(&app, origin, move |change| async move {
        let wayback = Wayback::find(&change, &version, &document).await?;
        if let Some(etag) = &wayback.etag {
            let now = wayback.as_it_is();
            wanted.check(change.app(), &now, etag, &wayback.shown).await?;
        }
        change.allows(std::slice::from_ref(&wayback.object))?;
        let restored = Restored {
            dry_run,
            action: wayback.object.action(),
            object_id: version.object_id.clone(),
            object_name: wayback.object.name(),
            diff: wayback.object.diff(),
            etag: wayback.etag.clone(),
        };
        if !dry_run && restored.action.is_some() {
            change.carry_out(vec![wayback.object]).await?;
            tracing::info!(
                change = version.id,
                object_id = version.object_id,
                "a version of the history was restored"
            );
        }
        Ok(Json(restored))
    })
    .await
}

/// An object on its way back: as it stands, and as it is to be put.
struct Wayback {
    object: Object,
    /// Its present ETag and how it is shown now; none while it does not exist.
    etag: Option<String>,
    shown: Value,
}

impl Wayback {
    async fn find(change: &Changing, version: &StoredChange, document: &str) -> Result<Self, Problem> {
        match version.kind {
            ChangedKind::Route => Self::of_route(change, version, document).await,
            ChangedKind::Key => Self::of_key(change, version, document).await,
            ChangedKind::Setting => Err(Problem::new(
                StatusCode::CONFLICT,
                "The admin token is stored as a hash only; an old one cannot be put back.",
            )),
        }
    }

    async fn of_route(change: &Changing, version: &StoredChange, document: &str) -> Result<Self, Problem> {
        let app = change.app();
        let sealed = SealedDefinition::from_stored(document)?;
        let definition = app.secrets.open_route(&sealed).map_err(HistoryError::from)?;
        let definition = checked(app, Reading::of(definition), None)?;
        let before = existing(change.route(&version.object_id).await)?;
        let made = match &before {
            Some(route) => route.created_at,
            None => match kept(app, version).await? {
                Some(Kept::Route { created_at }) => created_at,
                _ => now(),
            },
        };
        let after = Route {
            route_id: version.object_id.clone(),
            definition,
            created_at: made,
            updated_at: now(),
        };
        Ok(Self {
            etag: before.as_ref().map(|route| history::route_etag(route, &app.secrets)),
            shown: shown(before.clone().map(mask_route)),
            object: Object::Route {
                before: before.map(Box::new),
                after: Some(Box::new(after)),
            },
        })
    }

    async fn of_key(change: &Changing, version: &StoredChange, document: &str) -> Result<Self, Problem> {
        let app = change.app();
        let document: KeyDocument = serde_json::from_str(document).map_err(HistoryError::from)?;
        let definition = Reading::of(document.definition).validated().finish()?;
        let before = existing(change.key(&version.object_id).await.map_err(ChangeError::from))?;
        let after = match &before {
            Some(key) => {
                let mut key = key.clone();
                key.key.definition = definition;
                key
            }
            None => {
                let kept = kept(app, version).await?;
                let key = kept.and_then(|kept| kept.into_key(&version.object_id, definition));
                key.ok_or_else(|| {
                    Problem::new(
                        StatusCode::CONFLICT,
                        "The history does not know the deleted key's secret any more, so that it cannot be brought back; make a new key.",
                    )
                })?
            }
        };
        Ok(Self {
            etag: before.as_ref().map(|key| history::key_etag(key, &app.secrets)),
            shown: shown(before.clone().map(|stored| stored.key)),
            object: Object::Key {
                before,
                after: Some(after),
            },
        })
    }

    fn as_it_is(&self) -> Object {
        match &self.object {
            Object::Key { before, .. } => Object::Key {
                before: None,
                after: before.clone(),
            },
            Object::Route { before, .. } => Object::Route {
                before: None,
                after: before.clone(),
            },
        }
    }
}

fn take_filter(query: &mut Query) -> ChangeFilter {
    let kind = query.take("kind");
    let named = kind.as_deref().map(|name| match name {
        "key" => Some(ChangedKind::Key),
        "route" => Some(ChangedKind::Route),
        "setting" => Some(ChangedKind::Setting),
        _ => None,
    });
    if named == Some(None) {
        query.refuse("kind", "is not known; allowed is key, route or setting");
    }
    let (start, end) = query.take_times();
    ChangeFilter {
        kind: named.flatten(),
        object_id: query.take("object_id"),
        author: query.take("author"),
        start,
        end,
    }
}

/// The document of the side that is put back.
fn side(version: &StoredChange, state: Option<RestoreState>) -> Result<String, Problem> {
    let usual = match version.action {
        ChangeAction::Deleted => RestoreState::Before,
        _ => RestoreState::After,
    };
    let (document, why) = match state.unwrap_or(usual) {
        RestoreState::Before => (
            &version.before,
            "`before`: the object was made by this change, so that nothing stood before it; delete it instead",
        ),
        RestoreState::After => (
            &version.after,
            "`after`: the object was deleted by this change; `before` brings it back",
        ),
    };
    match document {
        Some(document) => Ok(document.clone()),
        None if version.kind == ChangedKind::Setting => Ok(String::new()),
        None => Err(Problem::field("state", format!("cannot be {why}"))),
    }
}

async fn find(app: &App, id: &str) -> Result<StoredChange, Problem> {
    let wanted = id.to_owned();
    let found: DbResult<StoredChange> = app.db.read(move |connection| stored::get(connection, &wanted)).await;
    found.map_err(|error| Problem::about("change", id, error.into()))
}

/// What was kept when the object was last deleted.
async fn kept(app: &App, version: &StoredChange) -> Result<Option<Kept>, Problem> {
    let (kind, id) = (version.kind, version.object_id.clone());
    let sealed = app
        .db
        .read(move |connection| stored::kept_of(connection, kind, &id))
        .await?;
    Ok(sealed.map(|sealed| Kept::open(&sealed, &app.secrets)).transpose()?)
}

fn existing<T>(found: Result<T, ChangeError>) -> Result<Option<T>, Problem> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(ChangeError::Db(DbError::NotFound)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn shown(object: Option<impl serde::Serialize>) -> Value {
    object
        .and_then(|object| serde_json::to_value(object).ok())
        .unwrap_or_default()
}
