//! What the server answered a moment ago: who comes back to a page finds there what it showed, while it is fetched anew. In
//! the memory of this tab only, and forgotten with the session.

use std::cell::{Cell, RefCell};

use crate::locales;

/// For how long an answer counts as what is there, milliseconds: until the fresh one comes nothing says how old it is.
const FRESH_MS: f64 = 120_000.0;
/// Answers at most, and bytes of each.
const AT_MOST: usize = 40;
const LONGEST: usize = 128 << 10;

struct Answered {
    url: String,
    language: &'static str,
    at: f64,
    text: String,
}

thread_local! {
    static ANSWERED: RefCell<Vec<Answered>> = const { RefCell::new(Vec::new()) };
    /// What is asked now may be answered from here.
    static ASKED: Cell<bool> = const { Cell::new(false) };
    static SERVED: Cell<bool> = const { Cell::new(false) };
}

/// Calls, and lets what it asks for at once be answered from here. Whether something was.
pub fn served(call: impl FnOnce()) -> bool {
    ASKED.set(true);
    call();
    ASKED.set(false);
    SERVED.take()
}

/// Keeps an answer.
pub(super) fn keep(url: &str, text: &str) {
    ANSWERED.with_borrow_mut(|all| {
        all.retain(|answered| answered.url != url);
        if text.len() <= LONGEST {
            all.truncate(AT_MOST - 1);
            let answered = Answered {
                url: url.to_owned(),
                language: locales::current().tag(),
                at: js_sys::Date::now(),
                text: text.to_owned(),
            };
            all.insert(0, answered);
        }
    });
}

/// The answer of a moment ago, where one will do.
pub(super) fn find(url: &str) -> Option<String> {
    if !ASKED.get() {
        return None;
    }
    let (language, now) = (locales::current().tag(), js_sys::Date::now());
    let text = ANSWERED.with_borrow(|all| {
        let fits = |answered: &&Answered| answered.url == url && answered.language == language;
        let answered = all.iter().find(fits).filter(|answered| now - answered.at < FRESH_MS);
        answered.map(|answered| answered.text.clone())
    });
    SERVED.set(SERVED.get() || text.is_some());
    text
}

/// Forgets everything: somebody else may be signed in.
pub fn forget() {
    ANSWERED.take();
}
