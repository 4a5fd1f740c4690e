//! The drawer in which a route is made or edited.

use fastgate_shared::admin_token::Role;
use fastgate_shared::fields::Fields as _;
use fastgate_shared::problem::Problem;
use fastgate_shared::route::{Route, RouteDefinition};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::RoutesState;
use super::content::{Content, ContentView};
use super::draft::Draft;
use crate::api;
use crate::components::button::{Button, Weight};
use crate::components::conflict::{Clash, ConflictQuestion, Decided};
use crate::components::dialog::{Dialog, Shape, leave_button};
use crate::components::field::FormRefusal;
use crate::components::gone::GoneQuestion;
use crate::components::object_id::ObjectId;
use crate::locales::{changes, common, routes as t};
use crate::state::form::FormErrors;
use crate::state::query;
use crate::state::toasts::Toasts;

/// The parameters of the address that open the form.
const PARAMS: [&str; 3] = ["new", "from", "edit"];

/// Reads the route that is to be edited, so that the form begins with its latest state.
#[component]
pub fn EditRoute(state: RoutesState, route_id: String) -> impl IntoView {
    let toasts = Toasts::get();
    let found = query::once(
        move || {
            let route_id = route_id.clone();
            async move { api::routes::get(&route_id).await }
        },
        move |problem| {
            toasts.fail(problem);
            state.address.close(&["edit"]);
            state.reload();
        },
    );
    move || {
        found.get().map(|api::Tagged { value, etag }| {
            view! { <RouteForm state before=Some((value.route_id.clone(), etag)) model=Some(value) /> }
        })
    }
}

/// The drawer; `before` is the id of the route to edit and the ETag of its state, none for a new one, which may start as a
/// copy of `model`.
#[component]
pub fn RouteForm(state: RoutesState, before: Option<(String, String)>, model: Option<Route>) -> impl IntoView {
    let draft = Draft::new(model.as_ref());
    let is_new = before.is_none();
    let route_id = before.as_ref().map(|(route_id, _)| route_id.clone());
    let started = model.as_ref().map(|route| route.definition.clone());
    if is_new && model.is_some() {
        draft.route_name.update(|name| *name = t::copy_of(name));
        // Of the same path and priority, it would share the requests of the other at once.
        draft.is_active.set(false);
    }
    let copy_of = model.as_ref().filter(|_| is_new).map(|route| route.route_id.clone());
    let content = Content::new(draft);
    let errors = FormErrors::new(move || content.read().err().unwrap_or_default());
    let stored = model
        .filter(|_| !is_new)
        .map(|route| (route.route_id, route.created_at));
    let shadow = content.shadow(state, stored);
    let sending = Sending {
        state,
        content,
        errors,
        busy: RwSignal::new(false),
        refusal: RwSignal::new(None),
        clash: RwSignal::new(None),
        gone: RwSignal::new(None),
        toasts: Toasts::get(),
        before: StoredValue::new((before, started)),
        copy_of: StoredValue::new(copy_of),
    };
    let (busy, refusal, clash) = (sending.busy, sending.refusal, sending.clash);
    let close = Callback::new(move |()| state.address.close(&PARAMS));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        sending.send(None);
    };
    let title = if is_new { t::new() } else { t::edit_title() };
    view! {
        <Dialog title shape=Shape::WideFormDrawer on_close=close>
            <form class="dialog-form" on:submit=submit novalidate=true>
                <div class="dialog-body">
                    <FormRefusal refusal />
                    {route_id.map(|id| view! { <ObjectId name="route_id" id /> })}
                    <ContentView content errors shadow />
                </div>
                <div class="dialog-foot">
                    {leave_button(common::cancel())}
                    <Button needs=Role::Operator submit=true weight=Weight::Primary busy>
                        {if is_new { t::create() } else { common::save() }}
                    </Button>
                </div>
            </form>
        </Dialog>
        <ConflictQuestion
            clash
            busy
            on_theirs=move |()| sending.take_theirs()
            on_mine=move |decided| sending.send(Some(decided))
        />
        <GoneQuestion gone=sending.gone on_close=close on_anew=move |()| sending.send_anew() />
    }
}

/// The id and ETag of the route, and its definition, as the form began with them.
type Before = (Option<(String, String)>, Option<RouteDefinition>);

/// What a form sends, and what may come of it.
#[derive(Clone, Copy)]
struct Sending {
    state: RoutesState,
    content: Content,
    errors: FormErrors,
    busy: RwSignal<bool>,
    refusal: RwSignal<Option<String>>,
    clash: RwSignal<Option<Clash>>,
    /// Why there is nothing to change any more.
    gone: RwSignal<Option<Problem>>,
    toasts: Toasts,
    before: StoredValue<Before>,
    /// The id of the route that a new one began as a copy of: its credentials stand behind their masks.
    copy_of: StoredValue<Option<String>>,
}

impl Sending {
    /// With the ETag that the form began with, or after a conflict what was decided.
    fn send(self, decided: Option<Decided>) {
        let Some(definition) = untrack(|| self.content.read().ok()).filter(|_| !self.busy.get_untracked()) else {
            self.errors.ready_to_send();
            self.ask_for_the_rest();
            return;
        };
        let (before, started) = self.before.get_value();
        self.busy.set(true);
        spawn_local(async move {
            let saved = match before {
                Some((route_id, etag)) => {
                    let (etag, value) = decided.unwrap_or_else(|| (etag, api::value_of(&definition)));
                    api::routes::update(&route_id, &value, &etag).await
                }
                None => api::routes::create(&definition, self.copy_of.get_value().as_deref()).await,
            };
            self.busy.set(false);
            self.clash.set(None);
            match saved {
                Ok(route) => {
                    self.toasts.say(t::saved(&route.definition.route_name));
                    self.state.reload();
                    self.state.address.close(&PARAMS);
                }
                Err(problem) => self.refused(problem, &started, &definition),
            }
        });
    }

    /// What only the server can judge (schemas, addresses, certificates) is said together with what is known here.
    fn ask_for_the_rest(self) {
        let Some(definition) = untrack(|| self.content.so_far()).filter(|_| !self.busy.get_untracked()) else {
            return;
        };
        let route_id = self
            .before
            .with_value(|(before, _)| before.as_ref().map(|(route_id, _)| route_id.clone()));
        spawn_local(async move {
            let copy_of = self.copy_of.get_value();
            self.errors
                .add(api::routes::refusals(route_id.as_deref(), copy_of.as_deref(), &definition).await);
        });
    }

    fn refused(self, mut problem: Problem, started: &Option<RouteDefinition>, mine: &RouteDefinition) {
        match problem.conflict.take() {
            Some(conflict) => {
                let clash = Clash::new(*conflict, started, mine, RouteDefinition::READ_ONLY);
                self.clash.set(Some(clash));
            }
            None if problem.status == 404 => {
                self.state.reload();
                self.gone.set(Some(problem));
            }
            None => self.refusal.set(self.errors.refused(&problem)),
        }
    }

    /// What was deleted meanwhile is made again from what is typed.
    fn send_anew(self) {
        self.before.update_value(|(before, _)| *before = None);
        self.send(None);
    }

    fn take_theirs(self) {
        self.toasts.say(changes::took_theirs());
        self.state.reload();
        self.state.address.close(&PARAMS);
    }
}
