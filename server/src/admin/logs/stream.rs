//! `GET /admin/logs/stream`: what happens to requests, as it happens, as server-sent events.

use super::query::{self, LogParams};
use crate::admin::auth::{self, Administrator, Viewer};
use crate::admin::events;
use crate::admin::openapi::LOGS;
use crate::admin::page::Query;
use crate::admin::problem::Problem;
use crate::app::App;
use crate::audit_log::live::{LiveEvent, News};
use crate::db::logs::LogQuery;
use axum::extract::State;
use axum::response::Response;
use axum::response::sse::Event;
use fastgate_shared::audit_log::LiveEventKind;
use fastgate_shared::problem::Problem as ProblemDocument;
use futures_util::StreamExt as _;
use http::HeaderName;
use http::request::Parts;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use utoipa::IntoParams;

/// How soon a stream notices that the gateway drains; it would hold up the end otherwise.
const DRAIN_CHECK: Duration = Duration::from_millis(250);

/// How soon a stream ends whose session or token was ended.
const CREDENTIAL_CHECK: Duration = Duration::from_secs(2);

/// Requests in flight that a watcher is told of at once; the newest.
const MAX_IN_FLIGHT: usize = 1_000;
const IN_FLIGHT: &str = "in_flight";
const LEAVE: &str = "leave";

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What of the stream is wanted besides the filters; for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "the query string is read by name, so that every unknown parameter can be refused"
)]
struct StreamParams {
    /// `true`: begin with an event `in_flight`, whose data is the array of the newest 1,000 requests in flight; it comes again
    /// whenever events were missed. An event `leave` tells of a request that no longer passes the filters.
    in_flight: Option<bool>,
}

/// One watcher: what it wants, and what it was told.
struct Watcher {
    filter: LogQuery,
    wants_in_flight: bool,
    /// Numbers of the requests in flight that it knows of.
    told: HashSet<String>,
}

impl Watcher {
    fn event(&mut self, app: &App, news: News) -> Option<Result<Event, axum::Error>> {
        match news {
            News::Missed => self.wants_in_flight.then(|| self.in_flight(app)),
            News::Event(event) => {
                let name = self.name_of(&event)?;
                let sent = Event::default().id(event.id.to_string()).event(name);
                Some(sent.json_data(&event.item))
            }
        }
    }

    /// How the watcher hears of an event, if it does.
    fn name_of(&mut self, event: &LiveEvent) -> Option<&'static str> {
        let item = &event.item;
        let passes = self.filter.matches(item);
        if self.wants_in_flight {
            let is_over = event.kind == LiveEventKind::End;
            let was_told = self.told.contains(&item.id);
            if was_told && (is_over || !passes) {
                self.told.remove(&item.id);
            } else if passes && !is_over {
                self.told.insert(item.id.clone());
            }
            if was_told && !passes {
                return Some(LEAVE);
            }
        }
        passes.then_some(event.kind.as_str())
    }

    fn in_flight(&mut self, app: &App) -> Result<Event, axum::Error> {
        let mut items = app.audit.live.items();
        items.retain(|item| self.filter.matches(item));
        items.truncate(MAX_IN_FLIGHT);
        self.told = items.iter().map(|item| item.id.clone()).collect();
        Event::default().event(IN_FLIGHT).json_data(&items)
    }
}

/// Watch requests as they happen.
///
/// Server-sent events `start`, `first_byte`, `progress` and `end`; the id rises, the data is the record so far. With
/// `Last-Event-ID` those that were missed come first, as far as they are remembered.
#[utoipa::path(get, path = "/admin/logs/stream", tag = LOGS,
    params(LogParams, StreamParams,
        ("Last-Event-ID" = Option<u64>, Header, description = "Id of the last event that was received")),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 422, body = ProblemDocument)))]
pub async fn stream(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    parts: Parts,
    mut asked: Query,
) -> Result<Response, Problem> {
    let mut watcher = Watcher {
        filter: query::take_filter(&mut asked),
        wants_in_flight: asked.take_bool("in_flight").unwrap_or_default(),
        told: HashSet::new(),
    };
    asked.finish(&query::known(&["in_flight"]))?;
    let last = parts.headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    let news = app.audit.live.subscribe(last.and_then(|id| id.trim().parse().ok()));
    let events = {
        let app = app.clone();
        news.filter_map(move |news| std::future::ready(watcher.event(&app, news)))
    };
    Ok(events::answer(events.take_until(Box::pin(over(app, parts)))))
}

/// Waits until the gateway drains, or who watches may no longer: a session or token that ends ends what it opened.
async fn over(app: Arc<App>, parts: Parts) {
    let mut every = tokio::time::interval(DRAIN_CHECK);
    let mut last_judged = Instant::now();
    while !app.draining.load(Ordering::Relaxed) {
        every.tick().await;
        if last_judged.elapsed() >= CREDENTIAL_CHECK {
            last_judged = Instant::now();
            // A database that is away says nothing of the credential.
            if auth::authorise(&app, &parts)
                .await
                .is_err_and(|problem| problem.is_refusal())
            {
                return;
            }
        }
    }
}
