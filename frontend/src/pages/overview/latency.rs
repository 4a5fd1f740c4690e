//! How long requests took over time: median, 95th and 99th percentile, and the time to the first byte.

use fastgate_shared::metrics::{GroupSeries, GroupedMetrics};
use leptos::prelude::*;

use super::figures::where_any;
use super::traffic::{BucketColumn, BucketsTable};
use super::{OverviewState, bucket_names};
use crate::components::time_chart::{ChartData, Legend, Series, TimeChart};
use crate::format::{self, Unit};
use crate::locales::overview as t;
use crate::state::reactive;

const COLUMNS: &[BucketColumn] = &[
    (t::median, |series, at| time(series, &series.p50_response_time, at)),
    (t::p95, |series, at| time(series, &series.p95_response_time, at)),
    (t::p99, |series, at| time(series, &series.p99_response_time, at)),
    (t::ttfb_short, |series, at| time(series, &series.avg_ttfb, at)),
];

/// Nothing is said of a time without requests.
fn time(series: &GroupSeries, values: &[f64], at: usize) -> String {
    let any = series.total_requests.get(at).is_some_and(|requests| *requests > 0);
    let value = values.get(at).copied().filter(|_| any);
    Unit::Duration.show(value.unwrap_or(f64::NAN))
}

#[component]
pub fn Latency(state: OverviewState) -> impl IntoView {
    let data = reactive::memo(move |_| {
        state
            .over_time
            .data
            .with(|data| data.as_ref().map(chart).unwrap_or_default())
    });
    let summary = reactive::derived(move || {
        state.over_time.data.with(|data| {
            let figures = data.as_ref().map(|data| data.total.figures.clone()).unwrap_or_default();
            let time = |ms| match figures.figures.total_requests {
                0 => "–".to_owned(),
                _ => format::duration(ms),
            };
            t::latency_summary(
                &state.range.get().word(),
                &time(figures.p50_response_time),
                &time(figures.figures.p95_response_time),
            )
        })
    });
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{t::latency_lines()}</h2>
                <Legend data />
            </div>
            <div class="card-body">
                <TimeChart data summary />
                <BucketsTable state columns=COLUMNS />
            </div>
        </section>
    }
}

fn chart(metrics: &GroupedMetrics) -> ChartData {
    let series = &metrics.total.series;
    let line = |name: &'static str, class: &'static str, values: &[f64]| Series {
        name: name.to_owned(),
        class: class.to_owned(),
        values: where_any(metrics, values),
    };
    ChartData {
        labels: bucket_names(metrics),
        series: vec![
            line(t::median(), "series-0", &series.p50_response_time),
            line(t::p95(), "series-1", &series.p95_response_time),
            line(t::p99(), "series-4", &series.p99_response_time),
            line(t::ttfb_short(), "series-6", &series.avg_ttfb),
        ],
        stacked: false,
        unit: Unit::Duration,
    }
}
