//! The search field of a page, reached with `/`. What is typed is heard after a short pause.

use leptos::html;
use leptos::prelude::*;

use crate::components::field::keep_options;
use crate::components::icon::{Glyph, Icon};
use crate::state::{clock, reactive};

/// Pause after the last key, in milliseconds.
const PAUSE_MS: u64 = 200;

/// The search field.
#[component]
pub fn SearchBox(
    #[prop(into)] label: String,
    #[prop(into)] value: Signal<String>,
    #[prop(into)] on_search: Callback<String>,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let heard = clock::at_rest(PAUSE_MS, move || {
        if let Some(input) = input.try_get_untracked().flatten() {
            on_search.run(input.value().trim().to_owned());
        }
    });
    // The address may change by other means; what is being typed is never replaced.
    reactive::effect(move || {
        let value = value.get();
        if let Some(input) = input.get().filter(|input| !has_focus(input)) {
            input.set_value(&value);
        }
    });
    view! {
        <div class="search" role="search">
            <Icon glyph=Glyph::Search />
            <input
                node_ref=input
                class="input"
                type="search"
                placeholder=label.clone()
                aria-label=label
                autocomplete="off"
                spellcheck="false"
                data-search=""
                on:input=move |_| heard()
            />
            <kbd aria-hidden="true">"/"</kbd>
        </div>
    }
}

/// A select that filters; the empty value is "all".
#[component]
pub fn SelectFilter(
    #[prop(into)] label: String,
    #[prop(into)] value: Signal<String>,
    #[prop(into)] choices: Signal<Vec<(String, String)>>,
    #[prop(into)] on_choose: Callback<String>,
) -> impl IntoView {
    let select = NodeRef::new();
    keep_options(select, value, choices);
    view! {
        <select
            node_ref=select
            class="input"
            aria-label=label
            on:change=move |event| on_choose.run(event_target_value(&event))
        ></select>
    }
}

fn has_focus(input: &web_sys::Element) -> bool {
    document().active_element().as_ref() == Some(input)
}
