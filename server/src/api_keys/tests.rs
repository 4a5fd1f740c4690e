//! Making keys, finding them in requests and in the ring.

use super::{ApiKeyEntry, KeyHash, KeyRefusal, KeyRing, NewKey, extract};
use crate::permissions::Permissions;
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use rstest::rstest;
use secrecy::ExposeSecret;
use std::sync::Arc;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn entry(key_id: &str, value: &str) -> ApiKeyEntry {
    ApiKeyEntry {
        key_id: key_id.into(),
        preview: "fg_Ab…9xYz".into(),
        source_path: "tests".into(),
        permissions: Permissions::default(),
        limiter: None,
        bound: None,
        expires_at: None,
        is_active: true,
        hash: KeyHash::of(value),
        previous: None,
    }
}

fn found(ring: &KeyRing, value: &str, now: i64) -> Result<String, KeyRefusal> {
    ring.lookup(value, at(now)).map(|entry| entry.key_id.to_string())
}

#[test]
fn a_new_key_has_its_prefix_and_is_found_by_its_hash() {
    let key = NewKey::generate("fg_");
    let value = key.value.expose_secret();
    let random = value.strip_prefix("fg_").expect("the prefix");
    assert_eq!(random.len(), 43);
    assert!(random.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(key.preview, format!("fg_{}…{}", &random[..2], &random[39..]));
    assert_eq!(key.hash, KeyHash::of(value));
    assert_ne!(key.hash, NewKey::generate("fg_").hash);
}

#[test]
fn nothing_secret_is_written_by_debug() {
    let key = NewKey::generate("fg_");
    let shown = format!("{key:?} {:?}", entry("k", key.value.expose_secret()));
    assert!(!shown.contains(&key.value.expose_secret()[8..20]), "{shown}");
    assert!(shown.contains("KeyHash(…)"));
}

#[test]
fn a_key_is_found_by_its_value_only() {
    let ring = KeyRing::from_entries([Arc::new(entry("a", "fg_a")), Arc::new(entry("b", "fg_b"))]);
    assert_eq!(found(&ring, "fg_b", 0).as_deref(), Ok("b"));
    assert_eq!(found(&ring, "fg_c", 0), Err(KeyRefusal::Unknown));
    assert_eq!(found(&ring, "", 0), Err(KeyRefusal::Unknown));
    assert_eq!(ring.len(), 2);
}

#[test]
fn a_key_ends_at_its_time_or_when_it_is_switched_off() {
    let expiring = ApiKeyEntry {
        expires_at: Some(at(100)),
        ..entry("e", "fg_e")
    };
    let disabled = ApiKeyEntry {
        is_active: false,
        ..entry("d", "fg_d")
    };
    let ring = KeyRing::from_entries([expiring, disabled].map(Arc::new));
    assert_eq!(found(&ring, "fg_e", 99).as_deref(), Ok("e"));
    assert_eq!(found(&ring, "fg_e", 100), Err(KeyRefusal::Expired));
    assert_eq!(found(&ring, "fg_d", 0), Err(KeyRefusal::Disabled));
}

#[test]
fn a_rotated_value_works_until_its_grace_ends() {
    let rotated = ApiKeyEntry {
        previous: Some((KeyHash::of("fg_old"), at(100))),
        ..entry("k", "fg_new")
    };
    let ring = KeyRing::default().with(Arc::new(rotated));
    assert_eq!(found(&ring, "fg_new", 100).as_deref(), Ok("k"));
    assert_eq!(found(&ring, "fg_old", 99).as_deref(), Ok("k"));
    assert_eq!(found(&ring, "fg_old", 100), Err(KeyRefusal::Unknown));
}

#[test]
fn a_change_replaces_every_value_of_the_key_and_leaves_the_old_ring_alone() {
    let before = KeyRing::from_entries([Arc::new(entry("a", "fg_1")), Arc::new(entry("b", "fg_b"))]);
    let after = before.with(Arc::new(entry("a", "fg_2")));
    assert_eq!(found(&after, "fg_1", 0), Err(KeyRefusal::Unknown));
    assert_eq!(found(&after, "fg_2", 0).as_deref(), Ok("a"));
    assert_eq!(found(&after, "fg_b", 0).as_deref(), Ok("b"));
    assert_eq!(found(&before, "fg_1", 0).as_deref(), Ok("a"));
    assert_eq!(after.len(), 2);

    let without = after.without("a");
    assert_eq!(found(&without, "fg_2", 0), Err(KeyRefusal::Unknown));
    assert_eq!(without.len(), 1);
    assert_eq!(without.without("a").len(), 1);
    assert!(without.without("b").is_empty());
}

#[test]
fn adding_one_key_copies_one_shard() {
    let ring = KeyRing::from_entries((0..2_000).map(|n| Arc::new(entry(&format!("k{n}"), &format!("fg_{n}")))));
    let grown = ring.with(Arc::new(entry("new", "fg_new")));
    assert_eq!(ring.shared_shards(&grown), (255, 255));
    assert_eq!(grown.len(), 2_001);
}

#[rstest]
#[case(&[("authorization", "Bearer fg_a")], Some(("authorization", "fg_a")))]
#[case(&[("authorization", "bearer  fg_a ")], Some(("authorization", "fg_a")))]
#[case(&[("authorization", "Basic fg_a")], None)]
#[case(&[("authorization", "Bearer")], None)]
#[case(&[("authorization", "Bearer ")], None)]
#[case(&[("x-api-key", "fg_a")], Some(("x-api-key", "fg_a")))]
#[case(&[("api-key", "fg_a")], Some(("api-key", "fg_a")))]
#[case(&[("x-goog-api-key", "fg_a")], Some(("x-goog-api-key", "fg_a")))]
#[case(&[("x-api-key", "")], None)]
#[case(&[("authorization", "Bearer sk-1"), ("x-api-key", "fg_a")], Some(("x-api-key", "fg_a")))]
#[case(&[("authorization", "Bearer sk-1"), ("x-api-key", "old_a")], Some(("x-api-key", "old_a")))]
#[case(&[("x-api-key", "other"), ("x-goog-api-key", "fg_a")], Some(("x-goog-api-key", "fg_a")))]
#[case(&[("authorization", "Bearer fg_1"), ("x-api-key", "fg_2")], Some(("authorization", "fg_1")))]
#[case(&[("x-api-key", "other"), ("x-api-key", "fg_a")], Some(("x-api-key", "fg_a")))]
#[case(&[("authorization", "Bearer sk-1")], Some(("authorization", "sk-1")))]
#[case(&[], None)]
fn the_key_of_a_request_is_found(#[case] fields: &[(&str, &str)], #[case] expected: Option<(&str, &str)>) {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).expect("a name"),
            value.parse().expect("a value"),
        );
    }
    let found = extract(&headers, "fg_");
    assert_eq!(found.as_ref().map(|(name, key)| (name.as_str(), *key)), expected);
}
