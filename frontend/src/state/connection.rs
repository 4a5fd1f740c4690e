//! Whether the gateway can be reached. Every call of the API tells; when none was made for a while, or it cannot be reached, it
//! is asked by itself, and what could not be loaded meanwhile is loaded when it is back.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::state::{clock, reactive};

/// How often it is looked after.
const ASK_EVERY_MS: u64 = 3_000;
/// While it can be reached and nothing else was asked for so long, it is asked as well.
const QUIET_MS: f64 = 9_000.0;

thread_local! {
    // The API client hears of it outside of any component, where no context can be read.
    static CURRENT: Cell<Option<Connection>> = const { Cell::new(None) };
}

/// The connection to the gateway.
#[derive(Clone, Copy)]
pub struct Connection {
    /// The last call could not reach it.
    pub lost: RwSignal<bool>,
    heard_at: StoredValue<f64>,
}

/// Puts the connection into the context, and asks while it is lost.
pub fn provide() {
    let connection = Connection {
        lost: RwSignal::new(false),
        heard_at: StoredValue::new(js_sys::Date::now()),
    };
    CURRENT.set(Some(connection));
    provide_context(connection);
    clock::every(ASK_EVERY_MS, move || {
        let quiet = js_sys::Date::now() - connection.heard_at.get_value() > QUIET_MS;
        if connection.lost.get_untracked() || quiet {
            Connection::ask();
        }
    });
}

impl Connection {
    /// The connection from the context.
    pub fn get() -> Self {
        expect_context()
    }

    /// Asks the gateway whether it is there.
    pub fn ask() {
        spawn_local(async { Self::note(api::is_alive().await) });
    }

    /// A call reached the gateway, or did not.
    pub fn note(reached: bool) {
        let Some(connection) = CURRENT.get() else {
            return;
        };
        if reached {
            connection.heard_at.set_value(js_sys::Date::now());
        }
        if connection.lost.get_untracked() == reached {
            connection.lost.set(!reached);
        }
    }
}

/// Runs something whenever the gateway is back.
pub fn when_back(run: Rc<dyn Fn()>) {
    let Some(connection) = CURRENT.get() else {
        return;
    };
    reactive::on_change(
        move || connection.lost.get(),
        move |lost| {
            if !*lost {
                run();
            }
        },
    );
}
