//! Paths and patterns: a path that is taken has one spelling, without segments that lead elsewhere; and whatever a pattern
//! matches is what is forwarded. Input: a pattern, a line feed, a path.

#![no_main]

use fastgate::routing::path::{after_prefix, as_spelled, canonical};
use fastgate::routing::pattern::PathMatcher;
use fastgate_shared::route::pattern::PathPattern;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (pattern, raw) = text.split_once('\n').unwrap_or(("/**", text));
    let pattern = PathPattern::parse(pattern);
    let Ok(path) = canonical(raw) else { return };
    assert_eq!(canonical(&path).as_deref(), Ok(&*path), "it has one spelling");
    assert!(!path.split('/').any(|segment| segment == "." || segment == ".."));
    assert_eq!(as_spelled(raw, 0, path.len()), raw);
    for (at, _) in path.match_indices('/') {
        let rest = after_prefix(raw, at);
        assert!(raw.ends_with(rest));
        assert_eq!(canonical(rest).as_deref(), Ok(&path[at..]), "what is matched is what is forwarded");
    }
    if let Ok(pattern) = pattern {
        let matcher = PathMatcher::new(pattern);
        if matcher.is_match(&path) {
            drop(matcher.captures(&path, raw));
            assert!(path.starts_with(&*matcher.pattern().literal_prefix()));
        }
    }
});
