//! Sign-in with the admin token: as a page in place of the one asked for, or as a dialog above one whose session ended.

use std::time::Duration;

use fastgate_shared::session::SignInRefusal;
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::components::button::{Button, Weight};
use crate::components::dialog::{Dialog, Shape};
use crate::components::icon::{Glyph, Icon, Mark};
use crate::locales::shell as t;
use crate::state::language::LanguageChoice;
use crate::state::reactive;
use crate::state::session::Session;
use crate::state::shortcuts::focus;

/// One try after the other.
#[derive(Clone, Copy, Default)]
struct Attempt {
    busy: RwSignal<bool>,
    refusal: RwSignal<Option<String>>,
    /// Seconds until the next try is heard.
    wait: RwSignal<u64>,
}

impl Attempt {
    fn send(self, session: Session, token: String) {
        if self.busy.get_untracked() || self.wait.get_untracked() > 0 {
            return;
        }
        if token.is_empty() {
            self.refusal.set(Some(t::token_missing().to_owned()));
            return;
        }
        self.busy.set(true);
        self.refusal.set(None);
        spawn_local(async move {
            let answer = api::session::sign_in(token).await;
            self.busy.set(false);
            match answer {
                Ok(Ok(info)) => session.begin(info),
                Ok(Err(SignInRefusal::Throttled { retry_after_seconds })) => {
                    count_down(self.wait, retry_after_seconds);
                }
                Ok(Err(why)) => self.refusal.set(Some(sentence(&why))),
                Err(problem) => self.refusal.set(Some(api::sentence(&problem))),
            }
        });
    }
}

/// The page.
#[component]
pub fn SignInPage() -> impl IntoView {
    document().set_title(&t::page_title(t::sign_in()));
    view! {
        <main class="sign-in" id="main">
            <div class="sign-in-card card">
                <div class="sign-in-brand">
                    <Mark />
                    <span>"M-FastGate"</span>
                </div>
                <div>
                    <h1>{t::sign_in()}</h1>
                    <p class="page-lead">{t::sign_in_lead()}</p>
                </div>
                <SignInForm />
                <p class="field-hint">{t::sign_in_lost()}</p>
            </div>
            <LanguageSwitch />
        </main>
    }
}

/// The form above a page whose session ended. The page behind it is out of sight, and what was typed there stays.
#[component]
pub fn SignInAgain() -> impl IntoView {
    view! {
        <Dialog title=t::sign_in() shape=Shape::MustAnswer on_close=|()| ()>
            <div class="dialog-body stack">
                <p class="banner">{t::session_ended()}</p>
                <SignInForm />
            </div>
        </Dialog>
    }
}

#[component]
fn SignInForm() -> impl IntoView {
    let session = Session::get();
    let input = NodeRef::<html::Input>::new();
    let shown = RwSignal::new(false);
    let attempt = Attempt::default();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        // Read from the element: password managers fill it without an event.
        let token = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        attempt.send(session, token.trim().to_owned());
    };
    let message = move || match attempt.wait.get() {
        0 => attempt.refusal.get(),
        seconds => Some(t::throttled(seconds)),
    };
    view! {
        <form class="sign-in-form" on:submit=submit novalidate=true>
            <TokenField input shown invalid=reactive::derived(move || message().is_some()) />
            <div id="sign-in-error" role="alert">
                {move || message().map(|text| view! { <p class="field-error"><Icon glyph=Glyph::Alert />{text}</p> })}
            </div>
            <Button submit=true weight=Weight::Primary busy=attempt.busy>
                {t::sign_in()}
            </Button>
            <ProviderLink />
        </form>
    }
}

/// The other way in, where there is one. The browser leaves the page.
#[component]
fn ProviderLink() -> impl IntoView {
    let offered = RwSignal::new(false);
    spawn_local(async move { offered.set(api::session::ways_in().await.identity_provider) });
    move || {
        offered.get().then(|| {
            view! {
                <a class="button" href="/admin/oidc/start" rel="external">
                    {t::sign_in_with_provider()}
                </a>
            }
        })
    }
}

#[component]
fn TokenField(input: NodeRef<html::Input>, shown: RwSignal<bool>, invalid: Signal<bool>) -> impl IntoView {
    // Browsers heed `autofocus` once: not on the sign-in that follows a sign-out.
    input.on_load(|input| request_animation_frame(move || focus(&input)));
    view! {
        <div class="field">
            // Password managers want a user name beside the password.
            <input class="visually-hidden" type="text" name="username" value="admin" autocomplete="username" tabindex="-1" aria-hidden="true" readonly=true />
            <div class="sign-in-label">
                <label class="field-label" for="admin-token">
                    {t::admin_token()}
                </label>
                <button type="button" class="link-button" on:click=move |_| shown.update(|shown| *shown = !*shown)>
                    {move || if shown.get() { t::hide_token() } else { t::show_token() }}
                </button>
            </div>
            <input
                node_ref=input
                id="admin-token"
                name="password"
                class="input input-mono"
                type=move || if shown.get() { "text" } else { "password" }
                autocomplete="current-password"
                autofocus=true
                spellcheck="false"
                required=true
                aria-invalid=move || invalid.get().then_some("true")
                aria-describedby="sign-in-error"
            />
        </div>
    }
}

#[component]
fn LanguageSwitch() -> impl IntoView {
    let language = expect_context::<LanguageChoice>();
    let other = language.language().other();
    view! {
        <button type="button" class="link-button" lang=other.tag() on:click=move |_| language.switch()>
            {other.name()}
        </button>
    }
}

fn sentence(refusal: &SignInRefusal) -> String {
    match refusal {
        SignInRefusal::WrongToken => t::wrong_token().to_owned(),
        SignInRefusal::Throttled { retry_after_seconds } => t::throttled(*retry_after_seconds),
        SignInRefusal::InsecureOrigin => t::insecure_origin().to_owned(),
        SignInRefusal::Unavailable { message } => t::no_session(message),
    }
}

fn count_down(wait: RwSignal<u64>, seconds: u64) {
    // Gone with the page.
    if wait.try_set(seconds).is_none() && seconds > 0 {
        set_timeout(move || count_down(wait, seconds - 1), Duration::from_secs(1));
    }
}
