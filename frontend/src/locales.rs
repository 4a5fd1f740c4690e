//! Every text of the dashboard, English beside 简体中文: `texts!` makes one function of each line, so that a text
//! without a translation, or an argument that only one language knows, does not compile. The program has the English;
//! the Chinese is in a file that only its readers load, written from the same lines by `scripts/texts.mjs` (ADR 28).

use std::cell::RefCell;
use std::fmt::Display;
use std::sync::atomic::{AtomicU8, Ordering};

use fastgate_shared::refusals::Table;
use fastgate_shared::texts::fill;
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use crate::api;

/// A table of texts: `name = "English", "中文";` or, with arguments, `name(n: u64) = "{n} rows", "{n} 行";`, each on a line.
/// What is in brackets is left out after a single one: `"{n} row[s]"`.
macro_rules! texts {
    ($($name:ident $(($($arg:ident: $type:ty),+))? = $english:literal, $chinese:literal;)*) => {
        /// Tells this table from others in the file of translations.
        const PART: u32 = fastgate_shared::texts::checksum(&[$($english),*]);

        #[expect(non_camel_case_types, reason = "named as the texts, to count their places in the table")]
        enum Place {
            $($name),*
        }

        $(crate::locales::text!($name ($($($arg: $type),+)?) $english, $chinese);)*
    };
}

macro_rules! text {
    ($name:ident () $english:literal, $chinese:literal) => {
        pub fn $name() -> &'static str {
            crate::locales::chosen(PART, Place::$name as usize, $english)
        }
    };
    ($name:ident ($($arg:ident: $type:ty),+) $english:literal, $chinese:literal) => {
        pub fn $name($($arg: $type),+) -> String {
            // Never run: it makes the compiler look for the arguments in both languages.
            if false {
                return [format!($english), format!($chinese)].concat();
            }
            crate::locales::filled(PART, Place::$name as usize, $english, concat!($(stringify!($arg), ","),+), &[$(&$arg),+])
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

/// The dashboard's own texts: of each part its checksum and its texts.
type Parts = Vec<(u32, Vec<&'static str>)>;

thread_local! {
    static CHINESE: RefCell<Parts> = const { RefCell::new(Vec::new()) };
    /// The server's sentences, and the call that brings them and the pages' texts.
    static SENTENCES: RefCell<Option<Table>> = const { RefCell::new(None) };
    static ASKED: RefCell<Option<Promise>> = const { RefCell::new(None) };
}

fn said(text: &str, translate: fn(&Table, &str) -> Option<String>) -> String {
    let translated = in_chinese(|| SENTENCES.with_borrow(|table| translate(table.as_ref()?, text)));
    translated.unwrap_or_else(|| text.to_owned())
}

/// A text in the reader's language.
#[inline(never)]
fn chosen(part: u32, place: usize, english: &'static str) -> &'static str {
    let find = |parts: &Parts| {
        let (_, texts) = parts.iter().find(|(sum, _)| *sum == part)?;
        texts.get(place).copied()
    };
    in_chinese(|| CHINESE.with_borrow(find)).unwrap_or(english)
}

#[inline(never)]
fn filled(part: u32, place: usize, english: &'static str, names: &str, arguments: &[&dyn Display]) -> String {
    fill(chosen(part, place, english), names, arguments)
}

fn in_chinese<T>(look: impl FnOnce() -> Option<T>) -> Option<T> {
    (current() == Language::Chinese).then(look).flatten()
}

/// Loads what a language needs beside the program before somebody has signed in. Without it all stays English.
pub async fn load(language: Language) {
    if language == Language::Chinese
        && CHINESE.with_borrow(Vec::is_empty)
        && let Some(read) = api::texts_at_the_door().await
    {
        keep(read.texts);
    }
}

fn keep(texts: Vec<(u32, Vec<String>)>) {
    // They stay as long as the page: every view may hold one.
    let leak = |text: String| &*Box::leak(text.into_boxed_str());
    let parts = texts
        .into_iter()
        .map(|(sum, texts)| (sum, texts.into_iter().map(leak).collect()));
    CHINESE.with_borrow_mut(|known| known.extend(parts));
}

/// Begins to load what a language needs for pages, and for what the server says, where that is not here; whoever shows a page
/// or an answer waits for it. A first visit, which ends at the sign-in, goes without.
pub fn load_rest(language: Language) -> Option<Promise> {
    if language == Language::English || SENTENCES.with_borrow(Option::is_some) {
        return None;
    }
    let begin = || {
        future_to_promise(async {
            match api::texts_of_pages().await {
                Some(read) => {
                    keep(read.texts);
                    SENTENCES.set(Some(read.sentences));
                }
                // The next answer asks again.
                None => drop(ASKED.take()),
            }
            Ok(JsValue::UNDEFINED)
        })
    };
    Some(ASKED.with_borrow_mut(|asked| asked.get_or_insert_with(begin).clone()))
}

/// Waits for what [`load_rest`] loads. Without it all stays English.
pub async fn rest(language: Language) {
    if let Some(rest) = load_rest(language) {
        let _ = JsFuture::from(rest).await;
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
