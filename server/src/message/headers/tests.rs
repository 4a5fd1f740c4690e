//! Header fields that a route removes and sets.

use super::HeaderPlan;
use crate::message::Values;
use crate::routing::Captures;
use fastgate_shared::route::RouteDefinition;
use http::HeaderMap;
use serde_json::{Value, json};

fn definition(remove: &[&str], add: &Value) -> RouteDefinition {
    serde_json::from_value(json!({
        "route_name": "r", "match_path": "/*", "target_host": "up", "remove_headers": remove, "add_headers": add,
    }))
    .unwrap()
}

fn apply(definition: &RouteDefinition, headers: &mut HeaderMap, source_path: &str) {
    let values = Values {
        captures: &Captures::default(),
        request_id: "r-1",
        client_ip: [10, 0, 0, 1].into(),
        source_path,
        key_id: "",
    };
    HeaderPlan::compile(definition).unwrap().apply(headers, &values);
}

#[test]
fn fields_are_removed_then_set_in_place_of_all_of_that_name() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-gone", "1"),
        ("x-gone", "2"),
        ("x-set", "1"),
        ("x-set", "2"),
        ("x-kept", "1"),
    ] {
        headers.append(name, value.parse().unwrap());
    }
    let plan = definition(&["X-Gone", "X-Back"], &json!({"X-Set": "3", "x-back": "4"}));
    apply(&plan, &mut headers, "");
    let mut seen: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
    seen.sort_unstable();
    assert_eq!(seen, [("x-back", "4"), ("x-kept", "1"), ("x-set", "3")]);
}

#[test]
fn a_value_that_is_filled_in_cannot_start_a_new_line() {
    let mut headers = HeaderMap::new();
    let plan = definition(&[], &json!({"X-Source": "from ${source_path}"}));
    apply(&plan, &mut headers, "a\r\nX-Evil: 1\0");
    assert_eq!(headers["x-source"], "from aX-Evil: 1");
    assert_eq!(headers.len(), 1);
}

#[test]
fn a_plan_does_not_show_its_values() {
    let plan = HeaderPlan::compile(&definition(&[], &json!({"Authorization": "Bearer canary"}))).unwrap();
    assert!(!format!("{plan:?}").contains("canary"));
}
