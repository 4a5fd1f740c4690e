//! The on/off switch.

use fastgate_shared::admin_token::Role;
use leptos::prelude::*;

use crate::state::session::Session;

/// A switch; `label` is its whole name, `on` and `off` the word beside it.
#[component]
pub fn Switch(
    #[prop(into)] checked: Signal<bool>,
    #[prop(into)] label: String,
    #[prop(optional, into)] on: String,
    #[prop(optional, into)] off: String,
    /// The least role that may switch it; all others read the word.
    #[prop(optional, into)]
    needs: Option<Role>,
    #[prop(into)] on_change: Callback<bool>,
) -> impl IntoView {
    if !Session::may_offer(needs) {
        return view! { <span>{move || if checked.get() { on.clone() } else { off.clone() }}</span> }.into_any();
    }
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
    .into_any()
}
