//! How the targets of the routes are, those in trouble first.

use fastgate_shared::upstream::{UpstreamState, UpstreamStatus};
use leptos::prelude::*;

use crate::api;
use crate::app::BASE;
use crate::components::badge::Badge;
use crate::components::loaded::Loaded;
use crate::format;
use crate::locales::overview as t;
use crate::pages::routes::{looks, reason};
use crate::state::query::Query;
use crate::state::reactive;

/// Lines shown.
const LINES: usize = 6;

#[component]
pub fn Upstreams(refresh: Memo<u32>) -> impl IntoView {
    let upstreams = Query::of_page(|| (), |()| api::upstreams::worst(LINES + 1)).poll_by(move || refresh.get());
    let lines = reactive::memo(move |_| {
        let mut all = upstreams.data.get().unwrap_or_default();
        all.retain(|target| target.state != UpstreamState::Off);
        all
    });
    let content = move || {
        let lines = lines.get();
        let more = lines.len() > LINES;
        if lines.is_empty() {
            return view! { <p class="muted card-body">{t::no_upstreams()}</p> }.into_any();
        }
        let lines = lines.iter().take(LINES).map(line).collect_view();
        let more = more.then(|| view! { <p class="muted card-body">{t::more_upstreams()}</p> });
        view! {
            <ol class="error-list" role="list">{lines}</ol>
            {more}
        }
        .into_any()
    };
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{t::upstreams()}</h2>
                <a href=format!("{BASE}/routes")>{t::all_routes()}</a>
            </div>
            <Loaded query=upstreams skeleton=|| view! { <p class="card-body"><span class="skeleton"></span></p> }>
                {content}
            </Loaded>
        </section>
    }
}

fn line(target: &UpstreamStatus) -> impl IntoView + use<> {
    let link = api::with_query(
        &format!("{BASE}/requests"),
        &serde_json::json!({ "route_id": target.route_id }),
    );
    let latency = target.latency_ms.map(format::duration);
    let (tone, word) = looks(target);
    view! {
        <li>
            <a class="error-line" href=link>
                <Badge tone word />
                <span class="error-path mono">{target.target.clone()}</span>
                <span class="error-time">{latency}</span>
                <span class="error-text">
                    {target.route_name.clone()}
                    {reason(target).map(|reason| format!(" · {reason}"))}
                </span>
            </a>
        </li>
    }
}
