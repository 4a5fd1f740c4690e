//! Two administrators changed the same object: what each of them did, side by side, and the decision. Nothing is overwritten
//! without it.

use fastgate_shared::changes::Conflict;
use fastgate_shared::changes::diff::compare;
use leptos::prelude::*;
use serde::Serialize;
use serde_json::Value;

use crate::api;
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::dialog::{Dialog, Shape};
use crate::components::diff::shown;
use crate::format;
use crate::locales::{changes as t, common};
use crate::order;

/// Of a field: what was, what they made of it, and what I made of it.
type Sides = (Value, Option<Value>, Option<Value>);

/// A conflict and what is needed to show it.
#[derive(Clone)]
pub struct Clash {
    /// What the server said.
    pub conflict: Conflict,
    /// The object as the form was opened with it, and as it is in the form; none where it is to be deleted.
    started: Value,
    mine: Option<Value>,
}

/// Members that tell nothing of what somebody changed.
const USE: [&str; 3] = ["usage_count", "last_used_at", "updated_at"];

impl Clash {
    /// `read_only` are the members of the object that are no part of its definition.
    pub fn new(conflict: Conflict, started: &impl Serialize, mine: &impl Serialize, read_only: &[&str]) -> Self {
        let mut conflict = conflict;
        without(&mut conflict.current, read_only);
        Self {
            conflict,
            started: api::value_of(started),
            mine: Some(api::value_of(mine)),
        }
    }

    /// Of an object that is to be deleted as it was `seen`.
    pub fn of_deletion(mut conflict: Conflict, mut seen: Value) -> Self {
        without(&mut conflict.current, &USE);
        without(&mut seen, &USE);
        Self {
            conflict,
            started: seen,
            mine: None,
        }
    }

    /// Field by field: what was, what they made of it, what I made of it; none where one left it alone.
    fn rows(&self) -> Vec<(String, Sides)> {
        let theirs = compare(&self.started, &self.conflict.current).into_iter();
        let mut rows: Vec<(String, Sides)> = theirs
            .map(|diff| (diff.field, (diff.before, Some(diff.after), None)))
            .collect();
        for diff in self.mine.iter().flat_map(|mine| compare(&self.started, mine)) {
            match rows.iter_mut().find(|(field, _)| *field == diff.field) {
                Some((_, sides)) => sides.2 = Some(diff.after),
                None => rows.push((diff.field, (diff.before, None, Some(diff.after)))),
            }
        }
        order::sort(&mut rows, |one, two| one.0.cmp(&two.0));
        rows
    }
}

/// The dialog, while there is a conflict; cancelling leads back to the form. `on_mine` gets the ETag to send with.
#[component]
pub fn ConflictQuestion(
    clash: RwSignal<Option<Clash>>,
    #[prop(into)] busy: Signal<bool>,
    #[prop(into)] on_theirs: Callback<()>,
    #[prop(into)] on_mine: Callback<String>,
) -> impl IntoView {
    let cancel = move |()| clash.set(None);
    move || {
        let shown = clash.get()?;
        Some(view! { <ConflictDialog clash=shown busy on_cancel=cancel on_theirs on_mine /> })
    }
}

/// What they did, and what I want; `on_mine` gets the ETag to send with.
#[component]
pub fn ConflictDialog(
    clash: Clash,
    #[prop(into)] busy: Signal<bool>,
    #[prop(into)] on_cancel: Callback<()>,
    #[prop(optional, into)] on_theirs: Option<Callback<()>>,
    #[prop(into)] on_mine: Callback<String>,
) -> impl IntoView {
    let etag = clash.conflict.etag.clone();
    let (choice, stay, mine) = if clash.mine.is_some() {
        (t::conflict_choice(), common::keep_editing(), t::keep_mine())
    } else {
        (t::conflict_deletion(), common::cancel(), t::delete_anyway())
    };
    let rows = clash
        .rows()
        .into_iter()
        .map(|(field, sides)| view! { <Row field sides /> });
    view! {
        <Dialog title=t::conflict_title() lead=format::by_whom(clash.conflict.changed_by.as_ref(), clash.conflict.changed_at) shape=Shape::Roomy on_close=on_cancel>
            <div class="dialog-body stack" tabindex="0" role="group" aria-label=t::conflict_title()>
                <dl class="diff">{rows.collect_view()}</dl>
                <p class="muted">{choice}</p>
            </div>
            <div class="dialog-foot">
                <Button autofocus=true on_press=on_cancel>
                    {stay}
                </Button>
                {on_theirs.map(|take| view! { <Button on_press=take>{t::take_theirs()}</Button> })}
                <Button weight=Weight::Danger busy on_press=move |()| on_mine.run(etag.clone())>
                    {mine}
                </Button>
            </div>
        </Dialog>
    }
}

/// The object without these members.
fn without(object: &mut Value, names: &[&str]) {
    if let Value::Object(members) = object {
        members.retain(|name, _| !names.contains(&name.as_str()));
    }
}

/// Whether an object is still as it was seen; that it was used meanwhile is no change.
pub fn is_as_seen(now: &Value, seen: &Value) -> bool {
    let (mut now, mut seen) = (now.clone(), seen.clone());
    without(&mut now, &USE);
    without(&mut seen, &USE);
    now == seen
}

#[component]
fn Row(field: String, sides: Sides) -> impl IntoView {
    let (was, theirs, mine) = sides;
    let clash = matches!((&theirs, &mine), (Some(theirs), Some(mine)) if theirs != mine);
    let value = |name: &'static str, value: Option<Value>, class: &'static str| {
        value.map(|value| {
            view! {
                <div class="diff-side">
                    <span class="diff-name">{name}</span>
                    <span class=class>{shown(&value)}</span>
                </div>
            }
        })
    };
    view! {
        <div class="diff-field">
            <dt>
                <code>{field}</code>
                {clash.then(|| view! { <Badge tone=Tone::Warn word=t::both_changed() /> })}
            </dt>
            <dd>
                {value(t::was(), Some(was), "diff-was")} {value(t::theirs(), theirs, "diff-theirs")}
                {value(t::mine(), mine, "diff-mine")}
            </dd>
        </div>
    }
}
