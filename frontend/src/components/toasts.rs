//! Shows the toasts, announced politely.

use leptos::prelude::*;

use crate::components::button::IconButton;
use crate::components::icon::{Glyph, Icon};
use crate::locales::{common, shell};
use crate::state::toasts::Toasts;

/// The corner where toasts appear.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = Toasts::get();
    view! {
        <section class="toasts" role="status" aria-live="polite" aria-label=shell::notifications()>
            <For each=move || toasts.shown.get() key=|toast| toast.id let:toast>
                <div class="toast" class:toast-bad=toast.bad>
                    <Icon glyph=if toast.bad { Glyph::Alert } else { Glyph::Check } />
                    <div>{toast.text.clone()}</div>
                    <IconButton
                        glyph=Glyph::Cross
                        label=common::dismiss()
                        on_press=move |()| toasts.dismiss(toast.id)
                    />
                </div>
            </For>
        </section>
    }
}
