//! Why a route takes a request: every route's verdict in matching order, the nearest misses where none does, and what the
//! winner makes of the request.

use fastgate_shared::route::{FailedCondition, MatchExplanation, MatchVerdict, Transforms};
use leptos::prelude::*;

use crate::components::badge::{Badge, Tone};
use crate::components::code::with_code;
use crate::components::field::FieldWarning;
use crate::components::icon::{Glyph, Icon};
use crate::locales::{self, routes as t};

/// The verdicts on one request.
#[component]
pub fn Verdicts(explanation: MatchExplanation) -> impl IntoView {
    let MatchExplanation {
        candidates,
        nearest,
        transforms,
        refusal,
    } = explanation;
    let first = candidates.iter().find(|verdict| verdict.matched || verdict.undecided);
    let (sentence, tone) = match first {
        Some(open) if open.undecided => (t::match_undecided().to_owned(), Tone::Warn),
        Some(winner) => (t::match_wins(&winner.route_name), Tone::Good),
        None => (t::match_none().to_owned(), Tone::Warn),
    };
    let winner_id = first
        .filter(|verdict| verdict.matched)
        .map(|verdict| verdict.route_id.clone());
    // Routes for other paths are many and say little.
    let (elsewhere, near): (Vec<_>, Vec<_>) = candidates
        .into_iter()
        .partition(|verdict| verdict.failed == Some(FailedCondition::Path) && !nearest.contains(&verdict.route_id));
    let list = move |verdicts: Vec<MatchVerdict>, label: &'static str| {
        let lines = verdicts.into_iter().map(|verdict| {
            let wins = winner_id.as_ref() == Some(&verdict.route_id);
            let is_near = nearest.contains(&verdict.route_id);
            line(verdict, wins, is_near)
        });
        view! { <ol class="verdicts" role="list" aria-label=label>{lines.collect_view()}</ol> }
    };
    let others = (!elsewhere.is_empty()).then(|| {
        let count = elsewhere.len();
        view! {
            <details class="chart-table">
                <summary>{t::other_paths(count)}</summary>
                {list(elsewhere, t::verdicts_elsewhere())}
            </details>
        }
    });
    view! {
        {headline(sentence, tone)}
        <FieldWarning message=Signal::stored(refusal.as_deref().map(locales::refusal)) />
        {(!near.is_empty()).then(|| list(near, t::verdicts()))}
        {others}
        {transforms.map(|transforms| view! { <TransformList transforms /> })}
    }
}

fn headline(sentence: String, tone: Tone) -> impl IntoView {
    let (class, glyph) = match tone {
        Tone::Good => ("banner banner-good", Glyph::Check),
        _ => ("banner banner-warn", Glyph::Alert),
    };
    view! {
        <div class=class>
            <Icon glyph />
            <div>
                <strong>{sentence}</strong>
            </div>
        </div>
    }
}

fn line(verdict: MatchVerdict, wins: bool, is_near: bool) -> impl IntoView {
    let (tone, word) = match (verdict.matched, wins) {
        _ if verdict.undecided => (Tone::Warn, t::undecided()),
        (true, true) => (Tone::Good, t::wins()),
        (true, false) => (Tone::Info, t::would_match()),
        (false, _) if is_near => (Tone::Warn, t::nearest()),
        (false, _) => (Tone::Neutral, t::not_matched()),
    };
    view! {
        <li class="verdict">
            <Badge tone word />
            <span class="strong">{verdict.route_name}</span>
            <span class="muted verdict-priority">{verdict.priority}</span>
            <span class="muted verdict-reason">{with_code(&locales::reason(&verdict.reason))}</span>
        </li>
    }
}

/// What the winner makes of the request.
#[component]
fn TransformList(transforms: Transforms) -> impl IntoView {
    let Transforms {
        target_urls,
        removed_headers,
        set_headers,
        body_fields,
    } = transforms;
    let fact = |name: &'static str, values: Vec<String>| {
        (!values.is_empty()).then(|| {
            let values = values.into_iter().map(|value| view! { <code>{value}</code> });
            view! {
                <dt>{name}</dt>
                <dd class="fact-lines">{values.collect_view()}</dd>
            }
        })
    };
    let set = set_headers.into_iter().map(|(name, value)| format!("{name}: {value}"));
    let fields = body_fields.into_iter().map(|(name, value)| format!("{name} = {value}"));
    let (set, fields) = (set.collect::<Vec<_>>(), fields.collect::<Vec<_>>());
    let unchanged = removed_headers.is_empty() && set.is_empty() && fields.is_empty();
    view! {
        <section class="stack-s">
            <h3>{t::transforms()}</h3>
            <dl class="facts">
                {fact(t::target_url(), target_urls)}
                {fact(t::headers_removed(), removed_headers)}
                {fact(t::headers_set(), set)}
                {fact(t::body_fields_set(), fields)}
            </dl>
            {unchanged.then(|| view! { <p class="muted">{t::nothing_changed()}</p> })}
        </section>
    }
}
