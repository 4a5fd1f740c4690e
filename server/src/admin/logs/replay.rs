//! `/admin/logs/{log_id}/replay`: a recorded request, sent again through the gateway, as it was or with changes. What a
//! record does not know any more is asked for, never made up.

use super::recorded::{BodyState, Recorded, is_redacted};
use crate::admin::auth::{Administrator, Operator, Viewer};
use crate::admin::json::{self, JsonObject};
use crate::admin::openapi::LOGS;
use crate::admin::own_request::{self, Vouched, Whole, is_left_out, usable_key};
use crate::admin::page::Id;
use crate::admin::problem::Problem;
use crate::api_keys::is_carrier;
use crate::app::{App, OwnAnswer, OwnRequest, ProxyDoor};
use crate::audit_log::redact::forget;
use crate::body::capture::Capture;
use crate::client::ClientAddress;
use crate::request_id::RequestId;
use axum::extract::State;
use axum::{Extension, Json};
use fastgate_shared::audit_log::{LogRecord, Replay, ReplayDraft, ReplayGap, ReplayRequest, ReplayResult};
use fastgate_shared::problem::{FieldError, Problem as ProblemDocument};
use http::Response;
use http_body_util::BodyExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of the answer's body that are shown.
const MAX_BODY_BYTES: usize = 64 << 10;
/// An answer that goes on for longer is left.
const LONGEST: Duration = Duration::from_secs(300);
/// Get what would be sent again.
///
/// As far as the record knows it: `gaps` names what it does not, and what must therefore be given to send it.
#[utoipa::path(get, path = "/admin/logs/{log_id}/replay", tag = LOGS, params(("log_id" = String, Path)),
    responses((status = 200, body = ReplayDraft), (status = 404, body = ProblemDocument)))]
pub async fn draft(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    Id(log_id): Id,
) -> Result<Json<ReplayDraft>, Problem> {
    Ok(Json(draft_of(&app, &super::read(&app, &log_id).await?)))
}

/// Send a recorded request again.
///
/// It goes through the gateway as a client's request would, from the administrator's address, with the permissions and
/// limits of the named key, of which no value is needed, and spends real quota. Its own record names the one that it was made
/// from. 422 names what the record does not know and is not given.
#[utoipa::path(post, path = "/admin/logs/{log_id}/replay", tag = LOGS, params(("log_id" = String, Path)),
    request_body = Option<ReplayRequest>,
    responses((status = 200, body = ReplayResult), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn replay(
    administrator: Administrator<Operator>,
    State(app): State<Arc<App>>,
    Id(log_id): Id,
    with: (Extension<RequestId>, Extension<ClientAddress>, Extension<ProxyDoor>),
    body: JsonObject,
) -> Result<Json<ReplayResult>, Problem> {
    let (Extension(request_id), Extension(client), Extension(ProxyDoor(send))) = with;
    let asked: ReplayRequest = json::whole(body.0.unwrap_or_default(), Vec::new())?;
    let record = super::read(&app, &log_id).await?;
    let (request, key) = request(&app, draft_of(&app, &record), asked).map_err(Problem::fields)?;
    let by = administrator.name();
    let own = OwnRequest {
        request,
        request_id: request_id.clone(),
        client,
        key,
        replay: Replay { of: Some(log_id), by },
    };
    let started = Instant::now();
    let answer = send(app.clone(), own).await;
    Ok(Json(read_answer(&app, answer, &request_id, started).await))
}

fn draft_of(app: &App, record: &LogRecord) -> ReplayDraft {
    let recorded = Recorded::of(record, app.config.audit.max_body_bytes);
    let mut gaps = Vec::new();
    let (body, gap) = match recorded.body() {
        BodyState::None => (None, None),
        BodyState::Whole(text) => (Some(text.to_owned()), None),
        BodyState::Redacted(text) => (Some(text.to_owned()), Some(ReplayGap::BodyRedacted)),
        BodyState::Unknown => (None, Some(ReplayGap::Body)),
    };
    gaps.extend(gap);
    if is_redacted(&record.item.path) {
        gaps.push(ReplayGap::Path);
    }
    let was_key = record.item.key_id.as_deref();
    // The field that carried the key is not needed: the key is named instead.
    let carried_key = |name: &str| was_key.is_some() && name.parse().is_ok_and(|name| is_carrier(&name));
    let missing = recorded.redacted_headers().filter(|name| !carried_key(name));
    let missing_headers: Vec<String> = missing.map(str::to_owned).collect();
    if !missing_headers.is_empty() {
        gaps.push(ReplayGap::Headers);
    }
    let key_id = was_key.filter(|id| usable_key(app, id).is_ok()).map(str::to_owned);
    if key_id.is_none() && was_key.is_some() {
        gaps.push(ReplayGap::Key);
    }
    let kept = record.request_headers.iter();
    let kept = kept.filter(|(name, value)| !is_left_out(name) && !is_redacted(value));
    ReplayDraft {
        method: record.item.method.clone(),
        path: record.item.path.clone(),
        headers: kept.cloned().collect(),
        body,
        key_id,
        gaps,
        missing_headers,
    }
}

/// The request as the draft and what is asked for make it, and the key that it acts with.
fn request(app: &App, draft: ReplayDraft, asked: ReplayRequest) -> Result<Vouched, Vec<FieldError>> {
    let errors = open_gaps(&draft, &asked);
    let whole = Whole {
        method: asked.method.unwrap_or(draft.method),
        path: asked.path.unwrap_or(draft.path),
        headers: asked.headers.unwrap_or(draft.headers),
        body: asked.body.or(draft.body).unwrap_or_default(),
        key_id: asked.key_id.or(draft.key_id).unwrap_or_default(),
    };
    own_request::vouched(app, whole, errors)
}

/// What the record does not know and nobody gives.
fn open_gaps(draft: &ReplayDraft, asked: &ReplayRequest) -> Vec<FieldError> {
    let open = draft.gaps.iter().filter_map(|gap| {
        let (field, given, why) = match gap {
            ReplayGap::Body => ("body", asked.body.is_some(), "was not captured whole; give the body"),
            ReplayGap::BodyRedacted => (
                "body",
                asked.body.is_some(),
                "has credentials that were not kept; give the body with them",
            ),
            ReplayGap::Path => (
                "path",
                asked.path.is_some(),
                "has credentials that were not kept; give the path with them",
            ),
            ReplayGap::Headers => (
                "headers",
                asked.headers.is_some(),
                "have credentials that were not kept; give the fields, with or without them",
            ),
            ReplayGap::Key => (
                "key_id",
                asked.key_id.is_some(),
                "is of a key that cannot be used any more; name another one, or give an empty text for none",
            ),
        };
        (!given).then(|| FieldError::new(field, why))
    });
    open.collect()
}

/// Reads the answer to its end, of which the beginning is kept.
async fn read_answer(app: &App, answer: OwnAnswer, request_id: &RequestId, started: Instant) -> ReplayResult {
    let OwnAnswer {
        log_id,
        route,
        response,
    } = answer;
    let (head, mut body) = Response::into_parts(response);
    let ttfb = started.elapsed();
    let mut kept = Capture::new(MAX_BODY_BYTES);
    let reading = async {
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                kept.feed(&data);
            }
        }
        Ok::<_, axum::Error>(())
    };
    let error_message = match tokio::time::timeout(LONGEST, reading).await {
        Ok(read) => read.err().map(|error| error.to_string()),
        Err(_) => Some(format!("the answer was left after {} s", LONGEST.as_secs())),
    };
    let credentials = || route.iter().flat_map(|route| route.plan.credentials());
    let redactor = &app.audit.redactor;
    let text = kept.text().map(|text| redactor.body(&text, false));
    ReplayResult {
        log_id,
        request_id: request_id.as_str().to_owned(),
        status_code: head.status.as_u16(),
        response_headers: redactor.headers(&head.headers, credentials()).fields(),
        response_body: text.map(|text| forget(text, credentials())),
        truncated: kept.total() > MAX_BODY_BYTES as u64,
        response_size: kept.total(),
        response_time_ms: own_request::ms(started.elapsed()),
        ttfb_ms: own_request::ms(ttfb),
        error_message,
    }
}
