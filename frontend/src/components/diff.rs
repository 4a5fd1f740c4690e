//! Field-by-field differences: what was, and what is. Removed and added are told by a sign and the element, not by colour alone.

use fastgate_shared::changes::FieldDiff;
use leptos::prelude::*;
use serde_json::Value;

use crate::format::pretty_json;
use crate::locales::changes as t;

/// A list of fields with both values.
#[component]
pub fn DiffView(diff: Vec<FieldDiff>) -> impl IntoView {
    if diff.is_empty() {
        return view! { <p class="muted">{t::no_difference()}</p> }.into_any();
    }
    let field = |FieldDiff { field, before, after }: FieldDiff| {
        view! {
            <div class="diff-field">
                <dt>
                    <code>{field}</code>
                </dt>
                <dd>{side(&before, false)} {side(&after, true)}</dd>
            </div>
        }
    };
    view! { <dl class="diff">{diff.into_iter().map(field).collect_view()}</dl> }.into_any()
}

/// One value; nothing where there is none.
fn side(value: &Value, added: bool) -> Option<AnyView> {
    if value.is_null() {
        return None;
    }
    let text = shown(value);
    Some(if added {
        view! { <ins>{text}</ins> }.into_any()
    } else {
        view! { <del>{text}</del> }.into_any()
    })
}

/// A value as people read it: texts without quotes, everything else as JSON.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => t::nothing().to_owned(),
        Value::String(text) if text.is_empty() => t::nothing().to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => pretty_json(&value.to_string()),
        other => other.to_string(),
    }
}
