//! How several targets share the requests of a route, while it is typed.

use fastgate_shared::route::{Balance, RouteDefinition};
use leptos::prelude::*;

use crate::components::field::{Rule, SelectField, TextField};
use crate::components::show::Show;
use crate::locales::routes as t;
use crate::state::form::{FormErrors, optional_text};

/// All ways, with their names in the form.
const WAYS: [(Balance, &str); 4] = [
    (Balance::PowerOfTwo, "power_of_two"),
    (Balance::RoundRobin, "round_robin"),
    (Balance::LeastLoaded, "least_loaded"),
    (Balance::ClientHash, "client_hash"),
];

/// `balance` and `hash_on`.
#[derive(Clone, Copy)]
pub struct SharingDraft {
    balance: RwSignal<String>,
    hash_on: RwSignal<String>,
    /// As it was: a single target shares with nobody but routes alike, which this form does not show.
    known: StoredValue<(Balance, Option<String>)>,
}

impl SharingDraft {
    pub fn new(known: &RouteDefinition) -> Self {
        let name = WAYS
            .iter()
            .find(|(way, _)| *way == known.balance)
            .map(|(_, name)| *name);
        Self {
            balance: RwSignal::new(name.unwrap_or_default().to_owned()),
            hash_on: RwSignal::new(known.hash_on.clone().unwrap_or_default()),
            known: StoredValue::new((known.balance, known.hash_on.clone())),
        }
    }

    /// Writes the fields; where there is one target, and the fields are hidden, what was there.
    pub fn write(self, definition: &mut RouteDefinition, several: bool) {
        if !several {
            (definition.balance, definition.hash_on) = self.known.get_value();
            return;
        }
        definition.balance = self.balance();
        definition.hash_on = optional_text(&self.hash_on.get()).filter(|_| self.by_client());
    }

    fn balance(self) -> Balance {
        let way = self.balance.with(|name| WAYS.iter().find(|(_, known)| name == known));
        way.map(|(way, _)| *way).unwrap_or_default()
    }

    fn by_client(self) -> bool {
        self.balance() == Balance::ClientHash
    }
}

/// The fields.
#[component]
pub fn SharingFields(draft: SharingDraft, errors: FormErrors) -> impl IntoView {
    let word = |way: Balance| match way {
        Balance::PowerOfTwo => t::balance_power_of_two(),
        Balance::RoundRobin => t::balance_round_robin(),
        Balance::LeastLoaded => t::balance_least_loaded(),
        Balance::ClientHash => t::balance_client_hash(),
    };
    let choices = WAYS.map(|(way, name)| (name.to_owned(), word(way).to_owned())).to_vec();
    view! {
        <SelectField label=t::balance() value=draft.balance choices rule=Rule(errors, "balance") />
        <Show when=move || draft.by_client()>
            <TextField
                label=t::hash_on()
                value=draft.hash_on
                rule=Rule(errors, "hash_on")
                placeholder="key"
                hint=t::hash_on_hint()
                optional=true
                mono=true
            />
        </Show>
    }
}
