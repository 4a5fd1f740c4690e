//! Choices that this browser keeps: a text in its storage, the same in all of its windows.

use leptos::ev;
use leptos::prelude::*;
use web_sys::Storage;

use crate::state::reactive;

/// The text kept under `key` at this moment, empty where there is none.
pub fn now(key: &str) -> String {
    let kept = storage().and_then(|storage| storage.get_item(key).ok().flatten());
    kept.unwrap_or_default()
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// The text kept under `key`, empty where there is none; what is set is kept. A browser that keeps nothing forgets it.
pub fn text(key: &'static str) -> (Signal<String>, WriteSignal<String>) {
    let text = RwSignal::new(now(key));
    reactive::on_change(
        move || text.get(),
        move |text| {
            // It may be full, or not be allowed to.
            let _kept = storage().map(|storage| storage.set_item(key, text));
        },
    );
    let elsewhere = window_event_listener(ev::storage, move |event| {
        if event.key().as_deref() == Some(key) {
            text.set(event.new_value().unwrap_or_default());
        }
    });
    on_cleanup(move || elsewhere.remove());
    (text.into(), text.write_only())
}
