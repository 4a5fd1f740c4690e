//! What would become of a request, told before it is sent: another route takes it than was chosen, or the key may not have it.
//! The choice of a route fills in fields, and decides nothing.

use fastgate_shared::refusals::SHARES_WITH;
use fastgate_shared::route::{FailedCondition, MatchExplanation, MatchRequest};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::components::field::FieldWarning;
use crate::locales::{self, playground as t, routes};
use crate::state::{clock, reactive};

/// Pause after the last key, in milliseconds.
const PAUSE_MS: u64 = 300;

/// Warns of a request, as it is `written`: the route that was chosen for it, empty for none, and what is asked.
#[component]
pub fn Forecast(written: Signal<(String, MatchRequest)>) -> impl IntoView {
    let warning = RwSignal::new(None::<String>);
    let ask = clock::at_rest(PAUSE_MS, move || {
        // The page may be gone.
        let Some(asked) = written.try_get_untracked() else {
            return;
        };
        if !asked.1.path.starts_with('/') {
            return warning.set(None);
        }
        spawn_local(async move {
            let answer = api::routes::explain(&asked.1).await;
            // Somebody may have written on meanwhile.
            if written.try_get_untracked().as_ref() == Some(&asked) {
                warning.set(answer.ok().and_then(|judged| told(&asked.0, &judged)));
            }
        });
    });
    reactive::effect(move || {
        written.track();
        ask();
    });
    view! { <FieldWarning message=warning /> }
}

fn told(chosen: &str, judged: &MatchExplanation) -> Option<String> {
    let of_chosen = judged.candidates.iter().find(|verdict| verdict.route_id == chosen);
    let is_off = of_chosen.is_some_and(|verdict| verdict.failed == Some(FailedCondition::Inactive));
    let parts = [
        is_off.then(|| t::route_is_off().to_owned()),
        another(chosen, judged),
        judged.refusal.as_deref().map(locales::refusal),
    ];
    let said = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some(said).filter(|said| !said.is_empty())
}

/// What takes the request instead of the chosen route; none where that one does, or shares it, and where none was chosen.
fn another(chosen: &str, judged: &MatchExplanation) -> Option<String> {
    if chosen.is_empty() {
        return None;
    }
    let mut matched = judged.candidates.iter().filter(|verdict| verdict.matched);
    let Some(winner) = matched.clone().next() else {
        return Some(routes::match_none().to_owned());
    };
    let takes = matched.any(|verdict| {
        verdict.route_id == chosen && (chosen == winner.route_id || verdict.reason.contains(SHARES_WITH))
    });
    (!takes).then(|| t::other_route(&winner.route_name))
}
