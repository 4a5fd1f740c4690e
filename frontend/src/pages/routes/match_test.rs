//! Asks which route would take a request, and why each other would not. Sends nothing.

use std::collections::BTreeMap;

use fastgate_shared::problem::{FieldError, Problem};
use fastgate_shared::route::{MatchExplanation, MatchRequest};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use crate::api;
use crate::components::button::{Button, Weight};
use crate::components::code::with_code;
use crate::components::dialog::{Dialog, Shape, leave_button};
use crate::components::field::{Rule, SelectField, TextField};
use crate::components::icon::{Glyph, Icon};
use crate::components::key_value::{Pairs, PairsField};
use crate::components::verdicts::Verdicts;
use crate::locales::{common, playground, routes as t};
use crate::state::address::Address;
use crate::state::form::{FormErrors, optional_text, told};

/// What an empty path stands for.
const ROOT: &str = "/";

/// A request while it is typed.
#[derive(Clone, Copy)]
pub struct RequestDraft {
    method: RwSignal<String>,
    path: RwSignal<String>,
    headers: Pairs,
    body: RwSignal<String>,
    errors: FormErrors,
}

impl RequestDraft {
    pub fn new(method: &str, path: String, body: String) -> Self {
        let path = RwSignal::new(path);
        let errors = FormErrors::new(move || {
            let wrong = path.with(|path| !path.trim().is_empty() && !path.trim_start().starts_with('/'));
            let wrong = wrong.then(|| FieldError::new("path", playground::path_rule()));
            wrong.into_iter().collect()
        });
        Self {
            method: RwSignal::new(method.to_owned()),
            path,
            headers: Pairs::new(&BTreeMap::new()),
            body: RwSignal::new(body),
            errors,
        }
    }

    /// Whether it can be sent; else its fields say why not.
    pub fn ready_to_send(self) -> bool {
        self.errors.ready_to_send()
    }

    /// Whether nothing is known to be wrong with it.
    pub fn is_right(self) -> bool {
        self.errors.none()
    }

    /// Puts the server's refusal at the fields; what is told of the whole is handed back.
    pub fn refused(self, mut problem: Problem) -> Option<String> {
        let mut errors = std::mem::take(&mut problem.errors);
        for error in &mut errors {
            // The test of a single route calls the same fields so.
            if let Some(name) = error.field.strip_prefix("test_") {
                error.field = name.to_owned();
            }
        }
        let about_fields = !errors.is_empty();
        self.errors.tell(errors);
        told(&problem).filter(|_| !about_fields)
    }

    pub fn method(self) -> Option<String> {
        optional_text(&self.method.get())
    }

    pub fn path(self) -> String {
        optional_text(&self.path.get()).unwrap_or_else(|| ROOT.to_owned())
    }

    pub fn headers(self) -> BTreeMap<String, String> {
        self.headers.read()
    }

    /// JSON where the text is JSON, else the text.
    pub fn body(self) -> Option<Value> {
        let text = optional_text(&self.body.get())?;
        Some(fastgate_shared::json::from_text(&text).unwrap_or(Value::String(text)))
    }
}

/// Method, path, headers, body.
#[component]
pub fn RequestFields(draft: RequestDraft) -> impl IntoView {
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let methods = methods.map(|method| (method.to_owned(), method.to_owned())).to_vec();
    let errors = draft.errors;
    view! {
        <div class="target-line">
            <SelectField label=common::method() value=draft.method choices=methods rule=Rule(errors, "method") />
            <TextField
                label=t::test_path()
                value=draft.path
                rule=Rule(errors, "path")
                placeholder=ROOT
                mono=true
                autofocus=true
            />
        </div>
        <PairsField label=common::headers() pairs=draft.headers rule=Rule(errors, "headers") />
        <TextField
            label=common::body()
            value=draft.body
            rule=Rule(errors, "body")
            optional=true
            multiline=true
            mono=true
        />
    }
}

#[component]
pub fn MatchTest(address: Address) -> impl IntoView {
    let draft = RequestDraft::new("POST", String::new(), String::new());
    let busy = RwSignal::new(false);
    let answer = RwSignal::new(None::<Result<MatchExplanation, String>>);
    let typed = RwSignal::new(false);
    let close = Callback::new(move |()| address.close(&["match"]));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() || !draft.ready_to_send() {
            return;
        }
        let request = untrack(|| MatchRequest {
            method: draft.method(),
            path: draft.path(),
            headers: draft.headers(),
            body: draft.body(),
            key_id: None,
        });
        busy.set(true);
        spawn_local(async move {
            let said = api::routes::explain(&request).await;
            // What was asked is answered: nothing is lost any more.
            typed.set(said.is_err());
            answer.set(match said {
                Ok(explanation) => Some(Ok(explanation)),
                Err(problem) => draft.refused(problem).map(Err),
            });
            busy.set(false);
        });
    };
    // What is said of another request does not stay below what is wrong with this one.
    let result = move || match answer.get().filter(|_| draft.is_right()) {
        None => ().into_any(),
        Some(Ok(explanation)) => view! { <Verdicts explanation /> }.into_any(),
        Some(Err(why)) => view! {
            <div class="banner banner-bad">
                <Icon glyph=Glyph::Alert />
                <div>{with_code(&why)}</div>
            </div>
        }
        .into_any(),
    };
    view! {
        <Dialog title=t::match_title() lead=t::match_lead() shape=Shape::FormDrawer typed on_close=close>
            <form class="dialog-form" on:submit=submit novalidate=true>
                <div class="dialog-body stack">
                    <RequestFields draft />
                    <div class="stack" aria-live="polite">
                        {result}
                    </div>
                </div>
                <div class="dialog-foot">
                    {leave_button(common::close())}
                    <Button submit=true weight=Weight::Primary glyph=Glyph::Search busy>
                        {t::match_run()}
                    </Button>
                </div>
            </form>
        </Dialog>
    }
}
