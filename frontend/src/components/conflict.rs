//! Two administrators changed the same object: what each of them did, side by side, and the decision. Both changes can be
//! kept; nothing is overwritten without it.

use fastgate_shared::changes::Conflict;
use fastgate_shared::changes::merge::{Merged, merge};
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

/// The ETag to send with, and the object in which both changes are.
pub type Decided = (String, Value);

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

    /// The object with both changes, and what they are; in fields that both changed it is mine, but for those of `kept`.
    fn merged(&self, kept: &[String]) -> (Value, Vec<Merged>) {
        let mine = self.mine.as_ref().unwrap_or(&self.started);
        merge(&self.started, &self.conflict.current, mine, kept)
    }
}

/// The dialog, while there is a conflict; cancelling leads back to the form.
#[component]
pub fn ConflictQuestion(
    clash: RwSignal<Option<Clash>>,
    #[prop(into)] busy: Signal<bool>,
    #[prop(into)] on_theirs: Callback<()>,
    #[prop(into)] on_mine: Callback<Decided>,
) -> impl IntoView {
    let cancel = move |()| clash.set(None);
    move || {
        let shown = clash.get()?;
        Some(view! { <ConflictDialog clash=shown busy on_cancel=cancel on_theirs on_mine /> })
    }
}

/// What they did, and what I want.
#[component]
pub fn ConflictDialog(
    clash: Clash,
    #[prop(into)] busy: Signal<bool>,
    #[prop(into)] on_cancel: Callback<()>,
    #[prop(optional, into)] on_theirs: Option<Callback<()>>,
    #[prop(into)] on_mine: Callback<Decided>,
) -> impl IntoView {
    let (choice, stay, mine, weight) = if clash.mine.is_some() {
        (
            t::conflict_choice(),
            common::keep_editing(),
            t::save_both(),
            Weight::Primary,
        )
    } else {
        (
            t::conflict_deletion(),
            common::cancel(),
            t::delete_anyway(),
            Weight::Danger,
        )
    };
    let kept = RwSignal::new(Vec::new());
    let rows = clash
        .merged(&[])
        .1
        .into_iter()
        .map(move |merged| view! { <Row merged kept /> });
    let lead = format::by_whom(clash.conflict.changed_by.as_ref(), clash.conflict.changed_at);
    let decide = move |()| {
        let merged = clash.merged(&kept.get_untracked()).0;
        on_mine.run((clash.conflict.etag.clone(), merged));
    };
    view! {
        <Dialog title=t::conflict_title() lead shape=Shape::Roomy on_close=on_cancel>
            <div class="dialog-body stack" tabindex="0" role="group" aria-label=t::conflict_title()>
                <dl class="diff">{rows.collect_view()}</dl>
                <p class="muted">{choice}</p>
            </div>
            <div class="dialog-foot">
                <Button autofocus=true on_press=on_cancel>
                    {stay}
                </Button>
                {on_theirs.map(|take| view! { <Button on_press=take>{t::take_theirs()}</Button> })}
                <Button weight busy on_press=decide>
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
fn Row(
    merged: Merged,
    /// The fields that both changed and that stay as they made them.
    kept: RwSignal<Vec<String>>,
) -> impl IntoView {
    let clash = merged.is_clash();
    let Merged {
        field,
        was,
        theirs,
        mine,
    } = merged;
    let choose = |word: &'static str, keeps: bool| {
        let (group, label) = (field.clone(), format!("{field}: {word}"));
        let (chosen, field) = (field.clone(), field.clone());
        view! {
            <label>
                <input
                    type="radio"
                    name=group
                    aria-label=label
                    prop:checked=move || kept.with(|kept| kept.contains(&chosen)) == keeps
                    on:change=move |_| {
                        kept.update(|kept| {
                            kept.retain(|other| *other != field);
                            kept.extend(keeps.then(|| field.clone()));
                        });
                    }
                />
                {word}
            </label>
        }
    };
    let value = |name: AnyView, value: Option<Value>, class: &'static str| {
        value.map(|value| {
            view! {
                <div class="diff-side">
                    <span class="diff-name">{name}</span>
                    <span class=class>{shown(&value)}</span>
                </div>
            }
        })
    };
    let side = |word: &'static str, keeps: bool| match clash {
        true => choose(word, keeps).into_any(),
        false => word.into_any(),
    };
    let (of_theirs, of_mine) = (side(t::theirs(), true), side(t::mine(), false));
    view! {
        <div class="diff-field">
            <dt>
                <code>{field}</code>
                {clash.then(|| view! { <Badge tone=Tone::Warn word=t::both_changed() /> })}
            </dt>
            <dd>
                {value(t::was().into_any(), Some(was), "diff-was")} {value(of_theirs, theirs, "diff-theirs")}
                {value(of_mine, mine, "diff-mine")}
            </dd>
        </div>
    }
}
