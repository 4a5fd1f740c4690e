//! One record in a drawer.

use fastgate_shared::admin_token::Role;
use fastgate_shared::audit_log::{LogRecord, Outcome, Replay};
use fastgate_shared::problem::Problem;
use leptos::prelude::*;

use super::RequestsState;
use super::curl;
use super::known::{Named, NamedObject};
use super::record_parts::{Attempts, Message, Timeline};
use super::replay::Resending;
use super::table::{status_badge, tone_of};
use super::why::Why;
use crate::api;
use crate::app::BASE;
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::code::with_code;
use crate::components::copy_button::CopyButton;
use crate::components::dialog::{Dialog, Shape};
use crate::components::icon::Glyph;
use crate::components::loaded::{EmptyState, Loaded, TableSkeleton};
use crate::components::tabs::Tabs;
use crate::format;
use crate::locales::{self, common, requests as t};
use crate::state::clock::every;
use crate::state::query::Query;
use crate::state::reactive;
use crate::state::session::Session;

#[component]
pub fn RecordDrawer(state: RequestsState, open: Memo<Option<String>>) -> impl IntoView {
    // While the drawer closes, the last one stays.
    let log_id = reactive::memo(move |before: Option<&String>| open.get().or(before.cloned()).unwrap_or_default());
    let record = Query::new(
        move || log_id.get(),
        |log_id| async move { api::logs::record(&log_id).await },
    );
    // A request in flight goes on changing.
    every(2_000, move || {
        if record
            .data
            .with_untracked(|record| record.as_ref().is_some_and(|record| record.item.outcome.is_none()))
        {
            record.reload();
        }
    });
    let close = Callback::new(move |()| state.address.close(&["open"]));
    let tab = RwSignal::new(0);
    let content = move || {
        record
            .data
            .get()
            .map(|record| view! { <RecordView state record tab /> })
    };
    let foot = move || record.data.get().map(|record| view! { <Actions state record /> });
    let is_gone = reactive::memo(move |_| {
        let missing = |problem: &Option<Problem>| problem.as_ref().is_some_and(|problem| problem.status == 404);
        record.problem.with(missing) && record.data.with(Option::is_none)
    });
    let body = move || {
        if is_gone.get() {
            return view! {
                <EmptyState glyph=Glyph::Clock sentence=t::no_record()>
                    <Button on_press=close>{t::to_list()}</Button>
                </EmptyState>
            }
            .into_any();
        }
        view! {
            <Loaded query=record skeleton=|| view! { <TableSkeleton /> }>
                {content}
            </Loaded>
        }
        .into_any()
    };
    let end = move |step: isize| reactive::derived(move || !state.has(&log_id.get(), step));
    view! {
        <Dialog title=t::record_title() shape=Shape::Drawer on_close=close>
            <div class="dialog-body stack">{body}</div>
            <div class="dialog-foot record-foot">
                <Beside state step=-1 end=end(-1) glyph=Glyph::Up word=t::previous() label=t::previous_request() />
                <Beside state step=1 end=end(1) glyph=Glyph::Down word=t::next() label=t::next_request() />
                {foot}
            </div>
        </Dialog>
    }
}

/// The way to the request above or below in the list, as `k` and `j` go it.
#[component]
fn Beside(
    state: RequestsState,
    step: isize,
    /// There is none.
    end: Signal<bool>,
    glyph: Glyph,
    word: &'static str,
    label: &'static str,
) -> impl IntoView {
    let go = move |()| {
        state.step(step);
    };
    view! {
        <Button glyph label busy=end on_press=go>
            {word}
        </Button>
    }
}

/// What can be done: a request in flight can be cancelled, one that has ended sent again.
#[component]
fn Actions(state: RequestsState, record: LogRecord) -> impl IntoView {
    if record.item.outcome.is_none() {
        let ask = move |()| state.cancelling.set(Some(record.item.clone()));
        return view! {
            <Button needs=Role::Operator weight=Weight::Danger glyph=Glyph::Ban on_press=ask>
                {t::cancel_request()}
            </Button>
        }
        .into_any();
    }
    let record = StoredValue::new(record);
    let resend = move |edit: bool| {
        let record = record.get_value();
        state.resending.set(Some(Resending { record, edit }));
    };
    view! {
        <Button needs=Role::Operator glyph=Glyph::Refresh on_press=move |()| resend(false)>
            {t::replay()}
        </Button>
        <Button needs=Role::Operator glyph=Glyph::Edit on_press=move |()| resend(true)>
            {t::edit_and_resend()}
        </Button>
    }
    .into_any()
}

#[component]
fn RecordView(state: RequestsState, record: LogRecord, tab: RwSignal<usize>) -> impl IntoView {
    let item = record.item.clone();
    let ended = item.outcome.is_some();
    let command = curl::command(&record, &Session::get().proxy_origin());
    let names = vec![t::summary(), t::why_route(), t::request_part(), t::response_part()];
    view! {
        <div class="record-head">
            {status_badge(&item)}
            <span class="method">{item.method.clone()}</span>
            <code class="record-path">{item.path.clone()}</code>
            <CopyButton text=command what=t::curl_command() />
        </div>
        {item
            .error_message
            .as_deref()
            .map(|error| view! { <p class="banner banner-bad"><span>{with_code(&locales::refusal(error))}</span></p> })}
        <Timeline item=item attempts=record.attempts.iter().map(|attempt| attempt.ms).collect() />
        <Tabs
            label=t::record_title()
            names
            chosen=tab
            panel=move |at| match at {
                0 => view! { <Summary state record=record.clone() /> }.into_any(),
                1 => view! { <Why record=record.clone() /> }.into_any(),
                2 => {
                    view! { <Message headers=record.request_headers.clone() body=record.request_body.clone() size=record.item.request_size ended /> }
                        .into_any()
                }
                _ => {
                    view! { <Message headers=record.response_headers.clone() body=record.response_body.clone() size=record.item.response_size ended /> }
                        .into_any()
                }
            }
        />
    }
}

#[component]
fn Summary(state: RequestsState, record: LogRecord) -> impl IntoView {
    let item = record.item;
    let request_id = item.request_id.clone();
    let route = match item.route_id.zip(item.route_name) {
        Some((id, recorded)) => {
            let deleted = t::route_deleted();
            let (list, page, filter) = (state.routes, "routes", "route_id");
            view! { <NamedObject named=Named { list, page, filter, id, recorded, deleted } /> }.into_any()
        }
        None => view! { <span class="muted">{t::no_route()}</span> }.into_any(),
    };
    let preview = item.key_preview;
    let key = match item.key_id {
        Some(id) => {
            let recorded = item
                .source_path
                .clone()
                .or(preview.clone())
                .unwrap_or_else(|| id.clone());
            let deleted = t::key_deleted();
            let (list, page, filter) = (state.keys, "keys", "key_id");
            view! {
                <NamedObject named=Named { list, page, filter, id, recorded, deleted } />
                <code class="record-beside">{preview}</code>
            }
            .into_any()
        }
        None => view! { <span class="muted">{t::no_key()}</span> }.into_any(),
    };
    let tokens = item.prompt_tokens.or(item.completion_tokens).map(|_| {
        t::tokens(
            &format::count(item.prompt_tokens.unwrap_or(0)),
            &format::count(item.completion_tokens.unwrap_or(0)),
        )
    });
    let (request, response) = (format::bytes(item.request_size), format::bytes(item.response_size));
    // How much of the request came is counted at its end.
    let transferred = if item.outcome.is_none() && item.request_size == 0 {
        t::sizes_so_far(&response)
    } else {
        t::sizes(&request, &response)
    };
    view! {
        <dl class="facts">
            <dt>{t::outcome()}</dt>
            <dd>{outcome_badge(item.outcome, item.status_code)}</dd>
            <dt>{common::request_id()}</dt>
            <dd>
                <code>{request_id.clone()}</code>
                <CopyButton text=request_id what=common::request_id() />
            </dd>
            {record.replay.map(origin)}
            <dt>{t::received()}</dt>
            <dd>{format::exact_time(format::millis(item.request_time))}</dd>
            <dt>{t::route()}</dt>
            <dd>{route}</dd>
            {item
                .target_url
                .map(|url| {
                    view! {
                        <dt>{t::sent_to()}</dt>
                        <dd>
                            <span class="data">{url.clone()}</span>
                            <CopyButton text=url what=t::sent_to() />
                        </dd>
                    }
                })}
            <dt>{t::key()}</dt>
            <dd>{key}</dd>
            {fact(t::source(), item.source_path)}
            {fact(t::model(), item.model)}
            {fact(t::col_tokens(), tokens)}
            <dt>{t::transferred()}</dt>
            <dd>{transferred}</dd>
            {fact(t::stream(), item.is_stream.then(|| t::events(item.stream_chunks)))}
            <dt>{t::client()}</dt>
            <dd>
                <code>{item.ip_address}</code>
                <span class="muted data">{item.user_agent}</span>
            </dd>
        </dl>
        <Attempts attempts=record.attempts />
    }
}

/// Where a request comes from that an administrator sent.
fn origin(replay: Replay) -> impl IntoView {
    let (name, link, word) = match replay.of {
        Some(of) => (t::replay_of(), format!("{BASE}/requests?open={of}"), of),
        None => (
            t::sent_by(),
            format!("{BASE}/playground"),
            t::from_playground().to_owned(),
        ),
    };
    view! {
        <dt>{name}</dt>
        <dd>
            <a href=link>{word}</a>
            <span class="muted data">{crate::locales::refusal(&replay.by)}</span>
        </dd>
    }
}

fn fact(name: &'static str, value: Option<String>) -> impl IntoView {
    value.filter(|value| !value.is_empty()).map(|value| {
        view! {
            <dt>{name}</dt>
            <dd>{value}</dd>
        }
    })
}

fn outcome_badge(outcome: Option<Outcome>, status: Option<u16>) -> impl IntoView {
    let word = match outcome {
        None => t::in_flight(),
        Some(Outcome::Ok) => t::outcome_ok(),
        Some(Outcome::UpstreamError) => t::outcome_upstream_error(),
        Some(Outcome::Timeout) => t::outcome_timeout(),
        Some(Outcome::ClientClosed) => t::outcome_client_closed(),
        Some(Outcome::Rejected) => t::outcome_rejected(),
        Some(Outcome::Interrupted) => t::outcome_interrupted(),
    };
    let tone = outcome.map_or(Tone::Info, |outcome| tone_of(outcome, status));
    view! { <Badge tone word /> }
}
