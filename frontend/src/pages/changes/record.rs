//! One change in a drawer: who, when, what, and every field before and after.

use fastgate_shared::changes::{Change, ChangeAction, ChangedKind};
use leptos::prelude::*;
use serde_json::Value;

use super::restore::role_needed;
use super::{ChangesState, action_badge, author_detail, author_word, kind_word, object_name};
use crate::app::BASE;
use crate::components::button::{Button, Weight};
use crate::components::copy_button::CopyButton;
use crate::components::dialog::{Dialog, Shape};
use crate::components::diff::DiffView;
use crate::components::icon::Glyph;
use crate::format;
use crate::locales::changes as t;

/// The field that tells until when the value before a rotation works.
const OLD_UNTIL: &str = "previous_valid_until";

#[component]
pub fn ChangeDrawer(state: ChangesState, change: Change) -> impl IntoView {
    let close = Callback::new(move |()| state.address.close(&["open"]));
    let is_setting = change.kind == ChangedKind::Setting;
    let id = change.object_id.clone();
    let all = move |()| {
        state
            .address
            .filter_all(vec![("object_id", id.clone()), ("open", String::new())])
    };
    let (nothing, leads_elsewhere) = (nothing_to_restore(&change), !change.restorable_to.is_empty());
    let mut diff = change.diff.clone();
    let old_until = diff.iter().position(|diff| diff.field == OLD_UNTIL);
    let old_until = old_until.map(|at| diff.remove(at).after);
    let shown = change.clone();
    view! {
        <Dialog title=t::change() shape=Shape::Drawer on_close=close>
            <div class="dialog-body stack">
                <Facts change=shown old_until /> <h3>{t::differences()}</h3>
                {if is_setting {
                    view! { <p class="muted">{t::hidden()}</p> }.into_any()
                } else {
                    view! { <DiffView diff /> }.into_any()
                }} {nothing.map(|why| view! { <p class="muted">{why}</p> })}
            </div>
            <div class="dialog-foot">
                <Button on_press=all>{t::all_of_object()}</Button>
                {leads_elsewhere
                    .then(|| {
                        view! {
                            <Button needs=role_needed(change.kind)
                                weight=Weight::Primary
                                glyph=Glyph::History
                                on_press=move |()| state.to_restore.set(Some(change.clone()))
                            >
                                {t::restore()}
                            </Button>
                        }
                    })}
            </div>
        </Dialog>
    }
}

/// Why restoring is not offered, where the object stands as this change would put it.
fn nothing_to_restore(change: &Change) -> Option<&'static str> {
    match (&change.restorable_to[..], change.kind, change.action) {
        ([_, ..], ..) | (_, ChangedKind::Setting, _) => None,
        (_, _, ChangeAction::Rotated) => Some(t::rotation_stays()),
        _ => Some(t::restore_same()),
    }
}

#[component]
fn Facts(change: Change, old_until: Option<Value>) -> impl IntoView {
    let name = object_name(&change);
    let page = match change.kind {
        ChangedKind::Key => "keys",
        _ => "routes",
    };
    // What was deleted has no page any more.
    let name = match change.exists {
        true => view! { <a href=format!("{BASE}/{page}?edit={}", change.object_id)>{name}</a> }.into_any(),
        false => view! { <strong>{name}</strong> }.into_any(),
    };
    let old_until = old_until.and_then(|until| format::local_time(until.as_str()?, false));
    let session = change.author.session.as_deref().map(t::session);
    let id = (change.kind != ChangedKind::Setting).then(|| change.object_id.clone());
    let id = id.map(|id| {
        view! {
            <dt>{t::object_id()}</dt>
            <dd>
                <code>{id.clone()}</code>
                <CopyButton text=id what=t::object_id() />
            </dd>
        }
    });
    view! {
        <dl class="facts">
            <dt>{kind_word(change.kind)}</dt>
            <dd>
                {name}
                {action_badge(change.action)}
            </dd>
            <dt>{t::when()}</dt>
            <dd>{format::exact_time(format::millis(change.time))}</dd>
            <dt>{t::who()}</dt>
            <dd>
                {author_word(&change.author)} <span class="muted">{author_detail(&change)}</span>
                {session.map(|session| view! { <span class="muted">{session}</span> })}
            </dd>
            {id}
            {old_until
                .map(|until| {
                    view! {
                        <dt>{t::old_value()}</dt>
                        <dd>{until}</dd>
                    }
                })}
        </dl>
    }
}
