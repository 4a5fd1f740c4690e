//! Lists whose elements, and the focus in them, stay while others come and go. The list itself is in the WASM file once,
//! whatever is listed.

use std::sync::Arc;

use leptos::prelude::*;

/// Shows each item once, told apart by `id`. What an item shows is made once; what changes in it must be a signal.
pub fn keyed<T: 'static>(
    items: impl Fn() -> Vec<T> + Clone + Send + Sync + 'static,
    id: fn(&T) -> String,
    row: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let now = items.clone();
    by_id(
        Box::new(move || items().iter().map(id).collect()),
        Arc::new(move |wanted| {
            let found = untrack(&now).into_iter().find(|item| id(item) == wanted);
            found.map(&row).into_any()
        }),
    )
}

/// As [`keyed`], for a list whose rows find their data by themselves.
#[inline(never)]
pub fn by_id(
    ids: Box<dyn Fn() -> Vec<String> + Send + Sync>,
    row: Arc<dyn Fn(String) -> AnyView + Send + Sync>,
) -> AnyView {
    view! { <For each=ids key=Clone::clone children=move |id| row(id) /> }.into_any()
}
