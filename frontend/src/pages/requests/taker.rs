//! The route that took a request: its name leads to its requests, and a link beside it to the route.

use leptos::prelude::*;

use super::known::{Known, known};
use super::{RequestsState, filters};
use crate::app::BASE;
use crate::locales::requests as t;

#[component]
pub fn TakingRoute(state: RequestsState, route_id: String, name: String) -> impl IntoView {
    let known = known(state.routes, route_id.clone());
    let requests = filters::link("route_id", &route_id);
    let beside = move || {
        let (link, word) = match known.get() {
            Known::Deleted => (format!("{BASE}/changes?object_id={route_id}"), t::route_deleted()),
            Known::Named(_) | Known::No => (format!("{BASE}/routes?edit={route_id}"), t::show_route()),
        };
        view! {
            <a class="record-beside" href=link>
                {word}
            </a>
        }
    };
    view! {
        <a href=requests>{name}</a>
        {beside}
    }
}
