//! The frame around every page: navigation, tools, footer, keyboard help, command palette.

mod help;
mod nav;
mod palette;

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::components::show::Show;
use crate::layout::help::HelpDialog;
use crate::layout::nav::Sidebar;
use crate::layout::palette::Palette;
use crate::locales::shell as t;
use crate::state::connection::Connection;
use crate::state::router::Router;
use crate::state::session::Session;
use crate::state::shortcuts::{Shortcuts, focus};

/// The frame.
#[component]
pub fn Frame(children: Children) -> impl IntoView {
    let shortcuts = Shortcuts::get();
    let router = Router::get();
    shortcuts.listen(move |address| router.open(address));
    // The router would take the press for a navigation and leave the focus here.
    let skip = |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        if let Some(main) = document().get_element_by_id("main") {
            focus(&main);
        }
    };
    view! {
        <a class="skip visually-hidden" href="#main" on:click=skip>
            {t::skip()}
        </a>
        <div class="frame">
            <Sidebar />
            <div class="page">
                <ConnectionBanner />
                <main class="main" id="main" tabindex="-1">
                    {children()}
                </main>
                <Footer />
            </div>
        </div>
        <Show when=move || shortcuts.help.get()>
            <HelpDialog />
        </Show>
        <Show when=move || shortcuts.palette.get()>
            <Palette />
        </Show>
    }
}

/// Says that the gateway cannot be reached, until it can.
#[component]
fn ConnectionBanner() -> impl IntoView {
    let lost = Connection::get().lost;
    view! {
        <div role="status" class="connection">
            {move || {
                lost.get()
                    .then(|| {
                        view! {
                            <div class="banner banner-bad">
                                <Icon glyph=Glyph::Alert />
                                <div>{t::connection_lost()}</div>
                            </div>
                        }
                    })
            }}
        </div>
    }
}

#[component]
fn Footer() -> impl IntoView {
    let session = Session::get();
    view! {
        <footer class="footer">
            <span>{move || t::version(&session.version())}</span>
            <a class="push" href="/admin/docs" rel="external">
                {t::api_docs()}
            </a>
            <a href="/admin/openapi.json" rel="external">
                {t::openapi()}
            </a>
        </footer>
    }
}
