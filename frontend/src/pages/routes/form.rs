//! The drawer in which a route is made or edited.

use fastgate_shared::route::Route;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::RoutesState;
use super::draft::Draft;
use super::fields::Sections;
use crate::api;
use crate::components::button::{Button, Weight};
use crate::components::dialog::{Dialog, Shape};
use crate::components::icon::{Glyph, Icon};
use crate::locales::{common, routes as t};
use crate::state::form::FormErrors;
use crate::state::toasts::Toasts;

/// The drawer; `before` is the id of the route to edit, none for a new one, which may start as a copy of `model`.
#[component]
pub fn RouteForm(state: RoutesState, before: Option<String>, model: Option<Route>) -> impl IntoView {
    let draft = Draft::new(model.as_ref());
    let is_new = before.is_none();
    if is_new && model.is_some() {
        draft.route_name.update(|name| *name = t::copy_of(name));
    }
    let errors = FormErrors::new(move || draft.read().err().unwrap_or_default());
    let busy = RwSignal::new(false);
    let refusal = RwSignal::new(None::<String>);
    let toasts = Toasts::get();
    let close = Callback::new(move |()| state.address.close(&["new", "from", "edit"]));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(definition) = untrack(|| draft.read().ok()).filter(|_| !busy.get_untracked()) else {
            errors.ready_to_send();
            return;
        };
        let before = before.clone();
        busy.set(true);
        spawn_local(async move {
            let saved = match before {
                Some(route_id) => api::routes::update(&route_id, &definition).await,
                None => api::routes::create(&definition).await,
            };
            busy.set(false);
            match saved {
                Ok(route) => {
                    toasts.say(t::saved(&route.definition.route_name));
                    state.routes.reload();
                    state.address.close(&["new", "from", "edit"]);
                }
                Err(problem) => refusal.set(errors.refused(&problem)),
            }
        });
    };
    let title = if is_new { t::new() } else { t::edit_title() };
    view! {
        <Dialog title shape=Shape::WideFormDrawer on_close=close>
            <form class="dialog-form" on:submit=submit novalidate=true>
                <div class="dialog-body">
                    <Refusal refusal />
                    <Sections draft errors />
                </div>
                <div class="dialog-foot">
                    <Button on_press=close>{common::cancel()}</Button>
                    <Button submit=true weight=Weight::Primary busy>
                        {if is_new { t::create() } else { common::save() }}
                    </Button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
fn Refusal(refusal: RwSignal<Option<String>>) -> impl IntoView {
    move || {
        refusal.get().map(|text| {
            view! {
                <div class="banner banner-bad form-refusal" role="alert">
                    <Icon glyph=Glyph::Alert />
                    <div>{text}</div>
                </div>
            }
        })
    }
}
