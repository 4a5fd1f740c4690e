//! What can be done with the list as a whole: export what the filters leave, in a format of choice.

use fastgate_shared::audit_log::LogFilter;
use leptos::prelude::*;

use crate::api;
use crate::components::icon::Glyph;
use crate::components::menu::Menu;
use crate::locales::requests as t;

const FORMATS: [(&str, &str); 4] = [
    ("csv", "CSV"),
    ("xlsx", "Excel (xlsx)"),
    ("json", "JSON"),
    ("ndjson", "NDJSON"),
];

#[component]
pub fn Export(filter: Memo<LogFilter>) -> impl IntoView {
    let link = move |(format, word): (&'static str, &'static str)| {
        view! {
            <a class="menu-choice" download="" href=move || api::logs::export_url(&filter.get(), format)>
                {word}
            </a>
        }
    };
    view! {
        <Menu glyph=Glyph::Download label=t::export()>
            <p class="muted">{t::export_lead()}</p>
            {FORMATS.into_iter().map(link).collect_view()}
        </Menu>
    }
}
