//! The fields of the request.

use fastgate_shared::api_key::ApiKey;
use leptos::prelude::*;

use super::PlaygroundState;
use crate::components::button::Button;
use crate::components::field::{Rule, SelectField, TextField};
use crate::components::fold::Fold;
use crate::components::key_value::PairsField;
use crate::components::loaded::NotLoaded;
use crate::locales::{common, playground as t};
use crate::pages::keys::{choices, is_usable};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const MODELS: &str = "playground-models";

#[component]
pub fn RequestFields(state: PlaygroundState) -> impl IntoView {
    let PlaygroundState { draft, errors, .. } = state;
    let methods = METHODS.map(|method| (method.to_owned(), method.to_owned())).to_vec();
    view! {
        <div class="grid-2">
            <RouteChoice state />
            <KeyChoice state />
        </div>
        <NotLoaded query=state.routes />
        <NotLoaded query=state.keys />
        <TextField label=t::model() value=draft.model hint=t::model_hint() mono=true list=MODELS />
        <datalist id=MODELS>
            {move || {
                let models = state.models.data.get().unwrap_or_default();
                models.into_iter().map(|model| view! { <option value=model></option> }).collect_view()
            }}
        </datalist>
        <div class="stack" on:input=move |_| draft.touch()>
            <div class="target-line">
                <SelectField label=common::method() value=draft.method choices=methods rule=Rule(errors, "method") />
                <TextField label=common::path() value=draft.path rule=Rule(errors, "path") mono=true />
            </div>
            <Fold title=common::headers() open=false errors fields=&["headers"]>
                <PairsField label=common::headers() pairs=draft.headers rule=Rule(errors, "headers") />
            </Fold>
            <div class="playground-body">
                <TextField
                    label=common::body()
                    value=draft.body
                    rule=Rule(errors, "body")
                    hint=t::body_hint()
                    optional=true
                    multiline=true
                    mono=true
                />
                <Button small=true on_press=move |()| draft.format_body()>
                    {t::format_body()}
                </Button>
            </div>
        </div>
    }
}

#[component]
fn RouteChoice(state: PlaygroundState) -> impl IntoView {
    let draft = state.draft;
    let choices = Signal::derive(move || {
        let mut choices = vec![(String::new(), t::any_route().to_owned())];
        state.routes.data.with(|routes| {
            // One that was chosen elsewhere is told, whatever it is.
            let offered = routes
                .iter()
                .flatten()
                .filter(|route| route.definition.is_active || draft.route.with(|chosen| *chosen == route.route_id));
            choices.extend(offered.map(|route| {
                let definition = &route.definition;
                let mut word = format!("{} · {}", definition.route_name, definition.match_path);
                if !definition.is_active {
                    word.push_str(&format!(" · {}", common::inactive()));
                }
                (route.route_id.clone(), word)
            }));
        });
        choices
    });
    // A choice fills in the fields; what fills them in by itself sets the choice as well.
    let chosen = RwSignal::new(String::new());
    Effect::new(move |_| chosen.set(draft.route.get()));
    Effect::watch(
        move || chosen.get(),
        move |chosen, _, _| {
            if *chosen == draft.route.get_untracked() {
                return;
            }
            draft.route.set(chosen.clone());
            let found = state
                .routes
                .data
                .with_untracked(|routes| routes.iter().flatten().find(|route| route.route_id == *chosen).cloned());
            if let Some(route) = found {
                draft.use_route(&route);
            }
        },
        false,
    );
    view! { <SelectField label=t::route() value=chosen choices hint=t::route_hint() /> }
}

#[component]
fn KeyChoice(state: PlaygroundState) -> impl IntoView {
    let key = state.draft.key;
    let keys = state.keys.data;
    let choices = Signal::derive(move || {
        // One that was chosen elsewhere is told, whatever it is.
        let offered = |listed: &ApiKey| is_usable(listed) || key.with(|key| *key == listed.key_id);
        keys.with(|keys| choices(keys.as_ref(), t::no_key(), &offered))
    });
    let hint = move || (key.with(String::is_empty) && keys.with(Option::is_some)).then(t::need_key);
    view! {
        <div class="stack-s">
            <SelectField label=t::key() value=key choices rule=Rule(state.errors, "key_id") hint=t::key_hint() />
            <p class="field-hint" aria-live="polite">
                {hint}
            </p>
        </div>
    }
}
