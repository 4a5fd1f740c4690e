//! The chosen figure over time.

use fastgate_shared::metrics::{GroupBy, GroupedMetrics, MetricsGroup};
use leptos::prelude::*;

use super::StatisticsState;
use super::grid::{groups, word};
use super::metric::Metric;
use crate::app::BASE;
use crate::components::button::Button;
use crate::components::show::Show;
use crate::components::time_chart::{ChartData, Legend, Series, TimeChart};
use crate::locales::{overview, shell, statistics as t};
use crate::state::range::RANGES;
use crate::state::reactive;
use crate::state::shortcuts::focus_page;

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
                <Show when=move || some.get() fallback=move || nothing(state)>
                    <TimeChart data summary />
                </Show>
            </div>
        </section>
    }
}

/// What leads on where nothing is to be seen. Without any request in the widest range there was none, as far as anybody can know.
fn nothing(state: StatisticsState) -> impl IntoView {
    let widest = RANGES[RANGES.len() - 1];
    let never = state.range.get() == widest;
    let widen = move |()| {
        let range = ("range", widest.key.to_owned());
        state.address.filter_all(vec![range, ("span", String::new())]);
        focus_page();
    };
    view! {
        <p class="row">
            <span class="muted">{if never { overview::nothing_yet() } else { t::nothing() }}</span>
            {(!never).then(|| view! { <Button small=true on_press=widen>{widest.word()}</Button> })}
            <a class="button button-small" href=format!("{BASE}/playground")>
                {shell::key_playground()}
            </a>
        </p>
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
