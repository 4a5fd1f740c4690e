//! The command palette (`Ctrl` or `⌘` and `K`): goes to pages, creates, finds keys, routes and requests, switches theme and
//! language. A combobox with a list below it (WAI-ARIA): the focus stays in the field, the arrows move through the list.

mod commands;

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::components::dialog::{Dialog, Shape};
use crate::components::icon::{Glyph, Icon};
use crate::layout::palette::commands::{Act, Command, best, everywhere, keys, request_id, routes};
use crate::locales::palette as t;
use crate::state::language::LanguageChoice;
use crate::state::query::Query;
use crate::state::reactive;
use crate::state::router::Router;
use crate::state::session::Session;
use crate::state::shortcuts::Shortcuts;
use crate::state::theme::ThemeChoice;

const LIST: &str = "palette-list";

fn option_id(at: usize) -> String {
    format!("palette-{at}")
}

/// The button in the frame that opens it.
#[component]
pub fn PaletteButton() -> impl IntoView {
    let shortcuts = Shortcuts::get();
    let platform = window().navigator().platform().unwrap_or_default();
    let modifier = if platform.starts_with("Mac") || platform.starts_with("iP") {
        "⌘"
    } else {
        "Ctrl"
    };
    view! {
        <button
            type="button"
            class="palette-open"
            aria-keyshortcuts="Control+K Meta+K"
            aria-haspopup="dialog"
            on:click=move |_| shortcuts.palette.set(true)
        >
            <Icon glyph=Glyph::Search />
            <span class="palette-word">{t::open()}</span>
            <span class="palette-keys" aria-hidden="true">
                <kbd>{modifier}</kbd>
                " "
                <kbd>"K"</kbd>
            </span>
        </button>
    }
}

/// The palette itself.
#[component]
pub fn Palette() -> impl IntoView {
    let shortcuts = Shortcuts::get();
    let typed = RwSignal::new(String::new());
    let at = RwSignal::new(0_usize);
    let shown = results(typed);
    let run = runner();
    let choose = Callback::new(move |place: usize| {
        if let Some(command) = shown.with_untracked(|shown| shown.get(place).cloned()) {
            shortcuts.palette.set(false);
            run.run(command.act);
        }
    });
    view! {
        <Dialog title=t::title() shape=Shape::Palette on_close=move |()| shortcuts.palette.set(false)>
            <Field typed shown at choose />
            <Results shown at choose />
            <Hints />
        </Dialog>
    }
}

/// What fits what is typed. Keys and routes come once something is.
fn results(typed: RwSignal<String>) -> Memo<Vec<Command>> {
    let known_keys = Query::new(|| (), |()| api::keys::list());
    let known_routes = Query::new(|| (), |()| api::routes::list());
    reactive::memo(move |_| {
        let typed = typed.get();
        let mut all = everywhere();
        if !typed.trim().is_empty() {
            all.extend(known_keys.data.with(|known| keys(known.as_deref().unwrap_or_default())));
            all.extend(
                known_routes
                    .data
                    .with(|known| routes(known.as_deref().unwrap_or_default())),
            );
        }
        let mut found = best(all, &typed);
        found.extend(request_id(&typed));
        found
    })
}

#[component]
fn Field(
    typed: RwSignal<String>,
    shown: Memo<Vec<Command>>,
    at: RwSignal<usize>,
    choose: Callback<usize>,
) -> impl IntoView {
    // What was chosen may be gone, or elsewhere.
    reactive::on_change(move || shown.with(Vec::len), move |_| at.set(0));
    let on_key = move |event: KeyboardEvent| {
        let last = shown.with_untracked(Vec::len).saturating_sub(1);
        let now = at.get_untracked();
        match event.key().as_str() {
            "ArrowDown" => at.set(if now >= last { 0 } else { now + 1 }),
            "ArrowUp" => at.set(now.checked_sub(1).unwrap_or(last)),
            "Enter" if !event.is_composing() => choose.run(now),
            _ => return,
        }
        event.prevent_default();
        show_option(at);
    };
    let on_input = move |event| {
        typed.set(event_target_value(&event));
        at.set(0);
    };
    let active = move || shown.with(|shown| !shown.is_empty()).then(|| option_id(at.get()));
    view! {
        <div class="palette-field">
            <Icon glyph=Glyph::Search />
            <input
                class="palette-input"
                type="text"
                role="combobox"
                aria-label=t::input()
                aria-expanded="true"
                aria-autocomplete="list"
                aria-controls=LIST
                aria-activedescendant=active
                placeholder=t::input()
                autocomplete="off"
                spellcheck="false"
                autofocus=true
                on:input=on_input
                on:keydown=on_key
            />
        </div>
    }
}

#[component]
fn Results(shown: Memo<Vec<Command>>, at: RwSignal<usize>, choose: Callback<usize>) -> impl IntoView {
    let option = move |(place, command): (usize, Command)| {
        view! {
            <li
                role="option"
                id=option_id(place)
                class="palette-option"
                aria-selected=move || (at.get() == place).to_string()
                on:pointermove=move |_| at.set(place)
                on:click=move |_| choose.run(place)
            >
                <Icon glyph=command.glyph />
                <span class="palette-text">{command.text}</span>
                <span class="muted palette-detail">{command.detail}</span>
                <span class="palette-kind">{command.kind}</span>
            </li>
        }
    };
    let options = move || shown.get().into_iter().enumerate().map(option).collect_view();
    let said = move || match shown.with(Vec::len) {
        0 => t::nothing().to_owned(),
        n => t::found(n),
    };
    view! {
        <ul class="palette-list" role="listbox" id=LIST aria-label=t::results()>
            {options}
        </ul>
        <p class="palette-none" class:visually-hidden=move || shown.with(|shown| !shown.is_empty()) role="status">
            {said}
        </p>
    }
}

#[component]
fn Hints() -> impl IntoView {
    let hint = |keys: &'static str, word: &'static str| {
        view! {
            <span>
                <kbd>{keys}</kbd>
                " "
                {word}
            </span>
        }
    };
    view! {
        <div class="palette-foot" aria-hidden="true">
            {hint("↑ ↓", t::hint_move())}
            {hint("Enter", t::hint_choose())}
            {hint("Esc", t::hint_close())}
        </div>
    }
}

/// Does what was chosen.
fn runner() -> Callback<Act> {
    let router = Router::get();
    let (theme, language) = (expect_context::<ThemeChoice>(), expect_context::<LanguageChoice>());
    let (session, shortcuts) = (Session::get(), Shortcuts::get());
    Callback::new(move |act: Act| match act {
        Act::Go(address) => router.open(&address),
        Act::Request(request_id) => spawn_local(async move {
            let address = commands::record_or_list(&request_id).await;
            router.open(&address);
        }),
        Act::Theme(wanted) => theme.choose(wanted),
        Act::Language => language.switch(),
        Act::Help => shortcuts.help.set(true),
        Act::SignOut => session.sign_out(),
    })
}

// After the choice is drawn, unless it closed the palette.
fn show_option(at: RwSignal<usize>) {
    request_animation_frame(move || {
        let option = at
            .try_get_untracked()
            .and_then(|at| document().get_element_by_id(&option_id(at)));
        if let Some(option) = option {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            option.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });
}
