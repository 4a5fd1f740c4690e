//! The root: contexts, the table of pages, and the choice between sign-in and the frame.

use fastgate_shared::admin_token::Role;
use leptos::prelude::*;

use crate::components::toasts::ToastRegion;
use crate::layout::Frame;
use crate::pages::sign_in::{SignInAgain, SignInPage};
use crate::pages::{changes::ChangesPage, keys::KeysPage, not_found::NotFoundPage, overview::OverviewPage};
use crate::pages::{playground::PlaygroundPage, requests::RequestsPage};
use crate::pages::{routes::RoutesPage, settings::SettingsPage, statistics::StatisticsPage};
use crate::state::language::LanguageChoice;
use crate::state::router::Router;
use crate::state::session::{Session, Standing};
use crate::state::{clock, connection, kept, language, reactive, router, shortcuts, theme, toasts};

/// Where the dashboard lives on the gateway (contract: Paths).
pub const BASE: &str = "/admin/dashboard";

/// The whole dashboard.
#[component]
pub fn App() -> impl IntoView {
    router::provide();
    theme::provide();
    clock::provide();
    toasts::provide();
    connection::provide();
    shortcuts::provide();
    let language = language::provide();
    untrack(|| language.track());
    let session = Session::provide();
    session.load();
    standing_view(session, language)
}

/// What stands there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    SignIn,
    /// The pages, as this role sees them.
    Pages(Option<Role>),
}

/// Sign-in stands in for the page that was asked for: the address does not change, so signing in leads back to it. Above a
/// page whose session ended it is a dialog, and the page stays as it was for who signs in with the same role. A change of
/// language builds all of it anew, for texts are read once, when a view is built; what is kept for the session outlives that.
fn standing_view(session: Session, language: LanguageChoice) -> AnyView {
    let shown = reactive::memo(move |before: Option<&Shown>| match session.standing() {
        Standing::Unknown => Shown::Nothing,
        Standing::SignedOut => Shown::SignIn,
        Standing::SignedIn => Shown::Pages(session.role()),
        Standing::Locked => before.copied().unwrap_or(Shown::SignIn),
    });
    let locked = reactive::memo(move |_| session.standing() == Standing::Locked);
    let view = move || {
        let shown = shown.get();
        kept::begin();
        move || {
            language.track();
            match shown {
                Shown::Nothing => ().into_any(),
                Shown::SignIn => view! { <SignInPage /> }.into_any(),
                Shown::Pages(_) => view! { <Frame>{pages}</Frame> }.into_any(),
            }
        }
    };
    view! {
        <div class="session" data-locked=move || locked.get().to_string()>
            {view}
        </div>
        {move || {
            language.track();
            view! {
                {move || locked.get().then(|| view! { <SignInAgain /> })}
                <ToastRegion />
            }
        }}
    }
    .into_any()
}

/// The page that the address names. A change of the query alone leaves it standing.
fn pages() -> impl IntoView {
    let router = Router::get();
    let path = reactive::memo(move |_| router.path().get());
    move || match path.get().as_str() {
        "" => view! { <OverviewPage /> }.into_any(),
        "/keys" => view! { <KeysPage /> }.into_any(),
        "/routes" => view! { <RoutesPage /> }.into_any(),
        "/requests" => view! { <RequestsPage /> }.into_any(),
        "/statistics" => view! { <StatisticsPage /> }.into_any(),
        "/playground" => view! { <PlaygroundPage /> }.into_any(),
        "/changes" => view! { <ChangesPage /> }.into_any(),
        "/settings" => view! { <SettingsPage /> }.into_any(),
        _ => view! { <NotFoundPage /> }.into_any(),
    }
}
