//! The dashboard's entry: mounts the app.
use leptos::prelude::*;

fn main() {
    mount_to_body(|| view! { <h1>"M-FastGate"</h1> });
}
