//! Whose key a request came with: its name, which leads to the key, and its preview, which leads to its requests.

use leptos::prelude::*;

use super::{RequestsState, filters};
use crate::app::BASE;
use crate::locales::requests as t;
use crate::state::reactive;

/// What the list of keys says of one.
#[derive(Clone, PartialEq)]
enum Known {
    /// Nothing yet.
    No,
    Named(String),
    Deleted,
}

#[component]
pub fn CallerKey(
    state: RequestsState,
    key_id: String,
    /// What the record says of the key, which may be gone.
    source: Option<String>,
    preview: Option<String>,
) -> impl IntoView {
    let known = known(state, key_id.clone());
    let recorded = source.or(preview.clone()).unwrap_or_default();
    let requests = filters::link("key_id", &key_id);
    let name = move || {
        let link = |name: String| view! { <a href=format!("{BASE}/keys?edit={key_id}")>{name}</a> };
        match known.get() {
            Known::Named(name) => link(name).into_any(),
            Known::No => link(recorded.clone()).into_any(),
            Known::Deleted => view! {
                <span>{recorded.clone()}</span>
                <a href=format!("{BASE}/changes?object_id={key_id}")>{t::key_deleted()}</a>
            }
            .into_any(),
        }
    };
    view! {
        {name}
        {preview
            .map(|preview| {
                view! {
                    <a class="mono caller-preview" href=requests title=t::requests_of_key()>
                        {preview}
                    </a>
                }
            })}
    }
}

/// Follows the list of keys, which is fetched anew for a key that it lacks: that may be younger than the list.
fn known(state: RequestsState, key_id: String) -> Memo<Known> {
    let keys = state.keys;
    let asked_again = RwSignal::new(false);
    let named = reactive::memo(move |_| {
        let name_of = |keys: &Vec<(String, String)>| {
            let found = keys.iter().find(|(id, _)| *id == key_id);
            found.map(|(_, name)| name.clone())
        };
        keys.data.with(|keys| keys.as_ref().map(name_of))
    });
    reactive::effect(move || {
        if named.get() == Some(None) && !asked_again.get_untracked() {
            asked_again.set(true);
            keys.reload();
        }
    });
    reactive::memo(move |_| match named.get() {
        Some(Some(name)) => Known::Named(name),
        Some(None) if asked_again.get() && !keys.loading.get() && keys.problem.with(Option::is_none) => Known::Deleted,
        _ => Known::No,
    })
}
