//! Numbers over time: stacked columns or lines, with a scale, a legend and a cursor that the pointer or the arrow keys
//! move. Assistive technology hears it as a slider over the buckets; the page offers the same numbers as a table.

use leptos::prelude::*;
use leptos::{ev, html};

use crate::format::{self, Unit};
use crate::state::reactive;

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartData {
    /// The names of the buckets, oldest first.
    pub labels: Vec<String>,
    /// The lowest layer or first line first.
    pub series: Vec<Series>,
    /// Columns that add up; else lines.
    pub stacked: bool,
    /// What the numbers are.
    pub unit: Unit,
}

/// One line or layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    pub name: String,
    /// The class that gives the colour.
    pub class: String,
    /// One for each label; not a number where there is none.
    pub values: Vec<f64>,
}

/// Height of the drawing in its own units; its width is one for each bucket.
const HEIGHT: u8 = 100;
/// Series that the readout names.
const TOLD: usize = 6;

/// The chart.
#[component]
pub fn TimeChart(#[prop(into)] data: Signal<ChartData>, #[prop(into)] summary: Signal<String>) -> impl IntoView {
    let at = RwSignal::new(None::<usize>);
    let place = NodeRef::<html::Div>::new();
    let buckets = reactive::memo(move |_| data.with(|data| data.labels.len()));
    let top = reactive::memo(move |_| data.with(|data| nice(highest(data))));
    let told = reactive::memo(move |_| at.get().map(|at| data.with(|data| sentence(data, at))));
    let on_move = move |event: ev::PointerEvent| {
        let width = place.get_untracked().map_or(0, |place| place.client_width());
        if width > 0 {
            let share = f64::from(event.offset_x()) / f64::from(width);
            at.set(Some(bucket_at(share, buckets.get_untracked())));
        }
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let last = buckets.get_untracked().saturating_sub(1);
        if let Some(next) = next_bucket(&event.key(), at.get_untracked(), last) {
            event.prevent_default();
            at.set(Some(next));
        }
    };
    let cursor = move || {
        at.get().map(|at| {
            #[expect(clippy::cast_precision_loss, reason = "a position in percent")]
            let left = (at as f64 + 0.5) / buckets.get().max(1) as f64 * 100.0;
            view! { <span class="chart-cursor" style:left=format!("{}%", format::fixed(left, 2))></span> }
        })
    };
    let show = move |value: f64| data.with(|data| data.unit.show(value));
    let middle =
        move || (data.with(|data| data.unit != Unit::Count) || top.get() >= 2.0).then(|| show(top.get() / 2.0));
    view! {
        <div class="chart">
            <p class="readout" aria-hidden="true">
                {move || told.get().unwrap_or_else(|| summary.get())}
            </p>
            <div
                class="chart-plot"
                node_ref=place
                tabindex="0"
                role="slider"
                aria-label=move || summary.get()
                aria-valuemin="0"
                aria-valuemax=move || buckets.get().saturating_sub(1).to_string()
                aria-valuenow=move || at.get().unwrap_or(0).to_string()
                aria-valuetext=move || told.get().unwrap_or_else(|| summary.get())
                on:pointermove=on_move
                on:pointerleave=move |_| at.set(None)
                on:blur=move |_| at.set(None)
                on:keydown=on_key
            >
                <Drawing data top />
                <span class="chart-scale chart-scale-top">{move || show(top.get())}</span>
                <span class="chart-scale chart-scale-middle">{middle}</span>
                {cursor}
            </div>
            <Axis data />
        </div>
    }
}

/// The names of the series beside their colours.
#[component]
pub fn Legend(#[prop(into)] data: Signal<ChartData>) -> impl IntoView {
    let entry = |series: &Series| view! { <li class=series.class.clone()>{series.name.clone()}</li> };
    view! {
        <ul class="chart-legend" role="list">
            {move || data.with(|data| data.series.iter().map(entry).collect_view())}
        </ul>
    }
}

#[component]
fn Drawing(data: Signal<ChartData>, top: Memo<f64>) -> impl IntoView {
    let paths = move || {
        let top = top.get();
        data.with(|data| {
            let mut floor = vec![0.0; data.labels.len()];
            let path = |series: &Series| {
                let (shape, kind) = if data.stacked {
                    (columns(&mut floor, &series.values, top), "chart-column")
                } else {
                    (line(&series.values, top), "chart-line")
                };
                view! { <path class=format!("{kind} {}", series.class) d=shape /> }
            };
            data.series.iter().map(path).collect_view()
        })
    };
    let view_box = move || format!("0 0 {} {HEIGHT}", data.with(|data| data.labels.len().max(1)));
    view! {
        <svg viewBox=view_box preserveAspectRatio="none" aria-hidden="true">
            {paths}
        </svg>
    }
}

#[component]
fn Axis(data: Signal<ChartData>) -> impl IntoView {
    let labels = move || {
        data.with(|data| {
            let last = data.labels.len().saturating_sub(1);
            let places = [0, last / 4, last / 2, last * 3 / 4, last];
            let label = |at: usize| data.labels.get(at).map(|label| view! { <span>{label.clone()}</span> });
            places.map(label).into_iter().collect_view()
        })
    };
    view! {
        <div class="axis" aria-hidden="true">
            {labels}
        </div>
    }
}

/// `14:00: Chat 12 · Embeddings 3`.
fn sentence(data: &ChartData, at: usize) -> String {
    let label = data.labels.get(at).cloned().unwrap_or_default();
    let values = data
        .series
        .iter()
        .filter_map(|series| Some((series, *series.values.get(at)?)));
    let mut values: Vec<_> = values.filter(|(_, value)| !data.stacked || *value > 0.0).collect();
    if data.stacked {
        crate::order::sort(&mut values, |one, two| two.1.total_cmp(&one.1));
    }
    let told = values
        .iter()
        .take(TOLD)
        .map(|(series, value)| format!("{} {}", series.name, data.unit.show(*value)));
    let told = told.collect::<Vec<_>>().join(" · ");
    if told.is_empty() {
        format!("{label}: –")
    } else {
        format!("{label}: {told}")
    }
}

fn highest(data: &ChartData) -> f64 {
    if !data.stacked {
        let values = data.series.iter().flat_map(|series| series.values.iter().copied());
        return values.fold(0.0, f64::max);
    }
    let sum = |at: usize| {
        data.series
            .iter()
            .filter_map(|series| series.values.get(at))
            .sum::<f64>()
    };
    (0..data.labels.len()).map(sum).fold(0.0, f64::max)
}

/// The next higher of 1, 2 and 5 times a power of ten.
fn nice(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= value);
    factor.unwrap_or(10.0) * power
}

/// Where a key moves the cursor.
fn next_bucket(key: &str, now: Option<usize>, last: usize) -> Option<usize> {
    match key {
        "ArrowLeft" | "ArrowDown" => Some(now.map_or(last, |at| at.saturating_sub(1))),
        "ArrowRight" | "ArrowUp" => Some(now.map_or(0, |at| (at + 1).min(last))),
        "Home" => Some(0),
        "End" => Some(last),
        _ => None,
    }
}

fn bucket_at(share: f64, buckets: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "between 0 and a few hundred"
    )]
    let bucket = (share.clamp(0.0, 1.0) * buckets as f64) as usize;
    bucket.min(buckets.saturating_sub(1))
}

/// Columns on top of `floor`, which they raise.
fn columns(floor: &mut [f64], values: &[f64], top: f64) -> String {
    let gap = if values.len() > 100 { 0.04 } else { 0.12 };
    let mut path = String::new();
    let mut left = gap;
    for (floor, value) in floor.iter_mut().zip(values) {
        if *value > 0.0 {
            let y = |value: f64| f64::from(HEIGHT) * (1.0 - value / top);
            let (low, high, right) = (y(*floor), y(*floor + value), left + 1.0 - 2.0 * gap);
            let [left, low, high, right] = [left, low, high, right].map(|at| format::fixed(at, 2));
            path.push_str(&format!("M{left} {low}V{high}H{right}V{low}Z"));
            *floor += value;
        }
        left += 1.0;
    }
    path
}

/// A line that is broken where there is no number; a number alone is a dash as wide as its bucket.
fn line(values: &[f64], top: f64) -> String {
    let mut path = String::new();
    let (mut x, mut drawing) = (0.5, false);
    for (at, value) in values.iter().enumerate() {
        if value.is_finite() {
            let y = format::fixed(f64::from(HEIGHT) * (1.0 - value / top), 2);
            let goes_on = values.get(at + 1).is_some_and(|next| next.is_finite());
            path.push_str(&match (drawing, goes_on) {
                (false, false) => format!("M{} {y}h0.8", format::fixed(x - 0.4, 1)),
                (false, true) => format!("M{} {y}", format::fixed(x, 1)),
                (true, _) => format!("L{} {y}", format::fixed(x, 1)),
            });
        }
        drawing = value.is_finite();
        x += 1.0;
    }
    path
}
