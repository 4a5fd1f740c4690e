//! The rules of the house, read from the source text: who may use whom, who alone may use a large library, and what every
//! file owes its reader. A breach is named with its file.

use regex::Regex;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Above the doors: they start the gateway and send each request to its door.
const ABOVE: [&str; 7] = ["main", "cli", "commands", "serve", "shutdown", "listen", "doors"];
const DOORS: [&str; 4] = ["admin", "health", "proxy", "ui"];
const APP: &str = "app";
const CONFIG: &str = "config";

/// Rooms that think and do nothing: the clock is passed in, and no byte is sent.
const PURE: [&str; 3] = ["message", "permissions", "routing"];

/// A source file of the project.
struct Source {
    /// From the project's folder, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// Lines that are code, numbered from 1.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The module of the server's crate that the file belongs to: the first part of its path below `src`.
    fn module(&self) -> &str {
        let below = self.path.strip_prefix("server/src/").unwrap_or_default();
        below.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources(folders: &[&str]) -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in folders {
        collect(&root().join(folder), &mut sources);
    }
    assert!(!sources.is_empty(), "no source in {folders:?}");
    sources
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            sources.push(Source {
                text: fs::read_to_string(&path).unwrap(),
                path: name,
            });
        }
    }
}

/// Where code of these sources has what the pattern finds.
fn places(sources: &[Source], pattern: &str) -> Vec<(String, String)> {
    let pattern = Regex::new(pattern).unwrap();
    let mut places = Vec::new();
    for source in sources {
        for (number, line) in source.code() {
            if pattern.is_match(line) {
                places.push((
                    source.path.clone(),
                    format!("{}:{number}: {}", source.path, line.trim()),
                ));
            }
        }
    }
    places
}

#[track_caller]
fn assert_none(breaches: impl IntoIterator<Item = String>, rule: &str) {
    let breaches: Vec<String> = breaches.into_iter().collect();
    assert!(breaches.is_empty(), "{rule}:\n{}", breaches.join("\n"));
}

/// How far up in the house a module stands; it may use what stands lower, and rooms each other.
fn floor(module: &str) -> u8 {
    match module {
        module if ABOVE.contains(&module) => 4,
        module if DOORS.contains(&module) => 3,
        APP => 2,
        CONFIG => 0,
        _ => 1,
    }
}

#[test]
fn arrows_point_from_main_over_doors_and_app_to_rooms_and_config() {
    let used = Regex::new(r"\bcrate::(?:\{([^}]*)\}|([a-z_]+))").unwrap();
    let mut breaches = Vec::new();
    for source in sources(&["server/src"]) {
        let user = source.module();
        if user == "lib" {
            continue;
        }
        for (number, line) in source.code() {
            for found in used.captures_iter(line) {
                let names = found.get(1).or(found.get(2)).unwrap().as_str();
                for name in names.split(',').filter_map(|name| name.trim().split("::").next()) {
                    let between_doors = floor(name) == 3 && floor(user) == 3 && name != user;
                    if floor(name) > floor(user) || between_doors {
                        breaches.push(format!("{}:{number}: {user} uses {name}", source.path));
                    }
                }
            }
        }
    }
    assert_none(
        breaches,
        "main → doors → app → rooms → config, and doors never each other",
    );
}

#[test]
fn each_large_library_has_one_gatekeeper() {
    let server = sources(&["server/src"]);
    let gates: [(&str, &str, &[&str]); 6] = [
        (
            "diesel",
            r"\bdiesel(_migrations)?::",
            &["server/src/db.rs", "server/src/db/"],
        ),
        (
            "the HTTP client",
            r"\b(hyper::client|hyper_util::client|hyper_rustls|reqwest)\b",
            &["server/src/upstream.rs", "server/src/upstream/"],
        ),
        ("rust-embed", r"\brust_embed\b", &["server/src/ui.rs"]),
        (
            "the environment",
            r"\bstd::env::|\benv::var",
            &["server/src/config.rs", "server/src/config/", "server/src/cli.rs"],
        ),
        ("jsonschema", r"\bjsonschema::", &["server/src/routing/"]),
        (
            "governor",
            r"\bgovernor::",
            &["server/src/rate_limit.rs", "server/src/rate_limit/"],
        ),
    ];
    for (library, pattern, allowed) in gates {
        let breaches = places(&server, pattern)
            .into_iter()
            .filter(|(path, _)| !allowed.iter().any(|allowed| path.starts_with(allowed)));
        assert_none(
            breaches.map(|(_, place)| place),
            &format!("{library} is used in {allowed:?} only"),
        );
    }
}

#[test]
fn pure_rooms_neither_look_at_a_clock_nor_send_a_byte() {
    let rooms: Vec<Source> = sources(&["server/src"])
        .into_iter()
        .filter(|source| PURE.contains(&source.module()) && !source.path.ends_with("tests.rs"))
        .collect();
    let found = places(
        &rooms,
        r"\btokio::|::now\(\)|\bstd::(fs|process|thread)\b|TcpStream|\basync fn\b",
    );
    assert_none(
        found.into_iter().map(|(_, place)| place),
        "the clock is passed in, and nothing is sent",
    );
}

#[test]
fn shared_types_know_neither_server_nor_browser() {
    let shared = sources(&["shared/src"]);
    let found = places(
        &shared,
        r"\b(axum|diesel|reqwest|tokio|hyper|gloo_net|web_sys|fastgate)::",
    );
    assert_none(
        found.into_iter().map(|(_, place)| place),
        "shared holds types and their rules",
    );
    let frontend = sources(&["frontend/src"]);
    let found = places(&frontend, r"\bfastgate::|\bgloo_net::")
        .into_iter()
        .filter(|(path, place)| !(place.contains("gloo_net") && path.starts_with("frontend/src/api")));
    assert_none(
        found.map(|(_, place)| place),
        "the dashboard calls the gateway in api.rs only",
    );
}

#[test]
fn every_file_says_what_lives_in_it_and_is_short() {
    let all = sources(&["server/src", "server/tests", "shared/src", "frontend/src"]);
    let silent = all.iter().filter(|source| !source.text.starts_with("//!"));
    assert_none(silent.map(|source| source.path.clone()), "every file starts with //!");
    let long = all.iter().filter(|source| source.text.lines().count() > 500);
    assert_none(
        long.map(|source| source.path.clone()),
        "no file has more than 500 lines",
    );
}

#[test]
fn nothing_is_left_for_later_and_no_lint_is_silenced_without_a_reason() {
    let own = "server/tests/it/architecture.rs";
    let mut all = sources(&["server/src", "server/tests", "shared/src", "frontend/src"]);
    all.retain(|source| source.path != own);
    let found = places(&all, r"\b(todo|unimplemented|dbg)!|\bunsafe\b \{");
    assert_none(
        found.into_iter().map(|(_, place)| place),
        "code is finished before it is committed",
    );
    let silenced = places(&all, r"#!?\[(allow|expect)\(")
        .into_iter()
        .filter(|(path, place)| {
            let source = all.iter().find(|source| source.path == *path).unwrap();
            let line: usize = place.split(':').nth(1).unwrap().parse().unwrap();
            !source
                .text
                .lines()
                .skip(line - 1)
                .take(5)
                .any(|line| line.contains("reason = "))
        });
    assert_none(silenced.map(|(_, place)| place), "#[expect(lint, reason = \"…\")]");
}

#[test]
fn both_databases_have_the_same_migrations_with_a_way_back() {
    let names = |dialect: &str| -> BTreeSet<String> {
        let folder = root().join("migrations").join(dialect);
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let sqlite = names("sqlite");
    assert!(!sqlite.is_empty());
    let versions: BTreeSet<&str> = sqlite.iter().filter_map(|name| name.split('_').next()).collect();
    assert_eq!(
        versions.len(),
        sqlite.len(),
        "of two with one version, one would never run"
    );
    assert_eq!(sqlite, names("postgres"));
    for dialect in ["sqlite", "postgres"] {
        for name in &sqlite {
            for file in ["up.sql", "down.sql"] {
                let path = root().join("migrations").join(dialect).join(name).join(file);
                assert!(path.is_file(), "{} is missing", path.display());
            }
        }
    }
}

#[test]
fn the_top_of_the_house_is_as_documented() {
    let wanted = [
        "Cargo.toml",
        "server",
        "frontend",
        "shared",
        "migrations",
        "style",
        "end2end",
        "Trunk.toml",
        "README.md",
    ];
    let missing = wanted.iter().filter(|name| !root().join(name).exists());
    assert_none(missing.map(ToString::to_string), "the top level holds these");
    let main = fs::read_to_string(root().join("server/src/main.rs")).unwrap();
    assert!(main.lines().count() < 80, "main is a list of steps");
}
