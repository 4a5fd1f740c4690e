//! The root: contexts, the table of pages, and the choice between sign-in and the frame.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::path;

use crate::components::toasts::ToastRegion;
use crate::layout::Frame;
use crate::pages::{changes::ChangesPage, keys::KeysPage, not_found::NotFoundPage, overview::OverviewPage};
use crate::pages::{playground::PlaygroundPage, requests::RequestsPage};
use crate::pages::{routes::RoutesPage, settings::SettingsPage, sign_in::SignInPage, statistics::StatisticsPage};
use crate::state::session::{Session, Standing};
use crate::state::{clock, connection, language, shortcuts, theme, toasts};

/// Where the dashboard lives on the gateway (contract: Paths).
pub const BASE: &str = "/admin/dashboard";

/// The whole dashboard. A change of language builds it anew: texts are read once, when a view is built.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    theme::provide();
    clock::provide();
    toasts::provide();
    connection::provide();
    shortcuts::provide();
    let language = language::provide();
    let session = Session::provide();
    session.load();
    move || {
        language.track();
        view! {
            <Router base=BASE>{move || standing_view(session)}</Router>
            <ToastRegion />
        }
    }
}

/// Sign-in stands in for the page that was asked for: the address does not change, so signing in leads back to it.
fn standing_view(session: Session) -> AnyView {
    match session.standing() {
        Standing::Unknown => ().into_any(),
        Standing::SignedOut => view! { <SignInPage /> }.into_any(),
        Standing::SignedIn => view! { <Frame>{pages}</Frame> }.into_any(),
    }
}

fn pages() -> impl IntoView {
    view! {
        <Routes fallback=NotFoundPage>
            <Route path=path!("") view=OverviewPage />
            <Route path=path!("/keys") view=KeysPage />
            <Route path=path!("/routes") view=RoutesPage />
            <Route path=path!("/requests") view=RequestsPage />
            <Route path=path!("/statistics") view=StatisticsPage />
            <Route path=path!("/playground") view=PlaygroundPage />
            <Route path=path!("/changes") view=ChangesPage />
            <Route path=path!("/settings") view=SettingsPage />
        </Routes>
    }
}
