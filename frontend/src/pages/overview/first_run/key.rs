//! The second step: a key, shown this once.

use fastgate_shared::api_key::ApiKeyDefinition;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::FirstSteps;
use crate::api;
use crate::app::BASE;
use crate::components::button::{Button, Weight};
use crate::components::code::CodeBlock;
use crate::components::field::FieldMessage;
use crate::locales::overview as t;
use crate::state::form::told;

/// Who uses the key, in the audit log.
const SOURCE: &str = "first-steps";

#[component]
pub fn KeyStep(steps: FirstSteps) -> impl IntoView {
    let (message, busy) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let create = move |()| {
        message.set(None);
        busy.set(true);
        spawn_local(async move {
            let definition = ApiKeyDefinition {
                source_path: SOURCE.to_owned(),
                name: Some(t::first_key().to_owned()),
                is_active: true,
                ..ApiKeyDefinition::default()
            };
            match api::keys::create(&definition).await {
                Ok(created) => {
                    steps.written.key.set(Some(created.key_value));
                    steps.finish();
                }
                Err(problem) => message.set(told(&problem)),
            }
            busy.set(false);
        });
    };
    let made = move |key: String| {
        view! {
            <p>{t::key_once()}</p>
            <CodeBlock text=key label=t::first_key() />
        }
        .into_any()
    };
    let ask = move || {
        view! {
            <div class="row">
                <Button weight=Weight::Primary busy on_press=create>
                    {t::step_key()}
                </Button>
                <a href=format!("{BASE}/keys?new=1")>{t::more_choices()}</a>
            </div>
            <div aria-live="polite">
                <FieldMessage message />
            </div>
        }
        .into_any()
    };
    move || steps.written.key.get().map_or_else(ask, made)
}
