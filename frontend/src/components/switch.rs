//! The on/off switch.

use leptos::prelude::*;

/// A switch; `label` is its whole name, `on` and `off` the word beside it.
#[component]
pub fn Switch(
    #[prop(into)] checked: Signal<bool>,
    #[prop(into)] label: String,
    #[prop(optional, into)] on: String,
    #[prop(optional, into)] off: String,
    #[prop(into)] on_change: Callback<bool>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="switch"
            role="switch"
            aria-checked=move || checked.get().to_string()
            aria-label=label
            on:click=move |_| on_change.run(!checked.get_untracked())
        >
            <span class="switch-track"></span>
            <span aria-hidden="true">{move || if checked.get() { on.clone() } else { off.clone() }}</span>
        </button>
    }
}
