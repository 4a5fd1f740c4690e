//! Shows the toasts, announced politely.

use leptos::prelude::*;

use crate::components::button::IconButton;
use crate::components::icon::{Glyph, Icon};
use crate::components::keyed::keyed;
use crate::locales::{common, shell};
use crate::state::toasts::{Toast, Toasts};

/// The corner where toasts appear.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = Toasts::get();
    let shown = move |toast: Toast| {
        view! {
            <div class="toast" class:toast-bad=toast.bad>
                <Icon glyph=if toast.bad { Glyph::Alert } else { Glyph::Check } />
                <div>{toast.text}</div>
                <IconButton glyph=Glyph::Cross label=common::dismiss() on_press=move |()| toasts.dismiss(toast.id) />
            </div>
        }
        .into_any()
    };
    view! {
        <section class="toasts" role="status" aria-live="polite" aria-label=shell::notifications()>
            {keyed(move || toasts.shown.get(), |toast| toast.id.to_string(), shown)}
        </section>
    }
}
