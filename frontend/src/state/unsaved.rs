//! What was typed and not saved: who leaves it by Back or Forward, by a reload or by closing the page is asked first. Leaving
//! by the buttons of the form itself is the dialog's business.

use std::cell::RefCell;

use leptos::ev;
use leptos::prelude::*;

use crate::state::reactive;

/// The way on which somebody is about to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The form is to be closed.
    Close,
    /// Back or Forward of the browser.
    History,
}

/// An open form.
#[derive(Clone, Copy)]
struct Form {
    typed: RwSignal<bool>,
    asking: RwSignal<Option<Way>>,
}

thread_local! {
    /// The open forms, the topmost last.
    static FORMS: RefCell<Vec<Form>> = const { RefCell::new(Vec::new()) };
}

/// Watches over a form as long as it is mounted: `typed` says whether something would be lost, `asking` is set to ask.
pub fn watch(typed: RwSignal<bool>, asking: RwSignal<Option<Way>>) {
    FORMS.with_borrow_mut(|forms| forms.push(Form { typed, asking }));
    guard_reload(typed);
    on_cleanup(move || FORMS.with_borrow_mut(|forms| forms.retain(|form| form.asking != asking)));
}

/// Lets the browser ask before a reload, or closing the page, takes what was typed; as long as whoever asked for it is mounted.
fn guard_reload(typed: RwSignal<bool>) {
    // Only while something would be lost: a page with such a handler is not kept by the browser for Back.
    let handler = StoredValue::new(None::<WindowListenerHandle>);
    let listens = move |wanted: bool| {
        let listen = || window_event_listener(ev::beforeunload, |event| event.prevent_default());
        let before = handler.try_update_value(|handler| std::mem::replace(handler, wanted.then(listen)));
        if let Some(before) = before.flatten() {
            before.remove();
        }
    };
    reactive::effect(move || listens(typed.get()));
    on_cleanup(move || listens(false));
}

/// Whether something is typed in a form that would be lost.
pub fn is_typed() -> bool {
    top().is_some()
}

/// The topmost form with something to lose.
fn top() -> Option<Form> {
    FORMS.with_borrow(|forms| forms.iter().rev().find(|form| form.typed.get_untracked()).copied())
}

/// Asks before Back or Forward takes what was typed; false where there is nothing to lose.
pub fn ask_first() -> bool {
    let top = top();
    if let Some(form) = top {
        form.asking.set(Some(Way::History));
    }
    top.is_some()
}
