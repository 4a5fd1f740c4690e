//! Conditions on header fields: what compiles is judged in linear time and explained. Input: name, wanted value, name and
//! value of a field, each on a line.

#![no_main]

use fastgate::routing::headers::HeaderRule;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(4, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let Ok(rule) = HeaderRule::compile(next(), next()) else { return };
    let mut headers = HeaderMap::new();
    let (name, value) = (next(), next());
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value.as_bytes())) {
        headers.append(name, value.clone());
        headers.append(rule.name().clone(), value);
    }
    assert!(!rule.is_match(&HeaderMap::new()), "no field fits no rule");
    let _fits = rule.is_match(&headers);
    assert!(!rule.explain(&headers).contains('\n'));
});
