//! Navigation, the way into the command palette, and the tools below: theme, language, keyboard help, sign out.

use leptos::prelude::*;

use crate::app::BASE;
use crate::components::icon::{Glyph, Icon, Mark};
use crate::layout::palette::PaletteButton;
use crate::locales::shell as t;
use crate::state::language::LanguageChoice;
use crate::state::router::Router;
use crate::state::session::Session;
use crate::state::shortcuts::Shortcuts;
use crate::state::theme::{Theme, ThemeChoice};

/// The column beside the page; on narrow screens the bar above it.
#[component]
pub fn Sidebar() -> impl IntoView {
    view! {
        <header class="sidebar">
            <a class="brand" href=BASE>
                <Mark />
                <span>"M-FastGate"</span>
            </a>
            <PaletteButton />
            <nav class="nav" aria-label=t::navigation()>
                <NavLink path="" glyph=Glyph::Gauge word=t::overview() key="d" />
                <NavLink path="/keys" glyph=Glyph::Key word=t::keys() key="k" />
                <NavLink path="/routes" glyph=Glyph::Route word=t::routes() key="r" />
                <NavLink path="/requests" glyph=Glyph::Pulse word=t::requests() key="l" />
                <NavLink path="/statistics" glyph=Glyph::Bars word=t::statistics() key="s" />
                <NavLink path="/playground" glyph=Glyph::Play word=t::playground() key="p" />
                <NavLink path="/changes" glyph=Glyph::History word=t::changes() key="c" />
                <NavLink path="/settings" glyph=Glyph::Sliders word=t::settings() key="e" />
            </nav>
            <Tools />
        </header>
    }
}

#[component]
fn NavLink(path: &'static str, glyph: Glyph, word: &'static str, key: &'static str) -> impl IntoView {
    let here = Router::get().path();
    let current = move || here.with(|here| here == path).then_some("page");
    view! {
        <a class="nav-link" href=format!("{BASE}{path}") aria-current=current>
            <Icon glyph />
            {word}
            <span class="nav-keys" aria-hidden="true">
                <kbd>"g"</kbd>
                " "
                <kbd>{key}</kbd>
            </span>
        </a>
    }
}

#[component]
fn Tools() -> impl IntoView {
    let theme = expect_context::<ThemeChoice>();
    let language = expect_context::<LanguageChoice>();
    let session = Session::get();
    let shortcuts = Shortcuts::get();
    let theme_view = move || {
        let (glyph, word) = match theme.theme() {
            Theme::System => (Glyph::Monitor, t::theme_system()),
            Theme::Light => (Glyph::Sun, t::theme_light()),
            Theme::Dark => (Glyph::Moon, t::theme_dark()),
        };
        view! {
            <Icon glyph />
            <span class="tool-text">{word}</span>
        }
    };
    let other = language.language().other();
    view! {
        <div class="tools">
            <button type="button" class="tool" on:click=move |_| theme.next()>
                {theme_view}
            </button>
            <button type="button" class="tool" lang=other.tag() on:click=move |_| language.switch()>
                <Icon glyph=Glyph::Globe />
                <span class="tool-text">{other.name()}</span>
            </button>
            <button type="button" class="tool" on:click=move |_| shortcuts.help.set(true)>
                <Icon glyph=Glyph::Keyboard />
                <span class="tool-text">{t::shortcuts()}</span>
            </button>
            <button type="button" class="tool" on:click=move |_| session.sign_out()>
                <Icon glyph=Glyph::SignOut />
                <span class="tool-text">{t::sign_out()}</span>
            </button>
        </div>
    }
}
