//! What a refused body is told.

use super::*;
use fastgate_shared::api_key::ApiKeyDefinition;
use fastgate_shared::route::RouteDefinition;
use rstest::rstest;
use serde_json::json;

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

fn read<T: Fields + DeserializeOwned>(value: Value) -> Vec<(String, String)> {
    let members = members(value);
    let errors = check_names::<T>(&members, None);
    build::<T>(members, errors)
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|error| (error.field, error.message))
        .collect()
}

#[test]
fn every_unknown_and_every_mistyped_field_is_named_at_once() {
    let errors = read::<RouteDefinition>(json!({
        "route_name": "a", "match_path": "/a", "target_host": "h",
        "priorty": 1, "weight": 2, "timeout": "soon", "is_active": 3, "priority": -5,
    }));
    let fields: Vec<&str> = errors.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["priorty", "weight", "is_active", "priority", "timeout"]);
}

#[rstest]
#[case(json!({"source_path": "a", "rate_limit": "many"}), "rate_limit", "expected a whole number")]
#[case(json!({"source_path": "a", "permissions": {"a": 1}}), "permissions", "expected an array")]
#[case(json!({"source_path": "a", "permissions": [1]}), "permissions[0]", "expected a string")]
#[case(json!({"source_path": "a", "expires_at": "tomorrow"}), "expires_at", "not a point in time")]
#[case(json!({"name": "a"}), "source_path", "is missing")]
#[case(json!({"source_path": null}), "source_path", "is missing")]
fn a_wrong_type_is_told_with_its_place(#[case] body: Value, #[case] field: &str, #[case] message: &str) {
    let errors = read::<ApiKeyDefinition>(body);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].0, field);
    assert!(errors[0].1.contains(message), "{}", errors[0].1);
}

#[test]
fn a_nested_unknown_field_is_named_with_its_place() {
    let errors = read::<RouteDefinition>(json!({
        "route_name": "a", "match_path": "/a", "targets": [{"host": "a"}, {"host": "b", "wieght": 1}],
    }));
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].0.starts_with("targets[1]"), "{errors:?}");
    assert!(errors[0].1.contains("wieght"), "{errors:?}");
}

#[test]
fn a_read_only_field_is_accepted_when_it_is_sent_back_unchanged() {
    let stored = members(json!({"key_id": "k", "usage_count": 7}));
    assert!(check_names::<ApiKeyDefinition>(&stored, Some(&stored)).is_empty());
    let errors = check_names::<ApiKeyDefinition>(&members(json!({"usage_count": 8})), Some(&stored));
    assert_eq!(errors[0].message, "is set by the gateway and cannot be changed");
}

#[test]
fn null_means_the_default() {
    let stored = json!({"source_path": "a", "name": "b", "permissions": ["chat"], "is_active": false});
    let patch = members(json!({"name": null, "permissions": null, "is_active": null}));
    let definition: ApiKeyDefinition = patch_of(&stored, patch);
    assert_eq!(definition.name, None);
    assert!(definition.permissions.is_empty());
    assert!(definition.is_active);
}

fn patch_of(stored: &Value, members: Map<String, Value>) -> ApiKeyDefinition {
    patch(stored, members, Vec::new()).unwrap()
}
