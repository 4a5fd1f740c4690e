//! The history of the configuration: who changed what, when, field by field, and the way back. Beside it the trail of the
//! administrators. Which of them shows, filters and the open change live in the address.

mod record;
mod restore;
mod table;
mod trail;

use fastgate_shared::changes::{Author, Change, ChangeAction, ChangeSource, ChangedKind};
use fastgate_shared::problem::Problem;
use leptos::prelude::*;

use crate::api;
use crate::api::changes::ChangeFilter;
use crate::components::badge::{Badge, Tone};
use crate::components::button::Button;
use crate::components::either::either;
use crate::components::field::FieldMessage;
use crate::components::icon::{Glyph, Icon};
use crate::components::loaded::{EmptyState, Filters, Loaded, TableSkeleton};
use crate::components::page_head::PageHead;
use crate::components::search_box::SelectFilter;
use crate::components::unique_id;
use crate::format;
use crate::locales::{changes as t, common};
use crate::pages::changes::record::ChangeDrawer;
use crate::pages::changes::restore::RestoreDialog;
use crate::pages::changes::table::ChangesTable;
use crate::pages::changes::trail::Trail;
use crate::state::address::Address;
use crate::state::form::FormErrors;
use crate::state::pages::Pages;
use crate::state::reactive;

/// The parameters that filter.
const FILTERS: [&str; 5] = ["kind", "object_id", "author", "start_time", "end_time"];

/// The same, each with its name for people.
fn names() -> [(&'static str, &'static str); 5] {
    let words = [
        t::kind_filter(),
        t::object_id(),
        t::author_filter(),
        t::from_day(),
        t::to_day(),
    ];
    std::array::from_fn(|at| (FILTERS[at], words[at]))
}

/// What the parts of the history share.
#[derive(Clone, Copy)]
struct ChangesState {
    address: Address,
    filter: Memo<ChangeFilter>,
    pages: Pages<Change>,
    to_restore: RwSignal<Option<Change>>,
}

impl ChangesState {
    fn new(address: Address) -> Self {
        let param = move |name| address.param(name);
        let (kind, object_id, author) = (param("kind"), param("object_id"), param("author"));
        let (start_time, end_time) = (param("start_time"), param("end_time"));
        let filter = reactive::memo(move |_| ChangeFilter {
            kind: kind.get(),
            object_id: object_id.get(),
            author: author.get(),
            start_time: start_time.get(),
            end_time: end_time.get(),
        });
        Self {
            address,
            filter,
            pages: Pages::new(filter, |filter, cursor| async move {
                api::changes::list(&filter, cursor.as_deref()).await
            }),
            to_restore: RwSignal::new(None),
        }
    }

    fn find(self, id: &str) -> Option<Change> {
        let rows = self.pages.rows();
        rows.with(|rows| {
            rows.iter()
                .find(|change| change.id == id)
                .map(|change| Change::clone(change))
        })
    }

    fn total(self) -> String {
        self.pages.total(|total, _| t::total(&format::count(total)))
    }
}

/// The page: the history of the configuration, or the trail of the administrators.
#[component]
pub fn ChangesPage() -> impl IntoView {
    let address = Address::get();
    let trail = address.has("trail");
    view! {
        <PageHead title=t::title() lead=t::lead()>
            <ViewSwitch address trail />
        </PageHead>
        {move || {
            if trail.get() { view! { <Trail address /> }.into_any() } else { view! { <History address /> }.into_any() }
        }}
    }
}

#[component]
fn ViewSwitch(address: Address, trail: Memo<bool>) -> impl IntoView {
    let choose = move |is_trail: bool| {
        // The filters of one mean nothing to the other.
        let mut changes = FILTERS.map(|name| (name, String::new())).to_vec();
        changes.push(("trail", if is_trail { "1".to_owned() } else { String::new() }));
        address.filter_all(changes);
    };
    let words = [t::configuration(), t::administrators()];
    either(t::view(), "view", words, trail.into(), choose)
}

#[component]
fn History(address: Address) -> impl IntoView {
    let state = ChangesState::new(address);
    let open = state.address.param("open");
    // Follows the address, and the list until it is there: a refresh does not rebuild an open drawer.
    let shown = reactive::memo(move |_| open.get().and_then(|id| state.find(&id)));
    view! {
        <Toolbar state />
        {list_head(state.pages, reactive::derived(move || state.total()))}
        <section class="card" aria-busy=move || state.pages.first.loading.get().to_string()>
            <Loaded
                query=state.pages.first
                skeleton=|| view! { <TableSkeleton /> }
                filters=Filters(address, names().to_vec())
            >
                <List state />
            </Loaded>
        </section>
        {move || shown.get().map(|change| view! { <ChangeDrawer state change /> })}
        {move || state.to_restore.get().map(|change| view! { <RestoreDialog state change /> })}
    }
}

/// How much there is, and the button that looks again.
fn list_head<T: Clone + Send + Sync>(pages: Pages<T>, total: Signal<String>) -> impl IntoView {
    view! {
        <div class="list-head">
            <p class="muted" role="status">
                {total}
            </p>
            <div class="row list-tools">
                <Button small=true glyph=Glyph::Refresh on_press=move |()| pages.first.reload()>
                    {t::refresh()}
                </Button>
            </div>
        </div>
    }
}

/// The button for what is older, while there is such.
fn list_foot<T: Clone + Send + Sync>(pages: Pages<T>) -> impl IntoView {
    move || {
        pages.has_more().then(|| {
            view! {
                <div class="list-foot">
                    <Button busy=pages.loading_older on_press=move |()| pages.load_older(|| ())>
                        {t::older()}
                    </Button>
                </div>
            }
        })
    }
}

#[component]
fn Toolbar(state: ChangesState) -> impl IntoView {
    let address = state.address;
    let choice = |value: &str, word: &str| (value.to_owned(), word.to_owned());
    let kinds = vec![
        choice("", t::any_kind()),
        choice("key", t::key()),
        choice("route", t::route()),
        choice("setting", t::setting()),
    ];
    let authors = vec![
        choice("", t::anybody()),
        choice("session", t::by_session()),
        choice("admin_token", t::by_token()),
        choice("named_token", t::by_named_token()),
        choice("program", t::by_program()),
    ];
    let text = move |name: &'static str| {
        let value = address.param(name);
        reactive::derived(move || value.get().unwrap_or_default())
    };
    let object = address.has("object_id");
    let chip = move || {
        object.get().then(|| {
            view! {
                <button
                    type="button"
                    class="chip"
                    aria-label=t::remove_filter()
                    on:click=move |_| address.filter("object_id", None)
                >
                    {t::one_object()}
                    <Icon glyph=Glyph::Cross />
                </button>
            }
        })
    };
    view! {
        <div class="toolbar">
            <SelectFilter
                label=t::kind_filter()
                value=text("kind")
                choices=kinds
                on_choose=move |kind| address.filter("kind", Some(kind))
            />
            <SelectFilter
                label=t::author_filter()
                value=text("author")
                choices=authors
                on_choose=move |author| address.filter("author", Some(author))
            />
            {days(address, state.pages.first.problem)}
            {chip}
        </div>
    }
}

/// The first and the last day of a list; what is refused of them stands below them.
fn days(address: Address, problem: RwSignal<Option<Problem>>) -> impl IntoView {
    let errors = FormErrors::of_filters(problem.into());
    let day = move |label: &'static str, name: &'static str| {
        let value = address.param(name);
        let message = errors.of(name);
        let error = unique_id();
        view! {
            <label class="day">
                <span class="muted">{label}</span>
                <input
                    class="input"
                    type="date"
                    aria-describedby=error.clone()
                    aria-invalid=move || message.with(Option::is_some).then_some("true")
                    prop:value=move || value.get().unwrap_or_default()
                    on:change=move |event| address.filter(name, Some(event_target_value(&event)))
                />
            </label>
            <div id=error aria-live="polite">
                <FieldMessage message />
            </div>
        }
    };
    view! {
        {day(t::from_day(), "start_time")}
        {day(t::to_day(), "end_time")}
    }
}

#[component]
fn List(state: ChangesState) -> impl IntoView {
    let rows = state.pages.rows();
    let empty = reactive::memo(move |_| rows.with(Vec::is_empty));
    let unfiltered = reactive::memo(move |_| state.filter.with(|filter| *filter == ChangeFilter::default()));
    move || match (empty.get(), unfiltered.get()) {
        (true, true) => view! { <EmptyState glyph=Glyph::History sentence=t::empty() /> }.into_any(),
        (true, false) => view! {
            <EmptyState glyph=Glyph::Filter sentence=common::nothing_matches()>
                <Button on_press=move |()| state.address.close(&FILTERS)>{common::clear_filters()}</Button>
            </EmptyState>
        }
        .into_any(),
        (false, _) => view! {
            <ChangesTable state rows />
            {list_foot(state.pages)}
        }
        .into_any(),
    }
}

/// What was done, as a badge.
fn action_badge(action: ChangeAction) -> impl IntoView {
    let (tone, word) = match action {
        ChangeAction::Created => (Tone::Good, t::created()),
        ChangeAction::Updated => (Tone::Info, t::updated()),
        ChangeAction::Toggled => (Tone::Neutral, t::toggled()),
        ChangeAction::Rotated => (Tone::Warn, t::rotated()),
        ChangeAction::Deleted => (Tone::Bad, t::deleted()),
    };
    view! { <Badge tone word /> }
}

/// The kind of thing, as a word.
const fn glyph_of(kind: ChangedKind) -> Glyph {
    match kind {
        ChangedKind::Key => Glyph::Key,
        ChangedKind::Route => Glyph::Route,
        ChangedKind::Setting => Glyph::Monitor,
    }
}

fn kind_word(kind: ChangedKind) -> &'static str {
    match kind {
        ChangedKind::Key => t::key(),
        ChangedKind::Route => t::route(),
        ChangedKind::Setting => t::setting(),
    }
}

fn object_name(change: &Change) -> String {
    match change.kind {
        ChangedKind::Setting if change.object_name == "master_key" => t::master_key().to_owned(),
        ChangedKind::Setting => t::admin_token().to_owned(),
        _ => change.object_name.clone(),
    }
}

/// By what somebody showed who they are.
fn author_word(author: &Author) -> &'static str {
    format::author_word(author.kind)
}

/// The address, and by which way the change came where that is a special one.
fn author_detail(change: &Change) -> String {
    let way = match change.source {
        ChangeSource::Import => Some(t::via_import()),
        ChangeSource::Restore => Some(t::via_restore()),
        ChangeSource::Api | ChangeSource::Command => None,
    };
    let parts = [change.author.name.as_deref(), change.author.address.as_deref(), way];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
