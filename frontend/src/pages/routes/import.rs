//! Import of keys and routes: paste or open a file, see every difference, then apply. Errors are told at the text, by
//! their places in it.

use fastgate_shared::changes::{ChangeAction, ImportItem, ImportResult};
use fastgate_shared::problem::{FieldError, Problem};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::RoutesState;
use crate::api;
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::copy_button::CopyButton;
use crate::components::dialog::{Dialog, Shape, leave_button};
use crate::components::diff::DiffView;
use crate::components::field::{CheckField, FormRefusal, Rule, TextField};
use crate::components::icon::{Glyph, Icon};
use crate::locales::{changes as t, common};
use crate::state::form::{FormErrors, told};
use crate::state::reactive;
use crate::state::toasts::Toasts;

/// The name under which the whole text is refused.
const DOCUMENT: &str = "document";

/// What is typed, and what the server said of it.
#[derive(Clone, Copy)]
struct Import {
    text: RwSignal<String>,
    prune: RwSignal<bool>,
    /// A plan holds for the text and the choice that it was made of only.
    plan: RwSignal<Option<ImportResult>>,
    /// What is wrong with the document, said at its field.
    errors: FormErrors,
    /// Why it could not be looked at, or not applied.
    problem: RwSignal<Option<String>>,
    done: RwSignal<Option<ImportResult>>,
    busy: RwSignal<bool>,
}

impl Import {
    fn new() -> Self {
        let import = Self {
            text: RwSignal::default(),
            prune: RwSignal::new(false),
            plan: RwSignal::new(None),
            errors: FormErrors::new(Vec::new),
            problem: RwSignal::new(None),
            done: RwSignal::new(None),
            busy: RwSignal::new(false),
        };
        reactive::effect(move || {
            import.text.track();
            import.prune.track();
            import.plan.set(None);
            import.problem.set(None);
            import.errors.tell(Vec::new());
        });
        import
    }

    fn refused(self, problem: &Problem) {
        if self.plan.try_set(None).is_some() {
            // The drawer is closed.
            return;
        }
        let told = told(problem);
        if problem.status == 422 {
            let told = told.map(|lines| FieldError::new(DOCUMENT, lines));
            self.errors.tell(told.into_iter().collect());
        } else {
            self.problem.set(told);
        }
    }

    fn preview(self) {
        let (text, prune) = (self.text.get_untracked(), self.prune.get_untracked());
        self.busy.set(true);
        spawn_local(async move {
            let planned = api::changes::plan_import(text, prune).await;
            let _ = self.busy.try_set(false);
            match planned {
                Ok(plan) => {
                    let _ = self.problem.try_set(None);
                    let _ = self.plan.try_set(Some(plan));
                }
                Err(problem) => self.refused(&problem),
            }
        });
    }

    fn apply(self, state: RoutesState) {
        let Some(etag) = self
            .plan
            .with_untracked(|plan| plan.as_ref().map(|plan| plan.etag.clone()))
        else {
            return;
        };
        let (text, prune) = (self.text.get_untracked(), self.prune.get_untracked());
        let toasts = Toasts::get();
        self.busy.set(true);
        spawn_local(async move {
            let applied = api::changes::import(text, prune, &etag).await;
            let _ = self.busy.try_set(false);
            match applied {
                Ok(done) => {
                    toasts.say(t::imported());
                    state.reload();
                    if done.created_keys.is_empty() {
                        state.address.close(&["import"]);
                    } else {
                        self.done.set(Some(done));
                    }
                }
                Err(problem) => self.refused(&problem),
            }
        });
    }
}

/// The drawer; after an import that made keys, the dialog with their values.
#[component]
pub fn ImportDialog(state: RoutesState) -> impl IntoView {
    let import = Import::new();
    move || match import.done.get() {
        Some(done) => view! { <NewKeys state done /> }.into_any(),
        None => view! { <Ask state import /> }.into_any(),
    }
}

#[component]
fn Ask(state: RoutesState, import: Import) -> impl IntoView {
    let close = Callback::new(move |()| state.address.close(&["import"]));
    let ready = reactive::memo(move |_| {
        import
            .plan
            .with(|plan| plan.as_ref().is_some_and(ImportResult::changes_anything))
    });
    view! {
        <Dialog title=t::import_title() lead=t::import_lead() shape=Shape::WideFormDrawer on_close=close>
            <div class="dialog-body stack">
                <div class="import-text">
                    <TextField
                        label=t::document()
                        value=import.text
                        rule=Rule(import.errors, DOCUMENT)
                        hint=t::document_hint()
                        multiline=true
                        mono=true
                        autofocus=true
                    />
                </div>
                <FileInput text=import.text />
                <CheckField label=t::prune() value=import.prune hint=t::prune_hint() />
                <div aria-live="polite" class="stack">
                    <FormRefusal refusal=import.problem />
                    {move || import.plan.get().map(|plan| view! { <Plan plan /> })}
                </div>
            </div>
            <div class="dialog-foot">
                {leave_button(common::cancel())}
                {move || {
                    if ready.get() {
                        view! {
                            <Button weight=Weight::Primary busy=import.busy on_press=move |()| import.apply(state)>
                                {t::apply()}
                            </Button>
                        }
                            .into_any()
                    } else {
                        view! {
                            <Button weight=Weight::Primary busy=import.busy on_press=move |()| import.preview()>
                                {t::preview()}
                            </Button>
                        }
                            .into_any()
                    }
                }}
            </div>
        </Dialog>
    }
}

#[component]
fn FileInput(text: RwSignal<String>) -> impl IntoView {
    let read = move |event: ev::Event| {
        let input = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
        let Some(file) = input.and_then(|input| input.files()?.get(0)) else {
            return;
        };
        spawn_local(async move {
            if let Ok(content) = JsFuture::from(file.text()).await {
                let _ = text.try_set(content.as_string().unwrap_or_default());
            }
        });
    };
    view! {
        // The browser's own field speaks the browser's language, not the page's.
        <label class="button file-button">
            {t::from_file()}
            <input type="file" accept=".yaml,.yml,.json" on:change=read />
        </label>
    }
}

#[component]
fn Plan(plan: ImportResult) -> impl IntoView {
    let summary = if plan.changes_anything() {
        t::plan_summary(plan.created, plan.changed, plan.deleted, plan.unchanged)
    } else {
        t::plan_none().to_owned()
    };
    let left = (plan.not_named > 0).then(|| t::plan_left(plan.not_named));
    view! {
        <p role="status">
            <strong>{summary}</strong>
            " "
            {left}
        </p>
        <div>{plan.items.into_iter().map(|item| view! { <Item item /> }).collect_view()}</div>
    }
}

#[component]
fn Item(item: ImportItem) -> impl IntoView {
    let (tone, word) = match item.action {
        ChangeAction::Created => (Tone::Good, t::created()),
        ChangeAction::Deleted => (Tone::Bad, t::deleted()),
        _ => (Tone::Info, t::updated()),
    };
    let gone = item.action == ChangeAction::Deleted;
    view! {
        <div class="plan-item">
            <div class="plan-head">
                <Badge tone word />
                <strong>{item.object_name}</strong>
            </div>
            {(!gone).then(|| view! { <DiffView diff=item.diff /> })}
        </div>
    }
}

#[component]
fn NewKeys(state: RoutesState, done: ImportResult) -> impl IntoView {
    let close = Callback::new(move |()| state.address.close(&["import"]));
    let secret = |created: fastgate_shared::api_key::CreatedApiKey| {
        let definition = created.key.definition;
        let name = definition.name.unwrap_or(definition.source_path);
        view! {
            <div class="stack-s">
                <h3>{name.clone()}</h3>
                <div class="secret">
                    <code>{created.key_value.clone()}</code>
                    <CopyButton text=created.key_value what=t::value_of(&name) />
                </div>
            </div>
        }
    };
    view! {
        <Dialog title=t::new_keys() shape=Shape::MustAnswer on_close=close>
            <div class="dialog-body stack">
                <div class="banner banner-warn">
                    <Icon glyph=Glyph::Alert />
                    <div>{t::new_keys_once()}</div>
                </div>
                {done.created_keys.into_iter().map(secret).collect_view()}
            </div>
            <div class="dialog-foot">
                <Button weight=Weight::Primary glyph=Glyph::Check on_press=close>
                    {t::stored_them()}
                </Button>
            </div>
        </Dialog>
    }
}
