//! The questions before a key is rotated or deleted.

use std::sync::Arc;

use fastgate_shared::api_key::{ApiKey, RotateKey};
use fastgate_shared::problem::FieldError;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{KeysState, title_of};
use crate::api;
use crate::components::button::{Button, Weight};
use crate::components::dialog::Dialog;
use crate::components::field::{Rule, SelectField};
use crate::components::icon::Glyph;
use crate::format;
use crate::locales::{common, keys as t};
use crate::pages::deletion::{DeleteQuestion, Doomed};
use crate::state::form::FormErrors;
use crate::state::toasts::Toasts;

/// The field of a rotation.
const GRACE: &str = "grace_seconds";

/// Asks before a key is deleted.
#[component]
pub fn DeleteKey(state: KeysState, key: ApiKey) -> impl IntoView {
    let consequence = t::delete_text(&title_of(&key), &key.key_preview);
    let doomed = Doomed {
        url: api::keys::url(&key.key_id),
        seen: api::value_of(&key),
        gone: t::deleted(&title_of(&key)),
    };
    let end = move |()| {
        state.asked.set(None);
        state.keys.reload();
    };
    view! { <DeleteQuestion title=t::delete_title() consequence action=common::delete() doomed on_end=end /> }
}

/// Asks how long the old value should live on, then rotates.
#[component]
pub fn RotateKeyDialog(state: KeysState, key: ApiKey) -> impl IntoView {
    let grace = RwSignal::new("3600".to_owned());
    let busy = RwSignal::new(false);
    let errors = FormErrors::new(Vec::new);
    let toasts = Toasts::get();
    let choices = [
        ("0", t::grace_none()),
        ("3600", t::grace_hour()),
        ("86400", t::grace_day()),
        ("604800", t::grace_week()),
    ];
    let choices = choices
        .map(|(value, word)| (value.to_owned(), word.to_owned()))
        .to_vec();
    let lead = t::rotate_text(&title_of(&key));
    let close = Callback::new(move |()| state.asked.set(None));
    let rotate = move |()| {
        let (key_id, old_until) = (key.key_id.clone(), key.previous_valid_until);
        let grace_seconds = grace.get_untracked().parse().unwrap_or_default();
        busy.set(true);
        spawn_local(async move {
            match api::keys::rotate(&key_id, RotateKey { grace_seconds }).await {
                Ok(created) => state.secret.set(Some((t::rotated(), Arc::new(created)))),
                // A value before the last one still works: there is room for one.
                Err(problem) if problem.status == 409 => {
                    let until = old_until.map(|until| format::exact_time(format::millis(until)));
                    errors.tell(vec![FieldError::new(GRACE, t::grace_runs(&until.unwrap_or_default()))]);
                    busy.set(false);
                    return;
                }
                Err(problem) => toasts.fail(&problem),
            }
            state.asked.set(None);
            state.keys.reload();
        });
    };
    view! {
        <Dialog title=t::rotate_title() lead on_close=close>
            <div class="dialog-body">
                <SelectField label=t::grace() value=grace choices rule=Rule(errors, GRACE) />
            </div>
            <div class="dialog-foot">
                <Button autofocus=true on_press=close>
                    {common::cancel()}
                </Button>
                <Button weight=Weight::Primary glyph=Glyph::Rotate busy on_press=rotate>
                    {t::rotate()}
                </Button>
            </div>
        </Dialog>
    }
}
