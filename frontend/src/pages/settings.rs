//! The settings: who administers, who is signed in, what the log takes, the configuration in force, and what is running.

mod configuration;
mod facts;
mod sessions;
mod tokens;

use leptos::prelude::*;

use crate::components::page_head::PageHead;
use crate::locales::settings as t;
use crate::pages::settings::configuration::Configuration;
use crate::pages::settings::facts::{AboutCard, StorageCard};
use crate::pages::settings::sessions::Sessions;
use crate::pages::settings::tokens::Tokens;

/// The page.
#[component]
pub fn SettingsPage() -> impl IntoView {
    view! {
        <PageHead title=t::title() lead=t::lead() />
        <div class="stack">
            <div class="overview-columns">
                <StorageCard />
                <AboutCard />
            </div>
            <Tokens />
            <Sessions />
            <Configuration />
        </div>
    }
}
