//! The present, for relative times: ticks every five seconds while the page is visible.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_use::{use_document_visibility, use_interval_fn};

use crate::state::reactive;

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
pub fn every(interval_ms: u64, tick: impl Fn() + Send + Sync + 'static) {
    every_boxed(interval_ms, Arc::new(tick));
}

fn every_boxed(interval_ms: u64, tick: Arc<dyn Fn() + Send + Sync>) {
    let visibility = use_document_visibility();
    let visible = move || visibility.get_untracked() == web_sys::VisibilityState::Visible;
    let on_interval = Arc::clone(&tick);
    use_interval_fn(
        move || {
            if visible() {
                on_interval();
            }
        },
        interval_ms,
    );
    reactive::on_change(
        move || visibility.get(),
        move |state| {
            if *state == web_sys::VisibilityState::Visible {
                tick();
            }
        },
    );
}
