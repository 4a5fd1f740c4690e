//! One change in a drawer: who, when, what, and every field before and after.

use fastgate_shared::changes::{Change, ChangeAction, ChangedKind};
use leptos::prelude::*;

use super::restore::role_needed;
use super::{ChangesState, action_badge, author_detail, author_word, kind_word, object_name};
use crate::components::button::{Button, Weight};
use crate::components::copy_button::CopyButton;
use crate::components::dialog::{Dialog, Shape};
use crate::components::diff::DiffView;
use crate::components::icon::Glyph;
use crate::format;
use crate::locales::changes as t;

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
    let diff = change.diff.clone();
    let shown = change.clone();
    view! {
        <Dialog title=t::change() shape=Shape::Drawer on_close=close>
            <div class="dialog-body stack">
                <Facts change=shown /> <h3>{t::differences()}</h3>
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
fn Facts(change: Change) -> impl IntoView {
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
                <strong>{object_name(&change)}</strong>
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
        </dl>
    }
}
