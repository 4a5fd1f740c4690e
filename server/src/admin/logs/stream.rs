//! `GET /admin/logs/stream`: what happens to requests, as it happens, as server-sent events.

use super::query::{self, LogParams};
use crate::admin::auth::Administrator;
use crate::admin::openapi::LOGS;
use crate::admin::page::Query;
use crate::admin::problem::Problem;
use crate::app::App;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use fastgate_shared::problem::Problem as ProblemDocument;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A comment is sent when nothing else was for this long, so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How soon a stream notices that the gateway drains; it would hold up the end otherwise.
const DRAIN_CHECK: Duration = Duration::from_millis(250);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Tells nginx to pass events on at once.
const NO_BUFFERING: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);

/// Watch requests as they happen.
///
/// Server-sent events `start`, `first_byte`, `progress` and `end`; the id rises, the data is the record so far. With
/// `Last-Event-ID` those that were missed come first, as far as they are remembered.
#[utoipa::path(get, path = "/admin/logs/stream", tag = LOGS,
    params(LogParams, ("Last-Event-ID" = Option<u64>, Header, description = "Id of the last event that was received")),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 422, body = ProblemDocument)))]
pub async fn stream(
    _: Administrator,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    mut asked: Query,
) -> Result<Response, Problem> {
    let filter = query::take_filter(&mut asked);
    asked.finish(&query::known(&[]))?;
    let last = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    let events = app
        .audit
        .live
        .subscribe(last.and_then(|id| id.trim().parse().ok()))
        .filter(move |event| std::future::ready(filter.matches(&event.item)))
        .map(|event| {
            Event::default()
                .id(event.id.to_string())
                .event(event.kind.as_str())
                .json_data(&event.item)
        })
        .take_until(Box::pin(drained(app.clone())));
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(([NO_BUFFERING], stream).into_response())
}

async fn drained(app: Arc<App>) {
    let mut every = tokio::time::interval(DRAIN_CHECK);
    while !app.draining.load(Ordering::Relaxed) {
        every.tick().await;
    }
}
