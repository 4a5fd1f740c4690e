//! What a form says about its fields: the shared rules while typing, the server's verdict after sending.

use std::str::FromStr;

use fastgate_shared::problem::{FieldError, Problem};
use leptos::prelude::*;

use crate::state::reactive;

/// The messages of a form. A field's message shows once the field was touched, or all of them after sending.
#[derive(Clone, Copy)]
pub struct FormErrors {
    client: Memo<Vec<FieldError>>,
    server: RwSignal<Vec<FieldError>>,
    touched: RwSignal<Vec<&'static str>>,
    all: RwSignal<bool>,
}

impl FormErrors {
    /// Messages by the rules of `check`, which reads the form's signals.
    pub fn new(check: impl Fn() -> Vec<FieldError> + Send + Sync + 'static) -> Self {
        Self {
            client: reactive::memo(move |_| check()),
            server: RwSignal::default(),
            touched: RwSignal::default(),
            all: RwSignal::new(false),
        }
    }

    /// What is refused of the filters of a list. The focus goes there only from a form: an address with such a filter, or a
    /// choice that is made at once, leaves it where it is.
    pub fn of_filters(problem: Signal<Option<Problem>>) -> Self {
        let errors = Self::new(Vec::new);
        reactive::effect(move || {
            let refused = problem.get().map(|problem| problem.errors).unwrap_or_default();
            let from_form = document()
                .active_element()
                .and_then(|element| element.closest("form").ok()?);
            if from_form.is_some() {
                errors.tell(refused);
            } else {
                errors.server.set(refused);
            }
        });
        errors
    }

    /// Whether the rules find nothing wrong.
    pub fn none(self) -> bool {
        self.client.with(Vec::is_empty)
    }

    /// Whether one of these fields is refused.
    pub fn any_of(self, fields: &[&str]) -> bool {
        self.server.with(|errors| {
            errors
                .iter()
                .any(|error| fields.iter().any(|field| is_about(&error.field, field)))
        })
    }

    /// The message for a field, also for a part of it (`targets[1].weight`); of a list of texts (`permissions[1]`) those of all
    /// entries.
    pub fn of(self, field: &'static str) -> Signal<Option<String>> {
        self.told(field, |errors, field| {
            let mut about = errors.iter().filter(|error| is_about(&error.field, field));
            let mut all = crate::locales::refusal(&about.next()?.message);
            for error in about.filter(|error| is_entry(&error.field, field)) {
                all.push('\n');
                all.push_str(&crate::locales::refusal(&error.message));
            }
            Some(all)
        })
    }

    /// The part of the field that [`Self::of`] tells of.
    pub fn place_of(self, field: &'static str) -> Signal<Option<String>> {
        self.told(field, |errors, field| {
            let mut about = errors.iter().filter(|error| is_about(&error.field, field));
            about.next().map(|error| error.field.clone())
        })
    }

    fn told(self, field: &'static str, find: fn(&[FieldError], &str) -> Option<String>) -> Signal<Option<String>> {
        reactive::derived(move || {
            let find = |errors: &Vec<FieldError>| find(errors, field);
            let shown = self.all.get() || self.touched.with(|touched| touched.contains(&field));
            self.server
                .with(find)
                .or_else(|| if shown { self.client.with(find) } else { None })
        })
    }

    /// The messages of every other field than this one, each with its field, once this one was touched.
    pub fn all_but(self, field: &str) -> Vec<(String, String)> {
        if !self.all.get() && !self.touched.with(|touched| touched.contains(&field)) {
            return Vec::new();
        }
        let mut told = self.server.get();
        told.extend(self.client.get());
        told.retain(|error| !is_about(&error.field, field));
        let told = told
            .into_iter()
            .map(|error| (error.field, crate::locales::refusal(&error.message)));
        told.collect()
    }

    /// Says that a field was edited: its message may show, and the server's verdict on it is out of date.
    pub fn touch(self, field: &'static str) {
        if !self.touched.with_untracked(|touched| touched.contains(&field)) {
            self.touched.update(|touched| {
                touched.push(field);
            });
        }
        if self
            .server
            .with_untracked(|errors| errors.iter().any(|error| is_about(&error.field, field)))
        {
            self.server
                .update(|errors| errors.retain(|error| !is_about(&error.field, field)));
        }
    }

    /// Shows every message; true when there is none and the form may be sent.
    pub fn ready_to_send(self) -> bool {
        self.all.set(true);
        let ready = untrack(|| self.none());
        if !ready {
            focus_first_invalid();
        }
        ready
    }

    /// Adds what only the server finds, about fields that the shared rules let pass. The focus stays where it is: somebody may
    /// be typing already. The form may be closed meanwhile.
    pub fn add(self, mut errors: Vec<FieldError>) {
        let known = self.client.try_with_untracked(|known| {
            errors.retain(|error| !known.iter().any(|known| is_about(&error.field, top(&known.field))));
        });
        if known.is_some() {
            self.server.try_set(errors);
        }
    }

    /// Puts what was refused at its fields, and the focus on the first of them.
    pub fn tell(self, errors: Vec<FieldError>) {
        if !errors.is_empty() {
            focus_first_invalid();
        }
        self.server.set(errors);
    }

    /// Takes over the server's refusal, and hands back what is told of it above the form.
    pub fn refused(self, problem: &Problem) -> Option<String> {
        self.tell(problem.errors.clone());
        told(problem)
    }
}

/// What is told of a problem: each refusal with its place, else the sentence about the whole. That the session has ended is the
/// sign-in's to say.
pub fn told(problem: &Problem) -> Option<String> {
    if problem.status == 401 {
        return None;
    }
    if problem.errors.is_empty() {
        return Some(crate::api::sentence(problem));
    }
    let places = problem.errors.iter().map(with_place);
    Some(places.collect::<Vec<_>>().join("\n"))
}

/// A refusal with its place, for where the field itself is not there.
pub fn with_place(error: &FieldError) -> String {
    format!("{}: {}", error.field, crate::locales::refusal(&error.message))
}

fn top(place: &str) -> &str {
    place.split(['[', '.']).next().unwrap_or_default()
}

fn is_about(place: &str, field: &str) -> bool {
    place
        .strip_prefix(field)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
}

/// Whether the place is an entry of a list of texts.
fn is_entry(place: &str, field: &str) -> bool {
    place
        .strip_prefix(field)
        .is_some_and(|rest| rest.starts_with('[') && rest.ends_with(']') && rest.matches('[').count() == 1)
}

// After the messages are drawn.
fn focus_first_invalid() {
    request_animation_frame(|| {
        let found = document().query_selector("dialog[open] [aria-invalid=true], form [aria-invalid=true]");
        if let Ok(Some(element)) = found {
            super::shortcuts::focus(&element);
        }
    });
}

/// Reads an optional whole number; a text that is none becomes a message.
pub fn optional_number<N: FromStr>(text: &str, field: &str, errors: &mut Vec<FieldError>) -> Option<N> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let number = text.parse().ok();
    if number.is_none() {
        let is_whole = text
            .strip_prefix('-')
            .unwrap_or(text)
            .bytes()
            .all(|byte| byte.is_ascii_digit());
        let why = if is_whole {
            crate::locales::common::number_too_far()
        } else {
            crate::locales::common::not_a_number()
        };
        errors.push(FieldError::new(field, why));
    }
    number
}

/// The text without space around it; none when nothing is left.
pub fn optional_text(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Reads an optional JSON value; a text that is none becomes a message.
pub fn optional_json(text: &str, field: &str, errors: &mut Vec<FieldError>) -> Option<serde_json::Value> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    match fastgate_shared::json::from_text(text) {
        Ok(value) => Some(value),
        Err(why) => {
            errors.push(FieldError::new(
                field,
                crate::locales::common::invalid_json(&crate::locales::refusal(&why)),
            ));
            None
        }
    }
}
