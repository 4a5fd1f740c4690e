//! Which routes can never win, and which only look so.

use super::*;
use rstest::rstest;
use serde_json::json;

fn definition(fields: Value) -> RouteDefinition {
    let mut all = json!({"route_name": "r", "match_path": "/**", "target_host": "h"});
    for (name, value) in fields.as_object().unwrap() {
        all[name] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

fn route(id: &str, fields: Value) -> Route {
    let made = Timestamp::from_second(1_000).unwrap();
    Route {
        route_id: id.to_owned(),
        definition: definition(fields),
        created_at: made,
        updated_at: made,
    }
}

#[rstest]
#[case::everything("/**", "/v1/chat", true)]
#[case::everything_to_a_suffix("*", "*.json", true)]
#[case::below("/v1/*", "/v1/chat/*", true)]
#[case::below_an_exact_path("/v1/*", "/v1/chat", true)]
#[case::below_not_itself("/v1/*", "/v1", false)]
#[case::below_not_beside("/v1/*", "/v10/x", false)]
#[case::below_not_any_depth_from_itself("/v1/*", "/v1/**", false)]
#[case::any_prefix("/v2*", "/v2beta/{x}", true)]
#[case::any_depth("/api/**", "/api", true)]
#[case::any_depth_to_deeper("/api/**", "/api/**/end", true)]
#[case::any_depth_to_below("/api/**", "/api/*", true)]
#[case::any_depth_not_beside("/api/**", "/apis", false)]
#[case::any_depth_not_a_longer_name("/api/**", "/api*", false)]
#[case::any_depth_not_a_captured_rest("/api/**", "/api{x}", false)]
#[case::suffix("*.json", "/a/*.json", true)]
#[case::suffix_of_an_exact_path("*.json", "/a.json", true)]
#[case::suffix_not_open("*.json", "/a/*", false)]
#[case::captures_by_any_name("/user/{id}", "/user/{name}", true)]
#[case::one_segment_is_not_asked("/user/{id}", "/user/*", false)]
#[case::the_narrow_does_not_take_the_wide("/v1/chat", "/v1/*", false)]
#[case::no_pattern("no pattern", "/v1", false)]
fn an_earlier_path_takes_all_or_it_is_not_certain(#[case] earlier: &str, #[case] later: &str, #[case] all: bool) {
    let of = |pattern: &str| definition(json!({"match_path": pattern}));
    assert_eq!(takes_all(&of(earlier), &of(later)), all);
}

#[rstest]
#[case::any_method(json!({}), json!({"match_method": "GET"}), true)]
#[case::more_methods(json!({"match_method": "GET, post"}), json!({"match_method": "POST"}), true)]
#[case::fewer_methods(json!({"match_method": "GET"}), json!({"match_method": "GET,POST"}), false)]
#[case::one_to_any(json!({"match_method": "GET"}), json!({}), false)]
#[case::no_header_rule(json!({}), json!({"match_headers": {"x-a": "1"}}), true)]
#[case::the_same_header_rule(json!({"match_headers": {"X-A": "1"}}), json!({"match_headers": {"x-a": "1", "x-b": "2"}}), true)]
#[case::another_header_rule(json!({"match_headers": {"x-a": "1"}}), json!({"match_headers": {"x-a": "2"}}), false)]
#[case::a_header_rule_more(json!({"match_headers": {"x-a": "1"}}), json!({}), false)]
#[case::no_body_rule(json!({}), json!({"match_body_schema": {"model": "m"}}), true)]
#[case::a_null_is_no_body_rule(json!({"match_body_schema": null}), json!({}), true)]
#[case::the_same_body_rule(json!({"match_body_schema": {"model": "m"}}), json!({"match_body_schema": {"model": "m"}}), true)]
#[case::a_body_rule_more(json!({"match_body_schema": {"model": "m"}}), json!({}), false)]
fn every_condition_counts(#[case] earlier: Value, #[case] later: Value, #[case] all: bool) {
    assert_eq!(takes_all(&definition(earlier), &definition(later)), all);
}

#[test]
fn only_an_active_route_that_comes_before_takes_all() {
    let routes = [
        route("a", json!({"match_path": "/v1/**", "priority": 10})),
        route("b", json!({"match_path": "/v1/*", "priority": 100})),
        route("c", json!({"match_path": "/**", "priority": 100, "is_active": false})),
    ];
    let found = |fields: Value| {
        let definition = definition(fields);
        let written = Written {
            definition: &definition,
            stored: None,
        };
        shadowed_by(written, &routes).map(|route| route.route_id.clone())
    };
    let path = |priority: u16| json!({"match_path": "/v1/chat", "priority": priority});
    assert_eq!(found(path(100)).as_deref(), Some("a"));
    assert_eq!(found(path(5)), None, "it comes first itself");
    assert_eq!(found(json!({"match_path": "/v1/chat", "is_active": false})), None);
    assert_eq!(
        found(json!({"match_path": "/v2/chat"})),
        None,
        "what is off takes nothing"
    );
    assert_eq!(
        found(json!({"match_path": "/v1/**", "priority": 10})),
        None,
        "routes alike share"
    );
    let definition = definition(path(100));
    let itself = Written {
        definition: &definition,
        stored: Some(("a", Timestamp::from_second(1).unwrap())),
    };
    assert_eq!(
        shadowed_by(itself, &routes),
        None,
        "the more specific path comes first, and none is its own shadow"
    );
}

#[test]
fn of_two_alike_but_for_a_name_the_older_comes_first() {
    let routes = [route("a", json!({"match_path": "/user/{id}"}))];
    let definition = definition(json!({"match_path": "/user/{name}"}));
    let made_at = |second: i64| {
        let stored = Some(("b", Timestamp::from_second(second).unwrap()));
        shadowed_by(
            Written {
                definition: &definition,
                stored,
            },
            &routes,
        )
        .is_some()
    };
    assert!(made_at(2_000));
    assert!(!made_at(500));
}

#[rstest]
#[case::below("/admin/**", Some("/admin"))]
#[case::one_of_them("/admin/keys", Some("/admin"))]
#[case::captured("/admin/{page}", Some("/admin"))]
#[case::the_page_itself("/admin", Some("/admin"))]
#[case::health("/health", Some("/health"))]
#[case::ready("/health/ready", Some("/health"))]
#[case::metrics("/metrics", Some("/metrics"))]
#[case::below_metrics("/metrics/**", None)]
#[case::a_longer_name("/administration", None)]
#[case::any_longer_name("/admin*", None)]
#[case::everything("/**", None)]
fn what_the_gateway_answers_itself_never_comes_to_a_route(#[case] pattern: &str, #[case] own: Option<&str>) {
    assert_eq!(kept_for_the_gateway(&definition(json!({"match_path": pattern}))), own);
    let off = definition(json!({"match_path": pattern, "is_active": false}));
    assert_eq!(kept_for_the_gateway(&off), None);
}
