//! The link in a row that opens it. A plain press keeps the filters of the address; a press with a modifier opens the
//! link's own address in a new tab, as any link does.

use leptos::ev;
use leptos::prelude::*;

use crate::app::BASE;

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
    let press = move |event: ev::MouseEvent| {
        if !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key()) {
            event.prevent_default();
            on_open.run(id.clone());
        }
    };
    view! {
        <a class="cell-title" href=href title=title on:click=press>
            {children()}
        </a>
    }
}
