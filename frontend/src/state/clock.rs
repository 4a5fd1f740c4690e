//! The present, for relative times: ticks every five seconds while the page is visible.

use leptos::prelude::*;
use leptos_use::{use_document_visibility, use_interval_fn};

/// Milliseconds since the epoch.
#[derive(Clone, Copy)]
pub struct Clock(pub RwSignal<f64>);

/// Puts the clock into the context.
pub fn provide() {
    let now = RwSignal::new(js_sys::Date::now());
    every(5_000, move || now.set(js_sys::Date::now()));
    provide_context(Clock(now));
}

/// Calls `tick` every `interval_ms` while the page is visible, and once when it becomes visible again.
pub fn every(interval_ms: u64, tick: impl Fn() + Clone + Send + Sync + 'static) {
    let visibility = use_document_visibility();
    let visible = move || visibility.get_untracked() == web_sys::VisibilityState::Visible;
    let on_interval = tick.clone();
    use_interval_fn(
        move || {
            if visible() {
                on_interval();
            }
        },
        interval_ms,
    );
    Effect::watch(
        move || visibility.get(),
        move |state, _, _| {
            if *state == web_sys::VisibilityState::Visible {
                tick();
            }
        },
        false,
    );
}
