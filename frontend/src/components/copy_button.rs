//! Copies a text to the clipboard and says so.

use std::time::Duration;

use js_sys::{Function, Reflect};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlTextAreaElement;

use crate::components::icon::{Glyph, Icon};
use crate::locales::common as t;
use crate::state::shortcuts::focus;
use crate::state::toasts::Toasts;

/// An icon button that copies `text`; `what` names it.
#[component]
pub fn CopyButton(#[prop(into)] text: Signal<String>, #[prop(into)] what: String) -> impl IntoView {
    let done = RwSignal::new(false);
    let toasts = Toasts::get();
    let copy = move |event: leptos::ev::MouseEvent| {
        event.stop_propagation();
        let text = text.get_untracked();
        // Browsers offer the clipboard on HTTPS and localhost only.
        let clipboard = window().navigator().clipboard();
        let written = (!clipboard.is_undefined()).then(|| clipboard.write_text(&text));
        let copied = written.is_none() && copy_by_selection(&text);
        spawn_local(async move {
            let copied = match written {
                // The reader may have forbidden it.
                Some(promise) => JsFuture::from(promise).await.is_ok() || copy_by_selection(&text),
                None => copied,
            };
            if !copied {
                return toasts.warn(t::not_copied());
            }
            done.try_set(true);
            set_timeout(
                move || {
                    done.try_set(false);
                },
                Duration::from_secs(2),
            );
        });
    };
    let label = t::copy_what(&what);
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
}

/// The way of old browsers, which also goes over plain HTTP: selects the text in a field that nobody sees, and copies what is
/// selected. Whether it worked.
fn copy_by_selection(text: &str) -> bool {
    let document = document();
    let before = document.active_element();
    // What is behind an open dialog can have no selection.
    let dialog = before
        .as_ref()
        .and_then(|element| element.closest("dialog[open]").ok()?);
    let Some(place) = dialog.or_else(|| document.body().map(Into::into)) else {
        return false;
    };
    let Some(field) = document.create_element("textarea").ok() else {
        return false;
    };
    let field: HtmlTextAreaElement = field.unchecked_into();
    field.set_class_name("visually-hidden");
    field.set_read_only(true);
    field.set_value(text);
    if place.append_child(&field).is_err() {
        return false;
    }
    field.select();
    let copied = exec_copy(&document);
    field.remove();
    if let Some(before) = before {
        focus(&before);
    }
    copied
}

fn exec_copy(document: &web_sys::Document) -> bool {
    let command = Reflect::get(document, &JsValue::from_str("execCommand")).ok();
    let command = command.and_then(|command| command.dyn_into::<Function>().ok());
    let answer = command.and_then(|command| command.call1(document, &JsValue::from_str("copy")).ok());
    answer.is_some_and(|answer| answer.is_truthy())
}
