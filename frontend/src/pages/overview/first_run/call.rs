//! The third step: a call through the proxy, from here or from a shell.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::FirstSteps;
use crate::api;
use crate::app::BASE;
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::code::CodeBlock;
use crate::components::field::TextField;
use crate::components::snippets::{KEY_STAND_IN, Snippets};
use crate::locales::{overview as t, shell};
use crate::state::reactive;
use crate::state::session::Session;

/// What models are asked under.
const CHAT: &str = "/chat/completions";

/// What the call brought: its status and the beginning of its body, or that there is no answer.
type Outcome = Result<(u16, String), String>;

#[component]
pub fn CallStep(steps: FirstSteps) -> impl IntoView {
    let origin = Session::get().proxy_origin();
    // Browsers let a page call its own origin only; with an admin port of its own the proxy is another.
    let same_origin = origin == api::page_origin();
    let snippets_origin = origin.clone();
    // It sends with any key, whose value nobody has to know, and needs no other origin.
    let playground = reactive::memo(move |_| {
        let begun = steps.beginnings.data.get();
        let ready = begun.is_some_and(|begun| begun.route && begun.key);
        ready && !(same_origin && steps.written.key.with(Option::is_some))
    });
    view! {
        {move || {
            let link = || view! {
                <p>
                    <a class="button button-primary" href=format!("{BASE}/playground")>
                        {shell::key_playground()}
                    </a>
                </p>
            };
            playground.get().then(link)
        }}
        {move || {
            let key = steps.written.key.get();
            let call = key.clone().filter(|_| same_origin);
            let origin = origin.clone();
            view! {
                {call.map(|key| view! { <TestCall steps origin key /> })}
                <Snippets
                    origin=snippets_origin.clone()
                    key=key.unwrap_or_else(|| KEY_STAND_IN.to_owned())
                />
            }
        }}
    }
}

#[component]
fn TestCall(steps: FirstSteps, origin: String, key: String) -> impl IntoView {
    let path = RwSignal::new(String::new());
    let model = RwSignal::new("gpt-4o-mini".to_owned());
    reactive::effect(move || {
        let prefix = steps.written.prefix.get();
        path.set(format!("{}{CHAT}", if prefix.is_empty() { "/v1" } else { &prefix }));
    });
    let (outcome, busy) = (RwSignal::new(None::<Outcome>), RwSignal::new(false));
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let path = path.get_untracked();
        let url = format!("{origin}/{}", path.trim_start_matches('/'));
        let body = path.ends_with(CHAT).then(|| {
            let message = serde_json::json!({ "role": "user", "content": "Hello" });
            serde_json::json!({ "model": model.get_untracked(), "messages": [message] }).to_string()
        });
        let key = key.clone();
        spawn_local(async move {
            outcome.set(Some(api::call_proxy(&url, &key, body).await));
            busy.set(false);
            steps.beginnings.reload();
        });
    };
    view! {
        <form class="first-form" on:submit=send>
            <div class="first-fields">
                <TextField label=t::call_path() value=path mono=true />
                <TextField label=t::call_model() value=model mono=true />
            </div>
            <div class="row">
                <Button weight=Weight::Primary submit=true busy>
                    {t::step_call()}
                </Button>
                <span class="muted">{t::call_costs()}</span>
            </div>
            <div aria-live="polite">{move || outcome.get().map(told)}</div>
        </form>
    }
}

fn told(outcome: Outcome) -> AnyView {
    match outcome {
        Ok((status, body)) => view! {
            <p class="row">
                <Badge tone=Tone::of_status(status) word=status.to_string() />
                <span>{if status < 400 { t::call_went_well() } else { t::call_failed() }}</span>
                <a href=format!("{BASE}/requests")>{t::call_in_log()}</a>
                {(status >= 400)
                    .then(|| view! { <a href=format!("{BASE}/routes")>{t::call_mend_route()}</a> })}
            </p>
            <CodeBlock text=body label=t::call_answer() />
        }
        .into_any(),
        Err(why) => view! { <p class="field-error">{why}</p> }.into_any(),
    }
}
