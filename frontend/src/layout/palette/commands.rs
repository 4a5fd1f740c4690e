//! What the palette offers, and which of it fits what is typed.

use fastgate_shared::admin_token::Role;
use fastgate_shared::api_key::ApiKey;
use fastgate_shared::audit_log::LogFilter;
use fastgate_shared::route::Route;

use crate::api;
use crate::app::BASE;
use crate::components::icon::Glyph;
use crate::format::lower;
use crate::locales::{self, changes, keys, palette as t, routes, settings, shell};
use crate::order;
use crate::state::session::Session;
use crate::state::theme::Theme;

/// Results shown at most.
const SHOWN: usize = 30;

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Opens this address of the dashboard.
    Go(String),
    /// Opens the request with this `X-Request-Id`.
    Request(String),
    Theme(Theme),
    /// Switches to the other language.
    Language,
    Help,
    SignOut,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub text: String,
    /// What tells it apart from others of the same name.
    pub detail: String,
    pub kind: &'static str,
    pub glyph: Glyph,
    pub act: Act,
    /// Further words that it is found by.
    words: String,
}

impl Command {
    fn new(glyph: Glyph, kind: &'static str, text: &str, act: Act) -> Self {
        let words = match &act {
            // The address is English in every language.
            Act::Go(path) => path.trim_start_matches(BASE).to_owned(),
            _ => String::new(),
        };
        Self {
            text: text.to_owned(),
            detail: String::new(),
            kind,
            glyph,
            act,
            words,
        }
    }

    fn detailed(mut self, detail: String, words: &[&str]) -> Self {
        self.words = lower(&words.join(" "));
        self.detail = detail;
        self
    }
}

/// The commands that are there whatever is stored.
pub fn everywhere() -> Vec<Command> {
    let page = |path: &str, glyph: Glyph, word: &str| {
        Command::new(glyph, t::kind_page(), word, Act::Go(format!("{BASE}{path}")))
    };
    let create = |path: &str, needs: Role, word: &str| {
        let act = Act::Go(format!("{BASE}{path}?new=1"));
        Session::may_offer(Some(needs)).then(|| Command::new(Glyph::Plus, t::kind_create(), word, act))
    };
    let action = |glyph: Glyph, word: &str, act: Act| Command::new(glyph, t::kind_action(), word, act);
    let other = locales::current().other().name();
    let mut all = vec![
        page("", Glyph::Gauge, shell::overview()),
        page("/keys", Glyph::Key, shell::keys()),
        page("/routes", Glyph::Route, shell::routes()),
        page("/requests", Glyph::Pulse, shell::requests()),
        page("/requests?live=1", Glyph::Pulse, locales::requests::live()),
        page("/statistics", Glyph::Bars, shell::statistics()),
        page("/playground", Glyph::Play, shell::playground()),
        page("/changes", Glyph::History, shell::changes()),
        page("/changes?trail=1", Glyph::History, changes::trail()),
        page("/settings", Glyph::Sliders, shell::settings()),
    ];
    let create = [
        create("/keys", Role::Admin, keys::new()),
        create("/routes", Role::Operator, routes::new()),
        create("/settings", Role::Admin, settings::new_token()),
    ];
    all.extend(create.into_iter().flatten());
    all.extend([
        action(
            Glyph::Search,
            routes::test_match(),
            Act::Go(format!("{BASE}/routes?match=1")),
        ),
        action(Glyph::Monitor, shell::theme_system(), Act::Theme(Theme::System)),
        action(Glyph::Sun, shell::theme_light(), Act::Theme(Theme::Light)),
        action(Glyph::Moon, shell::theme_dark(), Act::Theme(Theme::Dark)),
        action(Glyph::Globe, other, Act::Language)
            .detailed(String::new(), &["language 语言 english chinese 中文 英文"]),
        action(Glyph::Keyboard, shell::shortcuts(), Act::Help),
        action(Glyph::SignOut, shell::sign_out(), Act::SignOut),
    ]);
    all
}

/// A command for each key.
pub fn keys(known: &[ApiKey]) -> Vec<Command> {
    let command = |key: &ApiKey| {
        let source = key.definition.source_path.as_str();
        let name = key.definition.name.as_deref().filter(|name| !name.is_empty());
        let act = Act::Go(format!("{BASE}/keys?edit={}", key.key_id));
        Command::new(Glyph::Key, t::kind_key(), name.unwrap_or(source), act)
            .detailed(key.key_preview.clone(), &[source, &key.key_preview, &key.key_id])
    };
    known.iter().map(command).collect()
}

/// A command for each route.
pub fn routes(known: &[Route]) -> Vec<Command> {
    let command = |route: &Route| {
        let definition = &route.definition;
        let act = Act::Go(format!("{BASE}/routes?edit={}", route.route_id));
        Command::new(Glyph::Route, t::kind_route(), &definition.route_name, act).detailed(
            definition.match_path.clone(),
            &[&definition.match_path, &route.route_id],
        )
    };
    known.iter().map(command).collect()
}

/// The request with this id, where what is typed can be one.
pub fn request_id(typed: &str) -> Option<Command> {
    let id = typed.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_id = (8..=128).contains(&id.len()) && id.chars().all(fits) && id.contains(|c: char| c.is_ascii_digit());
    is_id.then(|| {
        let act = Act::Request(id.to_owned());
        Command::new(Glyph::Pulse, t::kind_request(), &t::request_with_id(id), act)
    })
}

/// The address of the record of a request, where there is one and no other; else of the list of those with that id.
pub async fn record_or_list(request_id: &str) -> String {
    let filter = LogFilter {
        request_id: Some(request_id.to_owned()),
        ..LogFilter::default()
    };
    let found = api::logs::list(&filter, None).await.map(|page| page.items);
    let page = format!("{BASE}/requests");
    match found.as_deref() {
        Ok([only]) => api::with_query(&page, &serde_json::json!({ "open": only.id })),
        _ => api::with_query(&page, &filter),
    }
}

/// Those that fit what is typed, the best first.
pub fn best(all: Vec<Command>, typed: &str) -> Vec<Command> {
    let typed = lower(typed.trim());
    let mut found: Vec<(u32, Command)> = all
        .into_iter()
        .filter_map(|command| Some((cost(&command, &typed)?, command)))
        .collect();
    order::sort(&mut found, |one, two| one.0.cmp(&two.0));
    found.into_iter().take(SHOWN).map(|(_, command)| command).collect()
}

/// How far a command is from what is typed; none where it does not fit. Each word must be there.
fn cost(command: &Command, typed: &str) -> Option<u32> {
    let text = lower(&command.text);
    let one = |word: &str| {
        if text.starts_with(word) {
            Some(0)
        } else if text.contains(&format!(" {word}")) {
            Some(1)
        } else if text.contains(word) {
            Some(2)
        } else if command.words.contains(word) || lower(command.kind).contains(word) {
            Some(3)
        } else if has_letters(&text, word) {
            Some(10)
        } else {
            None
        }
    };
    typed.split_whitespace().map(one).sum()
}

/// Whether all letters of a word are there in this order.
fn has_letters(text: &str, word: &str) -> bool {
    let mut letters = text.chars();
    word.chars().all(|wanted| letters.any(|letter| letter == wanted))
}
