//! English or 简体中文: the browser's wish at first, then what the switch said, kept in this browser. A language shows once
//! its texts are there.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::locales::{self, Language};
use crate::state::shortcuts::focus_language;
use crate::state::{kept, reactive, unsaved};

const KEPT: &str = "fastgate.language";

/// The chosen language; whoever tracks it is built anew when it changes.
#[derive(Clone, Copy)]
pub struct LanguageChoice {
    shown: RwSignal<Language>,
    store: WriteSignal<String>,
}

/// Puts the choice into the context and keeps `<html lang>` and the texts in step with it.
pub fn provide() -> LanguageChoice {
    let (stored, store) = kept::text(KEPT);
    let shown = RwSignal::new(wished(stored.get_untracked()));
    let choice = LanguageChoice { shown, store };
    provide_context(choice);
    reactive::on_change(
        move || wished(stored.get()),
        move |language| {
            let language = *language;
            spawn_local(async move {
                locales::load(language).await;
                locales::rest(language).await;
                // Of another window, it waits until nothing that is typed here would be lost.
                if shown.get_untracked() != language && !unsaved::is_typed() {
                    shown.set(language);
                    focus_language();
                }
            });
        },
    );
    choice
}

/// The language to begin with.
pub fn first() -> Language {
    wished(kept::now(KEPT))
}

/// What was chosen, else what the browser wishes; `frontend/index.html` judges the same.
fn wished(chosen: String) -> Language {
    let wish = if chosen.is_empty() {
        window().navigator().language().unwrap_or_default()
    } else {
        chosen
    };
    Language::from_tag(&wish)
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

    /// The language that shows.
    pub fn language(self) -> Language {
        self.shown.get()
    }

    /// Switches to the other language.
    pub fn switch(self) {
        let other = untrack(|| self.language()).other();
        self.store.set(other.tag().to_owned());
    }
}
