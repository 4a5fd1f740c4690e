//! What shows only while something holds. Leptos' own component is in the WASM file once for each place that uses it; this
//! one is there once (docs/performance.md).

use leptos::prelude::*;

use crate::state::reactive;

/// Shows `children` while `when` holds, else `fallback`.
#[component]
pub fn Show<W>(when: W, #[prop(optional, into)] fallback: ViewFn, children: ChildrenFn) -> impl IntoView
where
    W: Fn() -> bool + Send + Sync + 'static,
{
    show(Box::new(when), fallback, children)
}

fn show(when: Box<dyn Fn() -> bool + Send + Sync>, fallback: ViewFn, children: ChildrenFn) -> AnyView {
    let when = reactive::memo(move |_| when());
    let content = move || if when.get() { children() } else { fallback.run() };
    content.into_any()
}
