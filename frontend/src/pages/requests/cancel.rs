//! Cancels a request in flight, after a question.

use fastgate_shared::admin_token::Role;
use fastgate_shared::audit_log::LogItem;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::RequestsState;
use crate::api;
use crate::components::button::IconButton;
use crate::components::confirm::Confirm;
use crate::components::icon::Glyph;
use crate::locales::requests as t;
use crate::state::toasts::Toasts;

/// The button in the row of a request in flight; nothing in that of another one.
pub fn cancel_cell(state: RequestsState, item: &LogItem) -> impl IntoView + use<> {
    item.outcome.is_none().then(|| {
        let item = item.clone();
        let label = t::cancel_one(&item.method, &item.path);
        view! {
            <IconButton needs=Role::Operator
                glyph=Glyph::Ban
                label
                danger=true
                on_press=move |()| state.cancelling.set(Some(item.clone()))
            />
        }
    })
}

/// The question, while it is open.
#[component]
pub fn CancelQuestion(state: RequestsState) -> impl IntoView {
    let busy = RwSignal::new(false);
    let toasts = Toasts::get();
    let question = move |item: LogItem| {
        let consequence = t::cancel_consequence(&item.method, &item.path);
        let confirm = move |()| {
            let log_id = item.id.clone();
            busy.set(true);
            spawn_local(async move {
                match api::logs::cancel(&log_id).await {
                    Ok(()) => toasts.say(t::cancelled()),
                    Err(problem) => toasts.fail(&problem),
                }
                busy.set(false);
                state.cancelling.set(None);
            });
        };
        view! {
            <Confirm
                title=t::cancel_title()
                consequence
                keep=t::keep_running()
                action=t::cancel_request()
                busy
                on_cancel=move |()| state.cancelling.set(None)
                on_confirm=confirm
            />
        }
    };
    move || state.cancelling.get().map(question)
}
