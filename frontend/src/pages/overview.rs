//! The overview: what the gateway is doing now and did in the chosen range; on a fresh gateway, the first steps.

mod banners;
mod figures;
mod first_run;
mod latency;
mod recent_errors;
mod tops;
mod traffic;
mod upstreams;

use fastgate_shared::metrics::{GroupBy, GroupedMetrics, MetricsSummary, UsedOverTime};
use fastgate_shared::time::Timestamp;
use leptos::prelude::*;

use crate::api;
use crate::app::BASE;
use crate::components::icon::{Glyph, Icon};
use crate::components::loaded::{Loaded, chart_skeleton};
use crate::components::page_head::PageHead;
use crate::components::search_box::SelectFilter;
use crate::components::show::Show;
use crate::format;
use crate::locales::{common, overview as t, shell};
use crate::pages::overview::banners::Banners;
use crate::pages::overview::figures::Figures;
use crate::pages::overview::first_run::FirstRunIfNeeded;
use crate::pages::overview::latency::Latency;
use crate::pages::overview::recent_errors::RecentErrors;
use crate::pages::overview::tops::TopLists;
use crate::pages::overview::traffic::Traffic;
use crate::pages::overview::upstreams::Upstreams;
use crate::state::address::Address;
use crate::state::query::Query;
use crate::state::range::{self, Range};
use crate::state::reactive;

/// The last four: minutes would make too many columns of the others.
const REFRESH: [(u32, &str); 4] = [(5, "5"), (30, "30"), (60, "60"), (0, "0")];

/// What the parts of the page share.
#[derive(Clone, Copy)]
pub struct OverviewState {
    address: Address,
    range: Memo<Range>,
    refresh: Memo<u32>,
    summary: Query<MetricsSummary>,
    /// The range before, as long.
    before: Query<MetricsSummary>,
    /// Over time by class of status.
    over_time: Query<GroupedMetrics>,
    /// Keys and routes over time.
    used: Query<UsedOverTime>,
}

impl OverviewState {
    fn new() -> Self {
        let address = Address::get();
        let (wanted_range, wanted_refresh) = (address.param("range"), address.param("refresh"));
        let range = reactive::memo(move |_| Range::find(wanted_range.get().as_deref().unwrap_or_default()));
        let refresh = reactive::memo(move |_| {
            let wanted = wanted_refresh.get();
            let found = REFRESH.iter().find(|(_, key)| Some(*key) == wanted.as_deref());
            found.map_or(REFRESH[0].0, |(seconds, _)| *seconds)
        });
        // Series and the range before change slowly and cost more.
        let slowly = move || refresh.get().max(30) * u32::from(refresh.get() > 0);
        let summary = Query::of_page(
            move || range.get(),
            |range| async move { api::metrics::summary(&range.start(range.span), None).await },
        )
        .poll_by(move || refresh.get());
        let over_time = Query::of_page(
            move || range.get(),
            |range| async move {
                api::metrics::grouped(Some(GroupBy::Status), range.span, &range.start(range.span), 10).await
            },
        )
        .poll_by(slowly);
        let told = move || summary.data.with(Option::is_some) && over_time.data.with(Option::is_some);
        Self {
            address,
            range,
            refresh,
            summary,
            before: Query::completing(
                told,
                move || range.get(),
                |range| async move {
                    let start = range.start_before(range.span, range.buckets(range.span));
                    api::metrics::summary(&start, Some(&range.end_before(range.span))).await
                },
            )
            .poll_by(slowly),
            over_time,
            used: Query::completing(
                told,
                move || range.get(),
                |range| async move { api::metrics::used(range.span, &range.start(range.span)).await },
            )
            .poll_by(slowly),
        }
    }
}

/// The page.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let state = OverviewState::new();
    let has_summary = reactive::memo(move |_| state.summary.data.with(Option::is_some));
    view! {
        <PageHead title=shell::overview() lead=t::lead()>
            <Choices state />
            <a class="button" href=format!("{BASE}/requests?live=1")>
                <Icon glyph=Glyph::Pulse />
                {t::watch_live()}
            </a>
        </PageHead>
        <div class="stack">
            <Banners summary=state.summary />
            <FirstRunIfNeeded state />
            <Loaded query=state.summary skeleton=|| view! { <Skeleton /> }>
                <Figures state />
            </Loaded>
            <Loaded query=state.over_time skeleton=charts_skeleton>
                <div class="overview-columns">
                    <Traffic state />
                    <Latency state />
                </div>
            </Loaded>
            <div class="overview-columns">
                <RecentErrors refresh=state.refresh />
                <Upstreams refresh=state.refresh />
            </div>
            <Show when=move || has_summary.get()>
                <TopLists state />
            </Show>
        </div>
    }
}

#[component]
fn Choices(state: OverviewState) -> impl IntoView {
    let address = state.address;
    let refresh = REFRESH.map(|(seconds, key)| {
        let word = if seconds == 0 {
            t::refresh_off().to_owned()
        } else {
            t::refresh_every(seconds)
        };
        (key.to_owned(), word)
    });
    view! {
        <SelectFilter
            label=common::range()
            value=reactive::derived(move || state.range.get().key.to_owned())
            choices=range::choices()
            on_choose=move |chosen| address.filter("range", Some(chosen))
        />
        <SelectFilter
            label=t::refresh()
            value=reactive::derived(move || state.refresh.get().to_string())
            choices=refresh.to_vec()
            on_choose=move |chosen| address.filter("refresh", Some(chosen))
        />
    }
}

/// `1 error`, `12 errors`.
fn errors_in_words(n: u64) -> String {
    t::errors(&format::count(n))
}

/// The names of the buckets.
fn bucket_names(metrics: &GroupedMetrics) -> Vec<String> {
    let length = format::hours_between(metrics.start_time, metrics.end_time);
    let name = |start: &Timestamp| format::bucket(*start, metrics.span, length > 25.0);
    metrics.buckets.iter().map(name).collect()
}

fn charts_skeleton() -> AnyView {
    view! { <div class="overview-columns">{chart_skeleton()} {chart_skeleton()}</div> }.into_any()
}

#[component]
fn Skeleton() -> impl IntoView {
    let figure = || {
        view! {
            <div class="card figure">
                <span class="skeleton"></span>
                <span class="skeleton figure-skeleton"></span>
                <span class="skeleton"></span>
            </div>
        }
    };
    view! {
        <div class="figures" aria-hidden="true">
            {(0..7).map(|_| figure()).collect_view()}
        </div>
    }
}
