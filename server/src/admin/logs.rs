//! `/admin/logs`: the audit log as pages, single records, files (`export`) and as it happens (`stream`). The filters are
//! the same everywhere (`query`). What is in flight can be cancelled (`cancel`); why a request went
//! where it went is judged anew (`explanation`), and it can be sent
//! again (`replay`).

mod cancel;
mod explanation;
mod export;
mod histogram;
mod query;
mod recorded;
mod replay;
mod stream;

use super::auth::{Administrator, Viewer};
use super::openapi::LOGS;
use super::page::{Id, Query};
use super::problem::Problem;
use crate::app::App;
use crate::db::logs as stored;
use axum::Json;
use axum::extract::State;
use fastgate_shared::audit_log::{LogItem, LogRecord};
use fastgate_shared::page::CursorPage;
use fastgate_shared::problem::Problem as ProblemDocument;
use query::LogParams;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Records that a list leaves out at most.
const MAX_SKIP: u64 = 10_000;

/// The calls of this file and of its parts.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(export::export))
        .routes(routes!(histogram::histogram))
        .routes(routes!(stream::stream))
        .routes(routes!(get))
        .routes(routes!(cancel::cancel))
        .routes(routes!(explanation::explanation))
        .routes(routes!(replay::draft, replay::replay))
}

/// Which part of the list is wanted; for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "the query string is read by name, so that every unknown parameter can be refused"
)]
struct PageParams {
    /// `desc` (newest first, the default) or `asc`.
    order: Option<String>,
    /// Records returned, 1–1000, 50 by default.
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Records left out, 0–10000, instead of a cursor. A cursor is faster, and steady while records come.
    skip: Option<u64>,
}

/// List the log.
///
/// `total` is exact up to 10,000. Give `next_cursor` back as `cursor` for the next page: there is one as long as something
/// may follow. Where no index leads to what is asked for (a part of a path, say), an answer ends when its time is up; it may
/// then have fewer records than `limit`, even none, and `total` is what was counted (`total_is_lower_bound`).
#[utoipa::path(get, path = "/admin/logs", tag = LOGS, params(LogParams, PageParams),
    responses((status = 200, body = CursorPage<LogItem>), (status = 422, body = ProblemDocument)))]
async fn list(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    mut asked: Query,
) -> Result<Json<CursorPage<LogItem>>, Problem> {
    let filter = query::take_filter(&mut asked);
    let (order, skip) = (asked.peek("order"), asked.take_number("skip", 0..=MAX_SKIP));
    if skip.is_some() && asked.peek("cursor").is_some() {
        asked.refuse("skip", "cannot be given together with cursor");
    }
    let page = query::take_page(&mut asked);
    asked.finish(&query::known(&["order", "limit", "cursor", "skip"]))?;
    let found = app.db.read(move |connection| match skip {
        None | Some(0) => stored::page(connection, &filter, &page),
        Some(skip) => query::page_after(connection, &filter, (order.as_deref(), page.limit), skip),
    });
    Ok(Json(found.await?))
}

/// Get a record with headers, captured bodies, attempts, and why its route won. One in flight is shown as it is now.
#[utoipa::path(get, path = "/admin/logs/{log_id}", tag = LOGS, params(("log_id" = String, Path)),
    responses((status = 200, body = LogRecord), (status = 404, body = ProblemDocument)))]
async fn get(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    Id(log_id): Id,
) -> Result<Json<LogRecord>, Problem> {
    read(&app, &log_id).await.map(Json)
}

/// A record: from memory while its request is in flight, else from the database.
///
/// # Errors
/// 404 when there is none with this number; 503 while the database cannot be read.
async fn read(app: &App, log_id: &str) -> Result<LogRecord, Problem> {
    let in_flight = log_id.parse().ok().and_then(|id| app.audit.live.record(id));
    if let Some(record) = in_flight {
        return Ok((&*record).into());
    }
    let id = log_id.to_owned();
    let found = app.db.read(move |connection| stored::get(connection, &id)).await?;
    found.ok_or_else(|| Problem::not_found("log record", log_id))
}
