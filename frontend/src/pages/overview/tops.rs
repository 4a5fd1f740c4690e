//! What is busiest: routes, keys, models, paths. Each line leads to its requests.

use fastgate_shared::metrics::{MetricsSummary, TopEntry};
use leptos::prelude::*;
use serde_json::{Value, json};

use super::{OverviewState, errors_in_words};
use crate::api;
use crate::app::BASE;
use crate::format;
use crate::locales::overview as t;
use crate::state::reactive;

/// Lines of a list.
const LINES: usize = 6;

#[component]
pub fn TopLists(state: OverviewState) -> impl IntoView {
    let list = move |title: &'static str, of: fn(&MetricsSummary) -> &[TopEntry], filter: fn(&TopEntry) -> Value| {
        let entries = reactive::memo(move |_| {
            state.summary.data.with(|summary| {
                let entries = summary.as_ref().map(of).unwrap_or_default();
                entries.iter().take(LINES).cloned().collect::<Vec<_>>()
            })
        });
        view! { <TopList state title entries filter /> }
    };
    view! {
        <div class="tops">
            {list(t::top_routes(), |s| &s.top_routes, |entry| json!({ "route_id": entry.id }))}
            {list(t::top_keys(), |s| &s.top_keys, |entry| json!({ "key_id": entry.id }))}
            {list(t::top_models(), |s| &s.top_models, |entry| json!({ "model": entry.name }))}
            {list(t::top_paths(), |s| &s.top_paths, |entry| json!({ "path": entry.name }))}
        </div>
    }
}

#[component]
fn TopList(
    state: OverviewState,
    title: &'static str,
    entries: Memo<Vec<TopEntry>>,
    filter: fn(&TopEntry) -> Value,
) -> impl IntoView {
    let link = move |entry: &TopEntry| {
        let mut query = filter(entry);
        // What the figures count is what the log shows.
        let range = state.range.get();
        query["start_time"] = range.start(range.span).into();
        api::with_query(&format!("{BASE}/requests"), &query)
    };
    let line = move |entry: TopEntry, highest: u64| {
        #[expect(clippy::cast_precision_loss, reason = "a width in percent")]
        let share = |n: u64| format!("{}%", format::fixed(n as f64 / highest.max(1) as f64 * 100.0, 1));
        view! {
            <li>
                <a class="top-line" href=link(&entry)>
                    <span class="top-bar" style:width=share(entry.count)></span>
                    <span class="top-name">{entry.name.clone()}</span>
                    <span class="top-errors">
                        {(entry.errors > 0).then(|| errors_in_words(entry.errors))}
                    </span>
                    <span class="top-count">{format::count(entry.count)}</span>
                </a>
            </li>
        }
    };
    let content = move || {
        let lines = entries.get();
        let highest = lines.iter().map(|entry| entry.count).max().unwrap_or(0);
        if lines.is_empty() {
            view! { <p class="muted card-body">{t::nothing_yet()}</p> }.into_any()
        } else {
            let lines = lines.into_iter().map(|entry| line(entry, highest)).collect_view();
            view! { <ol class="top-list" role="list">{lines}</ol> }.into_any()
        }
    };
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{title}</h2>
            </div>
            {content}
        </section>
    }
}
