//! The list of keys.

use std::sync::Arc;

use fastgate_shared::admin_token::Role;
use fastgate_shared::api_key::ApiKey;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::json;

use super::{KeysState, OldValue, Question, is_expired, title_of};
use crate::api;
use crate::app::BASE;
use crate::components::badge::{Badge, Tone};
use crate::components::button::IconButton;
use crate::components::data_table::{Column, DataTable, RowRules};
use crate::components::icon::Glyph;
use crate::components::relative_time::RelativeTime;
use crate::components::row_link::RowLink;
use crate::components::sorting::Sorting;
use crate::components::switch::Switch;
use crate::format;
use crate::locales::{common, keys as t};
use crate::state::reactive;
use crate::state::toasts::Toasts;

/// Permissions shown before the rest becomes a number.
const SHOWN_PERMISSIONS: usize = 3;

#[component]
pub fn KeysTable(state: KeysState, rows: Signal<Vec<Arc<ApiKey>>>) -> impl IntoView {
    let columns = vec![
        Column::new(t::col_key(), "wide title", move |key| title_cell(state, key)).sorted("name"),
        Column::new(t::col_source(), "brief", |key: &ApiKey| {
            let (title, source) = (key.definition.source_path.clone(), key.definition.source_path.clone());
            view! { <code title=title>{source}</code> }
        })
        .sorted("source"),
        Column::new(common::status(), "keep", move |key| status_cell(state, key)).sorted("status"),
        Column::new(t::col_permissions(), "if-roomy", permissions_cell),
        Column::new(t::col_limit(), "num", move |key| limit_cell(state, key)).highest_first("limit"),
        Column::new(t::col_used(), "num", used_cell).highest_first("used"),
        Column::new(t::col_last_used(), "", |key: &ApiKey| match key.last_used_at {
            Some(time) => view! { <RelativeTime time /> }.into_any(),
            None => view! { <span class="muted">{common::never()}</span> }.into_any(),
        })
        .highest_first("last_used"),
        Column::new(t::col_expires(), "if-wide", |key: &ApiKey| {
            match key.definition.expires_at {
                Some(time) => view! { <RelativeTime time /> }.into_any(),
                None => view! { <span class="muted">{common::never()}</span> }.into_any(),
            }
        })
        .sorted("expires"),
        Column::actions(move |key| actions_cell(state, key)).needs(Role::Admin),
    ];
    let rules = RowRules {
        id: |key: &ApiKey| key.key_id.clone(),
        dim: |key: &ApiKey| !key.definition.is_active || is_expired(key),
        open: Some(Callback::new(move |key_id: String| state.address.open("edit", key_id))),
        selected: state.address.param("edit").into(),
        sorting: Some(Sorting::of(state.address)),
    };
    view! { <DataTable caption=t::title() columns rows rules /> }
}

fn title_cell(state: KeysState, key: &ApiKey) -> impl IntoView + use<> {
    let open = move |key_id: String| state.address.open("edit", key_id);
    let title = title_of(key);
    view! {
        <RowLink page="/keys" param="edit" id=key.key_id.clone() on_open=open title=title.clone()>
            {title}
        </RowLink>
        <span class="cell-sub mono">{key.key_preview.clone()}</span>
    }
}

fn status_cell(state: KeysState, key: &ApiKey) -> impl IntoView + use<> {
    let checked = key.definition.is_active;
    let key_id = key.key_id.clone();
    let name = title_of(key);
    let label = t::active_switch(&name);
    let change = move |active| set_active(state, key_id.clone(), name.clone(), active);
    view! {
        <span class="row">
            <Switch needs=Role::Admin
                checked=Signal::stored(checked)
                label
                on=common::active()
                off=common::inactive()
                on_change=change
            />
            {is_expired(key).then(|| view! { <Badge tone=Tone::Warn word=common::expired() /> })}
        </span>
        {key.previous_valid_until.map(|until| view! { <OldValue until /> })}
    }
}

fn permissions_cell(key: &ApiKey) -> impl IntoView + use<> {
    let permissions = &key.definition.permissions;
    if permissions.is_empty() {
        return view! { <span class="muted">{t::everything()}</span> }.into_any();
    }
    let tags = permissions
        .iter()
        .take(SHOWN_PERMISSIONS)
        .map(|entry| view! { <span class="tag">{entry.clone()}</span> });
    let rest = permissions.len().saturating_sub(SHOWN_PERMISSIONS);
    view! {
        <span class="tags">
            {tags.collect_view()}
            {(rest > 0).then(|| view! { <span class="muted">{format!("+{rest}")}</span> })}
        </span>
    }
    .into_any()
}

/// The limit, and how much of it is used now. It follows the use by itself, so that the row stays.
fn limit_cell(state: KeysState, key: &ApiKey) -> impl IntoView + use<> {
    let (key_id, own) = (key.key_id.clone(), key.definition.rate_limit);
    let now = reactive::memo(move |_| {
        state.usage.data.with(|usage| {
            let found = usage.iter().flatten().find(|usage| usage.key_id == key_id);
            found.map(|usage| (usage.used, usage.limit))
        })
    });
    let limit = move || match own {
        Some(limit) => t::per_minute(&format::count(limit.into())).into_any(),
        None => view! { <span class="muted">{t::default_limit()}</span> }.into_any(),
    };
    let used = move || {
        now.get().map(|(used, limit)| {
            let told = t::used_now(&format::count(used.into()), &format::count(limit.into()));
            let full = used >= limit;
            let share = f64::from(used) / f64::from(limit.max(1)) * 100.0;
            view! {
                <span class="use-now" class:use-now-full=full>
                    <span class="use-now-bar" aria-hidden="true">
                        <span style:width=format!("{}%", format::fixed(share, 0))></span>
                    </span>
                    {told}
                </span>
            }
        })
    };
    view! {
        {limit}
        {used}
    }
}

fn used_cell(key: &ApiKey) -> impl IntoView + use<> {
    let href = api::with_query(&format!("{BASE}/requests"), &json!({ "key_id": key.key_id }));
    view! {
        <a href=href aria-label=format!("{}: {}", t::requests_of(&title_of(key)), format::count(key.usage_count))>
            {format::count(key.usage_count)}
        </a>
    }
}

fn actions_cell(state: KeysState, key: &ApiKey) -> impl IntoView + use<> {
    let name = title_of(key);
    let key_id = key.key_id.clone();
    let (to_rotate, to_delete) = (key.clone(), key.clone());
    view! {
        <span class="cell-actions">
            <IconButton needs=Role::Admin
                glyph=Glyph::Edit
                label=t::edit_key(&name)
                on_press=move |()| state.address.open("edit", key_id.clone())
            />
            <IconButton needs=Role::Admin
                glyph=Glyph::Rotate
                label=t::rotate_key(&name)
                on_press=move |()| state.asked.set(Some(Question::Rotate(to_rotate.clone())))
            />
            <IconButton needs=Role::Admin
                glyph=Glyph::Trash
                danger=true
                label=t::delete_key(&name)
                on_press=move |()| state.asked.set(Some(Question::Delete(to_delete.clone())))
            />
        </span>
    }
}

// Shown at once; taken back when the server refuses.
fn set_active(state: KeysState, key_id: String, name: String, active: bool) {
    let toasts = Toasts::get();
    let show = {
        let key_id = key_id.clone();
        move |active| {
            state.keys.data.update(|keys| {
                if let Some(key) = keys.iter_mut().flatten().find(|key| key.key_id == key_id) {
                    key.definition.is_active = active;
                }
            });
        }
    };
    show(active);
    spawn_local(async move {
        match api::keys::set_active(&key_id, active).await {
            Ok(_) => toasts.say(if active { t::enabled(&name) } else { t::disabled(&name) }),
            Err(problem) => {
                show(!active);
                toasts.fail(&problem);
                // Its row is of a key that somebody else deleted.
                if problem.status == 404 {
                    state.keys.reload();
                }
            }
        }
    });
}
