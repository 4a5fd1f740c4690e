//! The drawer in which a key is made or edited.

use fastgate_shared::admin_token::Role;
use fastgate_shared::api_key::{ApiKey, ApiKeyDefinition};
use fastgate_shared::fields::Fields as _;
use fastgate_shared::problem::{FieldError, Problem, field_errors};
use garde::Validate;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::sync::Arc;

use super::{KeysState, OldValue, title_of};
use crate::api;
use crate::components::button::{Button, Weight};
use crate::components::conflict::{Clash, ConflictQuestion, Decided};
use crate::components::dialog::{Dialog, Shape, leave_button};
use crate::components::expiry::{Expiry, ExpiryFields};
use crate::components::field::{CheckField, FormRefusal, Rule, TextField};
use crate::components::gone::GoneQuestion;
use crate::components::object_id::ObjectId;
use crate::locales::{changes, common, keys as t};
use crate::state::form::{FormErrors, optional_number, optional_text};
use crate::state::query;
use crate::state::toasts::Toasts;

/// What is typed, as text, until it is read.
#[derive(Clone, Copy)]
struct Draft {
    source: RwSignal<String>,
    name: RwSignal<String>,
    permissions: RwSignal<String>,
    rate_limit: RwSignal<String>,
    max_concurrency: RwSignal<String>,
    expiry: Expiry,
    active: RwSignal<bool>,
}

impl Draft {
    fn new(before: Option<&ApiKey>) -> Self {
        let known = before.map(|key| key.definition.clone());
        let known = known.unwrap_or(ApiKeyDefinition {
            is_active: true,
            ..ApiKeyDefinition::default()
        });
        let number = |number: Option<u32>| RwSignal::new(number.map(|number| number.to_string()).unwrap_or_default());
        Self {
            source: RwSignal::new(known.source_path),
            name: RwSignal::new(known.name.unwrap_or_default()),
            permissions: RwSignal::new(known.permissions.join("\n")),
            rate_limit: number(known.rate_limit),
            max_concurrency: number(known.max_concurrency),
            expiry: Expiry::new(known.expires_at),
            active: RwSignal::new(known.is_active),
        }
    }

    fn read(self) -> Result<ApiKeyDefinition, Vec<FieldError>> {
        let mut errors = Vec::new();
        let definition = ApiKeyDefinition {
            source_path: self.source.get().trim().to_owned(),
            name: optional_text(&self.name.get()),
            permissions: self
                .permissions
                .with(|text| text.split(['\n', ',']).filter_map(optional_text).collect()),
            rate_limit: optional_number(&self.rate_limit.get(), "rate_limit", &mut errors),
            max_concurrency: optional_number(&self.max_concurrency.get(), "max_concurrency", &mut errors),
            expires_at: self.expiry.read(&mut errors),
            is_active: self.active.get(),
        };
        if definition.source_path.is_empty() {
            errors.push(FieldError::new("source_path", common::required()));
        }
        if let Err(report) = definition.validate() {
            errors.extend(field_errors(&report));
        }
        if errors.is_empty() { Ok(definition) } else { Err(errors) }
    }
}

/// Reads the key that is to be edited, so that the form begins with its latest state.
#[component]
pub fn EditKey(state: KeysState, key_id: String) -> impl IntoView {
    let toasts = Toasts::get();
    let found = query::once(
        move || {
            let key_id = key_id.clone();
            async move { api::keys::get(&key_id).await }
        },
        move |problem| {
            toasts.fail(problem);
            state.address.close(&["edit"]);
            state.keys.reload();
        },
    );
    move || found.get().map(|key| view! { <KeyForm state before=Some(key) /> })
}

/// The drawer; `before` is the key to edit with the ETag of its state, or none for a new one.
#[component]
pub fn KeyForm(state: KeysState, before: Option<api::Tagged<ApiKey>>) -> impl IntoView {
    let (before, etag) = before.map_or_else(Default::default, |tagged| (Some(tagged.value), tagged.etag));
    let draft = Draft::new(before.as_ref());
    let errors = FormErrors::new(move || draft.read().err().unwrap_or_default());
    let is_new = before.is_none();
    let key_id = before.as_ref().map(|key| key.key_id.clone());
    let old_until = before.as_ref().and_then(|key| key.previous_valid_until);
    let sending = Sending {
        state,
        draft,
        errors,
        busy: RwSignal::new(false),
        refusal: RwSignal::new(None),
        clash: RwSignal::new(None),
        gone: RwSignal::new(None),
        toasts: Toasts::get(),
        before: StoredValue::new((before, etag)),
    };
    let (busy, refusal, clash) = (sending.busy, sending.refusal, sending.clash);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        sending.send(None);
    };
    let title = if is_new { t::new() } else { t::edit_title() };
    let close = Callback::new(move |()| state.address.close(&["new", "edit"]));
    view! {
        <Dialog title shape=Shape::FormDrawer on_close=close>
            <form class="dialog-form" on:submit=submit novalidate=true>
                <div class="dialog-body stack">
                    <FormRefusal refusal />
                    {key_id.map(|id| view! { <ObjectId name="key_id" id /> })}
                    {old_until.map(|until| view! { <OldValue until /> })}
                    <Fields draft errors />
                </div>
                <div class="dialog-foot">
                    {leave_button(common::cancel())}
                    <Button needs=Role::Admin submit=true weight=Weight::Primary busy>
                        {if is_new { t::create() } else { common::save() }}
                    </Button>
                </div>
            </form>
        </Dialog>
        <ConflictQuestion
            clash
            busy
            on_theirs=move |()| sending.take_theirs()
            on_mine=move |decided| sending.send(Some(decided))
        />
        <GoneQuestion gone=sending.gone on_close=close on_anew=move |()| sending.send_anew() />
    }
}

/// What a form sends, and what may come of it.
#[derive(Clone, Copy)]
struct Sending {
    state: KeysState,
    draft: Draft,
    errors: FormErrors,
    busy: RwSignal<bool>,
    refusal: RwSignal<Option<String>>,
    clash: RwSignal<Option<Clash>>,
    /// Why there is nothing to change any more.
    gone: RwSignal<Option<Problem>>,
    toasts: Toasts,
    /// The key and its ETag, as the form began with them.
    before: StoredValue<(Option<ApiKey>, String)>,
}

impl Sending {
    /// With the ETag that the form began with, or after a conflict what was decided.
    fn send(self, decided: Option<Decided>) {
        let Some(definition) = untrack(|| self.draft.read().ok()).filter(|_| !self.busy.get_untracked()) else {
            self.errors.ready_to_send();
            return;
        };
        let (before, etag) = self.before.get_value();
        let (etag, value) = decided.unwrap_or_else(|| (etag, api::value_of(&definition)));
        self.busy.set(true);
        spawn_local(async move {
            let saved = match &before {
                Some(key) => api::keys::update(&key.key_id, &value, &etag)
                    .await
                    .map(|key| self.toasts.say(t::saved(&title_of(&key)))),
                None => api::keys::create(&definition)
                    .await
                    .map(|created| self.state.secret.set(Some((t::created(), Arc::new(created))))),
            };
            self.busy.set(false);
            self.clash.set(None);
            match saved {
                Ok(()) => {
                    self.state.keys.reload();
                    self.state.address.close(&["new", "edit"]);
                }
                Err(problem) => self.refused(problem, before.map(|key| key.definition), &definition),
            }
        });
    }

    fn refused(self, mut problem: Problem, started: Option<ApiKeyDefinition>, mine: &ApiKeyDefinition) {
        match problem.conflict.take() {
            Some(conflict) => {
                let clash = Clash::new(*conflict, &started, mine, ApiKeyDefinition::READ_ONLY);
                self.clash.set(Some(clash));
            }
            None if problem.status == 404 => {
                self.state.keys.reload();
                self.gone.set(Some(problem));
            }
            None => self.refusal.set(self.errors.refused(&problem)),
        }
    }

    /// What was deleted meanwhile is made again from what is typed.
    fn send_anew(self) {
        self.before.update_value(|(before, _)| *before = None);
        self.send(None);
    }

    fn take_theirs(self) {
        self.toasts.say(changes::took_theirs());
        self.state.keys.reload();
        self.state.address.close(&["new", "edit"]);
    }
}

#[component]
fn Fields(draft: Draft, errors: FormErrors) -> impl IntoView {
    view! {
        <TextField
            label=t::source()
            value=draft.source
            rule=Rule(errors, "source_path")
            hint=t::source_hint()
            autofocus=true
        />
        <TextField label=common::name() value=draft.name rule=Rule(errors, "name") hint=t::name_hint() optional=true />
        <div class="stack-s">
            <TextField
                label=t::permissions()
                value=draft.permissions
                rule=Rule(errors, "permissions")
                hint=t::permissions_hint()
                optional=true
                multiline=true
                mono=true
            />
            <Presets permissions=draft.permissions />
        </div>
        <div class="grid-2">
            <TextField
                label=t::rate_limit()
                value=draft.rate_limit
                rule=Rule(errors, "rate_limit")
                hint=t::rate_limit_hint()
                optional=true
                numeric=true
            />
            <TextField
                label=t::max_concurrency()
                value=draft.max_concurrency
                rule=Rule(errors, "max_concurrency")
                hint=t::max_concurrency_hint()
                optional=true
                numeric=true
            />
            <ExpiryFields expiry=draft.expiry errors />
        </div>
        <CheckField label=t::active() value=draft.active hint=t::active_hint() />
    }
}

#[component]
fn Presets(permissions: RwSignal<String>) -> impl IntoView {
    let presets = [
        (t::preset_all(), ""),
        (t::preset_chat(), "chat"),
        (t::preset_openai(), "chat\nembeddings\nmodels"),
    ];
    let preset = |(word, text): (&'static str, &'static str)| {
        view! {
            <Button small=true on_press=move |()| permissions.set(text.to_owned())>
                {word}
            </Button>
        }
    };
    view! {
        <div class="row" role="group" aria-label=t::presets()>
            {presets.map(preset).into_iter().collect_view()}
        </div>
    }
}
