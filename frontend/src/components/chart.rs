//! Small charts as SVG that decorate a number. Charts that are read are in `time_chart`.

use leptos::prelude::*;

use crate::format;

use crate::state::reactive;

/// A line over time, stretched to the width of its place. It decorates a figure that stands beside it as text.
#[component]
pub fn Sparkline(#[prop(into)] values: Signal<Vec<f64>>) -> impl IntoView {
    let points = reactive::memo(move |_| values.with(|values| line(values)));
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
        let [across, up] = [x, y].map(|at| format::fixed(at, 1));
        path.push_str(&format!("{}{across} {up}", if path.is_empty() { 'M' } else { 'L' }));
        x += step;
    }
    path
}
