//! API keys: list, create with the secret shown once, edit, switch, rotate, delete.

mod form;
mod questions;
mod secret;
mod table;

use std::sync::Arc;

use fastgate_shared::admin_token::Role;
use fastgate_shared::api_key::{ApiKey, CreatedApiKey, KeyUsage};
use fastgate_shared::time::Timestamp;
use leptos::prelude::*;

use crate::api;
use crate::components::button::{Button, Weight};
use crate::components::first_rows::{STEP, first_rows};
use crate::components::icon::Glyph;
use crate::components::loaded::{EmptyState, Loaded, TableSkeleton};
use crate::components::page_head::PageHead;
use crate::components::search_box::{SearchBox, SelectFilter};
use crate::components::sorting::{By, Sorting};
use crate::format::{self, lower};
use crate::locales::{common, keys as t};
use crate::pages::keys::form::{EditKey, KeyForm};
use crate::pages::keys::questions::{DeleteKey, RotateKeyDialog};
use crate::pages::keys::secret::SecretDialog;
use crate::pages::keys::table::KeysTable;
use crate::state::address::Address;
use crate::state::clock::Clock;
use crate::state::query::Query;
use crate::state::reactive;

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct KeysState {
    address: Address,
    keys: Query<Vec<ApiKey>>,
    /// How much of their limits keys use now.
    usage: Query<Vec<KeyUsage>>,
    /// A fresh secret that must be acknowledged, and what brought it.
    secret: RwSignal<Option<(&'static str, Arc<CreatedApiKey>)>>,
    asked: RwSignal<Option<Question>>,
}

/// A question about a key that is on the screen.
#[derive(Clone)]
enum Question {
    Rotate(ApiKey),
    Delete(ApiKey),
}

impl KeysState {
    fn filtered(self) -> Signal<Vec<Arc<ApiKey>>> {
        let search = self.address.param("q");
        let status = self.address.param("status");
        let filtered = move |_: Option<&Vec<Arc<ApiKey>>>| {
            let search = lower(&search.get().unwrap_or_default());
            let status = status.get().unwrap_or_default();
            let fits = |key: &&ApiKey| has_text(key, &search) && (status.is_empty() || standing(key) == status);
            self.keys
                .data
                .with(|keys| keys.iter().flatten().filter(fits).cloned().map(Arc::new).collect())
        };
        // Worked out once for all who read it; each row compares itself.
        let filtered = reactive::memo_with_compare(filtered, |_, _| true);
        Sorting::of(self.address).rows(filtered.into(), sorted_by)
    }
}

/// The page.
#[component]
pub fn KeysPage() -> impl IntoView {
    let keys = Query::of_rows(STEP, api::keys::rows).poll(15_000);
    let listed = move || keys.data.with(Option::is_some);
    let state = KeysState {
        address: Address::get(),
        keys,
        usage: Query::after(listed, api::keys::usage).poll(3_000),
        secret: RwSignal::new(None),
        asked: RwSignal::new(None),
    };
    view! {
        <PageHead title=t::title() lead=t::lead()>
            <NewButton state />
        </PageHead>
        <Toolbar address=state.address />
        <section class="card" aria-busy=move || state.keys.loading.get().to_string()>
            <Loaded query=state.keys skeleton=|| view! { <TableSkeleton /> }>
                <KeysList state />
            </Loaded>
        </section>
        <Dialogs state />
    }
}

#[component]
fn NewButton(state: KeysState) -> impl IntoView {
    view! {
        <Button needs=Role::Admin
            weight=Weight::Primary
            glyph=Glyph::Plus
            primary_action=true
            on_press=move |()| state.address.open("new", "1")
        >
            {t::new()}
        </Button>
    }
}

#[component]
fn Toolbar(address: Address) -> impl IntoView {
    let search = address.param("q");
    let status = address.param("status");
    let choices = vec![
        (String::new(), common::all().to_owned()),
        ("active".to_owned(), common::active().to_owned()),
        ("inactive".to_owned(), common::inactive().to_owned()),
        ("expired".to_owned(), common::expired().to_owned()),
    ];
    view! {
        <div class="toolbar">
            <SearchBox
                label=t::search()
                value=reactive::derived(move || search.get().unwrap_or_default())
                on_search=move |text| address.filter("q", Some(text))
            />
            <SelectFilter
                label=t::status_filter()
                value=reactive::derived(move || status.get().unwrap_or_default())
                choices
                on_choose=move |status| address.filter("status", Some(status))
            />
        </div>
    }
}

#[component]
fn KeysList(state: KeysState) -> impl IntoView {
    let rows = state.filtered();
    let none_at_all = reactive::memo(move |_| state.keys.data.with(|keys| keys.as_ref().is_some_and(Vec::is_empty)));
    let none_shown = reactive::memo(move |_| rows.with(Vec::is_empty));
    move || {
        match (none_at_all.get(), none_shown.get()) {
        (true, _) => view! {
            <EmptyState glyph=Glyph::Key sentence=t::empty()>
                <Button needs=Role::Admin weight=Weight::Primary glyph=Glyph::Plus on_press=move |()| state.address.open("new", "1")>
                    {t::create()}
                </Button>
            </EmptyState>
        }
        .into_any(),
        (false, true) => view! {
            <EmptyState glyph=Glyph::Filter sentence=common::nothing_matches()>
                <Button on_press=move |()| state.address.close(&["q", "status"])>{common::clear_filters()}</Button>
            </EmptyState>
        }
        .into_any(),
        (false, false) => {
            let (rows, foot) = first_rows(rows);
            view! {
                <KeysTable state rows />
                {foot}
            }
            .into_any()
        }
    }
    }
}

#[component]
fn Dialogs(state: KeysState) -> impl IntoView {
    let new = state.address.opens("new", Role::Admin);
    let edit = state.address.param("edit");
    view! {
        {move || new.get().then(|| view! { <KeyForm state before=None /> })}
        {move || edit.get().map(|key_id| view! { <EditKey state key_id /> })}
        {move || state.secret.get().map(|(title, created)| view! { <SecretDialog state title created /> })}
        {move || match state.asked.get() {
            Some(Question::Rotate(key)) => view! { <RotateKeyDialog state key /> }.into_any(),
            Some(Question::Delete(key)) => view! { <DeleteKey state key /> }.into_any(),
            None => ().into_any(),
        }}
    }
}

/// The keys to choose from that `offered` says, after the word for none; those that cannot be used are marked.
pub fn choices(keys: Option<&Vec<ApiKey>>, none: &str, offered: &dyn Fn(&ApiKey) -> bool) -> Vec<(String, String)> {
    let mut choices = vec![(String::new(), none.to_owned())];
    for key in keys.into_iter().flatten().filter(|key| offered(key)) {
        let mut word = format!("{} · {}", title_of(key), key.key_preview);
        if !is_usable(key) {
            let why = if is_expired(key) {
                common::expired()
            } else {
                common::inactive()
            };
            word.push_str(&format!(" · {why}"));
        }
        choices.push((key.key_id.clone(), word));
    }
    choices
}

/// Whether requests may be made with a key.
pub fn is_usable(key: &ApiKey) -> bool {
    standing(key) == "active"
}

/// The name of a key for people: its name, else its source.
pub fn title_of(key: &ApiKey) -> String {
    key.definition
        .name
        .clone()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| key.definition.source_path.clone())
}

/// Says until when the value before the last rotation works, while it does.
#[component]
fn OldValue(until: Timestamp) -> impl IntoView {
    let Clock(now) = expect_context();
    let until = format::millis(until);
    move || {
        (until > now.get()).then(|| {
            view! { <span class="cell-sub">{t::old_value_until(&format::exact_time(until)[..16])}</span> }
        })
    }
}

fn standing(key: &ApiKey) -> &'static str {
    if is_expired(key) {
        "expired"
    } else if key.definition.is_active {
        "active"
    } else {
        "inactive"
    }
}

/// What a key is sorted by in a column.
fn sorted_by(column: &str, key: &ApiKey) -> By {
    let time = |time: Option<Timestamp>| By::number(time.map(format::millis));
    match column {
        "name" => By::Text(lower(&title_of(key))),
        "source" => By::Text(lower(&key.definition.source_path)),
        "status" => By::Text(standing(key).to_owned()),
        "limit" => By::number(key.definition.rate_limit.map(f64::from)),
        #[expect(clippy::cast_precision_loss, reason = "to be compared")]
        "used" => By::Number(key.usage_count as f64),
        "last_used" => time(key.last_used_at),
        "expires" => time(key.definition.expires_at),
        _ => By::Nothing,
    }
}

fn is_expired(key: &ApiKey) -> bool {
    key.definition
        .expires_at
        .is_some_and(|at| format::millis(at) < js_sys::Date::now())
}

fn has_text(key: &ApiKey, search: &str) -> bool {
    let texts = [
        title_of(key),
        key.definition.source_path.clone(),
        key.key_preview.clone(),
        key.key_id.clone(),
    ];
    search.is_empty() || texts.iter().any(|text| lower(text).contains(search))
}
