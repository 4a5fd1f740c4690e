//! The table of the contract, and the matcher against a plain one that tries everything.

use super::{PathMatcher, regex, steps, walk};
use fastgate_shared::route::pattern::PathPattern;
use proptest::prelude::*;
use rstest::rstest;

fn matcher(pattern: &str) -> PathMatcher {
    PathMatcher::new(PathPattern::parse(pattern).expect(pattern))
}

#[rstest]
#[case("/exact/path", &["/exact/path"], &["/exact/path/", "/exact/pat", "/exact/path2", "/Exact/path"])]
#[case("/v1/*", &["/v1/chat", "/v1/chat/completions", "/v1/"], &["/v1", "/v10/x", "/V1/chat"])]
#[case("/v2*", &["/v2", "/v2/chat/completions", "/v2beta"], &["/v3", "/v", "/x/v2"])]
#[case("/api/v2/**", &["/api/v2/user/profile", "/api/v2", "/api/v2/"], &["/api/v20", "/api"])]
#[case("/a/*/c", &["/a/b/c"], &["/a/c", "/a//c", "/a/b/b/c", "/a/b/c/"])]
#[case("/a/**/z", &["/a/z", "/a/b/z", "/a/b/c/z"], &["/a", "/az", "/a/bz", "/a/z/y"])]
#[case("/user/{id}", &["/user/1", "/user/%20"], &["/user/1/x", "/user/", "/user"])]
#[case("/files/{rest:path}", &["/files/a", "/files/a/b/"], &["/files/", "/files"])]
#[case("*.json", &["/a.json", "/a/b.json", "/.json"], &["/a.jsonx", "/a.json/"])]
#[case("/*", &["/", "/a/b"], &[])]
#[case("*", &["/", "/a/b"], &[])]
#[case("/**", &["/", "/a/b"], &[])]
#[case("**/chat", &["/chat", "/v1/chat"], &["/xchat"])]
#[case("/v1/{model}/chat/*", &["/v1/m/chat/x/y"], &["/v1/m/n/chat/x", "/v1//chat/x"])]
#[case("/f/{name}.json", &["/f/a.json", "/f/a.json.json"], &["/f/.json", "/f/a/b.json"])]
#[case("/f/v*x", &["/f/vx", "/f/vabx"], &["/f/v/x"])]
#[case("*/chat/*", &["/v1/chat/", "/a/b/chat/c"], &["/v1/chat"])]
fn the_pattern_matches(#[case] pattern: &str, #[case] fitting: &[&str], #[case] other: &[&str]) {
    for path in fitting {
        assert!(matcher(pattern).is_match(path), "{pattern} matches {path}");
    }
    for path in other {
        assert!(!matcher(pattern).is_match(path), "{pattern} does not match {path}");
    }
}

#[rstest]
#[case("/user/{id}", "/user/a%62", &[("id", "a%62")])]
#[case("/{a}/x/{b:path}", "/1/x/2/3", &[("a", "1"), ("b", "2/3")])]
#[case("/f/{name}.{kind}", "/f/a.b.c", &[("name", "a"), ("kind", "b.c")])]
#[case("/{a}/**/{b}", "/1/2/3", &[("a", "1"), ("b", "3")])]
#[case("/{a}", "/1/2", &[])]
#[case("/{a}.x", "/1/2", &[])]
fn captures_hold(#[case] pattern: &str, #[case] raw: &str, #[case] expected: &[(&str, &str)]) {
    let canonical = crate::routing::path::canonical(raw).expect(raw);
    let captures = matcher(pattern).captures(&canonical, raw);
    let captures: Vec<(&str, &str)> = captures.iter().map(|(name, text)| (&**name, text.as_str())).collect();
    assert_eq!(captures, expected);
}

/// Tries every way in which the pattern could take the path. Knows nothing of tokens.
fn reference(pattern: &str, path: &str, at_start: bool) -> bool {
    let after_double = pattern
        .strip_prefix("/**")
        .or_else(|| pattern.strip_prefix("**").filter(|_| at_start));
    if let Some(after) = after_double.filter(|after| after.is_empty() || after.starts_with('/')) {
        let ends = (0..=path.len()).filter(|end| *end == 0 || path.starts_with('/'));
        let mut ends = ends.filter(|end| path[*end..].is_empty() || path[*end..].starts_with('/'));
        return ends.any(|end| reference(after, &path[end..], false)) || reference(after, path, false);
    }
    let takes = |least: usize, slashes: bool, after: &str| {
        (least..=path.len())
            .take_while(|end| slashes || !path[..*end].contains('/'))
            .any(|end| reference(after, &path[end..], false))
    };
    if let Some(after) = pattern.strip_prefix("!*") {
        return takes(1, false, after);
    }
    if let Some(after) = pattern.strip_prefix('*') {
        let anything = at_start || after.is_empty();
        return takes(0, anything, after);
    }
    if let Some(inside) = pattern.strip_prefix('{') {
        let (name, after) = inside.split_once('}').expect("balanced");
        return takes(1, name.ends_with(":path"), after);
    }
    match (pattern.chars().next(), path.chars().next()) {
        (None, None) => true,
        (Some(left), Some(right)) if left == right => reference(&pattern[1..], &path[1..], false),
        _ => false,
    }
}

fn any_pattern() -> impl Strategy<Value = String> {
    let segment = prop::sample::select(vec![
        "a", "b", "ab", "", "*", "**", "a*", "*b", "a*b", "{x}", "{y}", "a{z}", "{w}b", "*a*",
    ]);
    let last = prop::sample::select(vec!["", "/*", "*", "/**", "/{r:path}", ".a"]);
    let first = prop::sample::select(vec!["/", "/", "/", "*", "*/"]);
    (first, prop::collection::vec(segment, 0..4), last)
        .prop_map(|(first, segments, last)| format!("{first}{}{last}", segments.join("/")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// The quick way and the regex engine find the same.
    #[test]
    fn steps_find_what_the_expression_finds(
        pattern in prop::sample::select(vec![
            "/a/{x}", "/a/{x}/**", "/{x}/b/**", "/*/a/{y}/**", "/a/*/b", "/a/{x}/b/*", "/{x}/{y}", "/a/{x}/b/{rest:path}", "/*/**",
        ]),
        path in "/[ab/]{0,8}",
    ) {
        let pattern = PathPattern::parse(pattern).unwrap();
        let steps = steps(pattern.tokens()).expect("no step has a choice");
        let mut walked = Vec::new();
        let matches = walk(&steps, &path, |range| walked.push(range));
        let expression = regex(pattern.tokens());
        let captures = expression.captures(&path);
        prop_assert_eq!(matches, captures.is_some());
        if let Some(captures) = captures {
            let found: Vec<_> = captures.iter().skip(1).flatten().map(|found| found.range()).collect();
            prop_assert_eq!(walked, found);
        }
    }

    #[test]
    fn the_matcher_agrees_with_trying_everything(pattern in any_pattern(), path in "/[ab/.]{0,9}") {
        let Ok(parsed) = PathPattern::parse(&pattern) else { return Ok(()) };
        // A star that fills a segment before the last takes at least one character; marked for the reference.
        let marked = pattern.replace("/*/", "/!*/").replace("/*/", "/!*/");
        let matcher = PathMatcher::new(parsed);
        prop_assert_eq!(matcher.is_match(&path), reference(&marked, &path, true), "{} on {}", pattern, path);
        if matcher.is_match(&path) {
            let captures = matcher.captures(&path, &path);
            prop_assert_eq!(captures.len(), matcher.pattern().capture_names().count());
            prop_assert!(captures.iter().all(|(_, text)| !text.is_empty()));
        }
    }

    #[test]
    fn parsing_never_panics(text in "\\PC{0,30}|[/*{}a:%2.]{0,20}") {
        if let Ok(pattern) = PathPattern::parse(&text) {
            let _ = PathMatcher::new(pattern).is_match("/a/b");
        }
    }
}
