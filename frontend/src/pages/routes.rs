//! Placeholder during construction.
use crate::components::page_head::PageHead;
use leptos::prelude::*;
/// Page.
#[component]
pub fn RoutesPage() -> impl IntoView {
    view! { <PageHead title="Routes" /> }
}
