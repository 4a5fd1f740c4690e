//! Short news that goes away by itself.

use std::time::Duration;

use fastgate_shared::problem::Problem;
use leptos::prelude::*;

use crate::state::form::told;

/// How long a toast stays.
const STAY: Duration = Duration::from_secs(6);

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// Number in the order of appearance.
    pub id: u64,
    /// What happened.
    pub text: String,
    /// It did not work.
    pub bad: bool,
}

/// The toasts that show now.
#[derive(Clone, Copy)]
pub struct Toasts {
    /// Oldest first.
    pub shown: RwSignal<Vec<Toast>>,
    last_id: StoredValue<u64>,
}

/// Puts the toasts into the context.
pub fn provide() {
    provide_context(Toasts {
        shown: RwSignal::default(),
        last_id: StoredValue::new(0),
    });
}

impl Toasts {
    /// The toasts from the context.
    pub fn get() -> Self {
        expect_context()
    }

    /// Says that something worked.
    pub fn say(self, text: impl Into<String>) {
        self.show(text.into(), false);
    }

    /// Says that something did not work, and why.
    pub fn fail(self, problem: &Problem) {
        if let Some(text) = told(problem) {
            self.show(text, true);
        }
    }

    /// Says that something was not done.
    pub fn warn(self, text: impl Into<String>) {
        self.show(text.into(), true);
    }

    /// Takes a toast away.
    pub fn dismiss(self, id: u64) {
        self.shown.update(|shown| shown.retain(|toast| toast.id != id));
    }

    fn show(self, text: String, bad: bool) {
        self.last_id.update_value(|id| *id += 1);
        let id = self.last_id.get_value();
        self.shown.update(|shown| shown.push(Toast { id, text, bad }));
        set_timeout(move || self.dismiss(id), STAY);
    }
}
