//! Light, dark, or as the system says. The choice is kept in this browser and shown through `data-theme` on `<html>`.

use leptos::prelude::*;

use crate::state::kept;
use crate::state::reactive;

/// The three choices, in the order in which the switch goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// The chosen theme.
#[derive(Clone, Copy)]
pub struct ThemeChoice {
    stored: Signal<String>,
    store: WriteSignal<String>,
}

/// Puts the choice into the context and keeps `<html>` in step with it.
pub fn provide() {
    let (stored, store) = kept::text("fastgate.theme");
    let choice = ThemeChoice { stored, store };
    reactive::effect(move || {
        let Some(root) = document().document_element() else {
            return;
        };
        // Neither call can fail: the name is a constant.
        let _ = match choice.theme() {
            Theme::System => root.remove_attribute("data-theme"),
            Theme::Light => root.set_attribute("data-theme", "light"),
            Theme::Dark => root.set_attribute("data-theme", "dark"),
        };
    });
    provide_context(choice);
}

impl ThemeChoice {
    /// The theme chosen.
    pub fn theme(self) -> Theme {
        self.stored.with(|stored| match stored.as_str() {
            "light" => Theme::Light,
            "dark" => Theme::Dark,
            _ => Theme::System,
        })
    }

    /// Goes on to the next choice.
    pub fn next(self) {
        self.choose(match self.theme() {
            Theme::System => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::System,
        });
    }

    /// Chooses a theme.
    pub fn choose(self, theme: Theme) {
        let name = match theme {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        self.store.set(name.to_owned());
    }
}
