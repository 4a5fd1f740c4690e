//! The route as JSON, in place of the form: the same object, edited as text. Fields that are left out have their defaults.

use fastgate_shared::changes::diff::compare;
use fastgate_shared::fields::Fields as _;
use fastgate_shared::json;
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::RouteDefinition;
use leptos::prelude::*;
use serde_json::Value;

use super::draft::fresh;
use crate::api::value_of;
use crate::components::code::with_code;
use crate::components::field::{Rule, TextField};
use crate::format::pretty_json;
use crate::locales::{self, common, routes as t};
use crate::state::form::FormErrors;

/// The name under which the whole text is refused.
pub const WHOLE: &str = "json";
/// Fields that show even where they are as they are by default.
const ALWAYS: [&str; 6] = [
    "route_name",
    "priority",
    "is_active",
    "match_path",
    "target_protocol",
    "target_host",
];

/// A definition as text, without the fields that are as they are by default, in the order of the documentation.
pub fn text_of(definition: &RouteDefinition) -> String {
    let (value, usual) = (value_of(definition), value_of(&fresh()));
    let told = RouteDefinition::WRITABLE.iter().filter(|name| {
        let is_there = value.get(name).is_some();
        is_there && (ALWAYS.contains(name) || usual.get(name) != value.get(name))
    });
    let told: Vec<_> = told.map(|name| format!("\"{name}\":{}", value[name])).collect();
    pretty_json(&format!("{{{}}}", told.join(",")))
}

/// The definition that a text says.
///
/// # Errors
/// What is wrong with it, by the names of the fields where there are any.
pub fn read(text: &str) -> Result<RouteDefinition, Vec<FieldError>> {
    let whole = |why: String| vec![FieldError::new(WHOLE, why)];
    let value: Value = json::from_text(text).map_err(|why| whole(common::invalid_json(&locales::refusal(&why))))?;
    let Value::Object(members) = &value else {
        return Err(whole(common::not_an_object().to_owned()));
    };
    let unknown = members
        .keys()
        .filter(|name| !RouteDefinition::WRITABLE.contains(&name.as_str()))
        .map(|name| FieldError::new(WHOLE, t::unknown_field(name)))
        .collect::<Vec<_>>();
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let read = json::from_value(&value).map_err(whole)?;
    // Members of members that the definition does not have.
    let lost = compare(&value, &value_of(&read)).into_iter();
    let lost = lost.filter(|diff| diff.after.is_null());
    let lost: Vec<_> = lost
        .map(|diff| FieldError::new(WHOLE, t::unknown_field(&diff.field)))
        .collect();
    if lost.is_empty() { Ok(read) } else { Err(lost) }
}

#[component]
pub fn JsonView(text: RwSignal<String>, errors: FormErrors) -> impl IntoView {
    // Other messages than that of the whole text are about its members.
    let about = move || {
        let messages = errors.all_but(WHOLE);
        (!messages.is_empty()).then(|| {
            let lines = messages.into_iter().map(|(field, message)| {
                view! {
                    <li>
                        <code>{field}</code>
                        " "
                        {with_code(&message)}
                    </li>
                }
            });
            view! { <ul class="json-errors">{lines.collect_view()}</ul> }
        })
    };
    view! {
        <div class="stack json-view">
            <TextField
                label=t::json_text()
                value=text
                rule=Rule(errors, WHOLE)
                hint=t::json_hint()
                multiline=true
                mono=true
                autofocus=true
            />
            <div aria-live="polite">{about}</div>
        </div>
    }
}
