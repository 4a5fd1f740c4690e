//! The requests of the current filter over time, by the class of their status.

use fastgate_shared::audit_log::{LogFilter, LogHistogram};
use leptos::prelude::*;

use crate::api;
use crate::components::loaded::ErrorState;
use crate::components::show::Show;
use crate::components::time_chart::{ChartData, Legend, Series, TimeChart};
use crate::format::{self, Unit};
use crate::locales::{overview, requests as t};
use crate::state::query::Query;
use crate::state::reactive;

/// The query that the list's Refresh asks again as well; at first it waits for the list.
pub fn histogram(filter: Memo<LogFilter>, listed: RwSignal<bool>) -> Query<LogHistogram> {
    Query::completing(
        move || listed.get(),
        move || filter.get(),
        |filter| async move { api::logs::histogram(&filter).await },
    )
}

/// `expected` says that there will be something to show: its room is kept, so that the list below stays where it is.
#[component]
pub fn Histogram(query: Query<LogHistogram>, expected: Memo<bool>) -> impl IntoView {
    let data = reactive::memo(move |_| query.data.with(|found| found.as_ref().map(chart).unwrap_or_default()));
    let summary = reactive::derived(move || {
        query.data.with(|found| match found {
            Some(found) if found.complete => t::over_time(&format::count(found.counted)),
            Some(found) => t::over_time_newest(&format::count(found.counted)),
            None => String::new(),
        })
    });
    let some = reactive::memo(move |_| {
        query
            .data
            .with(|found| found.as_ref().is_some_and(|found| found.counted > 1))
    });
    // A chart that is there stays when it cannot be refreshed. A refused filter is told in the place of the list.
    let failed = move || {
        query.data.with(Option::is_none)
            && query
                .problem
                .with(|problem| problem.as_ref().is_some_and(|problem| problem.errors.is_empty()))
    };
    let content = move || match query.problem.get().filter(|_| failed()) {
        Some(problem) => view! { <ErrorState problem on_retry=move |()| query.reload() /> }.into_any(),
        None => view! {
            <Show when=move || some.get()>
                <Legend data />
                <TimeChart data summary />
            </Show>
        }
        .into_any(),
    };
    let unknown = move || query.data.with(Option::is_none) && query.problem.with(Option::is_none);
    let shows = reactive::memo(move |_| some.get() || failed() || (unknown() && expected.get()));
    view! {
        <Show when=move || shows.get()>
            <section class="card histogram" aria-label=t::histogram()>
                {content}
            </section>
        </Show>
    }
}

fn chart(found: &LogHistogram) -> ChartData {
    let label = |at: usize| {
        #[expect(clippy::cast_precision_loss, reason = "a few dozen buckets")]
        let start = format::millis(found.start) + at as f64 * found.bucket_ms;
        let exact = format::exact_time(start);
        // Without the year, and to the minute or second.
        let end = if found.bucket_ms < 60_000.0 { 19 } else { 16 };
        exact.get(5..end).unwrap_or(&exact).to_owned()
    };
    let class = |digit: usize| {
        let values = found.buckets.iter().map(|counts| {
            #[expect(clippy::cast_precision_loss, reason = "counts of requests")]
            let value = counts.get(digit).copied().unwrap_or(0) as f64;
            value
        });
        Series {
            name: if digit == 0 {
                overview::no_answer().to_owned()
            } else {
                format!("{digit}xx")
            },
            class: if digit == 0 {
                "series-other".to_owned()
            } else {
                format!("status-{digit}xx")
            },
            values: values.collect(),
        }
    };
    let series = [2, 3, 1, 4, 5, 0].map(class).into_iter();
    ChartData {
        labels: (0..found.buckets.len()).map(label).collect(),
        series: series
            .filter(|series| series.values.iter().any(|value| *value > 0.0))
            .collect(),
        stacked: true,
        unit: Unit::Count,
    }
}
