//! English or 简体中文: the browser's wish at first, then what the switch said, kept in this browser.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::locales::{self, Language};
use crate::state::kept;

/// The chosen language; whoever tracks it is built anew when it changes.
#[derive(Clone, Copy)]
pub struct LanguageChoice {
    stored: Signal<String>,
    store: WriteSignal<String>,
}

/// Puts the choice into the context and keeps `<html lang>` and the texts in step with it.
pub fn provide() -> LanguageChoice {
    let (stored, store) = kept::text("fastgate.language");
    let choice = LanguageChoice { stored, store };
    provide_context(choice);
    choice
}

impl LanguageChoice {
    /// Tracks the choice and makes it the language of the texts built from now on.
    pub fn track(self) {
        let language = self.language();
        locales::set_current(language);
        if let Some(root) = document().document_element() {
            // Cannot fail: the name is a constant.
            let _ = root.set_attribute("lang", language.tag());
        }
    }

    /// The language chosen.
    pub fn language(self) -> Language {
        let stored = self.stored.get();
        let wish = if stored.is_empty() {
            window().navigator().language().unwrap_or_default()
        } else {
            stored
        };
        Language::from_tag(&wish)
    }

    /// Switches to the other language, once what it needs is there.
    pub fn switch(self) {
        let other = untrack(|| self.language()).other();
        spawn_local(async move {
            locales::load(other).await;
            self.store.set(other.tag().to_owned());
        });
    }
}
