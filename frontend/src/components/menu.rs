//! A button that opens a small panel: choices, links. The panel is a popover of the browser: Escape and a press beside it
//! close it.

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::components::unique_id;

/// The button and its panel.
#[component]
pub fn Menu(glyph: Glyph, #[prop(into)] label: String, children: Children) -> impl IntoView {
    let id = unique_id();
    view! {
        <button type="button" class="button button-small" popovertarget=id.clone()>
            <Icon glyph />
            {label.clone()}
        </button>
        <div popover="auto" id=id class="menu" role="group" aria-label=label>
            {children()}
        </div>
    }
}
