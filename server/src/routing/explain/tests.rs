//! The nearest misses, and what the winner makes of a request.

use super::{Circumstances, KnownBody, explain};
use crate::routing::tests::table;
use crate::routing::{Asked, path};
use fastgate_shared::route::MatchExplanation;
use http::{HeaderMap, Method};
use rstest::rstest;
use serde_json::{Value, json};

fn told(routes: &[(&str, Value)], raw_path: &str, headers: &HeaderMap) -> MatchExplanation {
    told_of(routes, raw_path, headers, None)
}

/// Of a request whose body was not kept, and that this route took.
fn told_of(routes: &[(&str, Value)], raw_path: &str, headers: &HeaderMap, taken_by: Option<&str>) -> MatchExplanation {
    let asked = Asked {
        method: &Method::POST,
        path: &path::canonical(raw_path).unwrap(),
        raw_path,
        headers,
    };
    let circumstances = Circumstances {
        query: Some("a=1"),
        request_id: "id-1",
        client_ip: [192, 0, 2, 1].into(),
        source_path: "team",
        key_id: "key-1",
    };
    explain(
        &table(routes),
        &asked,
        KnownBody::NotKept { taken_by },
        Some(&circumstances),
    )
}

#[rstest]
#[case::switched_off_before_a_wrong_method("/v1/chat", &["off", "get"])]
#[case::a_path_that_looks_alike("/v2/chats", &["alike"])]
#[case::in_another_case("/V2/Chat", &["alike"])]
#[case::nothing_like_it("/nowhere", &[])]
fn the_nearest_misses_come_first(#[case] path: &str, #[case] expected: &[&str]) {
    let routes = [
        (
            "get",
            json!({"priority": 1, "match_path": "/v1/*", "match_method": "GET"}),
        ),
        ("off", json!({"priority": 2, "match_path": "/v1/*", "is_active": false})),
        ("alike", json!({"priority": 3, "match_path": "/v2/chat"})),
    ];
    assert_eq!(told(&routes, path, &HeaderMap::new()).nearest, expected);
}

#[test]
fn without_the_body_a_condition_on_it_is_neither_met_nor_missed() {
    let routes = [
        (
            "model",
            json!({"priority": 1, "match_path": "/v1/*", "match_body_schema": {"model": "a"}}),
        ),
        (
            "off",
            json!({"priority": 2, "match_path": "/v1/*", "match_body_schema": {"model": "b"}, "is_active": false}),
        ),
        ("rest", json!({"priority": 3, "match_path": "/v1/*"})),
    ];
    let told = told(&routes, "/v1/chat", &HeaderMap::new());
    let verdicts: Vec<(bool, bool)> = told.candidates.iter().map(|one| (one.matched, one.undecided)).collect();
    assert_eq!(verdicts, [(false, true), (false, false), (true, false)]);
    assert_eq!(told.candidates[0].reason, "the body was not kept whole");
    assert_eq!(told.transforms, None, "nobody knows who wins");
    assert!(told.nearest.is_empty());
}

#[rstest]
#[case::it_has_a_condition("second", &["missed", "wins", "undecided", "matches"])]
#[case::it_has_none("rest", &["missed", "missed", "missed", "wins"])]
#[case::it_could_not_have("off", &["undecided", "undecided", "undecided", "matches"])]
#[case::nobody_knows_it_any_more("gone", &["undecided", "undecided", "undecided", "matches"])]
fn the_route_that_took_a_request_tells_which_conditions_on_its_body_were_met(
    #[case] taken_by: &str,
    #[case] expected: &[&str],
) {
    let model = |priority: u16, model: &str| json!({"priority": priority, "match_path": "/v1/*", "match_body_schema": {"model": model}});
    let routes = [
        ("first", model(1, "a")),
        ("second", model(2, "b")),
        ("third", model(3, "c")),
        ("rest", json!({"priority": 4, "match_path": "/v1/*"})),
        ("off", json!({"priority": 5, "match_path": "/v1/*", "is_active": false})),
    ];
    let told = told_of(&routes, "/v1/chat", &HeaderMap::new(), Some(taken_by));
    let first = told.candidates.iter().position(|one| one.matched || one.undecided);
    let words = told.candidates.iter().enumerate().map(|(place, one)| match one {
        one if one.undecided => "undecided",
        one if one.matched && first == Some(place) => "wins",
        one if one.matched => "matches",
        _ => "missed",
    });
    assert_eq!(words.take(4).collect::<Vec<_>>(), expected);
    assert_eq!(told.transforms.is_some(), expected.contains(&"wins"));
}

#[test]
fn routes_alike_met_the_same_condition() {
    let rule = || json!({"priority": 1, "match_path": "/v1/*", "match_body_schema": {"model": "a"}});
    let routes = [("one", rule()), ("two", rule())];
    let told = told_of(&routes, "/v1/chat", &HeaderMap::new(), Some("two"));
    assert!(told.candidates.iter().all(|verdict| verdict.matched));
}

#[test]
fn what_the_winner_makes_of_a_request_is_told_without_its_credentials() {
    let routes = [(
        "wins",
        json!({
            "match_path": "/users/{id}", "target_host": "up:1", "target_path": "/u/{id}?key=0123456789abcdefgh",
            "remove_headers": ["X-Env", "X-Absent"],
            "add_headers": {"Authorization": "Bearer sk-0123456789abcdef", "X-From": "${source_path} ${client_ip}"},
            "add_body_fields": {"user": "${key_id}", "n": 1},
        }),
    )];
    let mut headers = HeaderMap::new();
    headers.insert("x-env", "prod".parse().unwrap());
    let made = told(&routes, "/users/7", &headers).transforms.unwrap();
    assert_eq!(made.target_urls, ["http://up:1/u/7?key=012…efgh&a=1"]);
    assert_eq!(made.removed_headers, ["X-Env"]);
    assert_eq!(made.set_headers["Authorization"], "Bearer sk-…cdef");
    assert_eq!(made.set_headers["X-From"], "team 192.0.2.1");
    assert_eq!(Value::from(made.body_fields), json!({"user": "key-1", "n": 1}));
    assert_eq!(told(&routes, "/other", &headers).transforms, None);
}
