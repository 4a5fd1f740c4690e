//! The log as a list, newest first, continued by cursor.

use std::sync::Arc;

use fastgate_shared::audit_log::{LogFilter, LogItem};
use fastgate_shared::page::CursorPage;
use leptos::prelude::*;
use leptos::task::spawn_local;

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
use crate::state::query::Query;
use crate::state::reactive;
use crate::state::toasts::Toasts;

/// The first page, and the older ones below it.
#[derive(Clone, Copy)]
struct Pages {
    first: Query<CursorPage<LogItem>>,
    older: RwSignal<Vec<Arc<LogItem>>>,
    /// Where the older rows end; none before the first of them was asked for.
    reached: RwSignal<Option<Option<String>>>,
    loading_older: RwSignal<bool>,
    toasts: Toasts,
}

impl Pages {
    fn new(filter: Memo<LogFilter>) -> Self {
        let first = Query::new(
            move || filter.get(),
            |filter| async move { api::logs::list(&filter, None).await },
        );
        let pages = Self {
            first,
            older: RwSignal::default(),
            reached: RwSignal::default(),
            loading_older: RwSignal::new(false),
            toasts: Toasts::get(),
        };
        // A new first page makes the rows below it a different list.
        reactive::effect(move || {
            first.data.track();
            pages.older.set(Vec::new());
            pages.reached.set(None);
        });
        pages
    }

    fn rows(self) -> Signal<Vec<Arc<LogItem>>> {
        let newest = reactive::memo_with_compare(
            move |_| {
                self.first.data.with(|page| {
                    page.iter()
                        .flat_map(|page| page.items.iter().cloned().map(Arc::new))
                        .collect::<Vec<_>>()
                })
            },
            |_, _| true,
        );
        reactive::derived(move || newest.with(|newest| newest.iter().cloned().chain(self.older.get()).collect()))
    }

    fn has_older(self) -> bool {
        self.next_cursor().is_some()
    }

    fn next_cursor(self) -> Option<String> {
        let first = || {
            self.first
                .data
                .with(|page| page.as_ref().and_then(|page| page.next_cursor.clone()))
        };
        self.reached.get().unwrap_or_else(first)
    }

    fn load_older(self, filter: Memo<LogFilter>, then: Callback<()>) {
        let Some(cursor) = untrack(|| self.next_cursor()).filter(|_| !self.loading_older.get_untracked()) else {
            return;
        };
        let filter = filter.get_untracked();
        let toasts = self.toasts;
        self.loading_older.set(true);
        spawn_local(async move {
            match api::logs::list(&filter, Some(&cursor)).await {
                Ok(page) => {
                    self.older
                        .update(|older| older.extend(page.items.into_iter().map(Arc::new)));
                    self.reached.set(Some(page.next_cursor));
                    then.run(());
                }
                Err(problem) => toasts.fail(&problem),
            }
            self.loading_older.set(false);
        });
    }

    fn total(self) -> String {
        self.first.data.with(|page| match page {
            Some(page) if page.total_is_lower_bound => t::total_at_least(&format::count(page.total)),
            Some(page) => t::total(&format::count(page.total)),
            None => String::new(),
        })
    }
}

#[component]
pub fn History(state: RequestsState) -> impl IntoView {
    let pages = Pages::new(state.filter);
    reactive::effect(move || {
        if pages.first.data.with(Option::is_some) || pages.first.problem.with(Option::is_some) {
            state.listed.set(true);
        }
    });
    reactive::effect(move || state.problem.set(pages.first.problem.get()));
    let over_time = histogram(state.filter);
    let refresh = move |()| {
        pages.first.reload();
        over_time.reload();
    };
    view! {
        <Histogram query=over_time />
        <div class="list-head">
            <p class="muted" role="status">{move || pages.total()}</p>
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

#[component]
fn Rows(state: RequestsState, pages: Pages) -> impl IntoView {
    let rows = pages.rows();
    let empty = reactive::memo(move |_| rows.with(Vec::is_empty));
    let unfiltered = reactive::memo(move |_| state.filter.with(|filter| *filter == LogFilter::default()));
    let clear = move |()| state.address.close(&filters::names().map(|(param, _)| param));
    let load = move |then: Callback<()>| pages.load_older(state.filter, then);
    reactive::effect(move || {
        let further = pages.has_older().then(|| Callback::new(load));
        state.further.set(further);
    });
    on_cleanup(move || {
        state.further.try_set(None);
    });
    let more = move || {
        pages.has_older().then(|| {
            view! {
                <div class="list-foot">
                    <Button busy=pages.loading_older on_press=move |()| load(Callback::new(|()| ()))>
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
