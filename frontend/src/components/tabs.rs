//! Tabs, moved through with the arrow keys (WAI-ARIA tabs pattern).

use leptos::ev;
use leptos::prelude::*;

use crate::components::unique_id;
use crate::state::shortcuts::focus;

/// Tabs: a name for each panel, and what the chosen panel shows.
#[component]
pub fn Tabs<V: IntoView + 'static>(
    #[prop(into)] label: String,
    names: Vec<&'static str>,
    /// The number of the chosen tab.
    #[prop(optional, into)]
    chosen: RwSignal<usize>,
    panel: impl Fn(usize) -> V + Send + 'static,
) -> impl IntoView {
    let id = unique_id();
    let panel_id = format!("{id}-panel");
    let last = names.len().saturating_sub(1);
    let tab_id = {
        let id = id.clone();
        move |at: usize| format!("{id}-{at}")
    };
    let focus_id = tab_id.clone();
    let on_key = move |event: ev::KeyboardEvent| {
        let at = chosen.get_untracked();
        let to = match event.key().as_str() {
            "ArrowRight" => {
                if at == last {
                    0
                } else {
                    at + 1
                }
            }
            "ArrowLeft" => at.checked_sub(1).unwrap_or(last),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        chosen.set(to);
        if let Some(tab) = document().get_element_by_id(&focus_id(to)) {
            focus(&tab);
        }
    };
    let tabs = names.into_iter().enumerate().map(|(at, name)| {
        view! {
            <button
                type="button"
                class="tab"
                role="tab"
                id=tab_id(at)
                aria-selected=move || (chosen.get() == at).to_string()
                aria-controls=panel_id.clone()
                tabindex=move || if chosen.get() == at { "0" } else { "-1" }
                on:click=move |_| chosen.set(at)
            >
                {name}
            </button>
        }
    });
    let tabs = tabs.collect_view();
    let labelled = {
        let id = id.clone();
        move || format!("{id}-{}", chosen.get())
    };
    view! {
        <div class="tabs" role="tablist" aria-label=label on:keydown=on_key>
            {tabs}
        </div>
        <div class="tab-panel" role="tabpanel" id=panel_id aria-labelledby=labelled>
            {move || panel(chosen.get())}
        </div>
    }
}
