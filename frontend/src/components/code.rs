//! Code: a block of it, or of captured text, with a copy button; and pieces of it within a sentence.

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

/// A sentence whose pieces between backticks are code: names of fields, and what was typed. A lone backtick stays one.
pub fn with_code(text: &str) -> Vec<AnyView> {
    let last = text.matches('`').count();
    let pieces = text.split('`').enumerate().map(|(at, piece)| match at % 2 {
        0 => piece.to_owned().into_any(),
        _ if at == last => format!("`{piece}").into_any(),
        _ if piece.is_empty() => "``".into_any(),
        _ => view! { <code class="code-word">{piece.to_owned()}</code> }.into_any(),
    });
    pieces.collect()
}
