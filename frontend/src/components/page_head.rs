//! The head of a page: `<title>`, `<h1>`, one sentence, and the actions with the primary one last.

use leptos::prelude::*;

use crate::locales::shell;

/// A page's head.
#[component]
pub fn PageHead(
    #[prop(into)] title: String,
    #[prop(optional, into)] lead: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    document().set_title(&shell::page_title(&title));
    view! {
        <header class="page-head">
            <div>
                <h1>{title}</h1>
                {(!lead.is_empty()).then(|| view! { <p class="page-lead">{lead}</p> })}
            </div>
            {children.map(|children| view! { <div class="actions">{children()}</div> })}
        </header>
    }
}
