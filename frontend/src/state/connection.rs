//! Whether the gateway can be reached. Every call of the API tells; while it cannot, it is asked every few seconds, and what
//! could not be loaded meanwhile is loaded when it is back.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::state::{clock, reactive};

/// How often it is asked while it cannot be reached.
const ASK_EVERY_MS: u64 = 3_000;

thread_local! {
    // The API client hears of it outside of any component, where no context can be read.
    static CURRENT: Cell<Option<Connection>> = const { Cell::new(None) };
}

/// The connection to the gateway.
#[derive(Clone, Copy)]
pub struct Connection {
    /// The last call could not reach it.
    pub lost: RwSignal<bool>,
}

/// Puts the connection into the context, and asks while it is lost.
pub fn provide() {
    let connection = Connection {
        lost: RwSignal::new(false),
    };
    CURRENT.set(Some(connection));
    provide_context(connection);
    clock::every(ASK_EVERY_MS, move || {
        if connection.lost.get_untracked() {
            // The call itself tells what came of it.
            spawn_local(async {
                let _ = api::settings::about().await;
            });
        }
    });
}

impl Connection {
    /// The connection from the context.
    pub fn get() -> Self {
        expect_context()
    }

    /// A call reached the gateway, or did not.
    pub fn note(reached: bool) {
        if let Some(connection) = CURRENT.get()
            && connection.lost.get_untracked() == reached
        {
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
