//! An editor for header fields: a row for each name and value.

use leptos::prelude::*;

use crate::components::button::{Button, IconButton};
use crate::components::field::{FieldMessage, Rule, described_by};
use crate::components::icon::Glyph;
use crate::components::keyed::keyed;
use crate::components::unique_id;
use crate::locales::common as t;
use crate::state::shortcuts::{focus, reach};

/// One row of the editor.
#[derive(Clone, Copy)]
pub struct Pair {
    id: u32,
    name: RwSignal<String>,
    value: RwSignal<String>,
}

/// Rows of names and values.
#[derive(Clone, Copy)]
pub struct Pairs(RwSignal<Vec<Pair>>);

impl Pairs {
    /// Rows for what is there already.
    pub fn new<'a>(fields: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        let rows = fields.into_iter().zip(0..).map(|((name, value), id)| Pair {
            id,
            name: RwSignal::new(name.clone()),
            value: RwSignal::new(value.clone()),
        });
        Self(RwSignal::new(rows.collect()))
    }

    /// The rows with a name.
    pub fn read<C: Default + Extend<(String, String)>>(self) -> C {
        let rows = self.0.get();
        let named = rows
            .iter()
            .map(|pair| (pair.name.get().trim().to_owned(), pair.value.get()));
        let mut read = C::default();
        read.extend(named.filter(|(name, _)| !name.is_empty()));
        read
    }

    /// Adds a row to the editor with this id. It stands above the button: the focus goes there.
    fn add(self, group: &str) {
        let pair = Pair {
            id: self
                .0
                .with_untracked(|rows| rows.iter().map(|row| row.id + 1).max().unwrap_or(0)),
            name: RwSignal::new(String::new()),
            value: RwSignal::new(String::new()),
        };
        self.0.update(|rows| rows.push(pair));
        let added = format!("#{group} > .pair:not(:has(~ .pair)) > input");
        request_animation_frame(move || reach(&added, focus));
    }

    fn position(self, id: u32) -> usize {
        self.0
            .with(|rows| rows.iter().position(|row| row.id == id).unwrap_or(0) + 1)
    }
}

/// The editor, as a group with a name.
#[component]
pub fn PairsField(
    #[prop(into)] label: String,
    pairs: Pairs,
    #[prop(optional, into)] rule: Option<Rule>,
    #[prop(optional, into)] hint: String,
) -> impl IntoView {
    let id = unique_id();
    let message = Rule::message(rule);
    let described = described_by(&id, !hint.is_empty());
    let invalid = move || message.with(Option::is_some).then_some("true");
    let row = move |pair: Pair| {
        view! {
            <div class="pair">
                <input
                    class="input input-mono"
                    aria-label=move || t::header_name_n(pairs.position(pair.id))
                    placeholder=t::header_name()
                    spellcheck="false"
                    aria-describedby=described.clone()
                    aria-invalid=invalid
                    prop:value=move || pair.name.get()
                    on:input=move |event| {
                        pair.name.set(event_target_value(&event));
                        Rule::touch(rule);
                    }
                />
                <input
                    class="input input-mono"
                    aria-label=move || t::header_value_n(pairs.position(pair.id))
                    placeholder=t::header_value()
                    spellcheck="false"
                    autocomplete="off"
                    aria-describedby=described.clone()
                    prop:value=move || pair.value.get()
                    on:input=move |event| {
                        pair.value.set(event_target_value(&event));
                        Rule::touch(rule);
                    }
                />
                <IconButton
                    glyph=Glyph::Cross
                    label=t::remove_header_n(pairs.position(pair.id))
                    on_press=move |()| pairs.0.update(|rows| rows.retain(|row| row.id != pair.id))
                />
            </div>
        }
    };
    let name = label.clone();
    let group = id.clone();
    view! {
        <div class="field" role="group" aria-label=name id=id.clone()>
            <span class="field-label" aria-hidden="true">{label}</span>
            {keyed(move || pairs.0.get(), |pair| pair.id.to_string(), move |pair| row(pair).into_any())}
            <div>
                <Button small=true glyph=Glyph::Plus on_press=move |()| pairs.add(&group)>
                    {t::add_header()}
                </Button>
            </div>
            {(!hint.is_empty()).then(|| view! { <p class="field-hint" id=format!("{id}-hint")>{hint}</p> })}
            <div id=format!("{id}-error") aria-live="polite">
                <FieldMessage message />
            </div>
        </div>
    }
}
