//! What is busiest: routes, sources, models, paths. Each line leads to its requests.

use fastgate_shared::metrics::{MetricsSummary, TopEntry};
use leptos::prelude::*;
use serde_json::{Value, json};

use super::errors_in_words;
use crate::api;
use crate::app::BASE;
use crate::format;
use crate::locales::overview as t;

/// Lines of a list.
const LINES: usize = 6;

#[component]
pub fn TopLists(summary: Signal<MetricsSummary>) -> impl IntoView {
    view! {
        <div class="tops">
            <TopList
                title=t::top_routes()
                entries=Signal::derive(move || summary.with(|s| s.top_routes.clone()))
                filter=|entry| json!({ "route_id": entry.id })
            />
            <TopList
                title=t::top_sources()
                entries=Signal::derive(move || summary.with(|s| s.top_source_paths.clone()))
                filter=|entry| json!({ "source_path": entry.name })
            />
            <TopList
                title=t::top_models()
                entries=Signal::derive(move || summary.with(|s| s.top_models.clone()))
                filter=|entry| json!({ "model": entry.name })
            />
            <TopList
                title=t::top_paths()
                entries=Signal::derive(move || summary.with(|s| s.top_paths.clone()))
                filter=|entry| json!({ "path": entry.name })
            />
        </div>
    }
}

#[component]
fn TopList(title: &'static str, entries: Signal<Vec<TopEntry>>, filter: fn(&TopEntry) -> Value) -> impl IntoView {
    let lines = Memo::new(move |_| entries.with(|entries| entries.iter().take(LINES).cloned().collect::<Vec<_>>()));
    let line = move |entry: TopEntry, highest: u64| {
        #[expect(clippy::cast_precision_loss, reason = "a width in percent")]
        let share = |n: u64| format!("{:.1}%", n as f64 / highest.max(1) as f64 * 100.0);
        view! {
            <li>
                <a class="top-line" href=api::with_query(&format!("{BASE}/requests"), &filter(&entry))>
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
        let lines = lines.get();
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
