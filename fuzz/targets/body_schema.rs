//! Conditions on bodies: any schema compiles or is refused, and any body is judged. Input: a schema, 0, a body.

#![no_main]

use fastgate::body::peek::PeekedBody;
use fastgate::routing::body_schema::BodyRule;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (schema, body) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    let peeked = PeekedBody::new(None, body);
    if peeked.value().is_none() {
        assert!(peeked.unreadable_because().is_some());
    }
    let _model = peeked.model();
    let Ok(schema) = serde_json::from_slice(schema) else { return };
    let Ok(Some(rule)) = BodyRule::compile(&schema) else { return };
    let fits = rule.is_match(&peeked);
    assert!(!fits || peeked.value().is_some() || peeked.model().is_some(), "what cannot be read fits nothing");
    assert_eq!(fits, rule.is_match(&PeekedBody::new(None, body)), "the same twice");
});
