//! The cards with the figures.

use fastgate_shared::metrics::{HourlyBucket, MetricsSummary};
use leptos::prelude::*;

use super::{errors_in_words, series};
use crate::components::chart::Sparkline;
use crate::format;
use crate::locales::overview as t;

#[expect(clippy::cast_precision_loss, reason = "drawn as a line")]
#[component]
pub fn Figures(summary: Signal<MetricsSummary>, hourly: Signal<Vec<HourlyBucket>>) -> impl IntoView {
    let tell = move |text: fn(&MetricsSummary) -> String| Signal::derive(move || summary.with(text));
    view! {
        <section class="figures">
            <Figure
                label=t::requests()
                value=tell(|s| format::count(s.total_requests))
                note=tell(|s| t::last_hour(&format::count(s.last_hour_requests)))
                line=series(hourly, |hour| hour.figures.total_requests as f64)
            />
            <Figure
                label=t::success_rate()
                value=tell(|s| format::percent(s.success_rate))
                note=tell(|s| errors_in_words(s.total_errors))
                line=series(hourly, |hour| hour.figures.success_rate)
            />
            <Figure
                label=t::latency()
                value=tell(|s| format::duration(s.p50_response_time))
                note=tell(|s| t::p95_p99(
                    &format::duration(s.p95_response_time),
                    &format::duration(s.p99_response_time),
                ))
                line=series(hourly, |hour| hour.figures.p95_response_time)
            />
            <Figure
                label=t::ttfb()
                value=tell(|s| format::duration(s.avg_ttfb))
                note=Signal::stored(t::mean().to_owned())
                line=series(hourly, |hour| hour.figures.avg_ttfb)
            />
            <Figure
                label=t::in_flight()
                value=tell(|s| format::count(s.in_flight))
                note=tell(|s| t::per_minute(&format!("{:.0}", s.requests_per_minute)))
            />
            <Figure
                label=t::active_keys()
                value=tell(|s| format::count(s.active_api_keys))
                note=tell(|s| t::active_routes(&format::count(s.active_routes)))
            />
        </section>
    }
}

#[component]
fn Figure(
    label: &'static str,
    value: Signal<String>,
    note: Signal<String>,
    #[prop(optional, into)] line: Option<Signal<Vec<f64>>>,
) -> impl IntoView {
    view! {
        <div class="card figure">
            <h2 class="figure-label">{label}</h2>
            <p class="figure-value">{move || value.get()}</p>
            <p class="figure-note">{move || note.get()}</p>
            {line.map(|values| view! { <Sparkline values /> })}
        </div>
    }
}
