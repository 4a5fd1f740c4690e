//! Keys in header fields: after the gateway has taken its keys off, no field holds one. Input: lines `name: value`.

#![no_main]

use fastgate::api_keys::{KeyHash, extract, is_carrier, strip};
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

const PREFIX: &str = "fg_";

fuzz_target!(|bytes: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    if let Some((carrier, key)) = extract(&headers, PREFIX) {
        assert!(is_carrier(&carrier) && !key.is_empty());
        assert_eq!(KeyHash::of(key).as_bytes(), KeyHash::of(key).as_bytes());
    }
    let before = headers.len();
    strip(&mut headers, PREFIX);
    assert!(headers.len() <= before);
    assert!(extract(&headers, PREFIX).is_none_or(|(_, key)| !key.starts_with(PREFIX)), "a key is left");
});
