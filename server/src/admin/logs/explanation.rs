//! `GET /admin/logs/{log_id}/explanation`: why a recorded request went where it went, judged anew by the present routes.

use super::recorded::{BodyState, Recorded};
use crate::admin::auth::{Administrator, Viewer};
use crate::admin::openapi::LOGS;
use crate::admin::page::Id;
use crate::admin::problem::Problem;
use crate::app::App;
use crate::body::peek::PeekedBody;
use crate::routing::explain::{self as verdicts, Circumstances, KnownBody};
use crate::routing::{Asked, RouteTable, path};
use axum::Json;
use axum::extract::State;
use fastgate_shared::audit_log::{ExplanationNote, LogExplanation, LogRecord};
use fastgate_shared::problem::Problem as ProblemDocument;
use fastgate_shared::refusals::STANDS_IN_FOR;
use http::header;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Ask why a recorded request went where it went.
///
/// Its head, and its body where that was captured whole, are matched against the routes as they are now. `notes` says what
/// could not be taken into account: `body_unknown`, `headers_redacted`, `routes_changed`, `never_routed`. What was decided at
/// the time is the record's `match_reason`.
#[utoipa::path(get, path = "/admin/logs/{log_id}/explanation", tag = LOGS, params(("log_id" = String, Path)),
    responses((status = 200, body = LogExplanation), (status = 404, body = ProblemDocument)))]
pub async fn explanation(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    Id(log_id): Id,
) -> Result<Json<LogExplanation>, Problem> {
    let record = super::read(&app, &log_id).await?;
    let snapshot = app.snapshot();
    Ok(Json(explain(
        &snapshot.routes,
        &record,
        app.config.audit.max_body_bytes,
    )))
}

fn explain(table: &RouteTable, record: &LogRecord, max_body_bytes: usize) -> LogExplanation {
    let recorded = Recorded::of(record, max_body_bytes);
    let (raw_path, query) = recorded.path_and_query();
    let never_routed = LogExplanation {
        notes: vec![ExplanationNote::NeverRouted],
        ..LogExplanation::default()
    };
    let (Ok(canonical), Some(method)) = (path::canonical(raw_path), recorded.method()) else {
        return never_routed;
    };
    let headers = recorded.headers();
    let item = &record.item;
    let body = match recorded.body() {
        BodyState::None => Some(""),
        BodyState::Whole(text) | BodyState::Redacted(text) => Some(text),
        BodyState::Unknown => None,
    };
    let body = body.map(|text| PeekedBody::new(headers.get(header::CONTENT_ENCODING), text.as_bytes()));
    let asked = Asked {
        method: &method,
        path: &canonical,
        raw_path,
        headers: &headers,
    };
    let circumstances = Circumstances {
        query,
        request_id: &item.request_id,
        client_ip: item.ip_address.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        source_path: item
            .key_id
            .as_ref()
            .and(item.source_path.as_deref())
            .unwrap_or_default(),
        key_id: item.key_id.as_deref().unwrap_or_default(),
    };
    let mut notes = Vec::new();
    if body.is_none() {
        notes.push(ExplanationNote::BodyUnknown);
    }
    if recorded.redacted_headers().any(|name| is_looked_at(table, name)) {
        notes.push(ExplanationNote::HeadersRedacted);
    }
    let changed = changed_since(table, record);
    if changed {
        notes.push(ExplanationNote::RoutesChanged);
    }
    let known = match &body {
        Some(body) => KnownBody::Read(body),
        None => KnownBody::NotKept {
            taken_by: item.route_id.as_deref().filter(|_| !changed && !stood_in(record)),
        },
    };
    LogExplanation {
        now: verdicts::explain(table, &asked, known, Some(&circumstances)),
        notes,
    }
}

/// Whether the route that took the request was not the first that matched.
fn stood_in(record: &LogRecord) -> bool {
    let reason = record.match_reason.as_deref();
    reason.is_some_and(|reason| reason.contains(STANDS_IN_FOR))
}

/// Whether a route has a condition on this header field.
fn is_looked_at(table: &RouteTable, name: &str) -> bool {
    let mut rules = table.all_in_order().iter().flat_map(|route| &route.headers);
    rules.any(|rule| rule.name().as_str().eq_ignore_ascii_case(name))
}

/// Whether routes are not what they were then, as far as that can be told.
fn changed_since(table: &RouteTable, record: &LogRecord) -> bool {
    let mut routes = table.all_in_order().iter();
    let is_gone = |id: &String| !table.all_in_order().iter().any(|route| *route.id == **id);
    record.item.route_id.as_ref().is_some_and(is_gone)
        || routes.any(|route| route.route.updated_at > record.item.request_time)
}
