//! A block of code or captured text with a copy button.

use leptos::prelude::*;

use crate::components::copy_button::CopyButton;

/// A code block; `label` names it for the copy button and for assistive technology.
#[component]
pub fn CodeBlock(#[prop(into)] text: Signal<String>, #[prop(into)] label: String) -> impl IntoView {
    view! {
        <div class="code">
            <pre tabindex="0" role="group" aria-label=label.clone()>
                <code>{move || text.get()}</code>
            </pre>
            <CopyButton text what=label />
        </div>
    }
}
