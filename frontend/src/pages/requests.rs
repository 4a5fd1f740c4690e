//! Requests: the audit log as a filtered list or as it happens, and each record in a drawer. Filters, view and the open
//! record live in the address.

mod curl;
mod filters;
mod history;
mod live;
mod more_filters;
mod record;
mod record_parts;
mod table;

use fastgate_shared::audit_log::LogFilter;
use leptos::prelude::*;

use crate::api;
use crate::components::page_head::PageHead;
use crate::locales::requests as t;
use crate::pages::requests::filters::{Chips, FilterBar};
use crate::pages::requests::history::History;
use crate::pages::requests::live::LiveView;
use crate::pages::requests::record::RecordDrawer;
use crate::state::address::Address;
use crate::state::query::Query;

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct RequestsState {
    address: Address,
    filter: Memo<LogFilter>,
    /// Routes and keys as choices of the filters: id and name.
    routes: Query<Vec<(String, String)>>,
    keys: Query<Vec<(String, String)>>,
}

/// The page.
#[component]
pub fn RequestsPage() -> impl IntoView {
    let address = Address::get();
    let state = RequestsState {
        address,
        filter: read_filter(address),
        routes: Query::new(|| (), |()| route_names()),
        keys: Query::new(|| (), |()| key_names()),
    };
    let live = address.has("live");
    let open = address.param("open");
    view! {
        <PageHead title=t::title() lead=t::lead()>
            <ViewSwitch address live />
        </PageHead>
        <FilterBar state />
        <Chips state />
        {move || if live.get() { view! { <LiveView state /> }.into_any() } else { view! { <History state /> }.into_any() }}
        {move || open.get().map(|log_id| view! { <RecordDrawer state log_id /> })}
    }
}

#[component]
fn ViewSwitch(address: Address, live: Memo<bool>) -> impl IntoView {
    let choice = move |is_live: bool, word: &'static str| {
        view! {
            <label class="choice-option">
                <input
                    type="radio"
                    name="view"
                    prop:checked=move || live.get() == is_live
                    on:change=move |_| address.filter("live", is_live.then(|| "1".to_owned()))
                />
                {word}
            </label>
        }
    };
    view! {
        <div class="choice" role="radiogroup" aria-label=t::view()>
            {choice(false, t::history())}
            {choice(true, t::live())}
        </div>
    }
}

/// The filters of the address; their names are those of the API.
fn read_filter(address: Address) -> Memo<LogFilter> {
    let param = move |name| address.param(name);
    let (start_time, end_time, status_code) = (param("start_time"), param("end_time"), param("status_code"));
    let (method, path, route_id, key_id) = (param("method"), param("path"), param("route_id"), param("key_id"));
    let (source_path, model, is_stream) = (param("source_path"), param("model"), param("is_stream"));
    let (min_ms, has_error, request_id) = (param("min_ms"), param("has_error"), param("request_id"));
    let ip_address = param("ip_address");
    Memo::new(move |_| LogFilter {
        start_time: start_time.get(),
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
    let name = |key: &fastgate_shared::api_key::ApiKey| {
        key.definition
            .name
            .clone()
            .unwrap_or_else(|| key.definition.source_path.clone())
    };
    Ok(keys.into_iter().map(|key| (key.key_id.clone(), name(&key))).collect())
}
