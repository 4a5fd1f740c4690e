//! What a route's drawer holds: the form or the JSON of the same object, whichever is being edited.

use fastgate_shared::problem::FieldError;
use fastgate_shared::route::RouteDefinition;
use fastgate_shared::route::shadow::{Written, kept_for_the_gateway, shadowed_by};
use fastgate_shared::time::Timestamp;
use leptos::prelude::*;

use super::RoutesState;
use super::draft::Draft;
use super::fields::Sections;
use super::json_view::{self, JsonView, WHOLE};
use crate::components::field::FieldWarning;
use crate::locales::routes as t;
use crate::state::form::FormErrors;
use crate::state::reactive;

/// The object in both of its shapes; the one that shows is the one that counts.
#[derive(Clone, Copy)]
pub struct Content {
    draft: RwSignal<Draft>,
    text: RwSignal<String>,
    as_json: RwSignal<bool>,
    /// Drafts that are made later live as long as the drawer.
    owner: StoredValue<Option<Owner>>,
}

impl Content {
    pub fn new(draft: Draft) -> Self {
        Self {
            draft: RwSignal::new(draft),
            text: RwSignal::default(),
            as_json: RwSignal::new(false),
            owner: StoredValue::new(Owner::current()),
        }
    }

    /// The definition, or what is wrong with it.
    pub fn read(self) -> Result<RouteDefinition, Vec<FieldError>> {
        let draft = self.draft.get();
        if self.as_json.get() {
            let definition = self.text.with(|text| json_view::read(text))?;
            draft.judged(definition, Vec::new())
        } else {
            draft.read()
        }
    }

    /// The definition as far as it can be read.
    pub fn so_far(self) -> Option<RouteDefinition> {
        if self.as_json.get() {
            self.text.with(|text| json_view::read(text)).ok()
        } else {
            Some(self.draft.get().read_as_typed().0)
        }
    }

    /// Why the route can never win, as a sentence.
    pub fn shadow(self, state: RoutesState, stored: Option<(String, Timestamp)>) -> Memo<Option<String>> {
        reactive::memo(move |_| {
            let definition = self.so_far()?;
            if let Some(path) = kept_for_the_gateway(&definition) {
                return Some(t::kept_for_the_gateway(path));
            }
            let written = Written {
                definition: &definition,
                stored: stored.as_ref().map(|(id, made)| (id.as_str(), *made)),
            };
            state.routes.data.with(|routes| {
                let found = shadowed_by(written, routes.as_deref().unwrap_or_default())?;
                Some(t::shadowed(&found.definition.route_name))
            })
        })
    }

    /// Shows the other shape. JSON that is none stays on the screen with its message.
    fn show(self, as_json: bool, errors: FormErrors) {
        if as_json {
            let definition = untrack(|| self.draft.get().read_as_typed().0);
            self.text.set(json_view::text_of(&definition));
            self.as_json.set(true);
            return;
        }
        match self.text.with_untracked(|text| json_view::read(text)) {
            Ok(definition) => {
                let rewrite = || self.draft.get_untracked().rewritten(definition);
                let draft = match self.owner.get_value() {
                    Some(owner) => owner.with(rewrite),
                    None => rewrite(),
                };
                self.draft.set(draft);
                self.as_json.set(false);
            }
            Err(_) => errors.touch(WHOLE),
        }
    }
}

#[component]
pub fn ContentView(content: Content, errors: FormErrors, shadow: Memo<Option<String>>) -> impl IntoView {
    let as_json = content.as_json;
    let choice = move |json: bool, word: &'static str| {
        view! {
            <label class="choice-option">
                <input
                    type="radio"
                    name="route-view"
                    prop:checked=move || as_json.get() == json
                    on:click=move |event| {
                        content.show(json, errors);
                        // What cannot be shown is not chosen.
                        if as_json.get_untracked() != json {
                            event.prevent_default();
                        }
                    }
                />
                {word}
            </label>
        }
    };
    view! {
        <div class="choice route-view" role="radiogroup" aria-label=t::view()>
            {choice(false, t::as_form())} {choice(true, t::as_json())}
        </div>
        {move || {
            if as_json.get() {
                view! {
                    <JsonView text=content.text errors />
                    <FieldWarning message=shadow />
                }
                    .into_any()
            } else {
                view! { <Sections draft=content.draft.get() errors shadow /> }.into_any()
            }
        }}
    }
}
