//! The filters above the list, and the chips of those that are set.

use leptos::prelude::*;

use super::RequestsState;
use super::more_filters::MoreFilters;
use crate::app::BASE;
use crate::components::icon::{Glyph, Icon};
use crate::components::loaded::NotLoaded;
use crate::components::search_box::{SearchBox, SelectFilter};
use crate::components::show::Show;
use crate::format;
use crate::locales::{common, requests as t};
use crate::state::query::Query;
use crate::state::range;
use crate::state::reactive;

/// Every filter of the address, with its name for people.
pub fn names() -> [(&'static str, &'static str); 15] {
    [
        ("path", common::path()),
        ("status_code", common::status()),
        ("method", common::method()),
        ("route_id", t::route()),
        ("key_id", t::key()),
        ("has_error", t::errors()),
        ("model", t::model()),
        ("source_path", t::source()),
        ("is_stream", t::stream()),
        ("min_ms", t::min_ms()),
        ("range", t::range()),
        ("start_time", t::start_time()),
        ("end_time", t::end_time()),
        ("request_id", common::request_id()),
        ("ip_address", t::ip_address()),
    ]
}

#[component]
pub fn FilterBar(state: RequestsState) -> impl IntoView {
    let address = state.address;
    let path = address.param("path");
    let statuses = ["2xx", "3xx", "4xx", "5xx"].map(|class| (class.to_owned(), class.to_owned()));
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
        .map(|method| (method.to_owned(), method.to_owned()));
    view! {
        <div class="toolbar">
            <SearchBox
                label=t::search()
                value=reactive::derived(move || path.get().unwrap_or_default())
                on_search=move |text| address.filter("path", Some(text))
            />
            <Select state param="status_code" any=t::any_status() label=common::status() choices=statuses.to_vec() />
            <Select state param="method" any=t::any_method() label=common::method() choices=methods.to_vec() />
            // What happens now has no other time.
            <Show when=move || !state.live.get()>
                <Select state param="range" any=t::any_time() label=t::range() choices=range::choices() />
            </Show>
            <Select state param="route_id" any=t::any_route() label=t::route() choices=choices_of(state.routes) />
            <Select state param="key_id" any=t::any_key() label=t::key() choices=choices_of(state.keys) />
        </div>
        <NotLoaded query=state.routes />
        <NotLoaded query=state.keys />
        <MoreFilters address problem=state.problem.into() />
    }
}

fn choices_of(query: Query<Vec<(String, String)>>) -> Signal<Vec<(String, String)>> {
    reactive::derived(move || query.data.get().unwrap_or_default())
}

#[component]
fn Select(
    state: RequestsState,
    param: &'static str,
    any: &'static str,
    label: &'static str,
    #[prop(into)] choices: Signal<Vec<(String, String)>>,
) -> impl IntoView {
    let value = state.address.param(param);
    let choices = reactive::derived(move || {
        let mut all = vec![(String::new(), any.to_owned())];
        all.extend(choices.get());
        // A value from the address that is no usual choice is shown as it is.
        if let Some(value) = value.get().filter(|value| all.iter().all(|(known, _)| known != value)) {
            all.push((value.clone(), value));
        }
        all
    });
    view! {
        <SelectFilter
            label
            value=reactive::derived(move || value.get().unwrap_or_default())
            choices
            on_choose=move |chosen| {
                let mut changes = vec![(param, chosen)];
                // A range ends now: it stands in for picked times.
                if param == "range" {
                    changes.extend(["start_time", "end_time"].map(|time| (time, String::new())));
                }
                state.address.filter_all(changes);
            }
        />
    }
}

/// The filters that are set; a press removes one.
#[component]
pub fn Chips(state: RequestsState) -> impl IntoView {
    let address = state.address;
    let values = names().map(|(param, name)| (param, name, address.param(param)));
    let set = reactive::memo(move |_| {
        let set = values
            .iter()
            .filter_map(|(param, name, value)| Some((*param, *name, value.get()?)));
        set.collect::<Vec<_>>()
    });
    let shown = move |param: &str, value: &str| match param {
        "route_id" => name_in(state.routes, value),
        "key_id" => name_in(state.keys, value),
        "range" => range::Range::find(value).word(),
        "start_time" | "end_time" => format::local_time(value, param == "end_time").unwrap_or_else(|| value.to_owned()),
        "has_error" => (if value == "true" {
            t::errors_only()
        } else {
            t::without_errors()
        })
        .to_owned(),
        "is_stream" => (if value == "true" {
            t::streamed_only()
        } else {
            t::not_streamed()
        })
        .to_owned(),
        _ => value.to_owned(),
    };
    let chip = move |(param, name, value): (&'static str, &'static str, String)| {
        view! {
            <button
                type="button"
                class="chip"
                aria-label=t::remove_filter(name)
                on:click=move |_| address.filter(param, None)
            >
                {name}
                ": "
                <strong>{move || shown(param, &value)}</strong>
                <Icon glyph=Glyph::Cross />
            </button>
        }
    };
    move || {
        let set = set.get();
        (!set.is_empty()).then(|| {
            let all = set.iter().map(|(param, ..)| *param).collect::<Vec<_>>();
            view! {
                <div class="toolbar" role="group" aria-label=t::filters()>
                    {set.into_iter().map(chip).collect_view()}
                    <button type="button" class="link-button" on:click=move |_| address.close(&all)>
                        {common::clear_filters()}
                    </button>
                </div>
            }
        })
    }
}

fn name_in(query: Query<Vec<(String, String)>>, id: &str) -> String {
    let known = query.data.with(|known| {
        known
            .iter()
            .flatten()
            .find(|(key, _)| key == id)
            .map(|(_, name)| name.clone())
    });
    known.unwrap_or_else(|| id.chars().take(8).collect())
}

/// The address of the requests with one filter.
pub fn link(param: &str, value: &str) -> String {
    crate::api::with_query(&format!("{BASE}/requests"), &serde_json::json!({ param: value }))
}
