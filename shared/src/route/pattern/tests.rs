//! The grammar of patterns, and which of two is the more specific one.

use super::{MAX_PATTERN_BYTES, PathPattern, Token, capture_names};
use rstest::rstest;

fn parse(text: &str) -> PathPattern {
    PathPattern::parse(text).unwrap_or_else(|why| panic!("{text} {why}"))
}

fn literal(text: &str) -> Token {
    Token::Literal(text.to_owned())
}

#[rstest]
#[case("/exact/path", vec![literal("/exact/path")])]
#[case("/", vec![literal("/")])]
#[case("/v1/*", vec![literal("/v1/"), Token::Anything])]
#[case("/v2*", vec![literal("/v2"), Token::Anything])]
#[case("/api/v2/**", vec![literal("/api/v2"), Token::Segments])]
#[case("/a/*/c", vec![literal("/a/"), Token::Segment, literal("/c")])]
#[case("/a/**/z", vec![literal("/a"), Token::Segments, literal("/z")])]
#[case("/user/{id}", vec![literal("/user/"), Token::Capture("id".to_owned())])]
#[case("/f/{rest:path}", vec![literal("/f/"), Token::Rest("rest".to_owned())])]
#[case("*.json", vec![Token::Anything, literal(".json")])]
#[case("*", vec![Token::Anything])]
#[case("**", vec![Token::Segments])]
#[case("/**", vec![Token::Segments])]
#[case("**/chat", vec![Token::Segments, literal("/chat")])]
#[case("/f/v*.json", vec![literal("/f/v"), Token::Within, literal(".json")])]
#[case("/{a}/**/b", vec![literal("/"), Token::Capture("a".to_owned()), Token::Segments, literal("/b")])]
fn a_pattern_becomes_these_pieces(#[case] text: &str, #[case] pieces: Vec<Token>) {
    assert_eq!(parse(text).tokens(), pieces);
    assert_eq!(parse(text).as_str(), text);
}

#[rstest]
#[case("", "is empty")]
#[case("v1/*", "must start with `/` or `*`")]
#[case("{id}", "must start with")]
#[case("/user/{id", "unbalanced braces")]
#[case("/user/id}", "unbalanced braces")]
#[case("/user/{a{b}}", "unbalanced braces")]
#[case("/user/{}", "the capture name ``")]
#[case("/user/{a-b}", "the capture name `a-b`")]
#[case("/user/{id:int}", "`:int`; the only kind is `:path`")]
#[case("/{id}/x/{id}", "captures `id` twice")]
#[case("/{rest:path}/x", "after `{rest:path}`; a `:path` capture comes last")]
#[case("/{rest:path}*", "after `{rest:path}`")]
#[case("/a**", "`**` beside other text")]
#[case("**.json", "`**` beside other text")]
#[case("/**x/y", "`**` beside other text")]
#[case("/{a}{b}", "no text between")]
#[case("/v1/*?x=1", "the query is not matched")]
#[case("/v1#x", "written %23")]
#[case("/a b", "written %20")]
#[case("/a\\b", "backslash")]
#[case("/a\nb", "`\\n`, which a path cannot contain; control characters")]
#[case("/100%", "without two hexadecimal digits")]
#[case("/%zz", "without two hexadecimal digits")]
#[case("/a%2fb", "`%2f`: paths with an encoded slash")]
#[case("/a%00", "`%00`")]
#[case("/a/../b", "dot segments are refused")]
#[case("/a/%2E%2e/b", "dot segments are refused")]
#[case("/*a*b*c*d*e*f*g*h*i*j*k*l*m*n*o*p*q", "more than 16 wildcards")]
fn a_malformed_pattern_is_refused_with_the_reason(#[case] text: &str, #[case] reason: &str) {
    let why = PathPattern::parse(text).expect_err(text).to_string();
    assert!(why.contains(reason), "{text}: {why}");
}

#[test]
fn a_pattern_over_the_size_limit_is_refused() {
    let fitting = format!("/{}", "a".repeat(MAX_PATTERN_BYTES - 1));
    assert!(PathPattern::parse(&fitting).is_ok());
    assert!(PathPattern::parse(&format!("{fitting}a")).is_err());
}

#[rstest]
#[case("/%61%2db", "/a-b")]
#[case("/%c3%a9", "/%C3%A9")]
#[case("/é|", "/%C3%A9%7C")]
#[case("/a%20b", "/a%20b")]
fn literal_text_is_kept_in_canonical_spelling(#[case] text: &str, #[case] canonical: &str) {
    assert_eq!(parse(text).tokens(), [literal(canonical)]);
}

#[rstest]
#[case("/v1/*", "/v1/")]
#[case("/v2*", "/v2")]
#[case("/api/**", "/api")]
#[case("/user/{id}/x", "/user/")]
#[case("*.json", "")]
#[case("/exact", "/exact")]
fn the_literal_prefix_ends_before_the_first_wildcard(#[case] text: &str, #[case] prefix: &str) {
    assert_eq!(parse(text).literal_prefix(), prefix);
}

#[test]
fn captures_are_named_in_order_and_a_malformed_pattern_has_none() {
    assert_eq!(capture_names("/{b}/{a}/{rest:path}"), ["b", "a", "rest"]);
    assert!(capture_names("/{a").is_empty());
}

#[test]
fn patterns_go_from_specific_to_general() {
    let ordered = [
        "/v1/chat/completions",
        "/v1/chat/{id}",
        "/v1/chat/*",
        "/v1/chat*",
        "/v1/chat/**",
        "/v1/*/completions/*",
        "/v1/{id}/completions",
        "/v1/{id}",
        "/v1/{rest:path}",
        "/v1/*",
        "/v1*",
        "/v1/**",
        "/*",
        "*.json",
        "*",
        "/**",
    ];
    for (place, specific) in ordered.iter().enumerate() {
        for general in &ordered[place + 1..] {
            let (left, right) = (parse(specific).specificity(), parse(general).specificity());
            assert!(left >= right, "{specific} before {general}: {left:?} {right:?}");
        }
    }
}

#[test]
fn patterns_that_differ_only_in_names_are_equally_specific() {
    assert_eq!(parse("/u/{a}").specificity(), parse("/u/{b}").specificity());
}

#[rstest]
#[case("/a/../b", true)]
#[case("/a/.", true)]
#[case("/%2e%2E", true)]
#[case("/.%2e;x=1/y", true)]
#[case("../x", true)]
#[case("/...", false)]
#[case("/.well-known/a..b", false)]
#[case("/%2e%2e%2e", false)]
#[case("/a;..", false)]
fn dot_segments_are_recognised_in_each_spelling(#[case] path: &str, #[case] has_one: bool) {
    assert_eq!(super::has_dot_segment(path), has_one);
}
