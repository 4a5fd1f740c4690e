//! Whose key a request came with: its name, which leads to the key, and its preview, which leads to its requests.

use leptos::prelude::*;

use super::known::{Known, known};
use super::{RequestsState, filters};
use crate::app::BASE;
use crate::locales::requests as t;

#[component]
pub fn CallerKey(
    state: RequestsState,
    key_id: String,
    /// What the record says of the key, which may be gone.
    source: Option<String>,
    preview: Option<String>,
) -> impl IntoView {
    let known = known(state.keys, key_id.clone());
    let recorded = source.or(preview.clone()).unwrap_or_else(|| key_id.clone());
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
                    <a class="mono record-beside" href=requests title=t::requests_of_key()>
                        {preview}
                    </a>
                }
            })}
    }
}
