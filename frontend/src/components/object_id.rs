//! The id of an object, to be copied into a script.

use leptos::prelude::*;

use crate::components::copy_button::CopyButton;

/// The id with a button that copies it; `name` is its field in the API, as `key_id`.
#[component]
pub fn ObjectId(name: &'static str, id: String) -> impl IntoView {
    view! {
        <p class="row muted">
            <code>{name}</code>
            <code>{id.clone()}</code>
            <CopyButton text=id what=name />
        </p>
    }
}
