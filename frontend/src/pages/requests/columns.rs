//! Which columns the list has. The choice is the reader's own and stays in the browser.

use leptos::prelude::*;

use crate::components::icon::Glyph;
use crate::components::menu::Menu;
use crate::locales::{common, requests as t};
use crate::state::kept;

/// A column's name in storage and its word for people.
type Named = (&'static str, &'static str);

/// Every column that can be left out, in order.
pub fn named() -> [Named; 11] {
    [
        ("time", t::col_time()),
        ("status", common::status()),
        ("route", t::col_route()),
        ("caller", t::col_caller()),
        ("key", t::key()),
        ("model", t::col_model()),
        ("upstream", t::col_upstream()),
        ("duration", t::col_duration()),
        ("ttfb", t::col_ttfb()),
        ("tokens", t::col_tokens()),
        ("size", t::col_size()),
    ]
}

/// Left out as long as the reader has not chosen.
const NOT_USUAL: &str = "upstream";

/// The chosen columns.
#[derive(Clone, Copy)]
pub struct Columns {
    /// Names, separated by commas; empty before the first choice.
    stored: Signal<String>,
    store: WriteSignal<String>,
}

impl Columns {
    pub fn new() -> Self {
        let (stored, store) = kept::text("fastgate.request-columns");
        Self { stored, store }
    }

    /// Whether the reader has chosen: then narrow screens hide none of them.
    pub fn are_chosen(self) -> bool {
        self.stored.with(|stored| !stored.is_empty())
    }

    /// Whether a column shows.
    pub fn has(self, name: &str) -> bool {
        self.stored.with(|stored| {
            if stored.is_empty() {
                name != NOT_USUAL
            } else {
                stored.split(',').any(|chosen| chosen == name)
            }
        })
    }

    fn toggle(self, name: &'static str) {
        let chosen = named()
            .into_iter()
            .map(|(column, _)| column)
            .filter(|column| untrack(|| self.has(column)) != (*column == name));
        // Never empty: that would mean that nothing was chosen yet.
        let chosen = chosen.collect::<Vec<_>>().join(",");
        self.store
            .set(if chosen.is_empty() { "none".to_owned() } else { chosen });
    }
}

#[component]
pub fn ColumnChooser(columns: Columns) -> impl IntoView {
    let choice = move |(name, word): Named| {
        view! {
            <label class="menu-choice">
                <input
                    type="checkbox"
                    prop:checked=move || columns.has(name)
                    on:change=move |_| columns.toggle(name)
                />
                {word}
            </label>
        }
    };
    view! {
        <Menu glyph=Glyph::Columns label=t::columns()>
            {named().into_iter().map(choice).collect_view()}
            <button type="button" class="link-button" on:click=move |_| columns.store.set(String::new())>
                {t::usual_columns()}
            </button>
        </Menu>
    }
}
