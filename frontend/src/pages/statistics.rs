//! The statistics: figures over time, told apart by route, key, source, model, upstream or status, as a chart and as
//! tables; and when in the week it is busy. Everything that is chosen stands in the address.

mod chart;
mod grid;
mod heat_map;
mod metric;
mod table;

use fastgate_shared::metrics::{BucketSpan, GroupBy, GroupedMetrics};
use fastgate_shared::time::Timestamp;
use leptos::prelude::*;

use crate::api;
use crate::components::loaded::{Loaded, TableSkeleton, chart_skeleton};
use crate::components::page_head::PageHead;
use crate::components::search_box::SelectFilter;
use crate::format;
use crate::locales::{common, statistics as t};
use crate::pages::statistics::chart::OverTime;
use crate::pages::statistics::grid::{Grid, Order};
use crate::pages::statistics::heat_map::HeatMap;
use crate::pages::statistics::metric::Metric;
use crate::pages::statistics::table::{Numbers, read_order};
use crate::state::address::Address;
use crate::state::query::Query;
use crate::state::range::{self, Range};
use crate::state::reactive;

/// Groups that have a colour; the rest is drawn as one.
const GROUPS: u32 = 8;
/// What the server shows at most.
const MAX_BUCKETS: u32 = 1_500;

/// What the parts of the page share.
#[derive(Clone, Copy)]
pub struct StatisticsState {
    pub address: Address,
    pub range: Memo<Range>,
    pub span: Memo<BucketSpan>,
    pub by: Memo<Option<GroupBy>>,
    pub metric: Memo<Metric>,
    pub table: Memo<Option<String>>,
    pub order: Memo<Order>,
    pub query: Query<GroupedMetrics>,
    /// The names of the buckets.
    pub labels: Memo<Vec<String>>,
    /// The table that is open, in its order.
    pub grid: Memo<Grid>,
}

impl StatisticsState {
    fn new() -> Self {
        let address = Address::get();
        let (wanted_range, wanted_span) = (address.param("range"), address.param("span"));
        let (wanted_by, wanted_figure) = (address.param("by"), address.param("figure"));
        let (table, wanted_order) = (address.param("table"), address.param("sort"));
        let range = reactive::memo(move |_| Range::find(wanted_range.get().as_deref().unwrap_or_default()));
        let span = reactive::memo(move |_| {
            let wanted = wanted_span.get();
            let found = spans(range.get()).find(|span| Some(span.as_str()) == wanted.as_deref());
            found.unwrap_or(range.get().span)
        });
        let by = reactive::memo(move |_| named(&GroupBy::ALL, GroupBy::as_str, wanted_by.get()));
        let metric =
            reactive::memo(move |_| named(&Metric::ALL, Metric::key, wanted_figure.get()).unwrap_or(Metric::Requests));
        let query = Query::of_page(
            move || (by.get(), range.get(), span.get()),
            |(by, range, span)| async move { api::metrics::grouped(by, span, &range.start(span), GROUPS).await },
        )
        .poll(60_000);
        let labels = reactive::memo(move |_| {
            query
                .data
                .with(|data| data.as_ref().map(bucket_names).unwrap_or_default())
        });
        let order = reactive::memo(move |_| match (wanted_order.get(), table.get()) {
            (Some(text), _) => read_order(&text),
            // The newest first; of totals the busiest.
            (None, Some(_)) => (None, true),
            (None, None) => (Some(0), true),
        });
        let grid = reactive::memo(move |_| {
            query.data.with(|data| {
                let Some(data) = data else { return Grid::default() };
                let mut grid = if table.get().is_some() {
                    labels.with(|labels| Grid::over_time(data, by.get(), metric.get(), labels))
                } else {
                    Grid::totals(data, by.get())
                };
                grid.sort(order.get());
                grid
            })
        });
        Self {
            address,
            range,
            span,
            by,
            metric,
            table,
            order,
            query,
            labels,
            grid,
        }
    }
}

/// The one that the address names.
fn named<T: Copy>(all: &[T], name: fn(T) -> &'static str, wanted: Option<String>) -> Option<T> {
    let wanted = wanted?;
    all.iter().copied().find(|one| name(*one) == wanted)
}

fn skeleton() -> AnyView {
    view! {
        {chart_skeleton()}
        <div class="card"><TableSkeleton /></div>
    }
    .into_any()
}

/// The page.
#[component]
pub fn StatisticsPage() -> impl IntoView {
    let state = StatisticsState::new();
    view! {
        <PageHead title=t::title() lead=t::lead() />
        <div class="stack">
            <Toolbar state />
            <Loaded query=state.query skeleton=skeleton>
                <OverTime state />
                <Numbers state />
            </Loaded>
            <HeatMap />
        </div>
    }
}

#[component]
fn Toolbar(state: StatisticsState) -> impl IntoView {
    let address = state.address;
    let span_choices = reactive::derived(move || {
        let choices = spans(state.range.get()).map(|span| (span.as_str().to_owned(), span_word(span).to_owned()));
        choices.collect::<Vec<_>>()
    });
    let mut by_choices = vec![(String::new(), t::all_requests().to_owned())];
    by_choices.extend(GroupBy::ALL.map(|by| (by.as_str().to_owned(), by_word(by).to_owned())));
    let figures = Metric::ALL.map(|metric| (metric.key().to_owned(), metric.word().to_owned()));
    view! {
        <div class="toolbar">
            <SelectFilter
                label=common::range()
                value=reactive::derived(move || state.range.get().key.to_owned())
                choices=range::choices()
                on_choose=move |chosen| address.filter_all(vec![("range", chosen), ("span", String::new())])
            />
            <SelectFilter
                label=t::buckets()
                value=reactive::derived(move || state.span.get().as_str().to_owned())
                choices=span_choices
                on_choose=move |chosen| address.filter("span", Some(chosen))
            />
            <SelectFilter
                label=t::group_by()
                value=reactive::derived(move || state.by.get().map_or("", GroupBy::as_str).to_owned())
                choices=by_choices
                on_choose=move |chosen| address.filter_all(vec![("by", chosen), ("sort", String::new())])
            />
            <SelectFilter
                label=t::figure()
                value=reactive::derived(move || state.metric.get().key().to_owned())
                choices=figures.to_vec()
                on_choose=move |chosen| address.filter("figure", Some(chosen))
            />
        </div>
    }
}

/// The buckets that a range can be shown in.
fn spans(range: Range) -> impl Iterator<Item = BucketSpan> {
    let fits = move |span: &BucketSpan| (2..=MAX_BUCKETS).contains(&range.buckets(*span)) || *span == range.span;
    BucketSpan::ALL.into_iter().filter(fits)
}

fn span_word(span: BucketSpan) -> &'static str {
    match span {
        BucketSpan::Minute => t::by_minute(),
        BucketSpan::Hour => t::by_hour(),
        BucketSpan::Day => t::by_day(),
    }
}

fn by_word(by: GroupBy) -> &'static str {
    match by {
        GroupBy::Route => t::by_route(),
        GroupBy::Key => t::by_key(),
        GroupBy::Source => t::by_source(),
        GroupBy::Model => t::by_model(),
        GroupBy::Upstream => t::by_upstream(),
        GroupBy::Status => t::by_status(),
    }
}

fn bucket_names(metrics: &GroupedMetrics) -> Vec<String> {
    let length = format::hours_between(metrics.start_time, metrics.end_time);
    let name = |start: &Timestamp| format::bucket(*start, metrics.span, length > 6.0);
    metrics.buckets.iter().map(name).collect()
}
