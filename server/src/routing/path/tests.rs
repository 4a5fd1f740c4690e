//! Canonical spelling: what is refused, what is changed, and that the upstream reads what was matched.

use super::{PathRefusal, after_prefix, as_spelled, canonical};
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use rstest::rstest;
use std::borrow::Cow;

#[rstest]
#[case("", PathRefusal::NotAbsolute)]
#[case("*", PathRefusal::NotAbsolute)]
#[case("v1", PathRefusal::NotAbsolute)]
#[case("/a/./b", PathRefusal::DotSegment)]
#[case("/a/..", PathRefusal::DotSegment)]
#[case("/a/%2e%2E/b", PathRefusal::DotSegment)]
#[case("/a/.%2e/b", PathRefusal::DotSegment)]
#[case("/a/%2E", PathRefusal::DotSegment)]
#[case("/a/..;x=1/b", PathRefusal::DotSegment)]
#[case("/a%2Fb", PathRefusal::EncodedSlash)]
#[case("/a%2fb", PathRefusal::EncodedSlash)]
#[case("/a\\b", PathRefusal::Backslash)]
#[case("/a%5Cb", PathRefusal::Backslash)]
#[case("/a%5cb", PathRefusal::Backslash)]
#[case("/a%00b", PathRefusal::Nul)]
#[case("/a\0b", PathRefusal::Nul)]
#[case("/a%", PathRefusal::PercentEncoding)]
#[case("/a%4", PathRefusal::PercentEncoding)]
#[case("/a%zz", PathRefusal::PercentEncoding)]
#[case("/a%+1", PathRefusal::PercentEncoding)]
fn ambiguous_paths_are_refused(#[case] raw: &str, #[case] refusal: PathRefusal) {
    assert_eq!(canonical(raw), Err(refusal));
}

#[rstest]
#[case("/%76%31/ch%61t", "/v1/chat")]
#[case("/a%20b", "/a%20b")]
#[case("/%e4%bd%a0", "/%E4%BD%A0")]
#[case("/你", "/%E4%BD%A0")]
#[case("/a|b", "/a%7Cb")]
#[case("/%252e%252e/", "/%252e%252e/")]
#[case("/...", "/...")]
#[case("/.well-known/x", "/.well-known/x")]
#[case("//a//", "//a//")]
#[case("/a;x=1,2/b@c:d!$&'()*+", "/a;x=1,2/b@c:d!$&'()*+")]
fn equivalent_spellings_become_one(#[case] raw: &str, #[case] expected: &str) {
    assert_eq!(canonical(raw).as_deref(), Ok(expected));
}

#[test]
fn an_ordinary_path_is_borrowed() {
    assert!(matches!(canonical("/v1/chat/completions"), Ok(Cow::Borrowed(_))));
    assert!(matches!(canonical("/a%20b/%C3%A9"), Ok(Cow::Borrowed(_))));
}

#[test]
fn a_border_within_a_character_moves_behind_it() {
    // A pattern such as /%C3* may end its literal text within the é that a client sent unencoded.
    assert_eq!(after_prefix("/é/x", "/%C3".len()), "/x");
    assert_eq!(as_spelled("/é/x", 4, 9), "/x");
}

/// Paths made of what is dangerous.
fn any_path() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec![
            "/", "/", ".", "..", "%2e", "%2E", "%2f", "%5c", "\\", "%00", "%61", "%7e", "%25", "%c3%a9", "é", ";", "a",
            "b", "%", "|", "%20",
        ]),
        0..12,
    )
    .prop_map(|pieces| format!("/{}", pieces.concat()))
}

proptest! {
    #[test]
    fn what_is_matched_is_what_is_forwarded(raw in any_path()) {
        let Ok(path) = canonical(&raw) else { return Ok(()) };
        // A server that decodes what it gets reads the same bytes as one that decodes what was matched, in the same
        // segments, none of which it could resolve as a dot segment.
        let read: Vec<Vec<u8>> = raw.split('/').map(|segment| percent_decode_str(segment).collect()).collect();
        let matched: Vec<Vec<u8>> = path.split('/').map(|segment| percent_decode_str(segment).collect()).collect();
        prop_assert_eq!(&read, &matched);
        for segment in read {
            prop_assert!(segment != b"." && segment != b"..");
            prop_assert!(!segment.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0)));
        }
    }

    #[test]
    fn canonical_spelling_is_final(raw in any_path()) {
        if let Ok(path) = canonical(&raw) {
            prop_assert!(path.is_ascii());
            prop_assert_eq!(canonical(&path), Ok(Cow::Borrowed(&*path)));
        }
    }

    #[test]
    fn pieces_of_the_client_s_spelling_join_to_the_whole(raw in any_path(), cut in 0..60usize) {
        let Ok(path) = canonical(&raw) else { return Ok(()) };
        let cut = cut.min(path.len());
        let (head, tail) = (as_spelled(&raw, 0, cut), as_spelled(&raw, cut, path.len()));
        prop_assert_eq!(format!("{head}{tail}"), raw.clone());
        prop_assert_eq!(after_prefix(&raw, cut), tail);
    }
}
