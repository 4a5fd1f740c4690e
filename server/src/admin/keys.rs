//! `/admin/keys`: API keys. How much of their limits they use now is in `usage`.

mod usage;

use super::auth::{Admin, Administrator, Viewer};
use super::etag::{IfMatch, IfMatchParam, Tagged};
use super::gone;
use super::json::{self, JsonObject};
use super::openapi::{Deleted, KEYS};
use super::page::{Id, Query};
use super::problem::Problem;
use crate::api_keys::NewKey;
use crate::app::{App, Change, change, now};
use crate::db::keys::{self as stored, KeyFilter, StoredKey};
use crate::history::{self, Object};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use fastgate_shared::api_key::{ApiKey, ApiKeyDefinition, CreatedApiKey, RotateKey};
use fastgate_shared::changes::ChangedKind;
use fastgate_shared::problem::{FieldError, Problem as ProblemDocument};
use http::{HeaderName, HeaderValue, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Days that a key may be given at most.
const MAX_EXPIRY_DAYS: u64 = 36_500;
/// How many there are in all.
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");

/// The calls of this file.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(sources))
        .routes(routes!(usage::usage))
        .routes(routes!(get, update, delete))
        .routes(routes!(rotate))
        .routes(routes!(update_by_post))
        .routes(routes!(delete_by_post))
}

/// What a new or changed key may say; for the document.
#[derive(Serialize, ToSchema)]
struct KeyBody {
    #[serde(flatten)]
    definition: ApiKeyDefinition,
    /// Instead of `expires_at`: days from now, 1–36500.
    expires_days: Option<u32>,
}

/// Make a key.
///
/// The secret, `key_value`, is shown in this answer only. Instead of `expires_at`, `expires_days` (1–36500) may be given;
/// with neither, `security.default_expiry_days` holds; `"expires_at": null` means never.
#[utoipa::path(post, path = "/admin/keys", tag = KEYS, request_body = KeyBody,
    responses((status = 201, body = CreatedApiKey), (status = 422, body = ProblemDocument)))]
async fn create(by: Administrator<Admin>, State(app): State<Arc<App>>, body: JsonObject) -> Result<Response, Problem> {
    let mut members = body.required()?;
    let now = now();
    let errors = take_expiry_days(&mut members, now);
    if !members.contains_key("expires_at")
        && let Some(days) = app.config.security.default_expiry_days
    {
        members.insert("expires_at".to_owned(), in_days(now, days.into()));
    }
    let definition: ApiKeyDefinition = json::read(members, errors).validated().finish()?;
    let (etag, created) = change(&app, by.origin(), move |change| async move {
        let secret = NewKey::generate(&change.app().config.security.key_prefix);
        let key_id = uuid::Uuid::now_v7().to_string();
        let stored = change.add_key(new_key(&secret, key_id, definition, now)).await?;
        tracing::info!(key_id = stored.key.key_id, "an API key was made");
        let etag = history::key_etag(&stored, &change.app().secrets);
        Ok::<_, Problem>((etag, shown_once(&secret, stored.key)))
    })
    .await?;
    let location = format!("/admin/keys/{}", created.key.key_id);
    let location = HeaderValue::from_str(&location).map_err(Problem::internal)?;
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        Tagged(etag, created),
    )
        .into_response())
}

/// List keys, newest first.
///
/// How many there are in all is in `X-Total-Count`.
#[utoipa::path(get, path = "/admin/keys", tag = KEYS,
    params(
        ("source_path" = Option<String>, Query, description = "Whole source path"),
        ("is_active" = Option<bool>, Query, description = "The flag, whatever `expires_at` says"),
        ("skip" = Option<u64>, Query, description = "Keys left out, 0 by default"),
        ("limit" = Option<u64>, Query, description = "Keys returned, 1–1000, 100 by default"),
    ),
    responses((status = 200, body = Vec<ApiKey>, headers(("X-Total-Count" = u64))), (status = 422, body = ProblemDocument)))]
async fn list(_: Administrator<Viewer>, State(app): State<Arc<App>>, mut query: Query) -> Result<Response, Problem> {
    let filter = KeyFilter {
        source_path: query.take("source_path"),
        is_active: query.take_bool("is_active"),
    };
    let page = query.take_page();
    query.finish(&["source_path", "is_active", "skip", "limit"])?;
    let (keys, total) = app
        .db
        .read(move |connection| stored::list(connection, &filter, page))
        .await?;
    let keys: Vec<ApiKey> = keys.into_iter().map(|stored| stored.key).collect();
    Ok(([(TOTAL, HeaderValue::from(total))], Json(keys)).into_response())
}

/// List the source paths of keys.
///
/// All of them at once; how many there are is in `X-Total-Count`.
#[utoipa::path(get, path = "/admin/keys/sources", tag = KEYS,
    responses((status = 200, body = Vec<String>, headers(("X-Total-Count" = u64)))))]
async fn sources(_: Administrator<Viewer>, State(app): State<Arc<App>>, query: Query) -> Result<Response, Problem> {
    query.finish(&[])?;
    let sources = app.db.read(stored::sources).await?;
    Ok(([(TOTAL, HeaderValue::from(sources.len()))], Json(sources)).into_response())
}

/// Get a key.
#[utoipa::path(get, path = "/admin/keys/{key_id}", tag = KEYS, params(("key_id" = String, Path)),
    responses((status = 200, body = ApiKey), (status = 404, body = ProblemDocument)))]
async fn get(_: Administrator<Viewer>, State(app): State<Arc<App>>, Id(key_id): Id) -> Result<Tagged<ApiKey>, Problem> {
    let id = key_id.clone();
    let found = app.db.read(move |connection| stored::get(connection, &id)).await;
    match found {
        Ok(stored) => Ok(tagged(&app, stored)),
        Err(error) => Err(gone::about(&app, ChangedKind::Key, &key_id, error.into()).await),
    }
}

/// Change a key.
///
/// Changes the fields that are named; null means the default. Takes effect with the answer. With an `If-Match` that is not
/// the key's ETag any more the answer is 409 with what changed meanwhile.
#[utoipa::path(put, path = "/admin/keys/{key_id}", tag = KEYS, params(("key_id" = String, Path), IfMatchParam),
    request_body = KeyBody,
    responses((status = 200, body = ApiKey), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn update(
    by: Administrator<Admin>,
    State(app): State<Arc<App>>,
    Id(key_id): Id,
    wanted: IfMatch,
    body: JsonObject,
) -> Result<Tagged<ApiKey>, Problem> {
    let mut members = body.required()?;
    change(&app, by.origin(), move |change| async move {
        let missing = |error| Problem::about("key", &key_id, error);
        let stored = unchanged(&change, &key_id, &wanted).await?;
        let errors = take_expiry_days(&mut members, now());
        forget_older_use(&mut members, &stored.key);
        let definition: ApiKeyDefinition = json::patch(&stored.key, members, errors)?.validated().finish()?;
        let changed = change.change_key(&key_id, definition).await.map_err(missing)?;
        tracing::info!(key_id, "an API key was changed");
        Ok(tagged(change.app(), changed))
    })
    .await
}

/// Delete a key.
///
/// It is refused from now on; its audit records stay.
#[utoipa::path(delete, path = "/admin/keys/{key_id}", tag = KEYS, params(("key_id" = String, Path), IfMatchParam),
    responses((status = 200, body = Deleted), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn delete(
    by: Administrator<Admin>,
    State(app): State<Arc<App>>,
    Id(key_id): Id,
    wanted: IfMatch,
) -> Result<Json<Deleted>, Problem> {
    change(&app, by.origin(), move |change| async move {
        unchanged(&change, &key_id, &wanted).await?;
        change
            .delete_key(&key_id)
            .await
            .map_err(|error| Problem::about("key", &key_id, error))?;
        tracing::info!(key_id, "an API key was deleted");
        Ok(Json(Deleted::new("The API key was deleted.", key_id)))
    })
    .await
}

/// Give a key a new secret.
///
/// The old secret works for `grace_seconds` more (0 by default); while the one before it still works, only 0 is taken, which
/// ends both (409 otherwise). The new one is shown in this answer only.
#[utoipa::path(post, path = "/admin/keys/{key_id}/rotate", tag = KEYS, params(("key_id" = String, Path), IfMatchParam),
    request_body = Option<RotateKey>,
    responses((status = 200, body = CreatedApiKey), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn rotate(
    by: Administrator<Admin>,
    State(app): State<Arc<App>>,
    Id(key_id): Id,
    wanted: IfMatch,
    body: JsonObject,
) -> Result<Tagged<CreatedApiKey>, Problem> {
    let RotateKey { grace_seconds } = json::read(body.0.unwrap_or_default(), Vec::new())
        .validated()
        .finish()?;
    let grace = SignedDuration::from_secs(grace_seconds.into());
    change(&app, by.origin(), move |change| async move {
        let stored = unchanged(&change, &key_id, &wanted).await?;
        if let Some(until) = stored.previous.map(|old| old.valid_until).filter(|until| *until > now())
            && grace_seconds > 0
        {
            // Two values work at a time, no more: to end the first one early would break a promise.
            let detail = format!(
                "The value before the last rotation works until {until}. Rotate again after that, or with `grace_seconds` 0, \
                 which ends both old values at once."
            );
            return Err(Problem::new(StatusCode::CONFLICT, detail));
        }
        let secret = NewKey::generate(&change.app().config.security.key_prefix);
        let old_until = (grace_seconds > 0).then(|| now() + grace);
        let rotated = change
            .rotate_key(&key_id, *secret.hash.as_bytes(), secret.preview.clone(), old_until)
            .await
            .map_err(|error| Problem::about("key", &key_id, error))?;
        tracing::info!(key_id, grace_seconds, "an API key was rotated");
        let etag = history::key_etag(&rotated, &change.app().secrets);
        Ok(Tagged(etag, shown_once(&secret, rotated.key)))
    })
    .await
}

/// Change a key, where PUT does not pass.
#[utoipa::path(post, path = "/admin/keys/update/{key_id}", tag = KEYS, params(("key_id" = String, Path), IfMatchParam),
    request_body = KeyBody,
    responses((status = 200, body = ApiKey), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn update_by_post(
    by: Administrator<Admin>,
    app: State<Arc<App>>,
    key_id: Id,
    wanted: IfMatch,
    body: JsonObject,
) -> Result<Tagged<ApiKey>, Problem> {
    update(by, app, key_id, wanted, body).await
}

/// Delete a key, where DELETE does not pass.
#[utoipa::path(post, path = "/admin/keys/delete/{key_id}", tag = KEYS, params(("key_id" = String, Path), IfMatchParam),
    responses((status = 200, body = Deleted), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn delete_by_post(
    by: Administrator<Admin>,
    app: State<Arc<App>>,
    key_id: Id,
    wanted: IfMatch,
) -> Result<Json<Deleted>, Problem> {
    delete(by, app, key_id, wanted).await
}

/// The key as it is stored, if it is still in the state that the caller wants to change.
async fn unchanged(change: &Change, key_id: &str, wanted: &IfMatch) -> Result<StoredKey, Problem> {
    let stored = match change.key(key_id).await {
        Ok(stored) => stored,
        Err(error) => return Err(gone::about(change.app(), ChangedKind::Key, key_id, error.into()).await),
    };
    let etag = history::key_etag(&stored, &change.app().secrets);
    let now = Object::Key {
        before: None,
        after: Some(stored.clone()),
    };
    wanted.check(change.app(), &now, &etag, &stored.key).await?;
    Ok(stored)
}

/// A key that was not stored yet.
pub(super) fn new_key(secret: &NewKey, key_id: String, definition: ApiKeyDefinition, now: Timestamp) -> StoredKey {
    StoredKey {
        key: ApiKey {
            key_id,
            key_preview: secret.preview.clone(),
            definition,
            usage_count: 0,
            last_used_at: None,
            previous_valid_until: None,
            created_at: now,
        },
        hash: *secret.hash.as_bytes(),
        previous: None,
    }
}

fn tagged(app: &App, stored: StoredKey) -> Tagged<ApiKey> {
    Tagged(history::key_etag(&stored, &app.secrets), stored.key)
}

/// A client that sends back what it read a while ago does not say that the key was used less.
fn forget_older_use(members: &mut Map<String, Value>, stored: &ApiKey) {
    let count = members.get("usage_count").and_then(Value::as_u64);
    if count.is_some_and(|count| count <= stored.usage_count) {
        members.remove("usage_count");
    }
    let used = match members.get("last_used_at") {
        Some(Value::Null) => Some(None),
        Some(Value::String(text)) => text.parse::<Timestamp>().ok().map(Some),
        _ => None,
    };
    if used.is_some_and(|used| used <= stored.last_used_at) {
        members.remove("last_used_at");
    }
}

pub(super) fn shown_once(secret: &NewKey, key: ApiKey) -> CreatedApiKey {
    CreatedApiKey {
        key_value: secret.value.expose_secret().to_owned(),
        key,
    }
}

/// Turns `expires_days` into `expires_at`.
fn take_expiry_days(members: &mut Map<String, Value>, now: Timestamp) -> Vec<FieldError> {
    let days = match members.remove("expires_days") {
        None | Some(Value::Null) => return Vec::new(),
        Some(days) => days,
    };
    if members.get("expires_at").is_some_and(|value| !value.is_null()) {
        return vec![FieldError::new(
            "expires_days",
            "cannot be given together with expires_at; give one of them",
        )];
    }
    match days.as_u64() {
        Some(days @ 1..=MAX_EXPIRY_DAYS) => {
            members.insert("expires_at".to_owned(), in_days(now, days));
            Vec::new()
        }
        _ => vec![FieldError::new(
            "expires_days",
            format!("must be a whole number from 1 to {MAX_EXPIRY_DAYS}"),
        )],
    }
}

/// `days` are at most [`MAX_EXPIRY_DAYS`].
fn in_days(now: Timestamp, days: u64) -> Value {
    let hours = i64::try_from(days).unwrap_or(i64::MAX / 24) * 24;
    match now.checked_add(SignedDuration::from_hours(hours)) {
        Ok(then) => Value::from(then.to_string()),
        Err(_) => Value::Null,
    }
}
