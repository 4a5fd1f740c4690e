//! Which route would take what is written, before it is sent: the choice of a route fills in the fields, and decides nothing.

use fastgate_shared::refusals::SHARES_WITH;
use fastgate_shared::route::MatchExplanation;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::draft::Draft;
use crate::api;
use crate::components::field::FieldWarning;
use crate::locales::{playground as t, routes};
use crate::state::{clock, reactive};

/// Pause after the last key, in milliseconds.
const PAUSE_MS: u64 = 300;

/// Says so where it is another one than was chosen.
#[component]
pub fn OtherRoute(draft: Draft) -> impl IntoView {
    let warning = RwSignal::new(None::<String>);
    let written = move || untrack(|| (draft.route.get(), draft.question()));
    let ask = clock::at_rest(PAUSE_MS, move || {
        // The page may be gone.
        if warning.try_get_untracked().is_none() {
            return;
        }
        let (chosen, question) = written();
        if chosen.is_empty() || !question.path.starts_with('/') {
            return warning.set(None);
        }
        spawn_local(async move {
            let answer = api::routes::explain(&question).await;
            // Somebody may have written on meanwhile.
            if warning.try_get_untracked().is_some() && written() == (chosen.clone(), question) {
                warning.set(answer.ok().and_then(|judged| another(&chosen, &judged)));
            }
        });
    });
    reactive::effect(move || {
        draft.route.track();
        draft.question();
        ask();
    });
    view! { <FieldWarning message=warning /> }
}

/// What takes the request instead of the chosen route; none where that one does, or shares it.
fn another(chosen: &str, judged: &MatchExplanation) -> Option<String> {
    let mut matched = judged.candidates.iter().filter(|verdict| verdict.matched);
    let Some(winner) = matched.clone().next() else {
        return Some(routes::match_none().to_owned());
    };
    let takes = matched.any(|verdict| {
        verdict.route_id == chosen && (chosen == winner.route_id || verdict.reason.contains(SHARES_WITH))
    });
    (!takes).then(|| t::other_route(&winner.route_name))
}
