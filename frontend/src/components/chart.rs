//! Small charts as SVG that decorate a number. Charts that are read are in `time_chart`.

use leptos::prelude::*;

use crate::format;

use crate::state::reactive;

/// A line over time, stretched to the width of its place. It decorates a figure that stands beside it as text.
#[component]
pub fn Sparkline(#[prop(into)] values: Signal<Vec<f64>>) -> impl IntoView {
    let paths = reactive::memo(move |_| values.with(|values| paths(values)));
    view! {
        <svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
            <path class="spark-area" d=move || paths.get().0 />
            <path class="spark-line" d=move || paths.get().1 />
        </svg>
    }
}

// The area and its upper line (`M0 12L4 8…`) in a box of 100 × 24, with gaps where there is no number.
fn paths(values: &[f64]) -> (String, String) {
    let highest = values.iter().copied().fold(0.0, f64::max);
    let (mut area, mut line) = (String::new(), String::new());
    #[expect(clippy::cast_precision_loss, reason = "a few dozen points")]
    let step = 100.0 / values.len().saturating_sub(1).max(1) as f64;
    let mut x = 0.0;
    for run in values.split(|value| value.is_nan()).filter(|_| values.len() > 1) {
        let mut end = format::fixed(x, 1);
        if !run.is_empty() {
            area.push_str(&format!("M{end} 24"));
        }
        for (at, value) in run.iter().enumerate() {
            let y = if highest > 0.0 {
                22.5 - value / highest * 21.0
            } else {
                22.5
            };
            let y = format::fixed(y, 1);
            end = format::fixed(x, 1);
            area.push_str(&format!("L{end} {y}"));
            line.push_str(&format!("{}{end} {y}", if at == 0 { 'M' } else { 'L' }));
            x += step;
        }
        if let [_] = run {
            line.push_str("h.1");
        }
        if !run.is_empty() {
            area.push_str(&format!("L{end} 24Z"));
        }
        // The gap itself.
        x += step;
    }
    (area, line)
}
