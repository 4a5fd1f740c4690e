//! The cards with the figures: the value, a word to it, the change against the range before, and its line.

use fastgate_shared::metrics::{GroupedMetrics, MetricsSummary, UsedOverTime};
use leptos::prelude::*;

use super::{OverviewState, errors_in_words};
use crate::components::chart::Sparkline;
use crate::format;
use crate::locales::overview as t;
use crate::state::reactive;

/// How a figure changed, in percent or in points; and whether more is worse.
#[derive(Clone, Copy)]
struct Change {
    of: fn(&MetricsSummary) -> f64,
    points: bool,
    more_is_worse: bool,
}

#[expect(clippy::cast_precision_loss, reason = "drawn as a line, or compared")]
#[component]
pub fn Figures(state: OverviewState) -> impl IntoView {
    let summary = reactive::derived(move || state.summary.data.get().unwrap_or_default());
    let tell = move |text: fn(&MetricsSummary) -> String| reactive::derived(move || summary.with(text));
    let line = move |numbers: fn(&GroupedMetrics) -> Vec<f64>| {
        reactive::derived(move || {
            state
                .over_time
                .data
                .with(|data| data.as_ref().filter(|data| any(data)).map(numbers).unwrap_or_default())
        })
    };
    let change = move |of: fn(&MetricsSummary) -> f64, points: bool, more_is_worse: bool| {
        let change = Change {
            of,
            points,
            more_is_worse,
        };
        reactive::derived(move || changed(state, change))
    };
    view! {
        <section class="figures">
            <Figure
                label=t::requests()
                value=tell(|s| format::count(s.total_requests))
                note=tell(|s| t::last_hour(&format::count(s.last_hour_requests)))
                change=change(|s| s.total_requests as f64, false, false)
                line=line(|data| data.total.series.total_requests.iter().map(|n| *n as f64).collect())
            />
            <Figure
                label=t::success_rate()
                value=tell(|s| if_any(s, format::percent(s.success_rate)))
                note=tell(|s| errors_in_words(s.total_errors))
                change=change(|s| s.success_rate, true, false)
                line=line(|data| where_any(data, &data.total.series.success_rate))
            />
            <Figure
                label=t::latency()
                value=tell(|s| if_any(s, format::duration(s.p50_response_time)))
                note=tell(|s| t::p95_p99(
                    &if_any(s, format::duration(s.p95_response_time)),
                    &if_any(s, format::duration(s.p99_response_time)),
                ))
                change=change(|s| s.p50_response_time, false, true)
                line=line(|data| where_any(data, &data.total.series.p50_response_time))
            />
            <Figure
                label=t::ttfb()
                value=tell(|s| if_any(s, format::duration(s.avg_ttfb)))
                note=Signal::stored(t::mean().to_owned())
                change=change(|s| s.avg_ttfb, false, true)
                line=line(|data| where_any(data, &data.total.series.avg_ttfb))
            />
            <Present state summary />
        </section>
    }
}

/// A figure of requests where there were any.
fn if_any(summary: &MetricsSummary, shown: String) -> String {
    if summary.total_requests == 0 {
        "–".to_owned()
    } else {
        shown
    }
}

/// What is now: requests in flight, keys and routes.
#[expect(clippy::cast_precision_loss, reason = "drawn as a line, or compared")]
#[component]
fn Present(state: OverviewState, summary: Signal<MetricsSummary>) -> impl IntoView {
    let tell = move |text: fn(&MetricsSummary) -> String| reactive::derived(move || summary.with(text));
    let change = move |of: fn(&MetricsSummary) -> f64| {
        let change = Change {
            of,
            points: false,
            more_is_worse: false,
        };
        reactive::derived(move || changed(state, change))
    };
    let used = move |numbers: fn(&UsedOverTime) -> &[u64]| {
        reactive::derived(move || {
            let line = |data: &UsedOverTime| numbers(data).iter().map(|n| *n as f64).collect();
            state.used.data.with(|data| data.as_ref().map(line).unwrap_or_default())
        })
    };
    let range_ms = move || f64::from(state.range.get().hours) * 3_600_000.0;
    let mean_note = move || {
        summary.with(|s| {
            let mean = format::trimmed((busy_ms(s) / range_ms() * 100.0).round() / 100.0);
            t::mean_in_flight(&mean, &format::fixed(s.requests_per_minute, 0))
        })
    };
    let in_flight = move || {
        state
            .over_time
            .data
            .with(|data| data.as_ref().map(mean_in_flight).unwrap_or_default())
    };
    view! {
        <Figure
            label=t::in_flight()
            value=tell(|s| format::count(s.in_flight))
            note=reactive::derived(mean_note)
            note_change=change(busy_ms)
            line=reactive::derived(in_flight)
        />
        <Figure
            label=t::active_keys()
            value=tell(|s| format::count(s.active_api_keys))
            note=tell(|s| t::keys_used(&format::count(s.keys_used)))
            note_change=change(|s| s.keys_used as f64)
            line=used(|used| &used.keys)
        />
        <Figure
            label=t::active_routes()
            value=tell(|s| format::count(s.active_routes))
            note=tell(|s| t::routes_used(&format::count(s.routes_used)))
            note_change=change(|s| s.routes_used as f64)
            line=used(|used| &used.routes)
        />
    }
}

/// The time that all requests took together: divided by the time that passed, it is how many were in flight in the mean
/// (Little's law).
#[expect(clippy::cast_precision_loss, reason = "drawn as a line, or compared")]
fn busy_ms(summary: &MetricsSummary) -> f64 {
    summary.total_requests as f64 * summary.avg_response_time
}

/// Nothing is said of a time without requests.
pub fn where_any(data: &GroupedMetrics, values: &[f64]) -> Vec<f64> {
    let both = values.iter().zip(&data.total.series.total_requests);
    both.map(|(value, requests)| if *requests > 0 { *value } else { f64::NAN })
        .collect()
}

/// Without requests there is no line, not even of a success rate.
const fn any(data: &GroupedMetrics) -> bool {
    data.total.figures.figures.total_requests > 0
}

/// Requests in flight in the mean of each bucket.
#[expect(clippy::cast_precision_loss, reason = "drawn as a line")]
fn mean_in_flight(data: &GroupedMetrics) -> Vec<f64> {
    let series = &data.total.series;
    let bucket_ms = f64::from(data.span.seconds()) * 1_000.0;
    let both = series.total_requests.iter().zip(&series.avg_response_time);
    both.map(|(requests, ms)| *requests as f64 * ms / bucket_ms).collect()
}

#[component]
fn Figure(
    label: &'static str,
    value: Signal<String>,
    note: Signal<String>,
    #[prop(optional, into)] change: Option<Signal<Option<(String, &'static str)>>>,
    /// How what the note tells has changed.
    #[prop(optional, into)]
    note_change: Option<Signal<Option<(String, &'static str)>>>,
    #[prop(optional, into)] line: Option<Signal<Vec<f64>>>,
) -> impl IntoView {
    let told = |change: Option<Signal<Option<(String, &'static str)>>>| {
        move || {
            let (word, class) = change?.get()?;
            Some(view! {
                <span class=class title=t::against_before()>
                    {word}
                    <span class="visually-hidden">" " {t::against_before()}</span>
                </span>
            })
        }
    };
    view! {
        <div class="card figure">
            <h2 class="figure-label">{label}</h2>
            <p class="figure-value">{move || value.get()} {told(change)}</p>
            <p class="figure-note">{move || note.get()} {told(note_change)}</p>
            {line.map(|values| view! { <Sparkline values /> })}
        </div>
    }
}

/// `▲ 12 %` and its class; none where there is nothing to compare with.
fn changed(state: OverviewState, change: Change) -> Option<(String, &'static str)> {
    let value = |summary: &Option<MetricsSummary>| {
        let summary = summary.as_ref().filter(|summary| summary.total_requests > 0)?;
        Some((change.of)(summary))
    };
    let (now, before) = (state.summary.data.with(value)?, state.before.data.with(value)?);
    let (difference, word) = if change.points {
        (now - before, t::points(&format::fixed((now - before).abs(), 1)))
    } else if before > 0.0 {
        let percent = (now - before) / before * 100.0;
        (percent, format!("{} %", format::fixed(percent.abs(), 0)))
    } else {
        return None;
    };
    let small = if change.points { 0.05 } else { 0.5 };
    let (mark, class) = match difference {
        _ if difference.abs() < small => return Some(("±0".to_owned(), "change")),
        _ if difference > 0.0 && change.more_is_worse => ("▲", "change change-bad"),
        _ if difference < 0.0 && !change.more_is_worse && change.points => ("▼", "change change-bad"),
        _ if difference > 0.0 && change.points => ("▲", "change change-good"),
        _ if difference < 0.0 && change.more_is_worse => ("▼", "change change-good"),
        _ if difference > 0.0 => ("▲", "change"),
        _ => ("▼", "change"),
    };
    Some((format!("{mark} {word}"), class))
}
