//! The link in a row that opens it. A plain press opens it here; a press with a modifier, or with another button, opens it
//! in a new tab, as with any link. Both keep the filters of the address.

use leptos::ev;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::HtmlAnchorElement;

use crate::app::BASE;
use crate::state::router::Router;

/// A link to `page` with one row open.
#[component]
pub fn RowLink(
    /// The page below the dashboard's base, e.g. `/keys`.
    page: &'static str,
    param: &'static str,
    #[prop(into)] id: String,
    #[prop(into)] on_open: Callback<String>,
    /// The whole of what it shows: a long one is cut.
    #[prop(into)]
    title: String,
    children: Children,
) -> impl IntoView {
    let href = format!("{BASE}{page}?{param}={id}");
    let router = Router::get();
    let opened = id.clone();
    // Opened elsewhere, in a tab of its own, it shows the same list: what filters it is known when it is pressed.
    let point = move |event: ev::MouseEvent| {
        let link = event
            .current_target()
            .and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok());
        if let Some((link, address)) = link.zip(router.changed(&[(param, Some(opened.clone()))])) {
            link.set_href(&address);
        }
    };
    let press = move |event: ev::MouseEvent| {
        if !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key()) {
            event.prevent_default();
            on_open.run(id.clone());
        }
    };
    view! {
        <a class="cell-title" href=href title=title on:mousedown=point on:click=press>
            {children()}
        </a>
    }
}
