//! The newest requests that failed.

use fastgate_shared::audit_log::LogItem;
use leptos::prelude::*;

use crate::api;
use crate::app::BASE;
use crate::components::badge::{Badge, Tone};
use crate::components::code::with_code;
use crate::components::loaded::Loaded;
use crate::components::relative_time::RelativeTime;
use crate::locales::{self, overview as t};
use crate::pages::requests::tone_of;
use crate::state::query::Query;
use crate::state::reactive;

/// Lines shown.
const LINES: u32 = 6;

#[component]
pub fn RecentErrors(refresh: Memo<u32>) -> impl IntoView {
    let errors = Query::of_page(|| (), |()| api::logs::recent_errors(LINES)).poll_by(move || refresh.get());
    let items = reactive::memo(move |_| {
        errors
            .data
            .with(|page| page.as_ref().map(|page| page.items.clone()).unwrap_or_default())
    });
    let line = |item: LogItem| {
        let status = item.status_code.unwrap_or(0);
        let tone = item
            .outcome
            .map_or(Tone::Info, |outcome| tone_of(outcome, item.status_code));
        view! {
            <li>
                <a class="error-line" href=format!("{BASE}/requests?has_error=true&open={}", item.id)>
                    <Badge tone word=status.to_string() />
                    <span class="error-path mono">{format!("{} {}", item.method, item.path)}</span>
                    <span class="error-text">{item.error_message.as_deref().map(|error| with_code(&locales::refusal(error)))}</span>
                    <span class="error-time">
                        <RelativeTime time=item.request_time />
                    </span>
                </a>
            </li>
        }
    };
    let content = move || {
        let items = items.get();
        if items.is_empty() {
            view! { <p class="muted card-body">{t::no_errors()}</p> }.into_any()
        } else {
            view! { <ol class="error-list" role="list">{items.into_iter().map(line).collect_view()}</ol> }.into_any()
        }
    };
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{t::recent_errors()}</h2>
                <a href=format!("{BASE}/requests?has_error=true")>{t::all_errors()}</a>
            </div>
            <Loaded query=errors skeleton=|| view! { <p class="card-body"><span class="skeleton"></span></p> }>
                {content}
            </Loaded>
        </section>
    }
}
