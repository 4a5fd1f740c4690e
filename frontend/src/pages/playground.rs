//! The playground: a request of one's own through the gateway, and its answer while it comes.

mod answer;
mod draft;
pub mod example;
mod fields;
mod sending;

use fastgate_shared::admin_token::Role;
use fastgate_shared::api_key::ApiKey;
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::Route;
use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::prelude::*;

use crate::api;
use crate::app::BASE;
use crate::components::button::{Button, Weight};
use crate::components::call_code::CallSnippets;
use crate::components::field::FormRefusal;
use crate::components::icon::{Glyph, Icon};
use crate::components::loaded::EmptyState;
use crate::components::page_head::PageHead;
use crate::locales::{keys, playground as t, routes};
use crate::pages::forecast::Forecast;
use crate::pages::keys::is_usable;
use crate::pages::playground::answer::AnswerView;
use crate::pages::playground::draft::Draft;
use crate::pages::playground::fields::RequestFields;
use crate::pages::playground::sending::Sending;
use crate::state::address::Address;
use crate::state::form::FormErrors;
use crate::state::query::Query;
use crate::state::range::Range;
use crate::state::router::Router;
use crate::state::session::Session;
use crate::state::{clock, reactive};

/// What the address may name.
const ROUTE: usize = 0;
const KEY: usize = 1;
/// The range whose models are offered.
const MODELS_OF: &str = "30d";
/// How often what came is shown: a screen cannot be read faster.
const SHOW_EVERY_MS: u64 = 100;

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct PlaygroundState {
    draft: Draft,
    errors: FormErrors,
    routes: Query<Vec<Route>>,
    keys: Query<Vec<ApiKey>>,
    /// Models that were asked for lately.
    models: Query<Vec<String>>,
}

impl PlaygroundState {
    fn new(draft: Draft) -> Self {
        let address = Address::get();
        let state = Self {
            draft,
            errors: FormErrors::new(move || wrong(draft)),
            routes: Query::new(|| (), |()| api::routes::list()),
            keys: Query::new(|| (), |()| api::keys::list()),
            models: Query::new(|| (), |()| models()),
        };
        state.begin_with_what_is_there(address);
        state
    }

    /// The route and the key of the address; else the first of each that can be used, so that one press sends something.
    fn begin_with_what_is_there(self, address: Address) {
        let (route, key) = (address.param("route"), address.param("key"));
        let (routes, draft) = (self.routes.data, self.draft);
        Effect::watch(
            move || routes.with(Option::is_some),
            move |there, _, _| {
                let asked = route.get_untracked();
                if !*there || !draft.begins_with(ROUTE, &asked) {
                    return;
                }
                let found = routes.with_untracked(|routes| {
                    let mut routes = routes.iter().flatten();
                    let fits = |route: &&Route| match &asked {
                        Some(id) => route.route_id == *id,
                        None => route.definition.is_active,
                    };
                    routes.find(fits).cloned()
                });
                if let Some(route) = found {
                    draft.use_route(&route);
                    draft.has_begun(ROUTE, asked);
                }
            },
            true,
        );
        let keys = self.keys.data;
        Effect::watch(
            move || keys.with(Option::is_some),
            move |there, _, _| {
                let asked = key.get_untracked();
                let begins = draft.begins_with(KEY, &asked);
                let chosen = draft.key.get_untracked();
                let (first, is_gone) = keys.with_untracked(|keys| {
                    let mut usable = keys.iter().flatten().filter(|key| is_usable(key));
                    let is_gone = !chosen.is_empty() && !usable.clone().any(|key| key.key_id == chosen);
                    (usable.next().map(|key| key.key_id.clone()), is_gone)
                });
                let named = asked.clone().filter(|_| begins);
                if let Some(key) = named.or(first).filter(|_| *there && (begins || is_gone)) {
                    draft.key.set(key);
                    draft.has_begun(KEY, asked);
                }
            },
            true,
        );
    }
}

/// The page.
#[component]
pub fn PlaygroundPage() -> impl IntoView {
    let (draft, sending) = draft::desk();
    let state = PlaygroundState::new(draft);
    clock::steadily(SHOW_EVERY_MS, move || sending.show());
    let path = Router::get().path();
    let here = path.get_untracked();
    on_cleanup(move || {
        if path.get_untracked() != here {
            sending.leave();
        }
    });
    let may_send = Session::may_offer(Some(Role::Operator));
    let send = move || {
        if may_send {
            sending.send(state.errors);
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            send();
        }
    };
    let origin = StoredValue::new(Session::get().proxy_origin());
    let call = Signal::derive(move || state.draft.code(&origin.get_value()));
    view! {
        <PageHead title=t::title() lead=t::lead() />
        <div class="banner banner-warn playground-costs">
            <Icon glyph=Glyph::Alert />
            <div>{t::costs()}</div>
        </div>
        <div class="playground">
            <form class="card playground-form" on:submit=submit on:keydown=on_key novalidate=true>
                <h2>{t::request()}</h2>
                <RequestFields state />
                <FormRefusal refusal=sending.refusal />
                {if may_send {
                    view! { <Buttons sending draft /> }.into_any()
                } else {
                    view! { <p class="muted">{t::needs_operator()}</p> }.into_any()
                }}
            </form>
            <section class="card playground-answer" aria-label=t::answer()>
                <h2>{t::answer()}</h2>
                <AnswerView sending state />
            </section>
            <section class="card playground-code">
                <div>
                    <h2>{t::as_code()}</h2>
                    <p class="muted">{t::as_code_lead()}</p>
                </div>
                <div><CallSnippets call /></div>
            </section>
        </div>
    }
}

/// What has to be made before a request can come to something: a route, and a key.
#[component]
fn NextStep(state: PlaygroundState) -> impl IntoView {
    let lacks_route = reactive::memo(move |_| {
        state
            .routes
            .data
            .with(|routes| routes.as_ref().is_some_and(Vec::is_empty))
    });
    let lacks_key = reactive::memo(move |_| state.keys.data.with(|keys| keys.as_ref().is_some_and(Vec::is_empty)));
    move || {
        let (glyph, sentence, place, word, needs) = match (lacks_route.get(), lacks_key.get()) {
            (true, _) => (
                Glyph::Route,
                routes::empty(),
                "/routes?new=1",
                routes::create(),
                Role::Operator,
            ),
            (false, true) => (Glyph::Key, keys::empty(), "/keys?new=1", keys::create(), Role::Admin),
            (false, false) => return view! { <EmptyState glyph=Glyph::Send sentence=t::nothing_yet() /> }.into_any(),
        };
        let link = Session::may_offer(Some(needs)).then(|| {
            view! {
                <a class="button button-primary" href=format!("{BASE}{place}")>
                    {word}
                </a>
            }
        });
        view! { <EmptyState glyph sentence>{link}</EmptyState> }.into_any()
    }
}

#[component]
fn Buttons(sending: Sending, draft: Draft) -> impl IntoView {
    let busy = sending.is_busy();
    view! {
        <div class="row">
            <Button submit=true weight=Weight::Primary glyph=Glyph::Send busy primary_action=true>
                {t::send()}
            </Button>
            {move || {
                busy.get()
                    .then(|| view! { <Button glyph=Glyph::Ban on_press=move |()| sending.stop()>{t::stop()}</Button> })
            }}
            <span class="muted playground-keys" aria-hidden="true">
                <kbd>"Ctrl"</kbd>
                " "
                <kbd>"Enter"</kbd>
            </span>
            <Forecast written=Signal::derive(move || (draft.route.get(), draft.question())) />
        </div>
    }
}

/// What is wrong with what is typed.
fn wrong(draft: Draft) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !draft.path.with(|path| path.trim_start().starts_with('/')) {
        errors.push(FieldError::new("path", t::path_rule()));
    }
    errors.extend(draft.wrong_body());
    errors
}

async fn models() -> api::Answer<Vec<String>> {
    let range = Range::find(MODELS_OF);
    let summary = api::metrics::summary(&range.start(range.span), None).await?;
    Ok(summary.top_models.into_iter().map(|model| model.name).collect())
}
