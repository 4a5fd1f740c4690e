//! What an administrator must know at once: records that are lost, or that cannot be written.

use fastgate_shared::metrics::MetricsSummary;
use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::format;
use crate::locales::overview as t;
use crate::state::query::Query;
use crate::state::reactive;

#[component]
pub fn Banners(summary: Query<MetricsSummary>) -> impl IntoView {
    let sentences = reactive::memo(move |_| {
        summary.data.with(|summary| {
            let Some(summary) = summary else { return Vec::new() };
            let stalled = summary.audit_stalled.then(|| t::audit_stalled().to_owned());
            let lost =
                (summary.audit_records_lost > 0).then(|| t::audit_lost(&format::count(summary.audit_records_lost)));
            stalled.into_iter().chain(lost).collect::<Vec<_>>()
        })
    });
    let banner = |sentence: String| {
        view! {
            <div class="banner banner-bad" role="alert">
                <Icon glyph=Glyph::Alert />
                <div>{sentence}</div>
            </div>
        }
    };
    move || sentences.get().into_iter().map(banner).collect_view()
}
