//! The first step: a route to one upstream, from its address alone. Everything else is in the routes' own form.

use fastgate_shared::problem::{FieldError, field_errors};
use fastgate_shared::route::RouteDefinition;
use fastgate_shared::route::target::parts_of_url;
use garde::Validate;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::FirstSteps;
use crate::api;
use crate::app::BASE;
use crate::components::button::{Button, Weight};
use crate::components::field::{FieldMessage, Rule, TextField};
use crate::locales::overview as t;
use crate::pages::routes::targets::more_than_host;
use crate::state::form::{FormErrors, told, with_place};

/// The fields, by the names under which they are refused.
const ADDRESS: &str = "address";
const CREDENTIAL: &str = "add_headers";

#[component]
pub fn RouteStep(steps: FirstSteps) -> impl IntoView {
    let (address, credential) = (steps.written.address, steps.written.credential);
    let (message, busy) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let errors = FormErrors::new(Vec::new);
    let create = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let (definition, prefix) = match definition(&address.get_untracked(), &credential.get_untracked()) {
            Ok(read) => read,
            Err(why) => return errors.tell(vec![FieldError::new(ADDRESS, why)]),
        };
        message.set(None);
        errors.tell(Vec::new());
        busy.set(true);
        spawn_local(async move {
            match api::routes::create(&definition, None).await {
                Ok(_) => {
                    steps.written.made_route(prefix);
                    steps.finish();
                }
                Err(problem) => match problem.errors.first() {
                    Some(error) => errors.tell(vec![at_field(error)]),
                    None => message.set(told(&problem)),
                },
            }
            busy.set(false);
        });
    };
    view! {
        <form class="first-form" on:submit=create>
            <TextField
                label=t::upstream_address()
                value=address
                rule=Rule(errors, ADDRESS)
                placeholder="https://api.openai.com/v1"
                hint=t::upstream_address_hint()
                mono=true
            />
            <TextField
                label=t::upstream_key()
                value=credential
                rule=Rule(errors, CREDENTIAL)
                hint=t::upstream_key_hint()
                kind="password"
                optional=true
            />
            <div aria-live="polite">
                <FieldMessage message />
            </div>
            <div class="row">
                <Button weight=Weight::Primary submit=true busy>
                    {t::step_route()}
                </Button>
                <a href=format!("{BASE}/routes?new=1")>{t::more_choices()}</a>
            </div>
        </form>
    }
}

/// A route for everything below the address's path, with the prefix that it takes.
fn definition(address: &str, credential: &str) -> Result<(RouteDefinition, String), String> {
    if let Some(why) = more_than_host(address, "").filter(|_| address.contains(['?', '#'])) {
        return Err(why);
    }
    let (protocol, host, prefix) = parts_of_url(address).ok_or_else(|| t::upstream_wrong().to_owned())?;
    let mut fields = serde_json::json!({
        "route_name": host,
        "match_path": format!("{prefix}/**"),
        "target_protocol": protocol,
        "target_host": host,
    });
    if !credential.trim().is_empty() {
        fields["add_headers"] = serde_json::json!({ "Authorization": format!("Bearer {}", credential.trim()) });
    }
    let definition: RouteDefinition = fastgate_shared::json::from_value(&fields)?;
    match definition.validate() {
        Ok(()) => Ok((definition, prefix)),
        Err(report) => {
            let errors = field_errors(&report);
            Err(errors.first().map_or_else(String::new, in_words))
        }
    }
}

/// All but the credential comes from the address.
fn at_field(error: &FieldError) -> FieldError {
    let place = if error.field.starts_with(CREDENTIAL) {
        CREDENTIAL
    } else {
        ADDRESS
    };
    FieldError::new(place, in_words(error))
}

/// What is wrong; of the host it is clear what is meant.
fn in_words(error: &FieldError) -> String {
    if error.field == "target_host" {
        crate::locales::refusal(&error.message)
    } else {
        with_place(error)
    }
}
