//! Requests: the audit log as a filtered list or as it happens, and each record in a drawer. Filters, view and the open
//! record live in the address.

mod cancel;
mod columns;
mod compare;
mod curl;
mod failures;
mod filters;
mod histogram;
mod history;
mod known;
mod live;
mod more_filters;
mod record;
mod record_parts;
mod replay;
mod table;
mod tools;
mod why;

pub use table::tone_of;

use std::sync::Arc;

use fastgate_shared::audit_log::{LogFilter, LogItem};
use fastgate_shared::problem::Problem;
use leptos::ev;
use leptos::prelude::*;

use crate::api;
use crate::components::either::either;
use crate::components::page_head::PageHead;
use crate::locales::requests as t;
use crate::pages::keys::title_of;
use crate::pages::requests::cancel::CancelQuestion;
use crate::pages::requests::columns::Columns;
use crate::pages::requests::filters::{Chips, FilterBar};
use crate::pages::requests::history::History;
use crate::pages::requests::live::LiveView;
use crate::pages::requests::record::RecordDrawer;
use crate::pages::requests::replay::{ReplayDialog, Resending};
use crate::state::address::Address;
use crate::state::clock::every;
use crate::state::query::Query;
use crate::state::range::{self, RANGES};
use crate::state::reactive;
use crate::state::shortcuts::{Shortcuts, is_typing};

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct RequestsState {
    address: Address,
    filter: Memo<LogFilter>,
    /// Why the requests of the filter cannot be shown.
    problem: RwSignal<Option<Problem>>,
    /// Routes and keys as choices of the filters: id and name.
    routes: Query<Vec<(String, String)>>,
    keys: Query<Vec<(String, String)>>,
    /// The list is there: what only completes the page may come.
    listed: RwSignal<bool>,
    /// The request that is asked about whether to cancel it.
    cancelling: RwSignal<Option<LogItem>>,
    /// The record that is about to be sent again.
    resending: RwSignal<Option<Resending>>,
    columns: Columns,
    live: Memo<bool>,
    /// The present in milliseconds since the epoch, second by second.
    second: RwSignal<f64>,
    /// The request that `j` and `k` opened last.
    last: StoredValue<Option<String>>,
    /// Loads what is below the last row of the list, and then calls; none where nothing is.
    further: RwSignal<Option<Callback<Callback<()>>>>,
    shortcuts: Shortcuts,
    /// The rows of the list that shows, which `j` and `k` go through.
    rows: RwSignal<Option<Signal<Vec<Arc<LogItem>>>>>,
}

impl RequestsState {
    /// `j` opens the next request of the list, `k` the one before.
    fn on_key(self, event: &ev::KeyboardEvent) {
        let modified = event.ctrl_key() || event.meta_key() || event.alt_key() || event.is_composing();
        let asked = untrack(|| self.cancelling.with(Option::is_some) || self.resending.with(Option::is_some));
        if modified || asked || is_typing(event) || !untrack(|| self.shortcuts.enabled()) {
            return;
        }
        let step = match event.key().as_str() {
            "j" => 1,
            "k" => -1,
            _ => return,
        };
        if self.step(step) {
            event.prevent_default();
        }
    }

    /// Opens the request so many rows below the open one, the first where none is open; loads further rows where the list
    /// ends. Whether there is one.
    fn step(self, step: isize) -> bool {
        let open = untrack(|| self.address.param("open").get());
        // Whoever closed one goes on from there.
        let from = open.clone().or_else(|| self.last.get_value());
        if let Some(next) = untrack(|| self.beside(from.as_deref(), step)) {
            self.last.set_value(Some(next.clone()));
            match open {
                // Back leads to the list, not through all that was looked at.
                Some(_) => self.address.filter("open", Some(next)),
                None => self.address.open("open", next),
            }
            return true;
        }
        let Some(further) = self.further.get_untracked().filter(|_| step > 0) else {
            return false;
        };
        // The reader may have gone elsewhere meanwhile.
        further.run(Callback::new(move |()| {
            if untrack(|| self.address.param("open").get()) == open && self.beside(open.as_deref(), step).is_some() {
                self.step(step);
            }
        }));
        true
    }

    /// Whether there is such a request.
    fn has(self, other: &str, step: isize) -> bool {
        self.beside(Some(other), step).is_some() || (step > 0 && self.further.with(Option::is_some))
    }

    /// The request so many rows below another one in the list that shows; the first where that one is not in it.
    fn beside(self, other: Option<&str>, step: isize) -> Option<String> {
        let rows = self.rows.get()?.try_get()?;
        let at = rows.iter().position(|row| Some(&*row.id) == other);
        let next = at.map_or(Some(0), |at| at.checked_add_signed(step));
        Some(rows.get(next?)?.id.clone())
    }
}

/// The page.
#[component]
pub fn RequestsPage() -> impl IntoView {
    let address = Address::get();
    let listed = RwSignal::new(false);
    let state = RequestsState {
        address,
        filter: read_filter(address),
        problem: RwSignal::new(None),
        routes: Query::after(move || listed.get(), route_names),
        keys: Query::after(move || listed.get(), key_names),
        listed,
        cancelling: RwSignal::new(None),
        resending: RwSignal::new(None),
        columns: Columns::new(),
        live: address.has("live"),
        second: RwSignal::new(js_sys::Date::now()),
        last: StoredValue::new(None),
        further: RwSignal::new(None),
        shortcuts: Shortcuts::get(),
        rows: RwSignal::new(None),
    };
    let live = state.live;
    every(1_000, move || state.second.set(js_sys::Date::now()));
    let (open, is_open) = (address.param("open"), address.has("open"));
    let on_key = window_event_listener(ev::keydown, move |event| state.on_key(&event));
    on_cleanup(move || on_key.remove());
    view! {
        <PageHead title=t::title() lead=t::lead()>
            <ViewSwitch address live />
        </PageHead>
        <FilterBar state />
        <Chips state />
        {move || if live.get() { view! { <LiveView state /> }.into_any() } else { view! { <History state /> }.into_any() }}
        {move || is_open.get().then(|| view! { <RecordDrawer state open /> })}
        <CancelQuestion state />
        {move || state.resending.get().map(|resending| view! { <ReplayDialog state resending /> })}
    }
}

#[component]
fn ViewSwitch(address: Address, live: Memo<bool>) -> impl IntoView {
    let choose = move |is_live: bool| address.filter("live", is_live.then(|| "1".to_owned()));
    either(t::view(), "view", [t::history(), t::live()], live.into(), choose)
}

/// The filters of the address; their names are those of the API.
fn read_filter(address: Address) -> Memo<LogFilter> {
    let param = move |name| address.param(name);
    let (start_time, end_time, status_code) = (param("start_time"), param("end_time"), param("status_code"));
    let (method, path, route_id, key_id) = (param("method"), param("path"), param("route_id"), param("key_id"));
    let (source_path, model, is_stream) = (param("source_path"), param("model"), param("is_stream"));
    let (min_ms, has_error, request_id) = (param("min_ms"), param("has_error"), param("request_id"));
    let (ip_address, preset) = (param("ip_address"), param("range"));
    // A range is counted from the moment at which it was chosen.
    let begin = reactive::memo(move |_| {
        let preset = preset.get();
        let found = RANGES.into_iter().find(|range| Some(range.key) == preset.as_deref());
        found.map(|found| range::rfc3339(js_sys::Date::now() - f64::from(found.hours) * 3_600_000.0))
    });
    reactive::memo(move |_| LogFilter {
        start_time: begin.get().or_else(|| start_time.get()),
        end_time: end_time.get(),
        status_code: status_code.get(),
        method: method.get(),
        path: path.get(),
        route_id: route_id.get(),
        key_id: key_id.get(),
        source_path: source_path.get(),
        model: model.get(),
        is_stream: is_stream.get(),
        min_ms: min_ms.get(),
        has_error: has_error.get(),
        request_id: request_id.get(),
        ip_address: ip_address.get(),
    })
}

async fn route_names() -> api::Answer<Vec<(String, String)>> {
    let routes = api::routes::list().await?;
    Ok(routes
        .into_iter()
        .map(|route| (route.route_id, route.definition.route_name))
        .collect())
}

async fn key_names() -> api::Answer<Vec<(String, String)>> {
    let keys = api::keys::list().await?;
    Ok(keys
        .into_iter()
        .map(|key| (key.key_id.clone(), title_of(&key)))
        .collect())
}
