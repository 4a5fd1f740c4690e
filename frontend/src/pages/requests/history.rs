//! The log as a list, newest first, continued by cursor.

use fastgate_shared::audit_log::{LogFilter, LogItem};
use leptos::prelude::*;

use super::RequestsState;
use super::columns::ColumnChooser;
use super::filters;
use super::histogram::{Histogram, histogram};
use super::table::RequestsTable;
use super::tools::Export;
use crate::api;
use crate::components::button::Button;
use crate::components::icon::Glyph;
use crate::components::loaded::{EmptyState, Filters, Loaded, TableSkeleton};
use crate::format;
use crate::locales::{common, requests as t};
use crate::state::pages::Pages;
use crate::state::reactive;

#[component]
pub fn History(state: RequestsState) -> impl IntoView {
    let pages = Pages::new(state.filter, |filter, cursor| async move {
        api::logs::list(&filter, cursor.as_deref()).await
    });
    reactive::effect(move || {
        if pages.first.data.with(Option::is_some) || pages.first.problem.with(Option::is_some) {
            state.listed.set(true);
        }
    });
    reactive::effect(move || state.problem.set(pages.first.problem.get()));
    let over_time = histogram(state.filter, state.listed);
    let several = reactive::memo(move |_| pages.rows().with(|rows| rows.len() > 1));
    let refresh = move |()| {
        pages.first.reload();
        over_time.reload();
    };
    view! {
        <Histogram query=over_time expected=several />
        <div class="list-head">
            <p class="muted" role="status">{move || pages.total(total)}</p>
            <div class="row list-tools">
                <ColumnChooser columns=state.columns />
                <Export filter=state.filter />
                <Button small=true glyph=Glyph::Refresh on_press=refresh>
                    {t::refresh()}
                </Button>
            </div>
        </div>
        <section class="card" aria-busy=move || pages.first.loading.get().to_string()>
            <Loaded
                query=pages.first
                skeleton=|| view! { <TableSkeleton /> }
                filters=Filters(state.address, filters::names().to_vec())
            >
                <Rows state pages />
            </Loaded>
        </section>
    }
}

fn total(rows: u64, is_least: bool) -> String {
    let rows = format::count(rows);
    if is_least {
        t::total_at_least(&rows)
    } else {
        t::total(&rows)
    }
}

#[component]
fn Rows(state: RequestsState, pages: Pages<LogItem>) -> impl IntoView {
    let rows = pages.rows();
    let empty = reactive::memo(move |_| rows.with(Vec::is_empty));
    let unfiltered = reactive::memo(move |_| state.filter.with(|filter| *filter == LogFilter::default()));
    let clear = move |()| state.address.close(&filters::names().map(|(param, _)| param));
    let load = move |then: Callback<()>| pages.load_older(move || then.run(()));
    reactive::effect(move || {
        let further = pages.has_more().then(|| Callback::new(load));
        state.further.set(further);
    });
    on_cleanup(move || {
        state.further.try_set(None);
    });
    let more = move || {
        pages.has_more().then(|| {
            view! {
                <div class="list-foot">
                    <Button busy=pages.loading_older on_press=move |()| pages.load_older(|| ())>
                        {t::older()}
                    </Button>
                </div>
            }
        })
    };
    move || match (empty.get(), unfiltered.get()) {
        (true, true) => view! {
            <EmptyState glyph=Glyph::Pulse sentence=t::empty()>
                <Button on_press=move |()| state.address.open("live", "1")>{t::live()}</Button>
            </EmptyState>
        }
        .into_any(),
        (true, false) => view! {
            <EmptyState glyph=Glyph::Filter sentence=common::nothing_matches()>
                <Button on_press=clear>{common::clear_filters()}</Button>
            </EmptyState>
        }
        .into_any(),
        (false, _) => view! {
            <RequestsTable state rows />
            {more}
        }
        .into_any(),
    }
}
