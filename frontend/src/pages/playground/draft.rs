//! The request while it is written. The model has a field of its own, which is the `model` of the body.

use fastgate_shared::playground::PlaygroundRequest;
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::{MatchRequest, Route};
use leptos::prelude::*;
use serde_json::Value;

use super::example;
use super::sending::Sending;
use crate::components::call_code::CallCode;
use crate::components::key_value::Pairs;
use crate::components::snippets::KEY_STAND_IN;
use crate::locales::{self, common};
use crate::state::reactive;

/// What is typed.
#[derive(Clone, Copy)]
pub struct Draft {
    /// UUID of the route that filled the fields; empty for none.
    pub route: RwSignal<String>,
    /// UUID of the key; empty for none.
    pub key: RwSignal<String>,
    pub model: RwSignal<String>,
    pub method: RwSignal<String>,
    pub path: RwSignal<String>,
    pub headers: Pairs,
    pub body: RwSignal<String>,
    /// Something was typed that must not be replaced unasked.
    pub touched: RwSignal<bool>,
    /// The model that was filled in last.
    filled: StoredValue<String>,
    /// The route and the key that the address named when the fields were filled; none before that.
    begun: [StoredValue<Option<Option<String>>>; 2],
}

/// What is written, and what came of it, outlives the page and a change of language, as long as somebody is signed in: in
/// memory alone, for a body may hold anything.
#[derive(Clone, Copy)]
pub struct Desk {
    kept: StoredValue<Option<(Draft, Sending)>>,
    owner: StoredValue<Option<Owner>>,
}

impl Desk {
    /// Puts an empty one into the context.
    pub fn provide() {
        provide_context(Self {
            kept: StoredValue::new(None),
            owner: StoredValue::new(Owner::current()),
        });
    }

    /// What lies on it: a first request, until something is written.
    pub fn get() -> (Draft, Sending) {
        let desk: Self = expect_context();
        if let Some(kept) = desk.kept.get_value() {
            return kept;
        }
        let begin = || {
            let draft = Draft::new();
            (draft, Sending::new(draft))
        };
        let kept = match desk.owner.get_value() {
            Some(owner) => owner.with(begin),
            None => begin(),
        };
        desk.kept.set_value(Some(kept));
        kept
    }
}

impl Draft {
    fn new() -> Self {
        let path = "/v1/chat/completions";
        let json = ("content-type".to_owned(), "application/json".to_owned());
        let draft = Self {
            route: RwSignal::default(),
            key: RwSignal::default(),
            model: RwSignal::new(example::MODEL.to_owned()),
            method: RwSignal::new("POST".to_owned()),
            path: RwSignal::new(path.to_owned()),
            headers: Pairs::new([(&json.0, &json.1)]),
            body: RwSignal::new(example::body(path, example::MODEL)),
            touched: RwSignal::new(false),
            filled: StoredValue::new(example::MODEL.to_owned()),
            begun: [StoredValue::new(None), StoredValue::new(None)],
        };
        draft.keep_model();
        draft
    }

    /// Field and body name the same model, whichever of the two was typed into.
    fn keep_model(self) {
        let in_body = reactive::memo(move |_| self.body.with(|body| model_of(body)));
        Effect::watch(
            move || in_body.get(),
            move |model, _, _| {
                if let Some(model) = model.clone().filter(|model| *model != self.model.get_untracked()) {
                    self.model.set(model);
                }
            },
            false,
        );
        Effect::watch(
            move || self.model.get(),
            move |model, _, _| {
                if let Some(body) = self.body.with_untracked(|body| with_model(body, model)) {
                    self.body.set(body);
                }
            },
            false,
        );
    }

    /// Whether a choice is to be filled in: the first time, and when the address names another one than then.
    pub fn begins_with(self, choice: usize, asked: &Option<String>) -> bool {
        let before = self.begun[choice].get_value();
        before.is_none_or(|before| asked.is_some() && *asked != before)
    }

    /// It was filled in.
    pub fn has_begun(self, choice: usize, asked: Option<String>) {
        self.begun[choice].set_value(Some(asked));
    }

    /// Fills in what a request to this route could look like. A model that was typed stays where the route names none.
    pub fn use_route(self, route: &Route) {
        let path = example::path(route);
        let mut model = self.model.get_untracked();
        let is_typed = model != self.filled.get_value();
        let usual = || (!is_typed).then(|| example::MODEL.to_owned());
        if let Some(filled) = example::model(route).or_else(usual) {
            self.filled.set_value(filled.clone());
            model = filled;
        }
        let body = example::body(&path, &model);
        self.route.set(route.route_id.clone());
        self.method.set(example::method(route, &body));
        self.path.set(path);
        self.body.set(body);
        self.model.set(model);
    }

    /// What is wrong with the body, where it says that it is JSON.
    pub fn wrong_body(self) -> Option<FieldError> {
        let body = self.body.get();
        let why = fastgate_shared::json::from_text::<Value>(&body).err()?;
        let is_empty = body.trim().is_empty();
        (!is_empty && self.is_json()).then(|| FieldError::new("body", common::invalid_json(&locales::refusal(&why))))
    }

    /// The body laid out anew; its members keep their order.
    pub fn format_body(self) {
        let pretty = self.body.with_untracked(|body| crate::format::pretty_json(body));
        self.body.set(pretty);
    }

    pub fn read(self) -> PlaygroundRequest {
        PlaygroundRequest {
            method: Some(self.method.get()),
            path: self.path.get().trim().to_owned(),
            headers: self.headers.read(),
            body: Some(self.body.get()).filter(|body| !body.trim().is_empty()),
            key_id: Some(self.key.get()),
        }
    }

    /// The same, to ask which route would take it.
    pub fn question(self) -> MatchRequest {
        MatchRequest {
            method: Some(self.method.get()),
            path: self.path.get().trim().to_owned(),
            headers: self.headers.read(),
            body: Some(Value::String(self.body.get())),
        }
    }

    /// The same call from outside.
    pub fn code(self, origin: &str) -> CallCode {
        let request = self.read();
        let bearer = ("Authorization".to_owned(), format!("Bearer {KEY_STAND_IN}"));
        let with_key = request.key_id.is_some_and(|id| !id.is_empty());
        let mut headers: Vec<_> = with_key.then_some(bearer).into_iter().collect();
        headers.extend(request.headers);
        CallCode {
            method: request.method.unwrap_or_default(),
            url: format!("{origin}{}", request.path),
            headers,
            body: request.body.unwrap_or_default(),
        }
    }

    fn is_json(self) -> bool {
        let headers: Vec<(String, String)> = self.headers.read();
        let mut types = headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        types.all(|(_, value)| value.contains("json"))
    }
}

fn model_of(body: &str) -> Option<String> {
    let body: Value = fastgate_shared::json::from_text(body).ok()?;
    body.get("model")?.as_str().map(str::to_owned)
}

/// The body with another model, laid out as it is; none where it has no model or the same.
fn with_model(body: &str, model: &str) -> Option<String> {
    let old = model_of(body).filter(|old| old != model)?;
    let (old, new) = (Value::from(old).to_string(), Value::from(model).to_string());
    // The text may stand elsewhere, too: the right place is the one that makes the difference.
    let mut places = body.match_indices(&old).map(|(at, _)| {
        let (before, rest) = body.split_at(at);
        format!("{before}{new}{}", &rest[old.len()..])
    });
    places.find(|changed| model_of(changed).as_deref() == Some(model))
}
