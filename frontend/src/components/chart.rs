//! Small charts as SVG. Each says its content in words; the page offers the same numbers as a table.

use leptos::prelude::*;

/// A line over time, stretched to the width of its place. It decorates a figure that stands beside it as text.
#[component]
pub fn Sparkline(#[prop(into)] values: Signal<Vec<f64>>) -> impl IntoView {
    let points = Memo::new(move |_| values.with(|values| line(values)));
    let area = move || {
        points.with(|points| {
            if points.is_empty() {
                String::new()
            } else {
                format!("{points}L100 24L0 24Z")
            }
        })
    };
    view! {
        <svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
            <path class="spark-area" d=area />
            <path class="spark-line" d=move || points.get() />
        </svg>
    }
}

/// One bar: what is good, what is bad, and the sentence for both.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Lower part.
    pub good: u64,
    /// Upper part.
    pub bad: u64,
    /// The bar in words.
    pub sentence: String,
}

/// Stacked bars; `on_hover` hears the sentence of the bar under the pointer.
#[component]
pub fn StackedBars(
    #[prop(into)] bars: Signal<Vec<Bar>>,
    #[prop(into)] summary: Signal<String>,
    #[prop(into)] on_hover: Callback<Option<String>>,
) -> impl IntoView {
    const STEP: f64 = 20.0;
    const HEIGHT: f64 = 120.0;
    let draw = move || {
        let bars = bars.get();
        let highest = bars.iter().map(|bar| bar.good + bar.bad).max().unwrap_or(0).max(1);
        #[expect(clippy::cast_precision_loss, reason = "drawn in pixels")]
        let scaled = |n: u64| {
            if n == 0 {
                0.0
            } else {
                (n as f64 / highest as f64 * (HEIGHT - 4.0)).max(2.0)
            }
        };
        let draw_bar = |(at, bar): (usize, Bar)| {
            #[expect(clippy::cast_precision_loss, reason = "a few dozen bars")]
            let x = at as f64 * STEP;
            let (good, bad) = (scaled(bar.good), scaled(bar.bad));
            let sentence = bar.sentence;
            view! {
                <g on:pointerenter=move |_| on_hover.run(Some(sentence.clone()))>
                    <rect class="bar-hit" x=x y=0 width=STEP height=HEIGHT />
                    <rect class="bar-base" x=x + 3.0 y=HEIGHT - 1.0 width=STEP - 6.0 height=1 />
                    <rect class="bar-good" x=x + 3.0 y=HEIGHT - good width=STEP - 6.0 height=good rx=1.5 />
                    <rect class="bar-bad" x=x + 3.0 y=(HEIGHT - good - bad).max(0.0) width=STEP - 6.0 height=bad rx=1.5 />
                </g>
            }
        };
        bars.into_iter().enumerate().map(draw_bar).collect_view()
    };
    let view_box = move || format!("0 0 {} {HEIGHT}", bars.with(Vec::len) * 20);
    view! {
        <svg
            class="bars"
            viewBox=view_box
            preserveAspectRatio="none"
            role="img"
            aria-label=move || summary.get()
            on:pointerleave=move |_| on_hover.run(None)
        >
            {draw}
        </svg>
    }
}

// `M0 12L4 8…` in a box of 100 × 24.
fn line(values: &[f64]) -> String {
    let highest = values.iter().copied().fold(0.0, f64::max);
    if values.len() < 2 {
        return String::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "a few dozen points")]
    let step = 100.0 / (values.len() - 1) as f64;
    let mut x = 0.0;
    let mut path = String::new();
    for value in values {
        let y = if highest > 0.0 {
            22.5 - value / highest * 21.0
        } else {
            22.5
        };
        path.push_str(&format!("{}{x:.1} {y:.1}", if path.is_empty() { 'M' } else { 'L' }));
        x += step;
    }
    path
}
