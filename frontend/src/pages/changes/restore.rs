//! Asks before a version is restored: which side of the change, what that changes now, and what it means.

use fastgate_shared::admin_token::Role;
use fastgate_shared::changes::{Change, ChangeAction, ChangedKind, RestoreState, Restored};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{ChangesState, object_name};
use crate::api;
use crate::components::button::{Button, Weight};
use crate::components::dialog::Dialog;
use crate::components::diff::DiffView;
use crate::components::field::SelectField;
use crate::components::loaded::{Loaded, TableSkeleton};
use crate::locales::{changes as t, common};
use crate::state::query::Query;
use crate::state::reactive;
use crate::state::toasts::Toasts;

const BEFORE: &str = "before";
const AFTER: &str = "after";

#[component]
pub fn RestoreDialog(state: ChangesState, change: Change) -> impl IntoView {
    let choices = choices(&change);
    let chosen = RwSignal::new(usual(state, &change).to_owned());
    let name = object_name(&change);
    let plan = plan_of(&change, chosen);
    let busy = RwSignal::new(false);
    let toasts = Toasts::get();
    let (id, said) = (change.id.clone(), name.clone());
    let restore = move |()| {
        let etag = plan
            .data
            .with_untracked(|plan| plan.as_ref().and_then(|plan| plan.etag.clone()));
        let (id, said) = (id.clone(), said.clone());
        busy.set(true);
        spawn_local(async move {
            match api::changes::restore(&id, side(&chosen.get_untracked()), etag.as_deref()).await {
                Ok(_) => {
                    toasts.say(t::restored(&said));
                    state.to_restore.set(None);
                    state.address.close(&["open"]);
                    state.pages.first.reload();
                }
                Err(problem) => {
                    toasts.fail(&problem);
                    // Somebody was quicker: the plan is made anew from how it stands now.
                    plan.reload();
                }
            }
            busy.set(false);
        });
    };
    let restore = Callback::new(restore);
    let cancel = Callback::new(move |()| state.to_restore.set(None));
    let what = (change.kind, change.action);
    view! {
        <Dialog title=t::restore_title(&name) on_close=cancel>
            <div class="dialog-body stack">
                <SelectField label=t::state() value=chosen choices />
                <Loaded query=plan skeleton=|| view! { <TableSkeleton /> }>
                    {move || plan.data.get().map(|plan| view! { <Plan plan what /> })}
                </Loaded>
            </div>
            <div class="dialog-foot">
                <Button autofocus=true on_press=cancel>
                    {common::cancel()}
                </Button>
                <RestoreButton plan busy restore />
            </div>
        </Dialog>
    }
}

/// There is one only while there is something to restore.
#[component]
fn RestoreButton(plan: Query<Restored>, busy: RwSignal<bool>, restore: Callback<()>) -> impl IntoView {
    let possible = reactive::memo(move |_| {
        let fresh = !plan.loading.get() && plan.problem.with(Option::is_none);
        fresh
            && plan
                .data
                .with(|plan| plan.as_ref().is_some_and(|plan| plan.action.is_some()))
    });
    move || {
        possible.get().then(|| {
            view! {
                <Button weight=Weight::Primary busy on_press=restore>
                    {t::restore_do()}
                </Button>
            }
        })
    }
}

#[component]
fn Plan(
    plan: Restored,
    /// What was changed, and what was done to it.
    what: (ChangedKind, ChangeAction),
) -> impl IntoView {
    let consequence = match (plan.action, what) {
        (None, _) => t::restore_same(),
        (Some(ChangeAction::Created), (ChangedKind::Key, _)) => t::restore_create_key(),
        (Some(ChangeAction::Created), _) => t::restore_create_route(),
        (Some(_), (_, ChangeAction::Rotated)) => t::restore_rotated(),
        (Some(_), (ChangedKind::Key, _)) => t::restore_change_key(),
        (Some(_), _) => t::restore_change(),
    };
    view! {
        <p>{consequence}</p>
        {plan.action.is_some().then(|| view! { <DiffView diff=plan.diff /> })}
    }
}

fn plan_of(change: &Change, chosen: RwSignal<String>) -> Query<Restored> {
    let id = change.id.clone();
    Query::new(
        move || chosen.get(),
        move |chosen| {
            let id = id.clone();
            async move { api::changes::plan_restore(&id, side(&chosen)).await }
        },
    )
}

fn side(chosen: &str) -> RestoreState {
    if chosen == BEFORE {
        RestoreState::Before
    } else {
        RestoreState::After
    }
}

/// The states in which the object does not stand now.
fn choices(change: &Change) -> Vec<(String, String)> {
    let choice = |state: &RestoreState| match state {
        RestoreState::Before => (BEFORE.to_owned(), t::state_before().to_owned()),
        RestoreState::After => (AFTER.to_owned(), t::state_after().to_owned()),
    };
    change.restorable_to.iter().map(choice).collect()
}

/// What is most likely meant: of the newest change of an object to undo it, of an older one to go back to it.
fn usual(state: ChangesState, change: &Change) -> &'static str {
    let newest = untrack(|| {
        let rows = state.pages.rows().get();
        let of_object = rows.iter().find(|row| row.object_id == change.object_id);
        of_object.is_none_or(|row| row.id == change.id)
    });
    match change.restorable_to[..] {
        [RestoreState::Before] => BEFORE,
        [RestoreState::Before, ..] if newest => BEFORE,
        _ => AFTER,
    }
}

/// Who may restore: keys are an administrator's.
pub fn role_needed(kind: ChangedKind) -> Role {
    match kind {
        ChangedKind::Key => Role::Admin,
        ChangedKind::Route | ChangedKind::Setting => Role::Operator,
    }
}
