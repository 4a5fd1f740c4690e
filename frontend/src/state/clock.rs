//! Time: the present for relative times, which ticks every five seconds while the page is visible; what runs every so often;
//! and what waits until something has come to rest.

use std::rc::Rc;
use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;

/// Milliseconds since the epoch.
#[derive(Clone, Copy)]
pub struct Clock(pub RwSignal<f64>);

/// Puts the clock into the context.
pub fn provide() {
    let now = RwSignal::new(js_sys::Date::now());
    every(5_000, move || now.set(js_sys::Date::now()));
    provide_context(Clock(now));
}

/// Calls `tick` every `interval_ms` while the page is visible, and once when it becomes visible again; until whoever asked is gone.
pub fn every(interval_ms: u64, tick: impl Fn() + 'static) {
    every_boxed(interval_ms, Rc::new(tick));
}

fn every_boxed(interval_ms: u64, tick: Rc<dyn Fn()>) {
    let tick = move || {
        if document().visibility_state() == web_sys::VisibilityState::Visible {
            tick();
        }
    };
    steadily_boxed(interval_ms, Box::new(tick.clone()));
    let shown = window_event_listener(ev::visibilitychange, move |_| tick());
    on_cleanup(move || shown.remove());
}

/// Calls `tick` every `interval_ms`, also while nobody looks, until whoever asked is gone.
pub fn steadily(interval_ms: u64, tick: impl Fn() + 'static) {
    steadily_boxed(interval_ms, Box::new(tick));
}

fn steadily_boxed(interval_ms: u64, tick: Box<dyn Fn()>) {
    // A browser does not refuse a timer.
    if let Ok(timer) = set_interval_with_handle(tick, Duration::from_millis(interval_ms)) {
        on_cleanup(move || timer.clear());
    }
}

/// Calls once what is there now was painted: the next frame may take the time that it takes.
pub fn after_paint(call: impl FnOnce() + 'static) {
    after_paint_boxed(Box::new(call));
}

fn after_paint_boxed(call: Box<dyn FnOnce()>) {
    request_animation_frame(move || request_animation_frame(call));
}

/// Becomes true after so many milliseconds.
pub fn late(after_ms: u64) -> RwSignal<bool> {
    let late = RwSignal::new(false);
    let timer = move || {
        // Whoever asked may be gone.
        late.try_set(true);
    };
    set_timeout(timer, Duration::from_millis(after_ms));
    late
}

/// A call that happens once `pause_ms` have passed without another.
pub fn at_rest(pause_ms: u64, call: impl Fn() + 'static) -> impl Fn() {
    let call: Rc<dyn Fn()> = Rc::new(call);
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    move || {
        let call = Rc::clone(&call);
        let timer = set_timeout_with_handle(move || call(), Duration::from_millis(pause_ms)).ok();
        if let Some(before) = waiting
            .try_update_value(|waiting| std::mem::replace(waiting, timer))
            .flatten()
        {
            before.clear();
        }
    }
}
