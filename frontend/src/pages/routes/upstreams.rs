//! How the targets of a route are: one badge in the list, and the details of each target behind it.

use std::sync::Arc;

use fastgate_shared::time::Timestamp;
use fastgate_shared::upstream::{UpstreamState, UpstreamStatus};
use leptos::prelude::*;

use super::RoutesState;
use crate::components::badge::{Badge, Tone};
use crate::components::relative_time::RelativeTime;
use crate::components::show::Show;
use crate::components::sorting::By;
use crate::components::unique_id;
use crate::format;
use crate::locales::upstreams as t;
use crate::state::reactive;

/// The cell of a route. It follows the targets by itself, so that an open detail stays open.
#[component]
pub fn Upstreams(state: RoutesState, route_id: String, route_name: String) -> impl IntoView {
    let targets = reactive::memo(move |_| {
        state.upstreams.data.with(|all| {
            let all = all.iter().flatten();
            let of_route = all.filter(|target| target.route_id == route_id);
            Arc::new(of_route.cloned().collect::<Vec<_>>())
        })
    });
    let id = unique_id();
    let title = t::targets_of(&route_name);
    let summary = move || {
        let (tone, word) = summary(&targets.get());
        view! { <Badge tone word /> }
    };
    let popover = id.clone();
    view! {
        <Show when=move || targets.with(|targets| !targets.is_empty())>
            <button type="button" class="badge-button" popovertarget=id.clone()>
                {summary}
                <span class="visually-hidden">{title.clone()}</span>
            </button>
            <div popover="auto" id=popover.clone() class="upstreams" role="group" aria-label=title.clone()>
                <ul>{move || targets.get().iter().map(details).collect_view()}</ul>
            </div>
        </Show>
    }
}

/// One target.
fn details(target: &UpstreamStatus) -> impl IntoView + use<> {
    let (tone, word) = looks(target);
    let fact = |name: &'static str, value: Option<String>| {
        value.map(|value| {
            view! {
                <dt>{name}</dt>
                <dd>{value}</dd>
            }
        })
    };
    let health = target.health.as_ref();
    let since = health.and_then(|health| health.since);
    let probed = health.and_then(|health| health.last_probe.zip(health.last_ms));
    let moment = |name: &'static str, time: Option<Timestamp>| {
        time.map(|time| {
            view! {
                <dt>{name}</dt>
                <dd>
                    <RelativeTime time />
                </dd>
            }
        })
    };
    let attempts = t::attempts_failed(&format::count(target.attempts), &format::count(target.failures));
    view! {
        <li>
            <div class="row">
                <Badge tone word />
                <code>{target.target.clone()}</code>
            </div>
            {reason(target).map(|why| view! { <p class="upstream-reason">{why}</p> })}
            <dl class="facts">
                {moment(t::since(), since)}
                {moment(t::last_probe(), probed.map(|(at, _)| at))}
                {fact(t::probe_took(), probed.map(|(_, ms)| format::duration(ms)))}
                {fact(t::in_flight(), Some(format::count(target.in_flight.into())))}
                {fact(t::latency(), target.latency_ms.map(format::duration))}
                {fact(t::attempts(), (target.attempts > 0).then_some(attempts))}
                {fact(t::weight(), Some(format::count(target.weight.into())))}
            </dl>
        </li>
    }
}

/// The targets of a route in one word: how many of those that should get requests do.
fn summary(targets: &[UpstreamStatus]) -> (Tone, String) {
    let in_use: Vec<(Tone, &'static str)> = targets
        .iter()
        .filter(|target| target.state != UpstreamState::Off)
        .map(looks)
        .collect();
    let gets_requests = |tone: &Tone| matches!(tone, Tone::Good | Tone::Info);
    let out = in_use.iter().filter(|(tone, _)| !gets_requests(tone)).count();
    match in_use.as_slice() {
        [] => (tone(UpstreamState::Off), word(UpstreamState::Off).to_owned()),
        [(tone, word)] => (*tone, (*word).to_owned()),
        // They all are in the same way.
        [first, others @ ..] if first.0 != Tone::Good && others.iter().all(|other| other == first) => {
            (first.0, first.1.to_owned())
        }
        several => {
            let tone = match out {
                0 => Tone::Good,
                out if out == several.len() => Tone::Bad,
                _ => Tone::Warn,
            };
            (tone, t::up_of(several.len() - out, several.len()))
        }
    }
}

/// How bad the worst of a route's targets is, to sort by; nothing where none is in use.
pub fn trouble<'a>(targets: impl Iterator<Item = &'a UpstreamStatus>) -> By {
    let badness = |target: &UpstreamStatus| match looks(target).0 {
        Tone::Bad => 3.0,
        Tone::Warn => 2.0,
        Tone::Info => 1.0,
        _ => 0.0,
    };
    let in_use = targets.filter(|target| target.state != UpstreamState::Off);
    By::number(in_use.map(badness).reduce(f64::max))
}

/// Why a target gets no requests.
pub fn reason(target: &UpstreamStatus) -> Option<String> {
    let until = |time: Option<Timestamp>| time.map(|time| format::exact_time(format::millis(time)));
    let health = target.health.as_ref();
    let failed = health.and_then(|health| health.last_error.clone());
    match target.state {
        UpstreamState::Open => until(target.circuit.as_ref()?.open_until).map(|time| t::open_until(&time)),
        UpstreamState::Cooling => until(target.cooling_until).map(|time| t::cooling_until(&time)),
        UpstreamState::HalfOpen => Some(t::half_open_text().to_owned()),
        UpstreamState::Unknown if looks(target).0 == Tone::Bad => failed.or_else(|| Some(t::failing_text().to_owned())),
        UpstreamState::Unknown if target.attempts == 0 => failed.or_else(|| Some(t::unused_text().to_owned())),
        UpstreamState::Unknown => failed.or_else(|| Some(t::unknown_text().to_owned())),
        UpstreamState::Down | UpstreamState::Up => failed,
        UpstreamState::Off => None,
    }
}

/// A target in a word, and what that means to the reader: one that was never heard of and only failed is as good as down.
pub fn looks(target: &UpstreamStatus) -> (Tone, &'static str) {
    if target.fails_always() {
        return (Tone::Bad, t::failing());
    }
    (tone(target.state), word(target.state))
}

/// What a state means to the reader.
const fn tone(state: UpstreamState) -> Tone {
    match state {
        UpstreamState::Up => Tone::Good,
        UpstreamState::Down | UpstreamState::Open => Tone::Bad,
        UpstreamState::HalfOpen | UpstreamState::Cooling => Tone::Warn,
        UpstreamState::Unknown => Tone::Info,
        UpstreamState::Off => Tone::Neutral,
    }
}

/// A state in a word.
fn word(state: UpstreamState) -> &'static str {
    match state {
        UpstreamState::Up => t::up(),
        UpstreamState::Down => t::down(),
        UpstreamState::Open => t::open(),
        UpstreamState::HalfOpen => t::half_open(),
        UpstreamState::Cooling => t::cooling(),
        UpstreamState::Unknown => t::unknown(),
        UpstreamState::Off => t::off(),
    }
}
