//! Copies a text to the clipboard and says so.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use crate::components::icon::{Glyph, Icon};
use crate::locales::common as t;

/// An icon button that copies `text`; `what` names it. Browsers offer the clipboard on HTTPS and localhost only;
/// elsewhere there is no button.
#[component]
pub fn CopyButton(#[prop(into)] text: Signal<String>, #[prop(into)] what: String) -> impl IntoView {
    let done = RwSignal::new(false);
    let copy = move |event: leptos::ev::MouseEvent| {
        event.stop_propagation();
        let promise = window().navigator().clipboard().write_text(&text.get_untracked());
        spawn_local(async move {
            if JsFuture::from(promise).await.is_ok() {
                done.try_set(true);
                set_timeout(
                    move || {
                        done.try_set(false);
                    },
                    Duration::from_secs(2),
                );
            }
        });
    };
    let label = t::copy_what(&what);
    window().is_secure_context().then(|| {
        view! {
            <button
                type="button"
                class="icon-button copy"
                class:copy-done=move || done.get()
                title=label.clone()
                aria-label=move || if done.get() { t::copied().to_owned() } else { label.clone() }
                on:click=copy
            >
                {move || view! { <Icon glyph=if done.get() { Glyph::Check } else { Glyph::Copy } /> }}
            </button>
        }
    })
}
