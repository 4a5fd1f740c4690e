//! The changes as rows.

use std::sync::Arc;

use fastgate_shared::changes::Change;
use leptos::prelude::*;

use super::restore::role_needed;
use super::{ChangesState, action_badge, author_detail, author_word, glyph_of, kind_word, object_name};
use crate::components::button::Button;
use crate::components::data_table::{Column, DataTable, RowRules};
use crate::components::icon::Icon;
use crate::components::relative_time::RelativeTime;
use crate::components::row_link::RowLink;
use crate::locales::changes as t;

/// Fields that a row names.
const NAMED: usize = 3;

#[component]
pub fn ChangesTable(state: ChangesState, #[prop(into)] rows: Signal<Vec<Arc<Change>>>) -> impl IntoView {
    let open = Callback::new(move |id: String| state.address.open("open", id));
    let columns = vec![
        Column::new(t::col_what(), "title", move |change: &Change| what(change, open)),
        Column::new(t::col_action(), "fit", |change: &Change| action_badge(change.action)),
        Column::new(t::col_fields(), "wide", |change: &Change| fields(change)),
        Column::new(t::col_who(), "fit", |change: &Change| {
            view! {
                {author_word(&change.author)}
                <span class="cell-sub">{author_detail(change)}</span>
            }
        }),
        Column::new(
            t::col_when(),
            "fit",
            |change: &Change| view! { <RelativeTime time=change.time /> },
        ),
        Column::actions(move |change: &Change| restore_button(state, change)),
    ];
    let rules = RowRules {
        id: |change: &Change| change.id.clone(),
        dim: |_| false,
        open: Some(open),
        selected: state.address.param("open").into(),
        sorting: None,
    };
    view! { <DataTable caption=t::title() columns rows rules /> }
}

fn what(change: &Change, open: Callback<String>) -> impl IntoView + use<> {
    let name = object_name(change);
    let id = change.id.clone();
    view! {
        <div class="change-what">
            <Icon glyph=glyph_of(change.kind) />
            <div>
                <RowLink page="/changes" param="open" id=id on_open=open title=name.clone()>
                    {name}
                </RowLink>
                <span class="cell-sub">{kind_word(change.kind)}</span>
            </div>
        </div>
    }
}

fn fields(change: &Change) -> impl IntoView + use<> {
    let named = change.diff.iter().take(NAMED);
    let named = named
        .map(|diff| view! { <span class="tag">{diff.field.clone()}</span> })
        .collect_view();
    let more = change.diff.len().saturating_sub(NAMED);
    view! {
        <span class="tags">
            {named} {(more > 0).then(|| view! { <span class="muted">{t::and_more(more)}</span> })}
        </span>
    }
}

fn restore_button(state: ChangesState, change: &Change) -> impl IntoView + use<> {
    let (change, name) = (change.clone(), object_name(change));
    let leads_elsewhere = !change.restorable_to.is_empty();
    leads_elsewhere.then(|| {
        view! {
            <Button needs=role_needed(change.kind) small=true label=t::restore_of(&name) on_press=move |()| state.to_restore.set(Some(change.clone()))>
                {t::restore()}
            </Button>
        }
    })
}
