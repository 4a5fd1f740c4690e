//! The drawer in which a key is made or edited.

use fastgate_shared::api_key::{ApiKey, ApiKeyDefinition};
use fastgate_shared::problem::{FieldError, field_errors};
use garde::Validate;
use jiff::{Timestamp, ToSpan};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::sync::Arc;

use super::{KeysState, title_of};
use crate::api;
use crate::components::button::{Button, Weight};
use crate::components::dialog::{Dialog, Shape};
use crate::components::field::{CheckField, Rule, SelectField, TextField};
use crate::components::icon::{Glyph, Icon};
use crate::format;
use crate::locales::{common, keys as t};
use crate::state::form::{FormErrors, optional_number, optional_text};
use crate::state::toasts::Toasts;

const NEVER: &str = "never";
const KEEP: &str = "keep";
const ON_DATE: &str = "date";

/// What is typed, as text, until it is read.
#[derive(Clone, Copy)]
struct Draft {
    source: RwSignal<String>,
    name: RwSignal<String>,
    permissions: RwSignal<String>,
    rate_limit: RwSignal<String>,
    /// [`NEVER`], [`KEEP`], [`ON_DATE`], or a number of days.
    expiry: RwSignal<String>,
    date: RwSignal<String>,
    active: RwSignal<bool>,
    kept_expiry: Option<Timestamp>,
}

impl Draft {
    fn new(before: Option<&ApiKey>) -> Self {
        let known = before.map(|key| key.definition.clone());
        let known = known.unwrap_or(ApiKeyDefinition {
            is_active: true,
            ..ApiKeyDefinition::default()
        });
        Self {
            source: RwSignal::new(known.source_path),
            name: RwSignal::new(known.name.unwrap_or_default()),
            permissions: RwSignal::new(known.permissions.join("\n")),
            rate_limit: RwSignal::new(known.rate_limit.map(|limit| limit.to_string()).unwrap_or_default()),
            expiry: RwSignal::new(if known.expires_at.is_some() { KEEP } else { NEVER }.to_owned()),
            date: RwSignal::new(String::new()),
            active: RwSignal::new(known.is_active),
            kept_expiry: known.expires_at,
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
            expires_at: self.expires_at(&mut errors),
            is_active: self.active.get(),
        };
        if definition.source_path.is_empty() {
            errors.push(FieldError::new("source_path", common::required()));
        } else if let Err(report) = definition.validate() {
            errors.extend(field_errors(&report));
        }
        if errors.is_empty() { Ok(definition) } else { Err(errors) }
    }

    fn expires_at(self, errors: &mut Vec<FieldError>) -> Option<Timestamp> {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since the epoch fit an i64")]
        let at = |ms: f64| Timestamp::from_millisecond(ms as i64).ok();
        match self.expiry.get().as_str() {
            NEVER => None,
            KEEP => self.kept_expiry,
            ON_DATE => {
                // The browser reads the local date and time.
                let ms = self.date.with(|date| js_sys::Date::parse(date));
                let chosen = if ms.is_nan() { None } else { at(ms) };
                if chosen.is_none() {
                    errors.push(FieldError::new("expires_at", t::expires_date_missing()));
                }
                chosen
            }
            days => {
                let hours = days.parse::<i64>().ok()? * 24;
                at(js_sys::Date::now()).and_then(|now| now.checked_add(hours.hours()).ok())
            }
        }
    }
}

/// The drawer; `before` is the key to edit, or none for a new one.
#[component]
pub fn KeyForm(state: KeysState, before: Option<ApiKey>) -> impl IntoView {
    let draft = Draft::new(before.as_ref());
    let errors = FormErrors::new(move || draft.read().err().unwrap_or_default());
    let busy = RwSignal::new(false);
    let refusal = RwSignal::new(None::<String>);
    let toasts = Toasts::get();
    let key_id = before.as_ref().map(|key| key.key_id.clone());
    let is_new = key_id.is_none();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(definition) = untrack(|| draft.read().ok()).filter(|_| !busy.get_untracked()) else {
            errors.ready_to_send();
            return;
        };
        let key_id = key_id.clone();
        busy.set(true);
        spawn_local(async move {
            let saved = match key_id {
                Some(key_id) => api::keys::update(&key_id, &definition)
                    .await
                    .map(|key| toasts.say(t::saved(&title_of(&key)))),
                None => api::keys::create(&definition)
                    .await
                    .map(|created| state.secret.set(Some((t::created(), Arc::new(created))))),
            };
            busy.set(false);
            match saved {
                Ok(()) => {
                    state.keys.reload();
                    state.address.close(&["new", "edit"]);
                }
                Err(problem) => refusal.set(errors.refused(&problem)),
            }
        });
    };
    let title = if is_new { t::new() } else { t::edit_title() };
    let close = Callback::new(move |()| state.address.close(&["new", "edit"]));
    view! {
        <Dialog title shape=Shape::FormDrawer on_close=close>
            <form class="dialog-form" on:submit=submit novalidate=true>
                <div class="dialog-body stack">
                    {move || refusal.get().map(|text| view! { <div class="banner banner-bad" role="alert"><Icon glyph=Glyph::Alert /><div>{text}</div></div> })}
                    <Fields draft errors />
                </div>
                <div class="dialog-foot">
                    <Button on_press=close>{common::cancel()}</Button>
                    <Button submit=true weight=Weight::Primary busy>
                        {if is_new { t::create() } else { common::save() }}
                    </Button>
                </div>
            </form>
        </Dialog>
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
            <ExpiryFields draft errors />
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

#[component]
fn ExpiryFields(draft: Draft, errors: FormErrors) -> impl IntoView {
    let mut choices = vec![(NEVER.to_owned(), t::expires_never().to_owned())];
    if let Some(kept) = draft.kept_expiry {
        choices.insert(
            0,
            (
                KEEP.to_owned(),
                t::expires_keep(&format::exact_time(format::millis(kept))[..16]),
            ),
        );
    }
    choices.extend([7, 30, 90, 365].map(|days| (days.to_string(), t::expires_days(days))));
    choices.push((ON_DATE.to_owned(), t::expires_at().to_owned()));
    view! {
        <div class="stack-s">
            <SelectField label=t::expires() value=draft.expiry choices />
            <Show when=move || draft.expiry.with(|expiry| expiry == ON_DATE)>
                <TextField
                    label=t::expires_date()
                    value=draft.date
                    rule=Rule(errors, "expires_at")
                    kind="datetime-local"
                />
            </Show>
        </div>
    }
}
