//! A list that comes in pages, newest first: the first one follows what is asked for, older ones are added below it.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use fastgate_shared::page::CursorPage;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::Answer;
use crate::state::query::Query;
use crate::state::reactive;
use crate::state::toasts::Toasts;

type Fetch<T> = Rc<dyn Fn(Option<String>) -> Pin<Box<dyn Future<Output = Answer<CursorPage<T>>>>>>;

/// The rows so far.
pub struct Pages<T: Send + Sync + 'static> {
    /// The first page.
    pub first: Query<CursorPage<T>>,
    /// Older rows are being fetched.
    pub loading_older: RwSignal<bool>,
    rows: Signal<Vec<Arc<T>>>,
    older: RwSignal<Vec<Arc<T>>>,
    /// Where the older rows end; none before the first of them was asked for.
    reached: RwSignal<Option<Option<String>>>,
    fetch: StoredValue<Fetch<T>, LocalStorage>,
    toasts: Toasts,
}

impl<T: Send + Sync> Clone for Pages<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync> Copy for Pages<T> {}

impl<T: Clone + Send + Sync> Pages<T> {
    /// Fetches the first page now and whenever the filter changes; `fetch` gets the filter and the cursor of a page.
    pub fn new<F, Fut>(filter: Memo<F>, fetch: impl Fn(F, Option<String>) -> Fut + 'static) -> Self
    where
        F: Clone + PartialEq + Send + Sync + 'static,
        Fut: Future<Output = Answer<CursorPage<T>>> + 'static,
    {
        let fetch: Fetch<T> = Rc::new(move |cursor| Box::pin(fetch(filter.get_untracked(), cursor)));
        let fetch_first = Rc::clone(&fetch);
        let first = Query::of_page(move || filter.get(), move |_| fetch_first(None));
        let (older, reached) = (RwSignal::<Vec<Arc<T>>>::default(), RwSignal::default());
        // A new first page makes the rows below it a different list.
        reactive::effect(move || {
            first.data.track();
            older.set(Vec::new());
            reached.set(None);
        });
        let newest = reactive::memo_with_compare(
            move |_| {
                first.data.with(|page: &Option<CursorPage<T>>| {
                    let items = page.iter().flat_map(|page| page.items.iter());
                    items.cloned().map(Arc::new).collect::<Vec<_>>()
                })
            },
            |_, _| true,
        );
        Self {
            first,
            rows: reactive::derived(move || newest.with(|newest| newest.iter().cloned().chain(older.get()).collect())),
            loading_older: RwSignal::new(false),
            older,
            reached,
            fetch: StoredValue::new_local(fetch),
            toasts: Toasts::get(),
        }
    }

    /// All rows that were fetched; those of the first page stay the same ones when older rows come.
    pub fn rows(self) -> Signal<Vec<Arc<T>>> {
        self.rows
    }

    /// Whether there are older rows.
    pub fn has_more(self) -> bool {
        self.next_cursor().is_some()
    }

    /// What `say` tells of how many rows there are in all; the flag says that there are so many at least. Empty before it is
    /// known.
    pub fn total(self, say: impl FnOnce(u64, bool) -> String) -> String {
        let total = |page: &Option<CursorPage<T>>| page.as_ref().map(|page| (page.total, page.total_is_lower_bound));
        let total = self.first.data.with(total);
        total.map_or_else(String::new, |(total, is_least)| say(total, is_least))
    }

    fn next_cursor(self) -> Option<String> {
        let first = || self.first.data.with(|page| page.as_ref()?.next_cursor.clone());
        self.reached.get().unwrap_or_else(first)
    }

    /// Whether the list is still the one whose older rows were asked for: the page may be gone by then, or its filter another.
    fn goes_on_from(self, cursor: &str) -> bool {
        !self.reached.is_disposed() && untrack(|| self.next_cursor()).as_deref() == Some(cursor)
    }

    /// Fetches the next page; `then` runs when its rows stand there.
    pub fn load_older(self, then: impl FnOnce() + 'static) {
        let Some(cursor) = untrack(|| self.next_cursor()).filter(|_| !self.loading_older.get_untracked()) else {
            return;
        };
        let toasts = self.toasts;
        let answer = self.fetch.get_value()(Some(cursor.clone()));
        self.loading_older.set(true);
        spawn_local(async move {
            match answer.await {
                Ok(page) if self.goes_on_from(&cursor) => {
                    self.older
                        .update(|older| older.extend(page.items.into_iter().map(Arc::new)));
                    self.reached.set(Some(page.next_cursor));
                    then();
                }
                Ok(_) => {}
                Err(problem) => toasts.fail(&problem),
            }
            self.loading_older.set(false);
        });
    }
}
