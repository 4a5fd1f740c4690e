//! Requests over time, stacked by the class of their status, with the same numbers as a table.

use fastgate_shared::metrics::GroupedMetrics;
use leptos::prelude::*;

use super::{OverviewState, bucket_names};
use crate::components::time_chart::{ChartData, Legend, Series, TimeChart};
use crate::format::{self, Unit};
use crate::locales::{common, overview as t};
use crate::state::reactive;

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
                <details class="chart-table">
                    <summary>{common::show_table()}</summary>
                    <BucketsTable state />
                </details>
            </div>
        </section>
    }
}

/// The numbers of both charts, newest first.
#[component]
fn BucketsTable(state: OverviewState) -> impl IntoView {
    let rows = move || {
        state.over_time.data.with(|data| {
            let Some(data) = data else { return Vec::new() };
            let series = &data.total.series;
            let row = |(at, name): (usize, String)| {
                let count = |numbers: &[u64]| numbers.get(at).map(|n| format::count(*n));
                let time = |numbers: &[f64]| numbers.get(at).map(|ms| format::duration(*ms));
                view! {
                    <tr>
                        <th scope="row">{name}</th>
                        <td class="num">{count(&series.total_requests)}</td>
                        <td class="num">{count(&series.errors)}</td>
                        <td class="num">{time(&series.p50_response_time)}</td>
                        <td class="num">{time(&series.p95_response_time)}</td>
                        <td class="num">{time(&series.avg_ttfb)}</td>
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
    view! {
        <table class="plain-table">
            <thead>
                <tr>
                    <th scope="col">{t::time()}</th>
                    <th scope="col" class="num">{t::requests()}</th>
                    <th scope="col" class="num">{t::failed()}</th>
                    <th scope="col" class="num">{t::median()}</th>
                    <th scope="col" class="num">{t::p95()}</th>
                    <th scope="col" class="num">{t::ttfb_short()}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
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
