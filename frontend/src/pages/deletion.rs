//! Asks before an object is deleted. It goes only as it was seen: what somebody else changed meanwhile is shown first.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use crate::api;
use crate::components::confirm::Confirm;
use crate::components::conflict::{Clash, ConflictDialog, is_as_seen};
use crate::state::toasts::Toasts;

/// What is to be deleted.
#[derive(Clone)]
pub struct Doomed {
    /// Its address in the API.
    pub url: String,
    /// The whole object, as it is on the screen.
    pub seen: Value,
    /// What is said when it is gone.
    pub gone: String,
}

/// An ETag that nothing has: who sends it hears how the object stands, and who changed it.
const NOTHING: &str = "\"\"";

/// The question, and the second one after a conflict. `on_end` hears that it is answered, whatever came of it.
#[component]
pub fn DeleteQuestion(
    doomed: Doomed,
    title: &'static str,
    consequence: String,
    action: &'static str,
    #[prop(into)] on_end: Callback<()>,
) -> impl IntoView {
    let busy = RwSignal::new(false);
    let clash = RwSignal::new(None::<Clash>);
    let toasts = Toasts::get();
    let doomed = StoredValue::new(doomed);
    let delete = Callback::new(move |decided: Option<String>| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let Doomed { url, seen, gone } = doomed.get_value();
            let deleted = delete_seen(&url, &seen, decided).await;
            busy.set(false);
            match deleted {
                Ok(()) => toasts.say(gone),
                Err(mut problem) => match problem.conflict.take() {
                    Some(conflict) => return clash.set(Some(Clash::of_deletion(*conflict, seen))),
                    None => toasts.fail(&problem),
                },
            }
            on_end.run(());
        });
    });
    let asked = move || {
        let clash = clash.get()?;
        Some(view! { <ConflictDialog clash busy on_cancel=on_end on_mine=move |(etag, _)| delete.run(Some(etag)) /> })
    };
    view! {
        <Confirm title consequence action busy on_cancel=on_end on_confirm=move |()| delete.run(None) />
        {asked}
    }
}

/// Deletes what is still as it was seen, or what was decided about, by its ETag.
async fn delete_seen(url: &str, seen: &Value, decided: Option<String>) -> api::Answer<()> {
    let etag = match decided {
        Some(etag) => etag,
        None => {
            let api::Tagged { value, etag } = api::get_tagged(url).await?;
            if is_as_seen(&value, seen) {
                etag
            } else {
                NOTHING.to_owned()
            }
        }
    };
    api::delete_if(url, Some(&etag)).await
}
