//! `5 min ago`, with the exact time on hover.

use fastgate_shared::time::Timestamp;
use leptos::prelude::*;

use crate::format;
use crate::state::clock::Clock;

/// A point in time, told relative to now.
#[component]
pub fn RelativeTime(time: Timestamp) -> impl IntoView {
    let Clock(now) = expect_context();
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since the epoch fit a double for 280,000 years"
    )]
    let at = time.as_millisecond() as f64;
    view! {
        <time class="nowrap" datetime=time.to_string() title=format::exact_time(at)>
            {move || format::relative_time(at, now.get())}
        </time>
    }
}
