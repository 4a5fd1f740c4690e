//! What stands where fetched data will be: a skeleton of the same shape, an error with Retry, or the data.

use fastgate_shared::problem::Problem;
use leptos::prelude::*;

use crate::api;
use crate::components::button::Button;
use crate::components::code::with_code;
use crate::components::copy_button::CopyButton;
use crate::components::icon::{Glyph, Icon};
use crate::locales::{self, common as t};
use crate::state::address::Address;
use crate::state::query::Query;
use crate::state::shortcuts::focus_page;
use crate::state::{clock, reactive};

/// How long an answer is waited for before a skeleton says so, milliseconds: one that would only flash is not built.
const SOON_MS: u64 = 100;

/// What a list is filtered by: where the filters are, and each with its name for people.
#[derive(Clone)]
pub struct Filters(pub Address, pub Vec<(&'static str, &'static str)>);

/// Shows `children` once the query has data, and goes on showing them while it refreshes or fails to.
#[component]
pub fn Loaded<T>(
    query: Query<T>,
    #[prop(into)] skeleton: ViewFn,
    /// The filters that can be refused.
    #[prop(optional, into)]
    filters: Option<Filters>,
    children: ChildrenFn,
) -> impl IntoView
where
    T: Send + Sync + 'static,
{
    let state = State {
        has_data: reactive::memo(move |_| query.data.with(Option::is_some)),
        problem: query.problem,
        reload: Callback::new(move |()| query.reload()),
    };
    loaded(state, skeleton, filters, children)
}

/// A query, whatever its data: what shows of it is in the WASM file once.
#[derive(Clone, Copy)]
struct State {
    has_data: Memo<bool>,
    problem: RwSignal<Option<Problem>>,
    reload: Callback<()>,
}

fn loaded(state: State, skeleton: ViewFn, filters: Option<Filters>, children: ChildrenFn) -> AnyView {
    let State {
        has_data,
        problem,
        reload,
    } = state;
    let late = clock::late(SOON_MS);
    let content = move || {
        if has_data.get() {
            children()
        } else if let Some(problem) = problem.get() {
            match filters.clone().filter(|_| !problem.errors.is_empty()) {
                Some(filters) => view! { <RefusedFilters filters problem /> }.into_any(),
                None => view! { <ErrorState problem on_retry=reload /> }.into_any(),
            }
        } else if late.get() {
            view! {
                <p class="visually-hidden" role="status">{t::loading()}</p>
                {skeleton.run()}
            }
            .into_any()
        } else {
            view! { <div aria-busy="true"></div> }.into_any()
        }
    };
    let stale = move || {
        problem.get().filter(|_| has_data.get()).map(|problem| {
            view! {
                <div class="banner banner-warn" role="status">
                    <Icon glyph=Glyph::Alert />
                    <div>
                        {t::could_not_refresh()}
                        " "
                        {with_code(&api::sentence(&problem))}
                    </div>
                    <Button small=true on_press=reload>
                        {t::retry()}
                    </Button>
                </div>
            }
        })
    };
    view! {
        {stale}
        {content}
    }
    .into_any()
}

/// Which filters make no sense, and why; the same call again would be refused again, so that there is no Retry.
#[component]
pub fn RefusedFilters(filters: Filters, problem: Problem) -> impl IntoView {
    let Filters(address, names) = filters;
    let said = problem.errors.iter().map(|error| {
        let name = names.iter().find(|(filter, _)| *filter == error.field);
        let name = name.map_or(error.field.as_str(), |(_, name)| name).to_owned();
        view! { <p><strong>{name}</strong> ": " {with_code(&locales::refusal(&error.message))}</p> }
    });
    let said = said.collect_view();
    let clear = move |()| {
        let refused = |name: &str| problem.errors.iter().any(|error| error.field == name);
        let refused = names.iter().map(|(name, _)| *name).filter(|name| refused(name));
        address.close(&refused.collect::<Vec<_>>());
        focus_page();
    };
    view! {
        <div class="empty empty-bad" role="alert">
            <Icon glyph=Glyph::Filter />
            <h2>{t::filters_refused()}</h2>
            {said}
            <Button on_press=clear>{t::clear_refused()}</Button>
        </div>
    }
}

/// What went wrong, the request id to look it up by, and Retry.
#[component]
pub fn ErrorState(problem: Problem, #[prop(into)] on_retry: Callback<()>) -> impl IntoView {
    view! {
        <div class="empty empty-bad" role="alert">
            <Icon glyph=Glyph::Alert />
            <h2>{t::could_not_load()}</h2>
            <p>{with_code(&api::sentence(&problem))}</p>
            {problem
                .request_id
                .map(|id| {
                    view! {
                        <p class="row">
                            <span class="muted">{t::request_id()}</span>
                            <code>{id.clone()}</code>
                            <CopyButton text=id what=t::request_id() />
                        </p>
                    }
                })}
            <Button glyph=Glyph::Refresh on_press=on_retry>
                {t::retry()}
            </Button>
        </div>
    }
}

/// An empty place: one sentence and the next action.
#[component]
pub fn EmptyState(
    glyph: Glyph,
    #[prop(into)] sentence: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Icon glyph />
            <p>{sentence}</p>
            {children.map(|children| children())}
        </div>
    }
}

/// The skeleton of a card with a chart.
pub fn chart_skeleton() -> AnyView {
    view! {
        <div class="card" aria-hidden="true">
            <p class="card-body">
                <span class="skeleton"></span>
                <span class="skeleton chart-skeleton"></span>
            </p>
        </div>
    }
    .into_any()
}

/// Why what only helps a page could not be loaded, with Retry; nothing where it was.
#[component]
pub fn NotLoaded<T: Send + Sync + 'static>(query: Query<T>) -> impl IntoView {
    let retry = Callback::new(move |()| query.reload());
    let problem = reactive::derived(move || query.problem.get().filter(|_| query.data.with(Option::is_none)));
    not_loaded(problem, retry)
}

fn not_loaded(problem: Signal<Option<Problem>>, retry: Callback<()>) -> AnyView {
    (move || {
        problem
            .get()
            .map(|problem| view! { <ErrorState problem on_retry=retry /> })
    })
    .into_any()
}

/// The skeleton of a table.
#[component]
pub fn TableSkeleton() -> impl IntoView {
    let row = || {
        view! {
            <div class="skeleton-row">
                {(0..5).map(|_| view! { <span class="skeleton"></span> }).collect_view()}
            </div>
        }
    };
    view! { <div aria-hidden="true">{(0..6).map(|_| row()).collect_view()}</div> }
}
