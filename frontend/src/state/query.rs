//! What a page fetched: the data, whether it is being fetched anew, and what went wrong. Old data stays visible while
//! new data is on its way; of two answers the one asked for last counts. What a page showed a moment ago stands there when
//! it is opened again (`api::recent`).

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use fastgate_shared::problem::Problem;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{Answer, recent};
use crate::state::reactive;
use crate::state::session::Session;

/// A call, ready to be made.
type Fetch<T> = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Answer<T>>>>>;

/// Fetched data.
pub struct Query<T: Send + Sync + 'static> {
    /// The last good answer.
    pub data: RwSignal<Option<T>>,
    /// Why the last call failed; none after a good answer.
    pub problem: RwSignal<Option<Problem>>,
    /// A call is under way.
    pub loading: RwSignal<bool>,
    run: StoredValue<Rc<dyn Fn()>, LocalStorage>,
}

impl<T: Send + Sync> Clone for Query<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync> Copy for Query<T> {}

impl<T: Send + Sync> Query<T> {
    /// Fetches now, and again whenever the key changes.
    pub fn new<K, F, Fut>(key: impl Fn() -> K + 'static, fetch: F) -> Self
    where
        K: Clone + PartialEq + 'static,
        F: Fn(K) -> Fut + 'static,
        Fut: Future<Output = Answer<T>> + 'static,
    {
        Self::following(key, fetch, false)
    }

    /// As [`Self::new`], of what a page consists of: begins with what was answered a moment ago, and fetches anew once that is
    /// painted. Not for what is about to be changed.
    pub fn of_page<K, F, Fut>(key: impl Fn() -> K + 'static, fetch: F) -> Self
    where
        K: Clone + PartialEq + 'static,
        F: Fn(K) -> Fut + 'static,
        Fut: Future<Output = Answer<T>> + 'static,
    {
        Self::following(key, fetch, true)
    }

    fn following<K, F, Fut>(key: impl Fn() -> K + 'static, fetch: F, is_of_page: bool) -> Self
    where
        K: Clone + PartialEq + 'static,
        F: Fn(K) -> Fut + 'static,
        Fut: Future<Output = Answer<T>> + 'static,
    {
        let key = Rc::new(key);
        let current_key = Rc::clone(&key);
        let query = Self::of(Box::new(move || Box::pin(fetch(untrack(|| current_key())))));
        // Not left to the effect, which runs once the page is built: the call is under way meanwhile.
        let last = RefCell::new(untrack(|| key()));
        if is_of_page {
            begin_with_recent(query.run.get_value());
        } else {
            query.reload();
        }
        let is_new = move || {
            let key = key();
            let is_new = *last.borrow() != key;
            last.replace(key);
            is_new
        };
        when_new(Box::new(is_new), Box::new(move || query.reload()));
        query
    }

    /// Fetches once what completes the page is wanted: when `ready` says for the first time that the rest is there, and painted.
    pub fn after<F, Fut>(ready: impl Fn() -> bool + 'static, fetch: F) -> Self
    where
        F: Fn() -> Fut + 'static,
        Fut: Future<Output = Answer<T>> + 'static,
    {
        let query = Self::of(Box::new(move || Box::pin(fetch())));
        once_painted(Box::new(ready), Box::new(move || query.reload()));
        query
    }

    /// As [`Self::new`], of what completes the page: not before `ready` says that the rest is there, and that is painted.
    pub fn completing<K, F, Fut>(
        ready: impl Fn() -> bool + 'static,
        key: impl Fn() -> K + Send + Sync + 'static,
        fetch: F,
    ) -> Self
    where
        K: Clone + PartialEq + 'static,
        F: Fn(K) -> Fut + 'static,
        Fut: Future<Output = Answer<T>> + 'static,
    {
        let painted = RwSignal::new(false);
        once_painted(
            Box::new(ready),
            Box::new(move || {
                painted.try_set(true);
            }),
        );
        let fetch = Rc::new(fetch);
        let key = move || painted.get().then(&key);
        Self::new(key, move |key| {
            let fetch = Rc::clone(&fetch);
            async move {
                match key {
                    Some(key) => fetch(key).await,
                    // Asked again when it is time.
                    None => std::future::pending().await,
                }
            }
        })
    }

    // Knows neither the key nor the call: each type of data has its code once.
    fn of(fetch: Fetch<T>) -> Self {
        let data = RwSignal::new(None);
        let problem = RwSignal::new(None);
        let loading = RwSignal::new(false);
        let asked = StoredValue::new(0_u64);
        let run: Rc<dyn Fn()> = Rc::new(move || {
            if Session::is_locked() {
                return;
            }
            asked.update_value(|asked| *asked += 1);
            let mine = asked.get_value();
            loading.set(true);
            let mut answer = fetch();
            // Polled once here, so that the request is sent now and not when the browser has a moment.
            let at_once = untrack(|| answer.as_mut().poll(&mut Context::from_waker(Waker::noop())));
            let heard = move |answer: Answer<T>| {
                loading.set(false);
                match answer {
                    Ok(answer) => {
                        problem.set(None);
                        data.set(Some(answer));
                    }
                    // The session has ended: whoever signs in again gets the answer.
                    Err(why) if why.status == 401 => {}
                    Err(why) => {
                        // What was asked for cannot be answered, or is not there: what is shown answers something else.
                        if matches!(why.status, 404 | 422) {
                            data.set(None);
                        }
                        problem.set(Some(why));
                    }
                }
            };
            match at_once {
                Poll::Ready(answer) => heard(answer),
                Poll::Pending => spawn_local(async move {
                    let answer = answer.await;
                    // The page may be gone (`None`), or may have asked again.
                    if asked.try_get_value() == Some(mine) {
                        heard(answer);
                    }
                }),
            }
        });
        Session::when_back(Rc::clone(&run));
        let again = Rc::clone(&run);
        super::connection::when_back(Rc::new(move || {
            if problem.with_untracked(Option::is_some) {
                again();
            }
        }));
        Self {
            data,
            problem,
            loading,
            run: StoredValue::new_local(run),
        }
    }

    /// Fetches again.
    pub fn reload(self) {
        // Gone with its page.
        if let Some(run) = self.run.try_get_value() {
            run();
        }
    }

    /// Fetches again every so many seconds, as the signal says at the time; never at 0. Five seconds are the shortest.
    pub fn poll_by(self, seconds: impl Fn() -> u32 + Clone + Send + Sync + 'static) -> Self {
        const STEP: u32 = 5;
        let passed = StoredValue::new(0_u32);
        super::clock::every(u64::from(STEP) * 1_000, move || {
            let every = untrack(&seconds);
            let now = passed.try_get_value().unwrap_or_default() + STEP;
            let due = every > 0 && now >= every;
            passed.try_set_value(if due { 0 } else { now });
            if due {
                self.reload();
            }
        });
        self
    }

    /// Fetches again every so many milliseconds while the page is visible.
    pub fn poll(self, interval_ms: u64) -> Self {
        let tick = StoredValue::new_local(self.run.get_value());
        super::clock::every(interval_ms, move || {
            if let Some(run) = tick.try_get_value() {
                run();
            }
        });
        self
    }
}

impl<T: Send + Sync> Query<Vec<T>> {
    /// A long list: the first `many` rows, so that the page is there soon, and all of it once these are painted and whenever it is
    /// fetched again. Where the address asks for something of the list, all of it comes at once. `fetch` gets how many.
    pub fn of_rows<F, Fut>(many: usize, fetch: F) -> Self
    where
        F: Fn(Option<usize>) -> Fut + 'static,
        Fut: Future<Output = Answer<Vec<T>>> + 'static,
    {
        let search = window().location().search().unwrap_or_default();
        let first = Cell::new(search.is_empty().then_some(many));
        let query = Self::of(Box::new(move || Box::pin(fetch(first.take()))));
        begin_with_recent(query.run.get_value());
        let mut is_part = search.is_empty();
        reactive::effect(move || {
            if is_part
                && query
                    .data
                    .with(|rows| rows.as_ref().is_some_and(|rows| rows.len() >= many))
            {
                is_part = false;
                super::clock::after_paint(move || query.reload());
            }
        });
        query
    }
}

/// Fetches what was answered a moment ago, and anew once that is painted; what was not, now.
fn begin_with_recent(run: Rc<dyn Fn()>) {
    if recent::served(|| run()) {
        super::clock::after_paint(move || run());
    }
}

/// Calls `then` whenever what the key follows has changed and it is another one.
fn when_new(is_new: Box<dyn Fn() -> bool>, then: Box<dyn Fn()>) {
    reactive::effect(move || {
        if is_new() {
            then();
        }
    });
}

/// Calls `then` once, when `ready` says for the first time that the rest of a page is there, and that is painted.
fn once_painted(ready: Box<dyn Fn() -> bool>, then: Box<dyn Fn()>) {
    let mut then = Some(then);
    reactive::effect(move || {
        if then.is_some()
            && ready()
            && let Some(then) = then.take()
        {
            super::clock::after_paint(then);
        }
    });
}

/// Asks for something once; when the session ends meanwhile, again after the sign-in. `failed` hears why there is no answer.
pub fn once<T, F, Fut>(fetch: F, failed: impl Fn(&Problem) + 'static) -> RwSignal<Option<T>>
where
    T: Send + Sync + 'static,
    F: Fn() -> Fut + 'static,
    Fut: Future<Output = Answer<T>> + 'static,
{
    let found = RwSignal::new(None);
    let query = Query::new(|| (), move |()| fetch());
    reactive::effect(move || {
        if let Some(problem) = query.problem.get() {
            failed(&problem);
        }
    });
    reactive::effect(move || {
        query.data.track();
        // What came later would take the place of what is being typed.
        if found.with_untracked(Option::is_none)
            && let Some(data) = query.data.try_update_untracked(Option::take).flatten()
        {
            found.set(Some(data));
        }
    });
    found
}
