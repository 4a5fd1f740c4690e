//! The only moment in which a key's secret is on the screen.

use std::sync::Arc;

use fastgate_shared::api_key::CreatedApiKey;
use leptos::prelude::*;

use super::{KeysState, OldValue};
use crate::components::button::{Button, Weight};
use crate::components::code::CodeBlock;
use crate::components::copy_button::CopyButton;
use crate::components::dialog::{Dialog, Shape};
use crate::components::icon::{Glyph, Icon};
use crate::components::snippets::Snippets;
use crate::locales::keys as t;
use crate::state::session::Session;

/// Shows the secret until the reader says that it is stored.
#[component]
pub fn SecretDialog(state: KeysState, title: &'static str, created: Arc<CreatedApiKey>) -> impl IntoView {
    let key = created.key_value.clone();
    let old_until = created.key.previous_valid_until;
    let origin = Session::get().proxy_origin();
    let env = format!("OPENAI_BASE_URL={origin}/v1\nOPENAI_API_KEY={key}");
    let done = Callback::new(move |()| state.secret.set(None));
    view! {
        <Dialog title shape=Shape::MustAnswer on_close=done>
            <div class="dialog-body stack">
                <div class="banner banner-warn">
                    <Icon glyph=Glyph::Alert />
                    <div>{t::show_once()} {old_until.map(|until| view! { <OldValue until /> })}</div>
                </div>
                <div class="secret">
                    <code aria-label=t::the_key()>{key.clone()}</code>
                    <CopyButton text=key.clone() what=t::the_key() />
                </div>
                <div class="stack-s">
                    <h3>{t::as_env()}</h3>
                    <CodeBlock text=env label=t::as_env() />
                </div>
                <div class="stack-s">
                    <h3>{t::use_it()}</h3>
                    <Snippets origin key />
                </div>
            </div>
            <div class="dialog-foot">
                <Button weight=Weight::Primary glyph=Glyph::Check on_press=done>
                    {t::stored_it()}
                </Button>
            </div>
        </Dialog>
    }
}
