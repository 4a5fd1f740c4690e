//! Shows the toasts, announced politely.

use leptos::html;
use leptos::prelude::*;

use crate::components::button::IconButton;
use crate::components::code::with_code;
use crate::components::icon::{Glyph, Icon};
use crate::components::keyed::keyed;
use crate::locales::{common, shell};
use crate::state::reactive;
use crate::state::toasts::{Toast, Toasts};

/// The corner where toasts appear.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = Toasts::get();
    let shown = move |toast: Toast| {
        view! {
            <div class="toast" class:toast-bad=toast.bad>
                <Icon glyph=if toast.bad { Glyph::Alert } else { Glyph::Check } />
                <div>{with_code(&toast.text)}</div>
                <IconButton glyph=Glyph::Cross label=common::dismiss() on_press=move |()| toasts.dismiss(toast.id) />
            </div>
        }
        .into_any()
    };
    // Each piece of news comes to the top of all dialogs; a manual popover is closed by nobody else.
    let region = NodeRef::<html::Section>::new();
    reactive::effect(move || {
        toasts.shown.track();
        if let Some(region) = region.get() {
            // Fails where it is not shown yet, or shown already.
            let _ = region.hide_popover();
            let _ = region.show_popover();
        }
    });
    view! {
        <section
            node_ref=region
            popover="manual"
            class="toasts" role="status"
            aria-live="polite"
            aria-label=shell::notifications()
        >
            {keyed(move || toasts.shown.get(), |toast| toast.id.to_string(), shown)}
        </section>
    }
}
