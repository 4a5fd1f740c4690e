//! An address without a page.

use leptos::prelude::*;

use crate::app::BASE;
use crate::components::icon::Glyph;
use crate::components::loaded::EmptyState;
use crate::components::page_head::PageHead;
use crate::locales::shell as t;

/// Says so, and leads back.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <PageHead title=t::not_found() />
        <EmptyState glyph=Glyph::Search sentence=t::not_found_lead()>
            <a class="button" href=BASE>
                {t::back_to_overview()}
            </a>
        </EmptyState>
    }
}
