//! The answer: how it stands, its figures, and its text, bytes and header fields.

use leptos::prelude::*;

use super::draft::Draft;
use super::sending::{Phase, Sending};
use super::{NextStep, PlaygroundState};
use crate::app::BASE;
use crate::components::badge::{Badge, Tone};
use crate::components::code::{CodeBlock, with_code};
use crate::components::copy_button::CopyButton;
use crate::components::field::FieldWarning;
use crate::components::tabs::Tabs;
use crate::format;
use crate::locales::{self, common, overview, playground as t};
use crate::state::reactive;

/// The tab with the bytes.
const RAW: usize = 1;

#[component]
pub fn AnswerView(sending: Sending, state: PlaygroundState) -> impl IntoView {
    let idle = reactive::memo(move |_| sending.phase.get() == Phase::Idle);
    view! {
        <p class="row" role="status">
            {move || standing(sending)}
        </p>
        {move || {
            if idle.get() {
                view! { <NextStep state /> }.into_any()
            } else {
                view! {
                    <Figures sending />
                    <Origin sending draft=state.draft />
                    <Content sending />
                }
                    .into_any()
            }
        }}
    }
}

fn standing(sending: Sending) -> AnyView {
    let (tone, word) = match sending.phase.get() {
        Phase::Idle => return ().into_any(),
        Phase::Waiting => (Tone::Info, t::sending()),
        Phase::Streaming => (Tone::Info, t::streaming()),
        Phase::Done => (Tone::Good, t::done()),
        Phase::Stopped => (Tone::Warn, t::stopped()),
        Phase::Broken => (Tone::Bad, t::broke_off()),
    };
    let status = sending.head.with(|head| head.as_ref().map(|head| head.status_code));
    // What came whole may be an error.
    let failed = tone == Tone::Good && status.is_some_and(|status| Tone::of_status(status) != Tone::Good);
    let why = sending
        .end
        .with(|end| Some(locales::refusal(end.as_ref()?.error_message.as_ref()?)))
        .or_else(|| failed.then(|| overview::call_failed().to_owned()));
    view! {
        {status.map(|status| view! { <Badge tone=Tone::of_status(status) word=status.to_string() /> })}
        {(!failed).then(|| view! { <Badge tone word /> })}
        {why.map(|why| view! { <span class="muted">{with_code(&why)}</span> })}
    }
    .into_any()
}

#[component]
fn Figures(sending: Sending) -> impl IntoView {
    let none = || "–".to_owned();
    let ttfb = move || {
        sending
            .head
            .with(|head| head.as_ref().map(|head| format::duration(head.ttfb_ms)))
    };
    let tokens = move || {
        sending.end.with(|end| {
            let end = end.as_ref()?;
            end.prompt_tokens.or(end.completion_tokens)?;
            let count = |tokens: Option<u64>| tokens.map_or_else(none, format::count);
            Some(t::tokens_of(&count(end.prompt_tokens), &count(end.completion_tokens)))
        })
    };
    let figure = |name: &'static str, value: Signal<String>| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{move || value.get()}</dd>
            </div>
        }
    };
    view! {
        <dl class="playground-figures">
            {figure(t::ttfb(), Signal::derive(move || ttfb().unwrap_or_else(none)))}
            {figure(t::total(), Signal::derive(move || format::duration(sending.elapsed.get())))}
            {figure(t::speed(), Signal::derive(move || speed(sending).unwrap_or_else(none)))}
            {figure(t::tokens(), Signal::derive(move || tokens().unwrap_or_else(none)))}
            {figure(t::size(), Signal::derive(move || format::bytes(sending.size.get())))}
        </dl>
    }
}

/// Tokens of the answer in a second: since its head where it streamed, else since it was asked for. Where the upstream tells
/// no usage, its events are counted.
fn speed(sending: Sending) -> Option<String> {
    let ttfb = sending.head.with(|head| head.as_ref().map(|head| head.ttfb_ms))?;
    let end = sending.end.get()?;
    let since = if end.stream_chunks > 0 { ttfb } else { 0.0 };
    let seconds = (end.response_time_ms - since) / 1_000.0;
    let (about, count) = match end.completion_tokens {
        Some(tokens) => ("", tokens),
        None if end.stream_chunks > 0 => ("≈ ", end.stream_chunks),
        None => return None,
    };
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let speed = count as f64 / seconds;
    let shown = format::fixed(speed, if speed < 100.0 { 1 } else { 0 });
    (seconds > 0.0 && speed.is_finite()).then(|| format!("{about}{shown}"))
}

/// Which route took it, and where its record is.
#[component]
fn Origin(sending: Sending, draft: Draft) -> impl IntoView {
    move || {
        let head = sending.head.get()?;
        let chosen = draft.route.get_untracked();
        let other = head
            .route_id
            .clone()
            .filter(|id| !chosen.is_empty() && *id != chosen)
            .and(head.route_name.clone());
        let record = format!("{BASE}/requests?open={}", head.log_id);
        let route = head.route_name.map(|name| {
            let link = format!("{BASE}/routes?edit={}", head.route_id.unwrap_or_default());
            view! {
                <dt>{t::took_route()}</dt>
                <dd>
                    <a href=link>{name}</a>
                </dd>
            }
        });
        Some(view! {
            {other.map(|name| view! { <FieldWarning message=Signal::stored(Some(t::other_route(&name))) /> })}
            <dl class="facts">
                {route}
                <dt>{common::request_id()}</dt>
                <dd>
                    <code>{head.request_id.clone()}</code>
                    <CopyButton text=head.request_id what=common::request_id() />
                </dd>
                <dt>{t::record()}</dt>
                <dd>
                    <a href=record>{head.log_id}</a>
                </dd>
            </dl>
        })
    }
}

#[component]
fn Content(sending: Sending) -> impl IntoView {
    let tab = RwSignal::new(0);
    // An answer without a model's text shows as it is, the next one as a text again.
    Effect::new(move |turned: Option<bool>| {
        let over = sending.end.with(Option::is_some);
        let is_bare = over && sending.text.with_untracked(String::is_empty);
        if is_bare {
            tab.set(RAW);
        } else if turned == Some(true) && tab.get_untracked() == RAW {
            tab.set(0);
        }
        is_bare
    });
    let names = vec![t::text(), t::raw(), common::headers()];
    let cut = move || {
        let is_cut = sending.end.with(|end| end.as_ref().is_some_and(|end| end.truncated));
        is_cut.then(|| view! { <p class="muted">{t::cut()}</p> })
    };
    view! {
        <Tabs
            label=t::answer()
            names
            chosen=tab
            panel=move |at| match at {
                0 => view! { <Text sending /> }.into_any(),
                RAW => view! { <Raw sending /> }.into_any(),
                _ => view! { <Headers sending /> }.into_any(),
            }
        />
        {cut}
    }
}

#[component]
fn Text(sending: Sending) -> impl IntoView {
    let none = reactive::memo(move |_| sending.text.with(String::is_empty));
    let over = move || sending.end.with(Option::is_some);
    move || {
        if !none.get() {
            view! { <CodeBlock text=sending.text label=t::answer() /> }.into_any()
        } else if over() {
            view! { <p class="muted">{t::no_text()}</p> }.into_any()
        } else {
            view! { <p class="muted">{t::sending()}</p> }.into_any()
        }
    }
}

#[component]
fn Raw(sending: Sending) -> impl IntoView {
    let none = reactive::memo(move |_| sending.raw.with(String::is_empty));
    let pretty = Signal::derive(move || {
        let over = sending.end.with(Option::is_some);
        sending
            .raw
            .with(|raw| if over { format::pretty_json(raw) } else { raw.clone() })
    });
    move || {
        if !none.get() {
            view! { <CodeBlock text=pretty label=t::answer() /> }.into_any()
        } else if sending.end.with(Option::is_none) {
            view! { <p class="muted">{t::sending()}</p> }.into_any()
        } else if sending.size.get() > 0 {
            view! { <p class="muted">{t::not_shown()}</p> }.into_any()
        } else {
            view! { <p class="muted">{t::empty_body()}</p> }.into_any()
        }
    }
}

#[component]
fn Headers(sending: Sending) -> impl IntoView {
    let text = Signal::derive(move || {
        sending.head.with(|head| {
            let fields = head.iter().flat_map(|head| &head.response_headers);
            let lines = fields.map(|(name, value)| format!("{name}: {value}"));
            lines.collect::<Vec<_>>().join("\n")
        })
    });
    view! { <CodeBlock text label=common::headers() /> }
}
