//! Badges: a state as icon and word, never as colour alone.

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};

/// What a state means to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Warn,
    Bad,
    Info,
    Neutral,
}

impl Tone {
    /// The tone of a status code.
    pub const fn of_status(status: u16) -> Self {
        match status {
            0..400 => Self::Good,
            400..500 => Self::Warn,
            _ => Self::Bad,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Good => "badge badge-good",
            Self::Warn => "badge badge-warn",
            Self::Bad => "badge badge-bad",
            Self::Info => "badge badge-info",
            Self::Neutral => "badge",
        }
    }

    const fn glyph(self) -> Glyph {
        match self {
            Self::Good => Glyph::Check,
            Self::Warn => Glyph::Alert,
            Self::Bad => Glyph::Cross,
            Self::Info => Glyph::Clock,
            Self::Neutral => Glyph::Ban,
        }
    }
}

/// A badge.
#[component]
pub fn Badge(tone: Tone, #[prop(into)] word: String) -> impl IntoView {
    view! {
        <span class=tone.class()>
            <Icon glyph=tone.glyph() />
            {word}
        </span>
    }
}
