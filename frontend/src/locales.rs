//! Every text of the dashboard, English beside 简体中文: `texts!` makes one function of each line, so that a text
//! without a translation, or an argument that only one language knows, does not compile.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU8, Ordering};

use fastgate_shared::refusals::Table;

use crate::api;

/// A table of texts: `name = "English", "中文";` or, with arguments, `name(n: u64) = "{n} rows", "{n} 行";`.
macro_rules! texts {
    ($($name:ident $(($($arg:ident: $type:ty),+))? = $english:literal, $chinese:literal;)*) => {
        $(crate::locales::text!($name ($($($arg: $type),+)?) $english, $chinese);)*
    };
}

macro_rules! text {
    ($name:ident () $english:literal, $chinese:literal) => {
        pub fn $name() -> &'static str {
            match crate::locales::current() {
                crate::locales::Language::English => $english,
                crate::locales::Language::Chinese => $chinese,
            }
        }
    };
    ($name:ident ($($arg:ident: $type:ty),+) $english:literal, $chinese:literal) => {
        pub fn $name($($arg: $type),+) -> String {
            match crate::locales::current() {
                crate::locales::Language::English => format!($english),
                crate::locales::Language::Chinese => format!($chinese),
            }
        }
    };
}

use text;
use texts;

pub mod changes;
pub mod common;
pub mod keys;
pub mod overview;
pub mod palette;
pub mod playground;
pub mod requests;
pub mod routes;
pub mod settings;
pub mod shell;
pub mod statistics;
pub mod upstreams;

/// What is wrong with a value, which the rules and the server say in English, in the reader's language.
pub fn refusal(message: &str) -> String {
    said(message, Table::refusal)
}

/// Why a route takes a request or does not, which the server says in English, in the reader's language.
pub fn reason(reason: &str) -> String {
    said(reason, Table::reason)
}

thread_local! {
    static TABLE: RefCell<Option<Table>> = const { RefCell::new(None) };
}

fn said(text: &str, translate: fn(&Table, &str) -> Option<String>) -> String {
    let translated = match current() {
        Language::English => None,
        Language::Chinese => TABLE.with_borrow(|table| table.as_ref().and_then(|table| translate(table, text))),
    };
    translated.unwrap_or_else(|| text.to_owned())
}

/// Loads what a language needs beside the texts here. Without it the server's sentences stay English.
pub async fn load(language: Language) {
    if language == Language::Chinese
        && TABLE.with_borrow(Option::is_none)
        && let Ok(table) = api::refusals().await
    {
        TABLE.set(Some(table));
    }
}

static CURRENT: AtomicU8 = AtomicU8::new(0);

/// A language of the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// 简体中文.
    Chinese,
}

impl Language {
    /// The language for a BCP 47 tag; English where there is no other.
    pub fn from_tag(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("zh") {
            Self::Chinese
        } else {
            Self::English
        }
    }

    /// The BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// The language's own name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "简体中文",
        }
    }

    /// The one to switch to.
    pub const fn other(self) -> Self {
        match self {
            Self::English => Self::Chinese,
            Self::Chinese => Self::English,
        }
    }
}

/// The language of the texts.
pub fn current() -> Language {
    if CURRENT.load(Ordering::Relaxed) == 1 {
        Language::Chinese
    } else {
        Language::English
    }
}

/// Sets the language of the texts that are read from now on.
pub fn set_current(language: Language) {
    CURRENT.store(u8::from(language == Language::Chinese), Ordering::Relaxed);
}
