//! Requests as they happen, pushed by the server: starting, first byte, growing, ended. At most 1,000 rows are kept.

use std::sync::Arc;

use fastgate_shared::audit_log::{LiveEventKind, LogItem};
use fastgate_shared::json;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::RequestsState;
use super::columns::{ColumnChooser, Columns};
use super::filters;
use super::table::RequestsTable;
use crate::api;
use crate::components::badge::{Badge, Tone};
use crate::components::button::Button;
use crate::components::first_rows::newest_rows;
use crate::components::icon::Glyph;
use crate::components::loaded::{EmptyState, Filters, RefusedFilters};
use crate::locales::requests as t;
use crate::order;
use crate::state::connection::Connection;
use crate::state::events::{self, Line};
use crate::state::session::Session;
use crate::state::{clock, reactive};

/// Rows kept.
const MAX_ROWS: usize = 1_000;
/// Events kept while paused.
const MAX_WAITING: usize = 4_000;
/// How often what arrived is shown: often enough to look immediate and to keep each step short (50 ms at 200 events a second),
/// seldom enough for thousands of events.
const SHOW_EVERY_MS: u64 = 100;

/// Names of the events that are not about one request's progress.
const IN_FLIGHT: &str = "in_flight";
const LEAVE: &str = "leave";
const EVENTS: [&str; 6] = [
    LiveEventKind::Start.as_str(),
    LiveEventKind::FirstByte.as_str(),
    LiveEventKind::Progress.as_str(),
    LiveEventKind::End.as_str(),
    LEAVE,
    IN_FLIGHT,
];

/// What an event says.
enum Change {
    /// A request, as it is now.
    Item(LogItem),
    /// It no longer passes the filters.
    Leave(LogItem),
    /// Those are in flight, and no others.
    InFlight(Vec<LogItem>),
}

/// What arrived and what is shown of it.
#[derive(Clone, Copy)]
struct Feed {
    rows: RwSignal<Vec<Arc<LogItem>>>,
    waiting: StoredValue<Vec<Change>>,
    paused: RwSignal<bool>,
    held_back: RwSignal<usize>,
}

impl Feed {
    fn new() -> Self {
        Self {
            rows: RwSignal::default(),
            waiting: StoredValue::default(),
            paused: RwSignal::new(false),
            held_back: RwSignal::new(0),
        }
    }

    fn take(self, change: Change) {
        // The last event may arrive when the view is gone.
        let _ = self.waiting.try_update_value(|waiting| {
            if waiting.len() == MAX_WAITING {
                waiting.remove(0);
            }
            waiting.push(change);
        });
    }

    fn clear(self) {
        self.waiting.set_value(Vec::new());
        self.rows.set(Vec::new());
    }

    /// Shows what waits, or counts it while paused.
    fn show(self) {
        if self.waiting.with_value(Vec::is_empty) {
            return;
        }
        if self.paused.get_untracked() {
            self.held_back.set(self.new_ones());
            return;
        }
        let mut waiting = Vec::new();
        self.waiting.update_value(|kept| waiting = std::mem::take(kept));
        self.held_back.set(0);
        self.rows.update(|rows| {
            for change in waiting {
                match change {
                    Change::Item(item) => put(rows, item),
                    Change::Leave(item) => rows.retain(|row| row.id != item.id),
                    Change::InFlight(items) => {
                        // How those that are missing ended is in the history.
                        let ids = in_order(items.iter().map(|item| item.id.as_str()).collect());
                        rows.retain(|row| row.outcome.is_some() || ids.binary_search(&row.id.as_str()).is_ok());
                        items.into_iter().rev().for_each(|item| put(rows, item));
                    }
                }
            }
            rows.truncate(MAX_ROWS);
        });
    }

    fn new_ones(self) -> usize {
        self.rows.with_untracked(|rows| {
            let shown = in_order(rows.iter().map(|row| row.id.as_str()).collect());
            self.waiting.with_value(|waiting| {
                let items = waiting.iter().flat_map(|change| match change {
                    Change::Item(item) => std::slice::from_ref(item),
                    Change::InFlight(items) => items,
                    Change::Leave(_) => &[],
                });
                let ids = items.map(|item| item.id.as_str());
                let ids = ids.filter(|id| shown.binary_search(id).is_err());
                in_order(ids.collect()).len()
            })
        })
    }
}

/// In order, each once.
fn in_order(mut ids: Vec<&str>) -> Vec<&str> {
    order::sort(&mut ids, |one, two| one.cmp(two));
    ids.dedup();
    ids
}

#[component]
pub fn LiveView(state: RequestsState) -> impl IntoView {
    state.listed.set(true);
    let feed = Feed::new();
    let connection = listen(state, feed);
    clock::steadily(SHOW_EVERY_MS, move || feed.show());
    reactive::on_change(move || state.filter.get(), move |_| feed.clear());
    let session = Session::get();
    reactive::on_change(
        move || connection.get(),
        move |line| {
            if *line == Line::Closed {
                session.verify();
                // Events say nothing of why they do not come.
                spawn_local(async move {
                    let refusal = api::logs::refusal(&state.filter.get_untracked()).await;
                    state
                        .problem
                        .try_set(refusal.filter(|problem| !problem.errors.is_empty()));
                });
            } else if *line == Line::Open {
                state.problem.set(None);
            }
        },
    );
    let empty = reactive::memo(move |_| feed.rows.with(Vec::is_empty));
    let content = move || {
        if let Some(problem) = state.problem.get() {
            let filters = Filters(state.address, filters::names().to_vec());
            view! { <RefusedFilters filters problem /> }.into_any()
        } else if empty.get() {
            view! {
                <EmptyState glyph=Glyph::Pulse sentence=t::waiting() />
            }
            .into_any()
        } else {
            // Each batch makes the browser lay the whole table out anew: most of what a batch costs, and it grows with the rows.
            // Those in flight stay in sight, so that they can be cancelled however much comes after them.
            let (rows, foot) = newest_rows(feed.rows.into(), |row| row.outcome.is_none());
            view! {
                <RequestsTable state rows />
                {foot}
            }
            .into_any()
        }
    };
    view! {
        <LiveHead feed connection columns=state.columns />
        <section class="card">{content}</section>
    }
}

#[component]
fn LiveHead(feed: Feed, connection: Signal<Line>, columns: Columns) -> impl IntoView {
    let lost = Connection::get().lost;
    let badge = move || match (connection.get(), feed.paused.get()) {
        _ if lost.get() => view! { <Badge tone=Tone::Bad word=t::disconnected() /> },
        (Line::Open, true) => view! { <Badge tone=Tone::Warn word=t::paused() /> },
        (Line::Open, false) => view! { <Badge tone=Tone::Good word=t::connected() /> },
        (Line::Connecting, _) => view! { <Badge tone=Tone::Info word=t::connecting() /> },
        _ => view! { <Badge tone=Tone::Bad word=t::disconnected() /> },
    };
    let toggle = move |()| {
        feed.paused.update(|paused| *paused = !*paused);
        feed.show();
    };
    let button = move || {
        if feed.paused.get() {
            view! { <Button small=true glyph=Glyph::Play on_press=toggle>{t::resume()}</Button> }
        } else {
            view! { <Button small=true glyph=Glyph::Pause on_press=toggle>{t::pause()}</Button> }
        }
    };
    view! {
        <div class="list-head">
            <span class="row" role="status">
                {badge}
                {move || (feed.held_back.get() > 0).then(|| view! { <strong>{t::new_n(feed.held_back.get())}</strong> })}
            </span>
            <span class="muted">{move || t::kept(feed.rows.with(Vec::len))}</span>
            <div class="row list-tools">
                <ColumnChooser columns />
                {button}
            </div>
        </div>
    }
}

fn listen(state: RequestsState, feed: Feed) -> Signal<Line> {
    let url = reactive::derived(move || api::logs::stream_url(&state.filter.get()));
    events::listen(url, &EVENTS, move |name, data| {
        if let Some(change) = parse(name, data) {
            feed.take(change);
        }
    })
}

fn parse(name: &str, text: &str) -> Option<Change> {
    match name {
        IN_FLIGHT => json::from_text(text).ok().map(Change::InFlight),
        LEAVE => json::from_text(text).ok().map(Change::Leave),
        _ => json::from_text(text).ok().map(Change::Item),
    }
}

// The newest come first, and most events are about the newest.
fn put(rows: &mut Vec<Arc<LogItem>>, item: LogItem) {
    match rows.iter_mut().find(|row| row.id == item.id) {
        Some(row) => *row = Arc::new(item),
        None => rows.insert(0, Arc::new(item)),
    }
}
