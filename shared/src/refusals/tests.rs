//! Every sentence of the rules has its Chinese, and the parts stay in their places.

use super::Table;
use crate::json;
use rstest::rstest;
use std::path::{Path, PathBuf};

/// The table that the dashboard loads.
pub(super) fn table() -> Table {
    json::from_text(include_str!("../../../frontend/refusals.zh-CN.json")).unwrap()
}

#[rstest]
#[case("is missing", "缺失")]
#[case("is longer than 100 characters", "长度不能超过 100")]
#[case("session 4813 \"ci\" from 127.0.0.1", "会话 4813（ci），来自 127.0.0.1")]
#[case("admin token from ::1", "管理员令牌，来自 ::1")]
#[case(
    "names `X-A` twice (header names ignore case)",
    "`X-A` 出现了两次（标头名不区分大小写）"
)]
#[case(
    "uses `{id}`, but match_path captures nothing",
    "使用了 `{id}`，但 match_path 没有捕获"
)]
#[case(
    "uses `${x}`; known variables are request_id",
    "使用了 `${x}`；可用的变量有：request_id"
)]
#[case("`X-A` must start with `/`", "`X-A` 必须以 `/` 开头")]
#[case("`path` must start with `/`.", "`path` 必须以 `/` 开头。")]
#[case("There is no log record `7`.", "没有这个日志记录：`7`。")]
#[case(
    "has text after `{rest:path}`; a `:path` capture comes last because it takes all that is left",
    "`{rest:path}` 之后还有文字；`:path` 捕获会取走剩余全部内容，必须放在最后"
)]
fn a_sentence_is_said_in_chinese(#[case] english: &str, #[case] chinese: &str) {
    assert_eq!(table().refusal(english).as_deref(), Some(chinese));
}

#[rstest]
#[case("")]
#[case("The moon is made of cheese.")]
#[case("`X-A` is made of cheese")]
fn what_is_not_known_stays_as_it_is(#[case] english: &str) {
    assert_eq!(table().refusal(english), None);
}

#[test]
fn the_chinese_has_no_part_that_the_english_lacks() {
    let parts = |text: &str| text.matches("{}").count();
    for (english, chinese) in table().0 {
        assert!(parts(&chinese) <= parts(&english), "{english}");
    }
}

/// Texts of the rules' sources that are no sentences about a value.
const OTHER: &[&str] = &[
    ", ",
    "-----BEGIN ",
    "PRIVATE KEY",
    "CERTIFICATE",
    "a status such as 200 or \"2xx\"",
];

#[test]
fn no_sentence_of_the_rules_lacks_its_chinese() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files: Vec<PathBuf> = ["api_key.rs", "fields.rs", "time.rs", "route.rs"]
        .map(|name| source.join(name))
        .into();
    collect(&source.join("route"), &mut files);
    let known_sentences = table().0;
    let (mut seen, mut missing) = (0, Vec::new());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for literal in literals(text.split("#[cfg(test)]").next().unwrap_or_default()) {
            if !literal.contains(' ') || OTHER.contains(&&*literal) {
                continue;
            }
            seen += 1;
            let template = template(&literal);
            let known = known_sentences.iter().any(|(english, _)| *english == template);
            if !known && template != "`{}` {}" {
                missing.push(format!("{}: {literal}", file.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(seen > 60, "only {seen} sentences were found");
}

/// Where the proxy says why a request failed, and the settings what a value may be: both show on the dashboard.
const OF_THE_SERVER: &[&str] = &[
    "proxy/error.rs",
    "proxy/accept.rs",
    "proxy/admit.rs",
    "proxy/transform.rs",
    "proxy/tunnel.rs",
    "listen/unreadable.rs",
    "upstream/failure.rs",
    "body/replay.rs",
    "routing/path.rs",
    "permissions.rs",
];

#[test]
fn no_sentence_of_the_proxys_errors_lacks_its_chinese() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src");
    let table = table();
    let (mut seen, mut missing) = (0, Vec::new());
    for file in OF_THE_SERVER {
        let text = std::fs::read_to_string(source.join(file)).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        // What `thiserror` derives, and what is written out as a message.
        let derived = code
            .split("#[error(\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        let derived = derived.map(str::to_owned);
        let written = literals(code).into_iter().filter(|literal| {
            literal.contains(' ') && literal.starts_with(char::is_uppercase) && literal.ends_with('.')
        });
        for sentence in derived.chain(written) {
            let template = template(&sentence);
            if matches!(&*template, "{}" | "Bearer realm={}") {
                continue;
            }
            seen += 1;
            // As it is said, with something in each place.
            if table.refusal(&template.replace("{}", "7")).is_none() {
                missing.push(format!("{file}: {sentence}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(seen > 50, "only {seen} sentences were found");
}

#[test]
fn no_class_of_failed_attempts_lacks_its_words_on_the_dashboard() {
    let source = |path: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let words = source("../frontend/src/pages/requests/failures.rs");
    let is_class =
        |text: &String| text.contains('_') && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let classes = literals(&source("../server/src/upstream/failure.rs"));
    let classes: Vec<String> = classes.into_iter().filter(is_class).collect();
    assert!(classes.len() > 15, "only {classes:?} were found");
    let lacks = |class: &&String| !words.contains(&format!("\"{class}\" =>"));
    let missing: Vec<&String> = classes.iter().filter(lacks).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, files),
            false if path.ends_with("tests.rs") => {}
            false => files.push(path),
        }
    }
}

/// The string literals of a source, unescaped, without those of comments and attributes.
fn literals(source: &str) -> Vec<String> {
    let ignored = |line: &&str| !matches!(line.trim_start().get(..2), Some("//" | "#["));
    let source: Vec<&str> = source.lines().filter(ignored).collect();
    let source = source.join("\n").replace("'\"'", "' '").replace("b\"", "\"");
    let mut found = Vec::new();
    let mut rest = source.chars();
    while rest.by_ref().any(|character| character == '"') {
        let mut literal = String::new();
        while let Some(character) = rest.next().filter(|character| *character != '"') {
            match character {
                '\\' => match rest.next() {
                    Some('\n') => rest = rest.as_str().trim_start().chars(),
                    Some('n') => literal.push('\n'),
                    Some(escaped) => literal.push(escaped),
                    None => {}
                },
                _ => literal.push(character),
            }
        }
        found.push(literal);
    }
    found
}

/// A literal of `format!` as a template: `{name}` becomes `{}`, doubled braces single ones.
fn template(literal: &str) -> String {
    let mut out = String::new();
    let mut rest = literal;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("{{") {
            out.push('{');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("}}") {
            out.push('}');
            rest = after;
        } else {
            out.push_str("{}");
            rest = rest.split_once('}').map_or("", |(_, after)| after);
        }
    }
    out + rest
}
