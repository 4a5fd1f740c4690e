//! A part of a form that is rarely needed, behind one line. It opens by itself when a field in it is refused.

use leptos::html;
use leptos::prelude::*;

use crate::state::form::FormErrors;
use crate::state::reactive;

/// The part; `fields` are the names of the fields in it.
#[component]
pub fn Fold(
    title: &'static str,
    #[prop(optional)] lead: &'static str,
    /// Something in it is set.
    open: bool,
    errors: FormErrors,
    fields: &'static [&'static str],
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Details>::new();
    let open = RwSignal::new(open);
    let messages: Vec<Signal<Option<String>>> = fields.iter().map(|field| errors.of(field)).collect();
    let refused = reactive::memo(move |_| messages.iter().any(|message| message.with(Option::is_some)));
    reactive::effect(move || {
        if refused.get() {
            open.set(true);
        }
    });
    let toggled = move |_| {
        if let Some(details) = node.get_untracked() {
            open.set(details.open());
        }
    };
    view! {
        <details node_ref=node class="fold" prop:open=move || open.get() on:toggle=toggled>
            <summary>
                {title} {(!lead.is_empty()).then(|| view! { <span class="section-lead">{lead}</span> })}
            </summary>
            <div class="fold-body">{children()}</div>
        </details>
    }
}
