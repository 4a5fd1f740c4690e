//! The request while it is written. The model has a field of its own, which is the `model` of the body.

use fastgate_shared::json;
use fastgate_shared::playground::PlaygroundRequest;
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::transform::is_secret_header;
use fastgate_shared::route::{MatchRequest, Route};
use leptos::prelude::*;
use serde_json::Value;

use super::sending::Sending;
use super::{ROUTE, example};
use crate::components::call_code::CallCode;
use crate::components::key_value::Pairs;
use crate::components::snippets::KEY_STAND_IN;
use crate::locales::{self, common};
use crate::state::{kept, reactive};

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
    /// The model that was filled in last, and the body.
    filled: RwSignal<String>,
    filled_body: RwSignal<String>,
    /// The route and the key that the address named when the fields were filled, after a `?`; empty before that.
    begun: [RwSignal<String>; 2],
}

/// What is written, and what came of it: a first request, until something is written.
pub fn desk() -> (Draft, Sending) {
    kept::for_session(|| {
        let draft = Draft::new();
        (draft, Sending::new(draft))
    })
}

impl Draft {
    fn new() -> Self {
        let path = "/v1/chat/completions";
        let first = |_| vec![("content-type".to_owned(), "application/json".to_owned())];
        let kept: Vec<(String, String)> = json::from_text(&kept::draft()).unwrap_or_else(first);
        let (texts, headers): (Vec<_>, Vec<_>) = kept.into_iter().partition(|(name, _)| name.starts_with(':'));
        let draft = Self {
            route: RwSignal::default(),
            key: RwSignal::default(),
            model: RwSignal::new(example::MODEL.to_owned()),
            method: RwSignal::new("POST".to_owned()),
            path: RwSignal::new(path.to_owned()),
            headers: Pairs::new(headers.iter().map(|(name, value)| (name, value))),
            body: RwSignal::new(example::body(path, example::MODEL)),
            filled: RwSignal::new(example::MODEL.to_owned()),
            filled_body: RwSignal::new(example::body(path, example::MODEL)),
            begun: Default::default(),
        };
        for (name, kept) in texts {
            if let Some((_, text)) = draft.texts().into_iter().find(|(known, _)| *known == name) {
                text.set(kept);
            }
        }
        draft.keep_model();
        reactive::effect(move || kept::keep_draft(&draft.to_keep()));
        draft
    }

    /// Its texts, each with a name that no header field has.
    fn texts(self) -> [(&'static str, RwSignal<String>); 10] {
        [
            (":route", self.route),
            (":key", self.key),
            (":model", self.model),
            (":method", self.method),
            (":path", self.path),
            (":body", self.body),
            (":filled", self.filled),
            (":filled-body", self.filled_body),
            (":route-begun", self.begun[0]),
            (":key-begun", self.begun[1]),
        ]
    }

    /// What is kept of it for a reload: no credential.
    fn to_keep(self) -> String {
        let mut kept: Vec<(String, String)> = self.headers.read();
        kept.retain(|(name, _)| !is_secret_header(name));
        kept.extend(self.texts().map(|(name, text)| (name.to_owned(), text.get())));
        serde_json::to_string(&kept).unwrap_or_default()
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
        let before = self.begun[choice].get_untracked();
        before.is_empty() || asked.as_ref().is_some_and(|asked| before[1..] != **asked)
    }

    /// It was filled in.
    pub fn has_begun(self, choice: usize, asked: Option<String>) {
        self.begun[choice].set(format!("?{}", asked.unwrap_or_default()));
    }

    /// Something is typed, which no route replaces unasked.
    pub fn touch(self) {
        if self.begins_with(ROUTE, &None) {
            self.has_begun(ROUTE, None);
        }
    }

    /// Fills in what a request to this route could look like. A body that was typed stays, and a model that was typed where the
    /// route names none.
    pub fn use_route(self, route: &Route) {
        let path = example::path(route);
        let written = self.body.get_untracked();
        let filled = self.filled_body.get_untracked();
        let is_written =
            !written.trim().is_empty() && with_model(&filled, &self.model.get_untracked()).unwrap_or(filled) != written;
        let mut model = self.model.get_untracked();
        let is_typed = model != self.filled.get_untracked();
        let usual = || (!is_typed).then(|| example::MODEL.to_owned());
        if let Some(filled) = example::model(route).or_else(usual) {
            self.filled.set(filled.clone());
            model = filled;
        }
        let filled = example::body(&path, &model);
        self.filled_body.set(filled.clone());
        let body = if is_written {
            with_model(&written, &model).unwrap_or(written)
        } else {
            filled
        };
        self.route.set(route.route_id.clone());
        self.method.set(example::method(route, &body));
        self.path.set(path);
        self.body.set(body);
        self.model.set(model);
    }

    /// What is wrong with the body, where it says that it is JSON.
    pub fn wrong_body(self) -> Option<FieldError> {
        let body = self.body.get();
        let why = json::from_text::<Value>(&body).err()?;
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

    /// The same, to ask what would become of it.
    pub fn question(self) -> MatchRequest {
        MatchRequest {
            method: Some(self.method.get()),
            path: self.path.get().trim().to_owned(),
            headers: self.headers.read(),
            body: Some(Value::String(self.body.get())),
            key_id: Some(self.key.get()),
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
    let body: Value = json::from_text(body).ok()?;
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
