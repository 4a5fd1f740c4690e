//! The trail of the administrators: who signed in, who was refused, who made or ended tokens and sessions, and from where.

use std::sync::Arc;

use fastgate_shared::admin_token::{AdminEvent, AdminEventKind};
use leptos::prelude::*;

use super::{author_word, days, list_foot, list_head};
use crate::api;
use crate::api::settings::EventFilter;
use crate::components::badge::{Badge, Tone};
use crate::components::button::Button;
use crate::components::data_table::{Column, DataTable, RowRules};
use crate::components::icon::Glyph;
use crate::components::loaded::{EmptyState, Filters, Loaded, TableSkeleton};
use crate::components::relative_time::RelativeTime;
use crate::components::search_box::{SearchBox, SelectFilter};
use crate::format;
use crate::locales::{changes as t, common};
use crate::state::address::Address;
use crate::state::pages::Pages;
use crate::state::reactive;

/// Every kind, with its name in the API.
const KINDS: [(AdminEventKind, &str); 9] = [
    (AdminEventKind::SignedIn, "signed_in"),
    (AdminEventKind::SignInRefused, "sign_in_refused"),
    (AdminEventKind::SignedOut, "signed_out"),
    (AdminEventKind::SessionEnded, "session_ended"),
    (AdminEventKind::OtherSessionsEnded, "other_sessions_ended"),
    (AdminEventKind::TokenCreated, "token_created"),
    (AdminEventKind::TokenUpdated, "token_updated"),
    (AdminEventKind::TokenRotated, "token_rotated"),
    (AdminEventKind::TokenDeleted, "token_deleted"),
];

#[component]
pub fn Trail(address: Address) -> impl IntoView {
    let (kind, author) = (address.param("kind"), address.param("author"));
    let (start_time, end_time) = (address.param("start_time"), address.param("end_time"));
    let filter = reactive::memo(move |_| EventFilter {
        kind: kind.get(),
        author: author.get(),
        start_time: start_time.get(),
        end_time: end_time.get(),
    });
    let pages = Pages::new(filter, |filter, cursor| async move {
        api::settings::events(&filter, cursor.as_deref()).await
    });
    let total = reactive::derived(move || pages.total(|total, _| t::events_total(&format::count(total))));
    let mut kinds = vec![(String::new(), t::any_kind().to_owned())];
    kinds.extend(KINDS.map(|(kind, name)| (name.to_owned(), word(kind).to_owned())));
    view! {
        <div class="toolbar">
            <SearchBox
                label=t::author_search()
                value=reactive::derived(move || author.get().unwrap_or_default())
                on_search=move |text| address.filter("author", Some(text))
            />
            <SelectFilter
                label=t::kind_filter()
                value=reactive::derived(move || kind.get().unwrap_or_default())
                choices=kinds
                on_choose=move |kind| address.filter("kind", Some(kind))
            />
            {days(address, pages.first.problem)}
        </div>
        {list_head(pages, total)}
        <section class="card" aria-busy=move || pages.first.loading.get().to_string()>
            <Loaded
                query=pages.first
                skeleton=|| view! { <TableSkeleton /> }
                filters=Filters(address, super::names().to_vec())
            >
                <List address pages filter />
            </Loaded>
        </section>
    }
}

#[component]
fn List(address: Address, pages: Pages<AdminEvent>, filter: Memo<EventFilter>) -> impl IntoView {
    let rows = pages.rows();
    let empty = reactive::memo(move |_| rows.with(Vec::is_empty));
    let unfiltered = reactive::memo(move |_| filter.with(|filter| *filter == EventFilter::default()));
    move || {
        match (empty.get(), unfiltered.get()) {
        (true, true) => view! { <EmptyState glyph=Glyph::History sentence=t::trail_empty() /> }.into_any(),
        (true, false) => view! {
            <EmptyState glyph=Glyph::Filter sentence=common::nothing_matches()>
                <Button on_press=move |()| address.close(&["kind", "author", "start_time", "end_time"])>{common::clear_filters()}</Button>
            </EmptyState>
        }
        .into_any(),
        (false, _) => view! {
            {table(rows)}
            {list_foot(pages)}
        }
        .into_any(),
    }
    }
}

fn table(rows: Signal<Vec<Arc<AdminEvent>>>) -> impl IntoView {
    let columns = vec![
        Column::new(t::col_action(), "title", |event: &AdminEvent| {
            let tone = match event.kind {
                AdminEventKind::SignedIn | AdminEventKind::TokenCreated => Tone::Good,
                AdminEventKind::SignInRefused | AdminEventKind::TokenDeleted => Tone::Bad,
                AdminEventKind::TokenUpdated | AdminEventKind::TokenRotated => Tone::Warn,
                _ => Tone::Neutral,
            };
            view! { <Badge tone word=word(event.kind) /> }
        }),
        Column::new(t::col_what(), "", |event: &AdminEvent| {
            let id = event.object_id.clone().filter(|_| event.object_name.is_none());
            view! {
                {event.object_name.clone()}
                {id.map(|id| view! { <code>{id}</code> })}
            }
        }),
        Column::new(t::col_who(), "", |event: &AdminEvent| {
            let known = event.author.as_ref();
            let session = known.and_then(|author| author.session.as_deref()).map(t::session);
            let name = known.and_then(|author| author.name.clone());
            let details = [name, session].into_iter().flatten().collect::<Vec<_>>().join(" · ");
            view! {
                {known.map_or_else(t::stranger, author_word)}
                <span class="cell-sub data">{details}</span>
            }
        }),
        Column::new(
            t::col_from(),
            "",
            |event: &AdminEvent| view! { <code>{event.address.clone()}</code> },
        ),
        Column::new(
            t::col_when(),
            "fit",
            |event: &AdminEvent| view! { <RelativeTime time=event.time /> },
        ),
    ];
    let rules = RowRules {
        id: |event: &AdminEvent| event.id.clone(),
        dim: |_| false,
        open: None,
        selected: Signal::stored(None),
        sorting: None,
    };
    view! { <DataTable caption=t::trail() columns rows rules /> }
}

/// What happened, as a word.
fn word(kind: AdminEventKind) -> &'static str {
    match kind {
        AdminEventKind::SignedIn => t::signed_in(),
        AdminEventKind::SignInRefused => t::sign_in_refused(),
        AdminEventKind::SignedOut => t::signed_out(),
        AdminEventKind::SessionEnded => t::session_ended(),
        AdminEventKind::OtherSessionsEnded => t::other_sessions_ended(),
        AdminEventKind::TokenCreated => t::token_created(),
        AdminEventKind::TokenUpdated => t::token_updated(),
        AdminEventKind::TokenRotated => t::token_rotated(),
        AdminEventKind::TokenDeleted => t::token_deleted(),
    }
}
