//! Who is signed in. A 401 from any call locks the page until somebody signs in again: what was typed stays.

use std::cell::Cell;
use std::rc::Rc;

use fastgate_shared::admin_token::Role;
use fastgate_shared::session::SessionInfo;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::state::reactive;

thread_local! {
    // The API client hears of an ended session outside of any component, where no context can be read.
    static CURRENT: Cell<Option<Session>> = const { Cell::new(None) };
}

/// Where this browser stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The first answer is still to come.
    Unknown,
    /// Nobody is signed in.
    SignedOut,
    /// The administrator is signed in.
    SignedIn,
    /// The session ended by itself: the page waits, out of sight, for who signs in again.
    Locked,
}

/// The session of this browser.
#[derive(Clone, Copy)]
pub struct Session {
    info: RwSignal<Option<SessionInfo>>,
    known: RwSignal<bool>,
    standing: Memo<Standing>,
    locked: RwSignal<bool>,
}

impl Session {
    /// Puts the session into the context.
    pub fn provide() -> Self {
        let info = RwSignal::new(None::<SessionInfo>);
        let known = RwSignal::new(false);
        let locked = RwSignal::new(false);
        let standing = reactive::memo(move |_| match (known.get(), info.with(Option::is_some)) {
            (false, _) => Standing::Unknown,
            (true, false) => Standing::SignedOut,
            (true, true) if locked.get() => Standing::Locked,
            (true, true) => Standing::SignedIn,
        });
        let session = Self {
            info,
            known,
            standing,
            locked,
        };
        provide_context(session);
        CURRENT.set(Some(session));
        session
    }

    /// The session from the context.
    pub fn get() -> Self {
        expect_context()
    }

    /// Asks the server who is signed in.
    pub fn load(self) {
        spawn_local(async move {
            // An unreachable server shows as the sign-in page; signing in then says what is wrong.
            self.info.set(api::session::current().await.unwrap_or_default());
            self.known.set(true);
        });
    }

    /// Asks whether the session still holds, where an answer of the API does not say it (a live connection that broke).
    pub fn verify(self) {
        spawn_local(async move {
            if api::session::current().await == Ok(None) {
                Self::expire();
            }
        });
    }

    /// Where this browser stands.
    pub fn standing(self) -> Standing {
        self.standing.get()
    }

    /// Takes a session over after signing in.
    pub fn begin(self, info: SessionInfo) {
        // It may be somebody else.
        api::recent::forget();
        self.info.set(Some(info));
        self.locked.set(false);
    }

    /// Ends the session on both sides.
    pub fn sign_out(self) {
        spawn_local(async move {
            if api::session::sign_out().await.is_ok() {
                self.info.set(None);
            }
        });
    }

    /// The server no longer knows the session.
    pub fn expire() {
        if let Some(session) = CURRENT.get()
            && !session.locked.get_untracked()
        {
            session.locked.set(true);
        }
    }

    /// Whether the page waits for somebody to sign in again: until then calls would only be refused.
    pub fn is_locked() -> bool {
        CURRENT.get().is_some_and(|session| session.locked.get_untracked())
    }

    /// Runs something whenever somebody has signed in again.
    pub fn when_back(run: Rc<dyn Fn()>) {
        let Some(session) = CURRENT.get() else {
            return;
        };
        reactive::on_change(
            move || session.locked.get(),
            move |locked| {
                if !*locked {
                    run();
                }
            },
        );
    }

    /// The session's role; none while nobody is signed in.
    pub fn role(self) -> Option<Role> {
        self.info.with(|info| info.as_ref().map(|info| info.role))
    }

    /// Whether the session's role goes as far as this one. The server decides; this only spares people what it would refuse.
    pub fn may(self, needed: Role) -> bool {
        self.info
            .with_untracked(|info| info.as_ref().is_some_and(|info| info.role >= needed))
    }

    /// Whether to offer what needs this role, if it needs one. Who is not signed in sees what needs none.
    pub fn may_offer(needed: Option<Role>) -> bool {
        needed.is_none_or(|needed| use_context::<Self>().is_some_and(|session| session.may(needed)))
    }

    /// Version of the gateway.
    pub fn version(self) -> String {
        self.info
            .with(|info| info.as_ref().map(|info| info.version.clone()).unwrap_or_default())
    }

    /// `http(s)://host` under which clients reach the proxy.
    pub fn proxy_origin(self) -> String {
        let told = self
            .info
            .with(|info| info.as_ref().map(|info| info.proxy_origin.clone()).unwrap_or_default());
        if told.is_empty() { api::page_origin() } else { told }
    }
}
