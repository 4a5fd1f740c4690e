//! Single keys: `/` search, `n` new, `?` help, `g` then `d|k|r|l|s|p|c|e` to a page. They rest while something is typed or a
//! dialog is open, and can be switched off (WCAG 2.1.4). `Ctrl` or `⌘` and `K` for the command palette works always, and like
//! the help also over a drawer that only shows something.

use leptos::ev;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;

use crate::app::BASE;
use crate::state::kept;

/// What the keys can reach.
#[derive(Clone, Copy)]
pub struct Shortcuts {
    /// The help dialog is open.
    pub help: RwSignal<bool>,
    /// The command palette is open.
    pub palette: RwSignal<bool>,
    off: Signal<String>,
    set_off: WriteSignal<String>,
    leader: StoredValue<f64>,
}

/// Puts the shortcuts into the context.
pub fn provide() {
    let (off, set_off) = kept::text("fastgate.shortcuts");
    provide_context(Shortcuts {
        help: RwSignal::new(false),
        palette: RwSignal::new(false),
        off,
        set_off,
        leader: StoredValue::new(0.0),
    });
}

impl Shortcuts {
    /// The shortcuts from the context.
    pub fn get() -> Self {
        expect_context()
    }

    /// Whether the keys work.
    pub fn enabled(self) -> bool {
        self.off.get() != "off"
    }

    /// Switches the keys on or off.
    pub fn set_enabled(self, enabled: bool) {
        self.set_off.set(if enabled { "on" } else { "off" }.to_owned());
    }

    /// Listens; `navigate` opens a page of the dashboard.
    pub fn listen(self, navigate: impl Fn(&str) + 'static) {
        let handle = window_event_listener(ev::keydown, move |event| self.on_key(&event, &navigate));
        on_cleanup(move || handle.remove());
    }

    fn on_key(self, event: &ev::KeyboardEvent, navigate: &impl Fn(&str)) {
        if is_palette(event) {
            event.prevent_default();
            let open = self.palette.get_untracked();
            if open || !dialog_is_in_the_way() {
                self.palette.set(!open);
            }
            return;
        }
        let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
        if modified || event.is_composing() || !untrack(|| self.enabled()) || is_typing(event) {
            return;
        }
        if event.key() == "?" && !dialog_is_in_the_way() {
            event.prevent_default();
            return self.help.set(true);
        }
        if matches!(document().query_selector("dialog[open]"), Ok(Some(_))) {
            return;
        }
        // `g` counts for a second and a half.
        let after_leader = event.time_stamp() - self.leader.get_value() < 1_500.0;
        self.leader.set_value(if event.key() == "g" {
            event.time_stamp()
        } else {
            f64::MIN
        });
        match (event.key().as_str(), after_leader) {
            ("d", true) => navigate(BASE),
            ("k", true) => navigate(&format!("{BASE}/keys")),
            ("r", true) => navigate(&format!("{BASE}/routes")),
            ("l", true) => navigate(&format!("{BASE}/requests")),
            ("s", true) => navigate(&format!("{BASE}/statistics")),
            ("p", true) => navigate(&format!("{BASE}/playground")),
            ("c", true) => navigate(&format!("{BASE}/changes")),
            ("e", true) => navigate(&format!("{BASE}/settings")),
            ("/", _) => reach("[data-search]", focus),
            ("n", _) => reach("[data-primary]", |element| {
                if let Some(element) = element.dyn_ref::<web_sys::HtmlElement>() {
                    element.click();
                }
            }),
            _ => return,
        }
        event.prevent_default();
    }
}

fn is_palette(event: &ev::KeyboardEvent) -> bool {
    let control = event.ctrl_key() || event.meta_key();
    control && !event.alt_key() && !event.shift_key() && event.key().eq_ignore_ascii_case("k")
}

/// Moves the focus to an element, if it can have it.
pub fn focus(element: &web_sys::Element) {
    if let Some(element) = element.dyn_ref::<web_sys::HtmlElement>() {
        // An element that cannot take the focus leaves it where it is.
        let _ = element.focus();
    }
}

/// Moves the focus to the page once what is changing is drawn: what had it is gone.
pub fn focus_page() {
    request_animation_frame(focus_page_now);
}

/// As [`focus_page`], where all is drawn.
pub fn focus_page_now() {
    reach("#main", focus);
}

/// Moves the focus to the switch of the language once all is built anew: what had it is gone.
pub fn focus_language() {
    request_animation_frame(|| {
        if focus_is_nowhere() {
            reach("button[lang]", focus);
        }
    });
}

/// Whether nothing has the focus but the page as a whole.
pub fn focus_is_nowhere() -> bool {
    let whole = |element: web_sys::Element| element.tag_name() == "BODY" || element.id() == "main";
    document().active_element().is_none_or(whole)
}

/// Does something with the first element of this kind, if there is one.
pub fn reach(selector: &str, act: impl Fn(&web_sys::Element)) {
    if let Ok(Some(element)) = document().query_selector(selector) {
        act(&element);
    }
}

/// Whether a key is part of a text, or chooses in a list.
pub fn is_typing(event: &ev::KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    const TYPED_INTO: &str = "textarea, select, input:not([type=radio], [type=checkbox])";
    target.is_some_and(|target| target.matches(TYPED_INTO).unwrap_or(false))
}

/// Whether a dialog is open above which none can stand: only over a drawer that shows something is nothing lost, and nothing
/// left unanswered.
fn dialog_is_in_the_way() -> bool {
    matches!(
        document().query_selector("dialog[open]:not(.dialog-drawer), dialog[open] form"),
        Ok(Some(_))
    )
}
