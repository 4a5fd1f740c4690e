//! M-FastGate's dashboard: a single page, rendered in the browser, that speaks the admin REST API and three server
//! functions for the session. `app` is the place to start reading; `api` is the only door to the server.

mod api;
mod app;
mod components;
mod format;
mod layout;
mod locales;
mod order;
mod pages;
mod state;

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

fn main() {
    // Without this a panic shows as `unreachable` in the console.
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
    spawn_local(async {
        // Not a word in a language that the reader did not wish.
        locales::load(state::language::first()).await;
        if let Some(boot) = document().get_element_by_id("boot") {
            boot.remove();
        }
        mount_to_body(app::App);
    });
}
