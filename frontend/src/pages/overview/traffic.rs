//! Requests by hour as stacked bars, with the same numbers as a table.

use fastgate_shared::metrics::HourlyBucket;
use leptos::prelude::*;

use crate::components::chart::{Bar, StackedBars};
use crate::format;
use crate::locales::{common, overview as t};

#[component]
pub fn Traffic(hourly: Signal<Vec<HourlyBucket>>) -> impl IntoView {
    let hovered = RwSignal::new(None::<String>);
    let bars = Memo::new(move |_| hourly.with(|hours| hours.iter().map(bar).collect::<Vec<_>>()));
    let sum = move |number: fn(&HourlyBucket) -> u64| hourly.with(|hours| hours.iter().map(number).sum::<u64>());
    let summary = Signal::derive(move || {
        let total = sum(|hour| hour.figures.total_requests);
        t::chart_summary(&format::count(total), &format::count(sum(|hour| hour.figures.errors)))
    });
    let axis = move || {
        let label =
            |at: usize| hourly.with(|hours| hours.get(at).map(|hour| format::hour(&hour.hour)).unwrap_or_default());
        [0, 6, 12, 18]
            .map(|at| view! { <span>{label(at)}</span> })
            .into_iter()
            .collect_view()
    };
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{t::traffic()}</h2>
                <span class="legend">
                    <span>{t::ok()}</span>
                    <span class="legend-bad">{t::failed()}</span>
                </span>
            </div>
            <figure class="card-body">
                <p class="readout" aria-hidden="true">
                    {move || hovered.get().unwrap_or_else(|| summary.get())}
                </p>
                <StackedBars bars summary on_hover=move |sentence| hovered.set(sentence) />
                <div class="axis" aria-hidden="true">
                    {axis}
                    <span>{t::now()}</span>
                </div>
                <details class="chart-table">
                    <summary>{common::show_table()}</summary>
                    <HoursTable hourly />
                </details>
            </figure>
        </section>
    }
}

#[component]
fn HoursTable(hourly: Signal<Vec<HourlyBucket>>) -> impl IntoView {
    let row = |hour: HourlyBucket| {
        view! {
            <tr>
                <th scope="row">{format::hour(&hour.hour)}</th>
                <td class="num">{format::count(hour.figures.total_requests)}</td>
                <td class="num">{format::count(hour.figures.errors)}</td>
                <td class="num">{format::percent(hour.figures.success_rate)}</td>
                <td class="num">{format::duration(hour.figures.p95_response_time)}</td>
            </tr>
        }
    };
    view! {
        <table class="plain-table">
            <thead>
                <tr>
                    <th scope="col">{t::hour()}</th>
                    <th scope="col" class="num">{t::requests()}</th>
                    <th scope="col" class="num">{t::failed()}</th>
                    <th scope="col" class="num">{t::success_rate()}</th>
                    <th scope="col" class="num">{t::p95()}</th>
                </tr>
            </thead>
            <tbody>{move || hourly.get().into_iter().rev().map(row).collect_view()}</tbody>
        </table>
    }
}

fn bar(hour: &HourlyBucket) -> Bar {
    let (total, errors) = (hour.figures.total_requests, hour.figures.errors);
    Bar {
        good: total.saturating_sub(errors),
        bad: errors,
        sentence: t::bar(&format::hour(&hour.hour), &format::count(total), &format::count(errors)),
    }
}
