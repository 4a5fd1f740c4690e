//! Why a recorded request went where it went: what was decided then, and what the routes would say now.

use fastgate_shared::audit_log::{ExplanationNote, LogExplanation, LogRecord};
use leptos::prelude::*;

use crate::api;
use crate::components::icon::{Glyph, Icon};
use crate::components::loaded::{Loaded, TableSkeleton};
use crate::components::verdicts::Verdicts;
use crate::locales::{self, requests as t};
use crate::state::query::Query;

#[component]
pub fn Why(record: LogRecord) -> impl IntoView {
    let log_id = record.item.id.clone();
    let then = record.match_reason.map(|reason| (record.item.route_name, reason));
    let explanation = Query::new(
        || (),
        move |()| {
            let log_id = log_id.clone();
            async move { api::logs::explanation(&log_id).await }
        },
    );
    let now = move || explanation.data.get().map(|explanation| view! { <Now explanation /> });
    view! {
        <div class="stack">
            {then
                .map(|(route, reason)| {
                    view! {
                        <section class="stack-s">
                            <h3>{t::decided_then()}</h3>
                            <p>
                                {route.map(|name| view! { <span class="strong">{name}</span> " · " })}
                                {locales::reason(&reason)}
                            </p>
                        </section>
                    }
                })}
            <Loaded query=explanation skeleton=|| view! { <TableSkeleton /> }>
                {now}
            </Loaded>
        </div>
    }
}

#[component]
fn Now(explanation: LogExplanation) -> impl IntoView {
    let LogExplanation { now, notes } = explanation;
    let judged = !notes.contains(&ExplanationNote::NeverRouted);
    let note = |note: ExplanationNote| {
        let word = match note {
            ExplanationNote::NeverRouted => t::note_never_routed(),
            ExplanationNote::BodyUnknown => t::note_body_unknown(),
            ExplanationNote::HeadersRedacted => t::note_headers_redacted(),
            ExplanationNote::RoutesChanged => t::note_routes_changed(),
        };
        view! {
            <div class="banner">
                <Icon glyph=Glyph::Alert />
                <div>{word}</div>
            </div>
        }
    };
    view! {
        <section class="stack-s">
            <h3>{t::decided_now()}</h3>
            {notes.into_iter().map(note).collect_view()}
            {judged.then(|| view! { <Verdicts explanation=now /> })}
        </section>
    }
}
