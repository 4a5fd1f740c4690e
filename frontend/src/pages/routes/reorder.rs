//! Moves a route up or down in the matching order: changes the priorities that this takes, each against the state that it was
//! read in, and says what was changed.

use fastgate_shared::admin_token::Role;
use fastgate_shared::problem::Problem;
use fastgate_shared::route::Route;
use fastgate_shared::route::order::{Moved, moved};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::RoutesState;
use crate::api;
use crate::components::icon::{Glyph, Icon};
use crate::locales::routes as t;
use crate::state::session::Session;
use crate::state::shortcuts::focus;
use crate::state::toasts::Toasts;

/// The place of a route in the order, with the buttons that move it, for who may. They rest while the list is filtered or in another order: a
/// neighbour on the screen is then not the neighbour in the matching order.
#[component]
pub fn PlaceCell(state: RoutesState, place: usize, route_id: String, name: String) -> impl IntoView {
    let (search, status, sorted) = (
        state.address.has("q"),
        state.address.has("status"),
        state.address.has("sort"),
    );
    let may_move = Session::may_offer(Some(Role::Operator));
    let filtered = move || search.get() || status.get() || sorted.get();
    let count = move || state.routes.data.with(|routes| routes.as_ref().map_or(0, Vec::len));
    let button = move |up: bool, route_id: String, label: String| {
        let at_end = move || if up { place == 1 } else { place == count() };
        let id = button_id(&route_id, up);
        view! {
            <button
                type="button"
                class="icon-button icon-button-small"
                id=id
                title=label.clone()
                aria-label=label
                aria-disabled=move || (at_end() || state.moving.get()).then_some("true")
                on:click=move |_| {
                    if !untrack(at_end) && !state.moving.get_untracked() {
                        shift(state, place - 1, up);
                    }
                }
            >
                <Icon glyph=if up { Glyph::Up } else { Glyph::Down } />
            </button>
        }
    };
    view! {
        <span class="place">
            <span class="muted">{place}</span>
            {move || {
                (may_move && !filtered())
                    .then(|| {
                        view! {
                            <span class="place-buttons">
                                {button(true, route_id.clone(), t::move_up(&name))}
                                {button(false, route_id.clone(), t::move_down(&name))}
                            </span>
                        }
                    })
            }}
        </span>
    }
}

fn button_id(route_id: &str, up: bool) -> String {
    format!("{}-{route_id}", if up { "up" } else { "down" })
}

/// Moves the route at this place, from 0, by one.
fn shift(state: RoutesState, at: usize, up: bool) {
    let toasts = Toasts::get();
    let routes = state.routes.data.get_untracked().unwrap_or_default();
    let to = if up { at.saturating_sub(1) } else { at + 1 };
    let (Some(route), Some(other)) = (routes.get(at).cloned(), routes.get(to).cloned()) else {
        return;
    };
    let Some(changes) = moved(&routes, at, to) else {
        toasts.warn(t::no_room(&route.definition.route_name));
        return;
    };
    state.moving.set(true);
    spawn_local(async move {
        let names = (&*route.definition.route_name, &*other.definition.route_name);
        match change(&routes, &changes).await {
            Ok(()) => {
                let what = if up {
                    t::moved_before(names.0, names.1)
                } else {
                    t::moved_after(names.0, names.1)
                };
                toasts.say(format!("{what} {}", told(&routes, &changes)));
            }
            Err(problem) if problem.conflict.is_some() => toasts.warn(t::move_conflict(names.0)),
            Err(problem) => toasts.fail(&problem),
        }
        if let Ok(routes) = api::routes::list().await {
            // The page may be gone.
            state.routes.data.try_set(Some(routes));
        }
        state.moving.try_set(false);
        let id = button_id(&route.route_id, up);
        // The row is elsewhere now, and an element that is moved loses the focus.
        request_animation_frame(move || {
            if let Some(button) = document().get_element_by_id(&id) {
                focus(&button);
            }
        });
    });
}

/// `OpenAI chat: priority 50 → 49.`
fn told(routes: &[Route], changes: &[Moved]) -> String {
    let told = changes.iter().filter_map(|change| {
        let definition = &routes.get(change.index)?.definition;
        Some(t::priority_changed(
            &definition.route_name,
            definition.priority,
            change.priority,
        ))
    });
    told.collect::<Vec<_>>().join(" ")
}

/// Changes the priorities one after the other, as long as every route is as the list showed it.
async fn change(routes: &[Route], changes: &[Moved]) -> Result<(), Problem> {
    for change in changes {
        let Some(route) = routes.get(change.index) else {
            continue;
        };
        let now = api::routes::get(&route.route_id).await?;
        let etag = if now.value.definition.priority == route.definition.priority {
            now.etag
        } else {
            // Somebody else has moved it: the server says who.
            "\"moved\"".to_owned()
        };
        api::routes::set_priority(&route.route_id, change.priority, &etag).await?;
    }
    Ok(())
}
