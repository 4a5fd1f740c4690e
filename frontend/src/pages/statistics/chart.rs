//! The chosen figure over time.

use fastgate_shared::metrics::{GroupBy, GroupedMetrics, MetricsGroup};
use leptos::prelude::*;

use super::StatisticsState;
use super::grid::{groups, word};
use super::metric::Metric;
use crate::components::time_chart::{ChartData, Legend, Series, TimeChart};
use crate::locales::statistics as t;
use crate::state::reactive;

#[component]
pub fn OverTime(state: StatisticsState) -> impl IntoView {
    let data = reactive::memo(move |_| {
        state.query.data.with(|metrics| {
            let Some(metrics) = metrics else {
                return ChartData::default();
            };
            chart(metrics, state.by.get(), state.metric.get(), state.labels.get())
        })
    });
    let summary = reactive::derived(move || {
        let metric = state.metric.get();
        let total = state.query.data.with(|metrics| {
            let total = metrics.as_ref().map(|metrics| metric.of(&metrics.total.figures));
            metric.unit().show(total.unwrap_or(f64::NAN))
        });
        t::chart_summary(metric.word(), &state.range.get().word(), &total)
    });
    let some = reactive::memo(move |_| {
        let requests = |metrics: &GroupedMetrics| metrics.total.figures.figures.total_requests;
        state
            .query
            .data
            .with(|metrics| metrics.as_ref().is_some_and(|metrics| requests(metrics) > 0))
    });
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{move || t::over_time(state.metric.get().word())}</h2>
                <Legend data />
            </div>
            <div class="card-body">
                <Show when=move || some.get() fallback=|| view! { <p class="muted">{t::nothing()}</p> }>
                    <TimeChart data summary />
                </Show>
            </div>
        </section>
    }
}

fn chart(metrics: &GroupedMetrics, by: Option<GroupBy>, metric: Metric, labels: Vec<String>) -> ChartData {
    let series = |group: &MetricsGroup, name: String, class: String| Series {
        name,
        class,
        values: metric.over_time(&group.series),
    };
    let of_group = |(at, group): (usize, &MetricsGroup)| {
        let class = match (by, group.name.as_str()) {
            (Some(GroupBy::Status), class) => format!("status-{class}"),
            (_, "(other)") => "series-other".to_owned(),
            _ => format!("series-{at}"),
        };
        series(group, word(group), class)
    };
    let all = if by.is_none() {
        vec![series(&metrics.total, metric.word().to_owned(), "series-0".to_owned())]
    } else {
        groups(metrics).enumerate().map(of_group).collect()
    };
    ChartData {
        labels,
        series: all,
        stacked: metric.adds_up(),
        unit: metric.unit(),
    }
}
