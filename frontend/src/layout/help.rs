//! The help for the keyboard, with the switch that turns single keys off.

use leptos::prelude::*;

use crate::components::dialog::Dialog;
use crate::components::switch::Switch;
use crate::locales::shell as t;
use crate::state::reactive;
use crate::state::shortcuts::Shortcuts;

/// What each key does.
#[component]
pub fn HelpDialog() -> impl IntoView {
    let shortcuts = Shortcuts::get();
    let rows: Vec<(&'static [&'static str], &'static str)> = vec![
        (&["Ctrl / ⌘", "K"], t::key_palette()),
        (&["/"], t::key_search()),
        (&["n"], t::key_new()),
        (&["?"], t::key_help()),
        (&["j", "k"], t::key_next_row()),
        (&["Esc"], t::key_escape()),
        (&["g", "d"], t::key_overview()),
        (&["g", "k"], t::key_keys()),
        (&["g", "r"], t::key_routes()),
        (&["g", "l"], t::key_requests()),
        (&["g", "s"], t::key_statistics()),
        (&["g", "p"], t::key_playground()),
        (&["g", "c"], t::key_changes()),
        (&["g", "e"], t::key_settings()),
    ];
    let row = |(keys, meaning): (&'static [&'static str], &'static str)| {
        let keys = keys.iter().map(|key| view! { <kbd>{*key}</kbd> }).collect_view();
        view! {
            <dt>{keys}</dt>
            <dd>{meaning}</dd>
        }
    };
    view! {
        <Dialog title=t::shortcuts() on_close=move |()| shortcuts.help.set(false)>
            <div class="dialog-body stack">
                <dl class="facts facts-keys">{rows.into_iter().map(row).collect_view()}</dl>
                <Switch
                    checked=reactive::derived(move || shortcuts.enabled())
                    label=t::keys_enabled()
                    on=t::keys_enabled()
                    off=t::keys_enabled()
                    on_change=move |enabled| shortcuts.set_enabled(enabled)
                />
            </div>
        </Dialog>
    }
}
