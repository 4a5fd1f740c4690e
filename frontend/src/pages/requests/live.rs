//! Requests as they happen, pushed by the server: starting, first byte, growing, ended. At most 1,000 rows are kept. While
//! somebody reads them, rows change in place and new ones wait.

mod feed;

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
use crate::components::button::{Button, Weight};
use crate::components::first_rows::newest_rows;
use crate::components::icon::Glyph;
use crate::components::loaded::{EmptyState, Filters, RefusedFilters};
use crate::components::show::Show;
use crate::format;
use crate::locales::requests as t;
use crate::state::connection::Connection;
use crate::state::events::{self, Line};
use crate::state::session::Session;
use crate::state::shortcuts::{focus, reach};
use crate::state::{clock, reactive};
use feed::{Change, Feed, is_above};

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
        <NewOnes feed />
        <section class="card live" tabindex="-1" on:mousemove=move |_| feed.pointed.set_value(true)>
            {content}
        </section>
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
        if !feed.paused.get_untracked() {
            feed.release();
        }
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
            </span>
            <span class="muted">{move || t::kept(&format::count(feed.rows.with(|rows| rows.len() as u64)))}</span>
            <div class="row list-tools">
                <ColumnChooser columns />
                {button}
            </div>
        </div>
    }
}

/// The way to what is held back. It stays in sight above the list.
#[component]
fn NewOnes(feed: Feed) -> impl IntoView {
    let reveal = move |()| {
        feed.release();
        // The button goes.
        reach(".live", |list| {
            if is_above(list) {
                list.scroll_into_view();
            }
            focus(list);
        });
    };
    view! {
        <div class="live-new">
            <Show when=move || feed.held_back.get() != 0>
                <Button small=true weight=Weight::Primary glyph=Glyph::Up on_press=reveal>
                    {move || t::new_n(feed.held_back.get())}
                </Button>
            </Show>
        </div>
    }
}

fn listen(state: RequestsState, feed: Feed) -> Signal<Line> {
    let url = reactive::derived(move || api::logs::stream_url(&state.filter.get()));
    events::listen(url, &EVENTS, move |name, data| match name {
        IN_FLIGHT => {
            if let Ok(items) = json::from_text(data) {
                feed.take_in_flight(items);
            }
        }
        _ => {
            if let Ok(item) = json::from_text::<LogItem>(data) {
                feed.take(if name == LEAVE {
                    Change::Leave(item.id)
                } else {
                    Change::Item(Arc::new(item))
                });
            }
        }
    })
}
