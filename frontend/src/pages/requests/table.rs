//! The rows of requests, the same for the history and the live view.

use std::sync::Arc;

use fastgate_shared::audit_log::{LogItem, Outcome};
use leptos::prelude::*;

use super::RequestsState;
use super::cancel::cancel_cell;
use crate::components::badge::{Badge, Tone};
use crate::components::code::with_code;
use crate::components::data_table::{Column, DataTable, RowRules};
use crate::components::row_link::RowLink;
use crate::format;
use crate::locales::{self, common, requests as t};
use crate::state::reactive;

#[component]
pub fn RequestsTable(state: RequestsState, rows: Signal<Vec<Arc<LogItem>>>) -> impl IntoView {
    state.rows.set(Some(rows));
    on_cleanup(move || {
        state.rows.try_set(None);
    });
    let rules = RowRules {
        id: |item: &LogItem| item.id.clone(),
        dim: |_: &LogItem| false,
        open: Some(Callback::new(move |log_id: String| state.address.open("open", log_id))),
        selected: state.address.param("open").into(),
        sorting: None,
    };
    // Another choice of columns is another table.
    let cancellable =
        reactive::memo(move |_| state.live.get() || rows.with(|rows| rows.iter().any(|row| row.outcome.is_none())));
    move || {
        let columns = columns(state, cancellable.get());
        view! { <DataTable caption=t::title() columns rows rules /> }
    }
}

/// A column's name in the choice of columns; empty where it always shows.
type Named = (&'static str, Column<LogItem>);

/// The columns that were chosen; before a choice, narrow screens leave some of them out by themselves.
fn columns(state: RequestsState, cancellable: bool) -> Vec<Column<LogItem>> {
    let chosen = state.columns.are_chosen();
    let class = |always: &'static str, usual: &'static str| if chosen { always } else { usual };
    let all = who_and_where(state, class).into_iter().chain(figures(state, class));
    let shown = all.filter(|(name, _)| name.is_empty() || state.columns.has(name));
    let mut columns: Vec<_> = shown.map(|(_, column)| column).collect();
    if cancellable {
        columns.push(Column::actions(move |item| cancel_cell(state, item)));
    }
    columns
}

fn who_and_where(state: RequestsState, class: impl Fn(&'static str, &'static str) -> &'static str) -> [Named; 8] {
    let text = |label, class, of: fn(&LogItem) -> Option<String>, instead| {
        Column::new(label, class, move |item: &LogItem| or_muted(of(item), instead))
    };
    let route = text(t::col_route(), "brief", |item| item.route_name.clone(), t::no_route());
    let key = text(
        t::key(),
        class("brief", "brief if-wide"),
        |item| item.key_preview.clone(),
        "–",
    );
    let model = text(
        t::col_model(),
        class("brief", "brief if-roomy"),
        |item| item.model.clone(),
        "–",
    );
    let to = text(
        t::col_upstream(),
        "brief",
        |item| upstream(item.target_url.as_deref()),
        "–",
    );
    let request = Column::new(t::col_request(), "wide title", move |item| request_cell(state, item));
    [
        ("time", Column::new(t::col_time(), "nowrap", time_cell)),
        ("status", Column::new(common::status(), "fit", status_cell)),
        ("", request),
        ("route", route),
        ("caller", Column::new(t::col_caller(), "brief", caller_cell)),
        ("key", key),
        ("model", model),
        ("upstream", to),
    ]
}

fn figures(state: RequestsState, class: impl Fn(&'static str, &'static str) -> &'static str) -> [Named; 4] {
    let duration = Column::new(t::col_duration(), "num", move |item: &LogItem| {
        duration_cell(state, item)
    });
    let ttfb = |item: &LogItem| milliseconds(item.ttfb_ms);
    let size = |item: &LogItem| format::bytes(item.response_size);
    [
        ("duration", duration),
        ("ttfb", Column::new(t::col_ttfb(), class("num", "num if-wide"), ttfb)),
        (
            "tokens",
            Column::new(t::col_tokens(), class("num", "num if-wide"), tokens_cell),
        ),
        ("size", Column::new(t::col_size(), class("num", "num if-roomy"), size)),
    ]
}

/// `host:port` of a URL.
fn upstream(url: Option<&str>) -> Option<String> {
    let (_, rest) = url?.split_once("://")?;
    rest.split(['/', '?']).next().map(str::to_owned)
}

/// The badge of a status; a request without one is in flight.
pub fn status_badge(item: &LogItem) -> impl IntoView + use<> {
    let (tone, word) = match (item.status_code, item.outcome) {
        (None, None) => (Tone::Info, t::in_flight().to_owned()),
        // Its head came; the rest is on its way.
        (Some(status), None) => (Tone::Info, t::status_in_flight(status)),
        (status, Some(outcome)) => {
            let word = status.map_or("–".to_owned(), |status| status.to_string());
            (tone_of(outcome, status), word)
        }
    };
    view! { <Badge tone word /> }
}

/// What an end means: an answer by its status, but one that broke off is not good whatever its status was.
pub fn tone_of(outcome: Outcome, status: Option<u16>) -> Tone {
    match (outcome, status) {
        (Outcome::Ok | Outcome::Rejected, Some(status)) => Tone::of_status(status),
        (Outcome::Ok, None) => Tone::Good,
        (Outcome::UpstreamError | Outcome::Timeout, _) => Tone::Bad,
        (Outcome::Rejected | Outcome::ClientClosed | Outcome::Interrupted, _) => Tone::Warn,
    }
}

fn status_cell(item: &LogItem) -> impl IntoView + use<> {
    status_badge(item)
}

fn time_cell(item: &LogItem) -> impl IntoView + use<> {
    let exact = format::exact_time(format::millis(item.request_time));
    let shown = format::log_time(item.request_time, js_sys::Date::now());
    view! {
        <time datetime=item.request_time.to_string() title=exact>
            {shown}
        </time>
    }
}

fn request_cell(state: RequestsState, item: &LogItem) -> impl IntoView + use<> {
    let open = move |log_id: String| state.address.open("open", log_id);
    let (method, path, error) = (item.method.clone(), item.path.clone(), item.error_message.clone());
    view! {
        <RowLink page="/requests" param="open" id=item.id.clone() on_open=open title=path.clone()>
            <span class="method">{method}</span>
            " "
            <span class="mono request-path">{path}</span>
        </RowLink>
        {error.map(|error| view! { <span class="cell-sub request-error">{with_code(&locales::refusal(&error))}</span> })}
    }
}

fn caller_cell(item: &LogItem) -> impl IntoView + use<> {
    match (&item.source_path, &item.key_preview) {
        (Some(source), preview) => {
            let both = [Some(source), preview.as_ref()].into_iter().flatten().cloned();
            let title = both.collect::<Vec<_>>().join(" · ");
            view! { <span title=title>{source.clone()}</span> }.into_any()
        }
        (None, Some(preview)) => view! { <code>{preview.clone()}</code> }.into_any(),
        (None, None) => view! { <span class="muted">{t::no_key()}</span> }.into_any(),
    }
}

fn tokens_cell(item: &LogItem) -> impl IntoView + use<> {
    match (item.prompt_tokens, item.completion_tokens) {
        (None, None) => view! { <span class="muted">"–"</span> }.into_any(),
        (prompt, completion) => {
            let (prompt, completion) = (prompt.unwrap_or(0), completion.unwrap_or(0));
            let both = t::tokens(&format::count(prompt), &format::count(completion));
            view! { <span title=both>{format::count(prompt + completion)}</span> }.into_any()
        }
    }
}

/// How long it took; of a request in flight, how long it has taken so far.
fn duration_cell(state: RequestsState, item: &LogItem) -> AnyView {
    if item.response_time_ms.is_some() || item.outcome.is_some() {
        return milliseconds(item.response_time_ms).into_any();
    }
    let since = format::millis(item.request_time);
    // The reader's clock may be behind the server's.
    let so_far = move || format::seconds((state.second.get() - since).max(0.0));
    view! { <span class="muted">{so_far}</span> }.into_any()
}

fn milliseconds(ms: Option<f64>) -> impl IntoView + use<> {
    match ms {
        Some(ms) => format::duration(ms).into_any(),
        None => view! { <span class="muted">"–"</span> }.into_any(),
    }
}

fn or_muted(text: Option<String>, instead: &'static str) -> impl IntoView + use<> {
    match text {
        Some(text) => {
            let title = text.clone();
            view! { <span title=title>{text}</span> }.into_any()
        }
        None => view! { <span class="muted">{instead}</span> }.into_any(),
    }
}
