//! The parts of a record: its three phases, its attempts, and a message with headers and body.

use fastgate_shared::audit_log::{Attempt, AttemptPhase, LogItem};
use leptos::prelude::*;

use super::failures;
use crate::app::BASE;
use crate::components::badge::{Badge, Tone};
use crate::components::code::CodeBlock;
use crate::components::either::either;
use crate::format;
use crate::locales::{common, requests as t};
use crate::state::reactive;

/// The phases side by side, as wide as they were long.
#[component]
pub fn Timeline(
    item: LogItem,
    /// Milliseconds of each attempt.
    attempts: Vec<f64>,
) -> impl IntoView {
    let total = item.response_time_ms?;
    let first_byte = item.ttfb_ms.unwrap_or(total).min(total);
    // Without an upstream all of it was the gateway's own time.
    let asked_upstream = item.target_url.is_some();
    let gateway = item
        .gateway_ms
        .filter(|_| asked_upstream)
        .unwrap_or(first_byte)
        .min(first_byte);
    // Between two attempts it waits, which is neither the upstream's nor the gateway's own.
    let asked = attempts.iter().sum::<f64>().min(first_byte - gateway);
    let pauses = if attempts.len() > 1 {
        first_byte - gateway - asked
    } else {
        0.0
    };
    let phases = [
        ("phase phase-gateway", t::phase_gateway(), gateway),
        (
            "phase phase-upstream",
            t::phase_upstream(),
            first_byte - gateway - pauses,
        ),
        ("phase phase-pauses", t::phase_pauses(), pauses),
        ("phase phase-body", t::phase_body(), total - first_byte),
    ];
    let phases = phases
        .into_iter()
        .filter(|(class, _, ms)| *ms > 0.0 || (asked_upstream && *class != "phase phase-pauses"))
        .collect::<Vec<_>>();
    let bar = |(class, _, ms): (&'static str, &'static str, f64)| {
        view! { <span class=class style:flex-grow=format::fixed(ms / total.max(0.001), 4)></span> }
    };
    let word = |(class, word, ms): (&'static str, &'static str, f64)| {
        view! {
            <li>
                <span class=format!("{class} phase-key")></span>
                <span class="muted">{word}</span>
                <span class="strong">{format::duration(ms)}</span>
            </li>
        }
    };
    Some(view! {
        <section class="timeline" aria-label=t::timeline()>
            <div class="phases" aria-hidden="true">
                {phases.iter().copied().map(bar).collect_view()}
            </div>
            <ul class="phase-words" role="list">
                {phases.into_iter().map(word).collect_view()}
            </ul>
        </section>
    })
}

/// The attempts, in order.
#[component]
pub fn Attempts(attempts: Vec<Attempt>) -> impl IntoView {
    let line = |attempt: Attempt| {
        let class = attempt.error.unwrap_or_default();
        let why = failures::word(&class).map_or_else(|| class.clone(), str::to_owned);
        // An answer can break off after its status.
        let (badge, after_status) = match attempt.status_code {
            Some(status) => (
                view! { <Badge tone=Tone::of_status(status) word=status.to_string() /> },
                Some(why),
            ),
            None => (view! { <Badge tone=Tone::Bad word=why /> }, None),
        };
        let why = (!class.is_empty())
            .then(|| view! { <span class="cell-sub">{after_status} " " <code>{class}</code></span> });
        let phase = attempt.phase.map(|phase| match phase {
            AttemptPhase::Connect => t::phase_connect(),
            AttemptPhase::Request => t::phase_request(),
            AttemptPhase::ResponseHead => t::phase_response_head(),
            AttemptPhase::ResponseBody => t::phase_response_body(),
        });
        view! {
            <li class="attempt">
                <span class="muted">{t::attempt_n(attempt.attempt)}</span>
                <span>
                    <code>{attempt.target}</code>
                    <span class="cell-sub">{phase}</span>
                    {attempt.route_name.map(|name| view! { <span class="cell-sub">{t::of_route(&name)}</span> })}
                    {why}
                </span>
                {badge}
                <span class="attempt-time">{format::duration(attempt.ms)}</span>
            </li>
        }
    };
    (!attempts.is_empty()).then(|| {
        view! {
            <section class="stack-s attempts">
                <h3>{t::attempts()}</h3>
                <ol role="list">{attempts.into_iter().map(line).collect_view()}</ol>
            </section>
        }
    })
}

/// Headers and body of a request or response.
#[component]
pub fn Message(
    headers: Vec<(String, String)>,
    body: Option<String>,
    /// Bytes of the body that went over the wire.
    size: u64,
    /// The request has ended: what is kept of its bodies is there.
    ended: bool,
) -> impl IntoView {
    let header = |(name, value): (String, String)| {
        view! {
            <dt>{name}</dt>
            <dd class="mono">{value}</dd>
        }
    };
    let headers = if headers.is_empty() {
        view! { <p class="muted">{t::no_headers()}</p> }.into_any()
    } else {
        view! { <dl class="facts">{headers.into_iter().map(header).collect_view()}</dl> }.into_any()
    };
    view! {
        <div class="stack">
            <section class="stack-s">
                <h3>{common::headers()}</h3>
                {headers}
            </section>
            <BodyText body size ended />
        </div>
    }
}

/// A body, indented where it is JSON, or as it came.
#[component]
fn BodyText(body: Option<String>, size: u64, ended: bool) -> impl IntoView {
    let raw = RwSignal::new(false);
    let choice = move || {
        let choose = move |is_raw: bool| raw.set(is_raw);
        either(common::body(), "body-form", [t::pretty(), t::raw()], raw.into(), choose)
    };
    let has_text = body.is_some();
    let body = match body {
        // How large it is shows at the end.
        None if !ended => view! { <p class="muted">{t::not_captured_yet()}</p> }.into_any(),
        None if size == 0 => view! { <p class="muted">{t::no_body()}</p> }.into_any(),
        None => view! {
            <p class="muted">
                {t::not_captured()} " "
                <a href=format!("{BASE}/settings?q=audit.capture")>{t::show_setting()}</a>
            </p>
        }
        .into_any(),
        Some(body) => {
            let text = reactive::derived(move || {
                if raw.get() {
                    body.clone()
                } else {
                    format::pretty_json(&body)
                }
            });
            view! { <CodeBlock text label=common::body() /> }.into_any()
        }
    };
    view! {
        <section class="stack-s">
            <div class="row body-head">
                <h3>{common::body()}</h3>
                {has_text.then(choice)}
            </div>
            {body}
        </section>
    }
}
