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
    let refused = super::read::<T>(members(value), Vec::new()).finish().err();
    let errors = refused.iter().flat_map(Problem::refused_fields);
    errors
        .map(|error| (error.field.clone(), error.message.clone()))
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
fn parts_of_a_list_are_each_told_at_their_own_place() {
    let errors = read::<RouteDefinition>(json!({
        "route_name": "a", "match_path": "/a", "ip_allow": [1, "::1", 2],
        "targets": [{"host": 1, "weight": "x"}, {"weight": 2}, "c"],
    }));
    let fields: Vec<&str> = errors.iter().map(|(field, _)| field.as_str()).collect();
    let told = [
        "ip_allow[0]",
        "ip_allow[2]",
        "targets[0].host",
        "targets[0].weight",
        "targets[1].host",
        "targets[2]",
    ];
    assert_eq!(fields, told);
}

#[test]
fn what_could_be_read_is_judged_beside_what_could_not() {
    let body = members(json!({"source_path": " ", "rate_limit": "many", "permissions": ["chat", 7, "nix"]}));
    let refused = super::read::<ApiKeyDefinition>(body, Vec::new())
        .validated()
        .finish()
        .unwrap_err();
    let mut fields: Vec<&str> = refused.refused_fields().iter().map(|error| &*error.field).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        ["permissions[1]", "permissions[2]", "rate_limit", "source_path"]
    );
}

#[test]
fn a_body_of_nothing_but_faults_ends_soon() {
    let permissions: Vec<u32> = (0..20_000).collect();
    let errors = read::<ApiKeyDefinition>(json!({"source_path": 1, "permissions": permissions}));
    assert!((2..=60).contains(&errors.len()), "{}", errors.len());
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
    patch(stored, members, Vec::new()).unwrap().finish().unwrap()
}
