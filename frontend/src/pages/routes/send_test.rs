//! Sends one real request to a route's target and shows what came back.

use fastgate_shared::route::{Route, RouteTestResult, TestRoute};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::RoutesState;
use super::match_test::{RequestDraft, RequestFields};
use crate::api;
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::code::{CodeBlock, with_code};
use crate::components::dialog::{Dialog, Shape, leave_button};
use crate::components::icon::{Glyph, Icon};
use crate::format;
use crate::locales::{self, common, routes as t};
use crate::pages::playground::example;

#[component]
pub fn SendTest(state: RoutesState, route: Route) -> impl IntoView {
    let path = example::path(&route);
    let body = example::body(&path, example::model(&route).as_deref().unwrap_or(example::MODEL));
    let draft = RequestDraft::new(&example::method(&route, &body), path, body);
    let busy = RwSignal::new(false);
    let answer = RwSignal::new(None::<Result<RouteTestResult, String>>);
    let typed = RwSignal::new(false);
    let close = Callback::new(move |()| state.address.close(&["test"]));
    let title = t::test_title(&route.definition.route_name);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() || !draft.ready_to_send() {
            return;
        }
        let test = untrack(|| TestRoute {
            test_method: draft.method(),
            test_path: Some(draft.path()),
            test_headers: draft.headers(),
            test_body: draft.body(),
            timeout: None,
        });
        let route_id = route.route_id.clone();
        busy.set(true);
        spawn_local(async move {
            let said = api::routes::test(&route_id, &test).await;
            // What was sent is answered: nothing is lost any more.
            typed.set(said.is_err());
            answer.set(match said {
                Ok(result) => Some(Ok(result)),
                Err(problem) => draft.refused(problem).map(Err),
            });
            busy.set(false);
        });
    };
    let result = move || match answer.get().filter(|_| draft.is_right()) {
        None => ().into_any(),
        Some(Ok(result)) => view! { <TestResult result /> }.into_any(),
        Some(Err(text)) => view! { <Failure text /> }.into_any(),
    };
    view! {
        <Dialog title lead=t::test_lead() shape=Shape::FormDrawer typed on_close=close>
            <form class="dialog-form" on:submit=submit novalidate=true>
                <div class="dialog-body stack">
                    <RequestFields draft />
                    <div class="stack" aria-live="polite">
                        {result}
                    </div>
                </div>
                <div class="dialog-foot">
                    {leave_button(common::close())}
                    <Button submit=true weight=Weight::Primary glyph=Glyph::Send busy>
                        {t::send_test()}
                    </Button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
fn Failure(text: String) -> impl IntoView {
    view! {
        <div class="banner banner-bad">
            <Icon glyph=Glyph::Alert />
            <div>
                <strong>{t::test_failed()}</strong>
                <p>{with_code(&text)}</p>
            </div>
        </div>
    }
}

#[component]
fn TestResult(result: RouteTestResult) -> impl IntoView {
    let duration = |ms: Option<f64>| ms.map_or_else(|| "–".to_owned(), format::duration);
    let headers = result
        .response_headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"));
    let headers = headers.collect::<Vec<_>>().join("\n");
    let body = result
        .response_body
        .filter(|body| !body.is_empty())
        .map(|body| format::pretty_json(&body));
    view! {
        {match (result.success, result.error_message) {
            (true, _) => {
                view! {
                    <div class="banner banner-good">
                        <Icon glyph=Glyph::Check />
                        <div><strong>{t::test_ok()}</strong></div>
                    </div>
                }
                    .into_any()
            }
            (false, why) => view! { <Failure text=locales::refusal(&why.unwrap_or_default()) /> }.into_any(),
        }}
        {(!result.matched)
            .then(|| view! { <p class="field-warning"><Icon glyph=Glyph::Alert />{t::test_not_matched()}</p> })}
        <dl class="facts">
            <dt>{common::status()}</dt>
            <dd>
                {result
                    .status_code
                    .map(|status| view! { <Badge tone=Tone::of_status(status) word=status.to_string() /> })}
                {result.status_code.is_none().then_some("–")}
            </dd>
            <dt>{t::target_url()}</dt>
            <dd>
                <code>{result.target_url}</code>
            </dd>
            <dt>{t::took()}</dt>
            <dd>{duration(result.response_time_ms)}</dd>
            <dt>{t::first_byte()}</dt>
            <dd>{duration(result.ttfb_ms)}</dd>
        </dl>
        {(!headers.is_empty()).then(|| view! { <Part title=t::response_headers() text=headers /> })}
        {body.map(|body| view! { <Part title=t::response_body() text=body /> })}
    }
}

#[component]
fn Part(title: &'static str, text: String) -> impl IntoView {
    view! {
        <section class="stack-s">
            <h3>{title}</h3>
            <CodeBlock text label=title />
        </section>
    }
}
