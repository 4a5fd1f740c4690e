//! Placeholder during construction.
use crate::components::page_head::PageHead;
use leptos::prelude::*;
/// Page.
#[component]
pub fn KeysPage() -> impl IntoView {
    view! { <PageHead title="Keys" /> }
}
