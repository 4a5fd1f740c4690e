//! `ETag` and `If-Match` of single keys and routes (RFC 9110, sections 8.8.3 and 13.1.1): who changes what they read a while
//! ago must not undo what another administrator did meanwhile. The answer is 409 with what changed, not 412: a conflict of
//! people, and the one status for it. Without `If-Match` the last one wins, as in 0.2.

use super::page::Query;
use super::problem::{Problem, shorten};
use crate::app::App;
use crate::db::changes;
use crate::history::{self, Object};
use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use fastgate_shared::changes::{ChangedKind, Conflict};
use http::request::Parts;
use http::{HeaderValue, header};
use serde::Serialize;
use serde_json::Value;
use utoipa::IntoParams;

/// An answer with the ETag of what it shows.
pub struct Tagged<T>(pub String, pub T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.1).into_response();
        if let Ok(tag) = HeaderValue::from_str(&self.0) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// The field; for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "the field is read by `IfMatch`, so that it can be refused by its name"
)]
pub struct IfMatchParam {
    /// The ETag that is to be changed. When it is not the present one the answer is 409, with the object as it stands, its
    /// ETag and what changed meanwhile.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// The states that a caller wants to change: those of `If-Match`. None was named when the field is missing.
#[derive(Debug, Default)]
pub struct IfMatch(Option<Vec<String>>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let lines: Vec<&HeaderValue> = parts.headers.get_all(header::IF_MATCH).iter().collect();
        if lines.is_empty() {
            return Ok(Self(None));
        }
        let mut tags = Vec::new();
        for line in lines {
            // Our own ETags have no comma, so that a list is split at each.
            for tag in line.to_str().unwrap_or("?").split(',').map(str::trim) {
                let weak = tag.strip_prefix("W/").unwrap_or(tag);
                let quoted = weak.len() >= 2 && weak.starts_with('"') && weak.ends_with('"');
                if tag != "*" && !quoted {
                    let given = shorten(&tag.escape_debug().to_string());
                    return Err(Problem::field(
                        "If-Match",
                        format!("is `{given}`; allowed is an ETag in double quotes as an answer gave it, or *"),
                    ));
                }
                tags.push(tag.to_owned());
            }
        }
        Ok(Self(Some(tags)))
    }
}

/// The parameter of calls that can be tried first; for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the parameter is read by `DryRun`")]
pub struct DryRunParam {
    /// Change nothing: only say what would be refused, as 422, or 204.
    dry_run: Option<bool>,
}

/// Whether a call only asks what would be refused. Other parameters mean nothing to it, as in 0.2.
#[derive(Debug)]
pub struct DryRun(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for DryRun {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut query = Query::parse(parts.uri.query().unwrap_or_default());
        let asked = query.take_bool("dry_run");
        query.leave_rest();
        query.finish(&["dry_run"])?;
        Ok(Self(asked.unwrap_or(false)))
    }
}

/// As [`DryRun`], with the state that the call is meant for.
#[derive(Debug)]
pub struct Tried {
    /// Only say what would be refused.
    pub dry_run: bool,
    /// `If-Match`.
    pub wanted: IfMatch,
}

impl<S: Send + Sync> FromRequestParts<S> for Tried {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let DryRun(dry_run) = DryRun::from_request_parts(parts, state).await?;
        let wanted = IfMatch::from_request_parts(parts, state).await?;
        Ok(Self { dry_run, wanted })
    }
}

/// A call that can be tried first: `dry_run=true` of the query, and the state that it is meant for.
#[derive(Debug)]
pub struct Checked {
    /// Only say what would be done.
    pub dry_run: bool,
    /// `If-Match`.
    pub wanted: IfMatch,
}

impl<S: Send + Sync> FromRequestParts<S> for Checked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let mut query = Query::parse(parts.uri.query().unwrap_or_default());
        let dry_run = query.take_bool("dry_run").unwrap_or(false);
        query.finish(&["dry_run"])?;
        let wanted = IfMatch::from_request_parts(parts, state).await?;
        Ok(Self { dry_run, wanted })
    }
}

impl IfMatch {
    /// Whether the caller means this state. A weak tag never does (RFC 9110, section 13.1.1).
    #[must_use]
    pub fn holds(&self, etag: &str) -> bool {
        let Some(tags) = &self.0 else { return true };
        tags.iter().any(|tag| tag == "*" || tag == etag)
    }

    /// Lets the change of an object pass, or tells what happened to it meanwhile. `now` has the object as it stands as its
    /// `after`; `shown` is the same with its credentials masked.
    ///
    /// # Errors
    /// 409 when the object is not in a state that the caller named.
    pub async fn check(&self, app: &App, now: &Object, etag: &str, shown: &impl Serialize) -> Result<(), Problem> {
        if self.holds(etag) {
            return Ok(());
        }
        let what = match now.kind() {
            ChangedKind::Key => "key",
            _ => "route",
        };
        let detail = format!("The {what} was changed meanwhile; read it again and decide what shall hold.");
        let known = self.0.as_ref().and_then(|tags| tags.first());
        Err(conflict(app, now, (known.map(String::as_str), etag), shown, detail).await)
    }
}

/// The 409 of somebody who started from another state: the object as it is, and as far as the history knows it, what
/// changed since and who did it. `etags` are the one that the caller started from and the present one.
pub async fn conflict(
    app: &App,
    now: &Object,
    (started_from, etag): (Option<&str>, &str),
    shown: &impl Serialize,
    detail: String,
) -> Problem {
    let (kind, id) = (now.kind(), now.id().to_owned());
    let started_from = started_from.map(str::to_owned);
    let found = app.db.read(move |connection| {
        let last = changes::last_of(connection, kind, &id, None)?;
        let start = match &started_from {
            Some(tag) => changes::last_of(connection, kind, &id, Some(tag))?,
            None => None,
        };
        Ok((last, start))
    });
    let (last, start) = match found.await {
        Ok(found) => found,
        Err(error) => return error.into(),
    };
    let changed = match start.map(|start| history::since(&start, now, &app.secrets)).transpose() {
        Ok(changed) => changed,
        Err(error) => return error.into(),
    };
    let conflict = Conflict {
        current: serde_json::to_value(shown).unwrap_or(Value::Null),
        etag: etag.to_owned(),
        changed,
        changed_at: last.as_ref().map(|last| last.time),
        changed_by: last.map(|last| last.author),
    };
    Problem::changed_meanwhile(detail, conflict)
}
