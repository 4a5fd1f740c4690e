//! The address of the page: which path and which query it names, links that change it without a load, Back and Forward.
//! Small, because the dashboard has one level of pages and a first visit pays for every byte (ADR 0027).

use leptos::ev;
use leptos::prelude::*;
use leptos::wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlAnchorElement, UrlSearchParams};

use crate::app::BASE;
use crate::state::shortcuts::focus_page;
use crate::state::unsaved;

/// What a change of the address leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A new entry in the history: Back returns to the address before.
    New,
    /// The address takes the place of the one before.
    Same,
}

/// Where the browser is.
#[derive(Clone, Copy)]
pub struct Router {
    path: RwSignal<String>,
    query: RwSignal<String>,
}

/// Puts the router into the context, and follows links, Back and Forward from now on.
pub fn provide() {
    let router = Router {
        path: RwSignal::default(),
        query: RwSignal::default(),
    };
    router.read();
    window_event_listener(ev::popstate, move |_| {
        if unsaved::ask_first() {
            // The browser is elsewhere already: it returns to where the form is. Who discards it goes Back from there.
            router.go(&router.address(), Entry::New);
        } else {
            router.read();
        }
    });
    window_event_listener(ev::click, move |event| router.follow(&event));
    provide_context(router);
}

impl Router {
    /// The router from the context.
    pub fn get() -> Self {
        expect_context()
    }

    /// The path below the dashboard's base without a slash at its end: empty, `/keys`.
    pub fn path(self) -> Signal<String> {
        self.path.into()
    }

    /// The value of a parameter of the query, decoded.
    pub fn param(self, name: &str) -> Option<String> {
        self.query.with(|query| params(query)?.get(name))
    }

    /// Opens a page of the dashboard, at its top.
    pub fn open(self, address: &str) {
        let before = self.path.get_untracked();
        self.go(address, Entry::New);
        window().scroll_to_with_x_and_y(0.0, 0.0);
        if self.path.get_untracked() != before {
            // Once the page is built: who does not see it hears where they are, and goes on from its beginning.
            focus_page();
        }
    }

    /// Changes parameters of the query, none to remove one. Page and position stay.
    pub fn change(self, changes: &[(&str, Option<String>)], entry: Entry) {
        if let Some(address) = self.changed(changes) {
            self.go(&address, entry);
        }
    }

    /// The address with these parameters of the query changed.
    pub fn changed(self, changes: &[(&str, Option<String>)]) -> Option<String> {
        let params = params(&self.query.get_untracked())?;
        for (name, value) in changes {
            match value.as_deref().filter(|value| !value.is_empty()) {
                Some(value) => params.set(name, value),
                None => params.delete(name),
            }
        }
        let query = String::from(params.to_string());
        let mark = if query.is_empty() { "" } else { "?" };
        Some(format!("{BASE}{}{mark}{query}", self.path.get_untracked()))
    }

    /// The address of what shows.
    fn address(self) -> String {
        format!("{BASE}{}{}", self.path.get_untracked(), self.query.get_untracked())
    }

    fn go(self, address: &str, entry: Entry) {
        let Ok(history) = window().history() else {
            return;
        };
        // A browser refuses addresses of other origins, and more than some hundred changes within seconds: then it stays.
        let gone = match entry {
            Entry::New => history.push_state_with_url(&JsValue::NULL, "", Some(address)),
            Entry::Same => history.replace_state_with_url(&JsValue::NULL, "", Some(address)),
        };
        if gone.is_ok() {
            self.read();
        }
    }

    fn read(self) {
        let location = window().location();
        let path = location.pathname().unwrap_or_default();
        let path = path.strip_prefix(BASE).unwrap_or(&path).trim_end_matches('/');
        let query = location.search().unwrap_or_default();
        set_if_new(self.path, path);
        set_if_new(self.query, &query);
    }

    fn follow(self, event: &ev::MouseEvent) {
        let modified = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
        if event.default_prevented() || event.button() != 0 || modified {
            return;
        }
        if let Some(address) = link_of(event).and_then(|link| inside(&link)) {
            event.prevent_default();
            self.open(&address);
        }
    }
}

fn set_if_new(signal: RwSignal<String>, value: &str) {
    if signal.with_untracked(|before| before != value) {
        signal.set(value.to_owned());
    }
}

fn params(query: &str) -> Option<UrlSearchParams> {
    UrlSearchParams::new_with_str(query).ok()
}

fn link_of(event: &ev::MouseEvent) -> Option<HtmlAnchorElement> {
    let pressed = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    pressed.closest("a[href]").ok()??.dyn_into().ok()
}

/// The address of a link to a page of the dashboard in this window.
fn inside(link: &HtmlAnchorElement) -> Option<String> {
    let here = window().location().origin().ok()?;
    let leaves = link.origin() != here
        || link.has_attribute("download")
        || !matches!(link.target().as_str(), "" | "_self")
        || link.rel().split_ascii_whitespace().any(|word| word == "external")
        || !link.hash().is_empty();
    let path = link.pathname();
    let ours = path
        .strip_prefix(BASE)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    (ours && !leaves).then(|| format!("{path}{}", link.search()))
}
