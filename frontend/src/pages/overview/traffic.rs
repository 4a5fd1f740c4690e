//! Requests over time, stacked by the class of their status, with the same numbers as a table.

use fastgate_shared::metrics::{GroupSeries, GroupedMetrics};
use leptos::prelude::*;

use super::{OverviewState, bucket_names};
use crate::components::time_chart::{ChartData, Legend, Series, TimeChart};
use crate::format::{self, Unit};
use crate::locales::{common, overview as t};
use crate::state::reactive;

/// A column of a chart's numbers: its word, and what it shows of a bucket.
pub type BucketColumn = (fn() -> &'static str, fn(&GroupSeries, usize) -> String);

const COLUMNS: &[BucketColumn] = &[
    (t::requests, |series, at| count(&series.total_requests, at)),
    (t::failed, |series, at| count(&series.errors, at)),
];

fn count(numbers: &[u64], at: usize) -> String {
    format::count(numbers.get(at).copied().unwrap_or_default())
}

#[component]
pub fn Traffic(state: OverviewState) -> impl IntoView {
    let data = reactive::memo(move |_| {
        state
            .over_time
            .data
            .with(|data| data.as_ref().map(chart).unwrap_or_default())
    });
    let summary = reactive::derived(move || {
        let figures = state
            .over_time
            .data
            .with(|data| data.as_ref().map(|data| data.total.figures.figures.clone()));
        let figures = figures.unwrap_or_default();
        t::chart_summary(
            &state.range.get().word(),
            &format::count(figures.total_requests),
            &format::count(figures.errors),
        )
    });
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{t::traffic()}</h2>
                <Legend data />
            </div>
            <div class="card-body">
                <TimeChart data summary />
                <BucketsTable state columns=COLUMNS />
            </div>
        </section>
    }
}

/// The numbers of a chart as a table, newest first.
#[component]
pub fn BucketsTable(state: OverviewState, columns: &'static [BucketColumn]) -> impl IntoView {
    let rows = move || {
        state.over_time.data.with(|data| {
            let Some(data) = data else { return Vec::new() };
            let row = |(at, name): (usize, String)| {
                let cell = |(_, show): &BucketColumn| view! { <td class="num">{show(&data.total.series, at)}</td> };
                view! {
                    <tr>
                        <th scope="row">{name}</th>
                        {columns.iter().map(cell).collect_view()}
                    </tr>
                }
            };
            bucket_names(data)
                .into_iter()
                .enumerate()
                .rev()
                .map(row)
                .collect::<Vec<_>>()
        })
    };
    let head = |(word, _): &BucketColumn| view! { <th scope="col" class="num">{word()}</th> };
    view! {
        <details class="chart-table">
            <summary>{common::show_table()}</summary>
            <table class="plain-table">
                <thead>
                    <tr>
                        <th scope="col">{t::time()}</th>
                        {columns.iter().map(head).collect_view()}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </details>
    }
}

#[expect(clippy::cast_precision_loss, reason = "drawn")]
fn chart(metrics: &GroupedMetrics) -> ChartData {
    let mut groups: Vec<_> = metrics.groups.iter().collect();
    // `1xx` … `5xx`, `none`: what went well is at the bottom.
    crate::order::sort(&mut groups, |one, two| one.name.cmp(&two.name));
    let series = groups.into_iter().map(|group| Series {
        name: if group.name == "none" {
            t::no_answer().to_owned()
        } else {
            group.name.clone()
        },
        class: format!("status-{}", group.name),
        values: group.series.total_requests.iter().map(|n| *n as f64).collect(),
    });
    ChartData {
        labels: bucket_names(metrics),
        series: series.collect(),
        stacked: true,
        unit: Unit::Count,
    }
}
