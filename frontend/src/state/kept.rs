//! What outlives a view: choices that this browser keeps, a text each in its storage, the same in all of its windows; and, as
//! long as somebody is signed in, what was written in this window.

use std::any::Any;

use leptos::ev;
use leptos::prelude::*;
use web_sys::Storage;

use crate::state::reactive;
use crate::state::session::{Session, Standing};

/// The draft that this window keeps through a reload.
const DRAFT: &str = "fastgate.draft";

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

/// What is kept in memory for who is signed in: each thing once.
#[derive(Clone, Copy)]
struct Place {
    owner: StoredValue<Owner>,
    things: StoredValue<Vec<Box<dyn Any + Send + Sync>>>,
}

/// Begins a session's: nothing that was written before is left to somebody else.
pub fn begin() {
    match untrack(|| Session::get().standing()) {
        Standing::SignedIn => on_cleanup(forget_draft),
        Standing::SignedOut => forget_draft(),
        Standing::Unknown | Standing::Locked => {}
    }
    provide_context(Place {
        owner: StoredValue::new(Owner::current().unwrap_or_default()),
        things: StoredValue::default(),
    });
}

/// The thing of this type, which outlives its page and a change of language; made where there is none yet.
pub fn for_session<T: Copy + Send + Sync + 'static>(make: fn() -> T) -> T {
    let Place { owner, things } = expect_context();
    let known = things.with_value(|things| things.iter().find_map(|thing| thing.downcast_ref().copied()));
    known.unwrap_or_else(|| {
        let made = owner.get_value().with(make);
        things.update_value(|things| things.push(Box::new(made)));
        made
    })
}

/// The draft that was written before a reload, empty where there is none.
pub fn draft() -> String {
    let kept = of_window().and_then(|storage| storage.get_item(DRAFT).ok().flatten());
    kept.unwrap_or_default()
}

/// Keeps it. The browser refuses one that is too long: that is lost by a reload, and no older one comes back.
pub fn keep_draft(text: &str) {
    forget_draft();
    let _kept = of_window().map(|storage| storage.set_item(DRAFT, text));
}

fn forget_draft() {
    let _forgotten = of_window().map(|storage| storage.remove_item(DRAFT));
}

fn of_window() -> Option<Storage> {
    window().session_storage().ok().flatten()
}
