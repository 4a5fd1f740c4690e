//! The configuration in force: each value, where it comes from, and how it is changed.

use std::sync::Arc;

use fastgate_shared::settings::{Setting, SettingOrigin};
use leptos::html;
use leptos::prelude::*;
use serde_json::Value;

use crate::api;
use crate::components::badge::{Badge, Tone};
use crate::components::code::with_code;
use crate::components::copy_button::CopyButton;
use crate::components::data_table::{Column, DataTable, RowRules};
use crate::components::icon::Glyph;
use crate::components::loaded::{EmptyState, Loaded, TableSkeleton};
use crate::components::search_box::{SearchBox, SelectFilter};
use crate::components::show::Show;
use crate::format::lower;
use crate::locales::{self, common, settings as t};
use crate::state::address::Address;
use crate::state::clock::after_paint;
use crate::state::query::Query;
use crate::state::reactive;

const ORIGINS: [SettingOrigin; 4] = [
    SettingOrigin::Default,
    SettingOrigin::File,
    SettingOrigin::Environment,
    SettingOrigin::Flag,
];

#[component]
pub fn Configuration() -> impl IntoView {
    let address = Address::get();
    let (search, origin) = (address.param("q"), address.param("origin"));
    let settings = Query::of_page(|| (), |()| api::settings::list());
    let filtered = move |_: Option<&Vec<Arc<Setting>>>| {
        let search = lower(&search.get().unwrap_or_default());
        let origin = origin.get().unwrap_or_default();
        let fits = |setting: &&Setting| {
            let text = lower(&format!("{} {} {}", setting.key, setting.variable, setting.about));
            text.contains(&search) && (origin.is_empty() || origin_key(setting.origin) == origin)
        };
        settings.data.with(|all| {
            all.iter()
                .flatten()
                .filter(fits)
                .cloned()
                .map(Arc::new)
                .collect::<Vec<_>>()
        })
    };
    let place = NodeRef::<html::Section>::new();
    show_if_sought(search, settings, place);
    // Worked out once for all who read it; each row compares itself.
    let rows = reactive::memo_with_compare(filtered, |_, _| true);
    let mut choices = vec![(String::new(), t::any_origin().to_owned())];
    choices.extend(ORIGINS.map(|origin| (origin_key(origin), origin_word(origin).to_owned())));
    let rules = RowRules {
        id: |setting: &Setting| setting.key.clone(),
        dim: |_| false,
        open: None,
        selected: Signal::stored(None),
        sorting: None,
    };
    view! {
        <section node_ref=place class="card">
            <div class="card-head">
                <h2>{t::configuration()}</h2>
            </div>
            <div class="card-body toolbar">
                <SearchBox
                    label=t::search()
                    value=reactive::derived(move || search.get().unwrap_or_default())
                    on_search=move |text| address.filter("q", Some(text))
                />
                <SelectFilter
                    label=t::origin()
                    value=reactive::derived(move || origin.get().unwrap_or_default())
                    choices
                    on_choose=move |chosen| address.filter("origin", Some(chosen))
                />
            </div>
            <Loaded query=settings skeleton=|| view! { <TableSkeleton /> }>
                <Show
                    when=move || !rows.with(Vec::is_empty)
                    fallback=|| view! { <EmptyState glyph=Glyph::Filter sentence=common::nothing_matches() /> }
                >
                    <DataTable caption=t::configuration() columns=columns() rows rules />
                </Show>
            </Loaded>
        </section>
    }
}

/// Who comes for one of the settings, by a link, does not look for it below the rest of the page.
fn show_if_sought(search: Memo<Option<String>>, settings: Query<Vec<Setting>>, place: NodeRef<html::Section>) {
    let mut sought = search.with_untracked(Option::is_some);
    reactive::effect(move || {
        if sought && settings.data.with(Option::is_some) {
            sought = false;
            // The page may be gone by then.
            after_paint(move || {
                if let Some(section) = place.try_get_untracked().flatten() {
                    section.scroll_into_view();
                }
            });
        }
    });
}

fn columns() -> Vec<Column<Setting>> {
    vec![
        Column::new(t::key(), "title wide", |setting: &Setting| {
            view! {
                <code>{setting.key.clone()}</code>
                <span class="cell-sub">{with_code(&setting.about)}</span>
            }
        }),
        Column::new(t::value(), "setting-value", |setting: &Setting| {
            let allowed = t::allowed(&locales::refusal(&setting.allowed));
            view! {
                <span title=allowed>
                    <span class="mono">{shown(setting)}</span>
                </span>
            }
        }),
        Column::new(t::origin(), "", |setting: &Setting| {
            let tone = match setting.origin {
                SettingOrigin::Default => Tone::Neutral,
                _ => Tone::Info,
            };
            view! {
                <Badge tone word=origin_word(setting.origin) />
                <span class="cell-sub">{setting.source.clone()}</span>
            }
        }),
        Column::new(t::change(), "wide", |setting: &Setting| {
            let owned = match (setting.origin, &setting.source) {
                (SettingOrigin::Environment | SettingOrigin::Flag, Some(source)) => Some(t::owned(source)),
                _ => None,
            };
            let when = if setting.live { t::at_reload() } else { t::at_restart() };
            view! {
                <span class="row setting-variable">
                    <code>{setting.variable.clone()}</code>
                    <CopyButton text=setting.variable.clone() what=setting.variable.clone() />
                </span>
                <span class="cell-sub">{owned} " " {when}</span>
            }
        }),
    ]
}

fn shown(setting: &Setting) -> String {
    match &setting.value {
        _ if setting.secret => (if setting.is_set {
            t::secret_set()
        } else {
            t::secret_unset()
        })
        .to_owned(),
        Value::Null => t::not_set().to_owned(),
        Value::String(text) if text.is_empty() => t::not_set().to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => t::not_set().to_owned(),
        Value::Array(items) => {
            let items = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
            items.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn origin_word(origin: SettingOrigin) -> &'static str {
    match origin {
        SettingOrigin::Default => t::from_default(),
        SettingOrigin::File => t::from_file(),
        SettingOrigin::Environment => t::from_environment(),
        SettingOrigin::Flag => t::from_flag(),
    }
}

/// As the address names it.
fn origin_key(origin: SettingOrigin) -> String {
    format!("{origin:?}").to_ascii_lowercase()
}
