//! Routes as the tests of this room write them, and routing as a whole: selection, order, bodies, verdicts.

mod laws;

use super::explain::{KnownBody, explain, nearest_misses};
use super::{Asked, CompiledRoute, HeadMatch, RouteTable, Selection, path};
use crate::body::peek::PeekedBody;
use fastgate_shared::route::{FailedCondition, Route};
use http::{HeaderMap, Method};
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;

/// A route with a name and further fields; its id is its name, its age the order of the names.
pub(super) fn compile(name: &str, fields: &Value) -> Result<CompiledRoute, Vec<String>> {
    let mut definition = json!({"route_name": name, "match_path": "/*", "target_host": "upstream"});
    for (field, value) in fields.as_object().expect("fields are an object") {
        definition[field] = value.clone();
    }
    let route = Route {
        route_id: name.to_owned(),
        definition: serde_json::from_value(definition).expect("a definition"),
        created_at: jiff::Timestamp::from_second(name.bytes().map(i64::from).sum()).expect("in range"),
        updated_at: jiff::Timestamp::UNIX_EPOCH,
    };
    CompiledRoute::compile(route).map_err(|errors| {
        let text = |error: fastgate_shared::problem::FieldError| format!("{}: {}", error.field, error.message);
        errors.into_iter().map(text).collect()
    })
}

pub(super) fn table(routes: &[(&str, Value)]) -> RouteTable {
    let route = |(name, fields): &(&str, Value)| Arc::new(compile(name, fields).expect("a good route"));
    RouteTable::new(routes.iter().map(route).collect())
}

fn select(table: &RouteTable, method: &Method, raw_path: &str) -> HeadMatch {
    let path = path::canonical(raw_path).expect("a good path");
    let headers = HeaderMap::new();
    table.select(&Asked {
        method,
        path: &path,
        raw_path,
        headers: &headers,
    })
}

fn names(selection: &Selection) -> Vec<&str> {
    selection
        .candidates()
        .iter()
        .map(|candidate| &*candidate.route.name)
        .collect()
}

/// The fourth use case: by model, with a fallback.
fn by_model() -> RouteTable {
    table(&[
        (
            "fallback",
            json!({"match_path": "/v2*", "match_method": "POST", "priority": 80}),
        ),
        (
            "qwen",
            json!({"match_path": "/v2*", "match_method": "POST", "priority": 40,
                "match_body_schema": {"model": "mckj/Qwen3-30B-A3B"}}),
        ),
    ])
}

#[test]
fn lower_priority_numbers_go_first_then_specific_paths_then_older_routes() {
    let table = table(&[
        ("d", json!({"match_path": "/v1/*", "priority": 100})),
        ("c", json!({"match_path": "/v1/*", "priority": 100})),
        ("b", json!({"match_path": "/v1/chat", "priority": 100})),
        ("a", json!({"match_path": "/*", "priority": 50})),
    ]);
    assert_eq!(
        names(&select(&table, &Method::GET, "/v1/chat").unread()),
        ["a", "b", "c", "d"]
    );
    let all: Vec<&str> = table.all_in_order().iter().map(|route| &*route.name).collect();
    assert_eq!(all, ["a", "b", "c", "d"]);
}

#[rstest]
#[case("ANY", "DELETE", true)]
#[case("post", "POST", true)]
#[case("GET, post", "POST", true)]
#[case("GET", "POST", false)]
#[case("PURGE", "PURGE", true)]
fn a_route_takes_the_methods_that_it_names(#[case] methods: &str, #[case] method: Method, #[case] taken: bool) {
    let table = table(&[("r", json!({"match_method": methods}))]);
    assert_eq!(!select(&table, &method, "/x").is_empty(), taken);
}

#[test]
fn routes_that_are_switched_off_take_nothing_but_stay_in_the_list() {
    let table = table(&[("off", json!({"is_active": false}))]);
    assert!(select(&table, &Method::GET, "/x").is_empty());
    assert_eq!(table.all_in_order().len(), 1);
}

#[test]
fn the_body_decides_only_while_a_route_with_a_body_rule_goes_first() {
    let selection = select(&by_model(), &Method::POST, "/v2/chat/completions");
    assert!(selection.body_decides());

    let certain = table(&[
        ("certain", json!({"priority": 1})),
        ("late", json!({"priority": 2, "match_body_schema": {"a": 1}})),
    ]);
    let selection = select(&certain, &Method::POST, "/x");
    assert!(!selection.body_decides());
}

#[rstest]
#[case(r#"{"model":"mckj/Qwen3-30B-A3B"}"#, &["qwen", "fallback"])]
#[case(r#"{"model":"other"}"#, &["fallback"])]
#[case("no json", &["fallback"])]
#[case("", &["fallback"])]
fn the_model_chooses_the_route(#[case] body: &str, #[case] expected: &[&str]) {
    let body = PeekedBody::new(None, body.as_bytes());
    let judged = select(&by_model(), &Method::POST, "/v2/chat/completions").judge(&body);
    assert_eq!(names(&judged), expected);
}

#[test]
fn captures_come_in_the_spelling_of_the_client() {
    let table = table(&[("r", json!({"match_path": "/user/{id}/{rest:path}"}))]);
    let selection = select(&table, &Method::GET, "/u%73er/a%62%20c/d%7e/e").unread();
    let captures: Vec<(&str, &str)> = selection.candidates()[0]
        .captures
        .iter()
        .map(|(name, text)| (&**name, text.as_str()))
        .collect();
    assert_eq!(captures, [("id", "a%62%20c"), ("rest", "d%7e/e")]);
}

#[test]
fn a_bad_route_is_refused_with_every_field() {
    let errors = compile(
        "bad",
        &json!({"match_path": "v1", "match_method": "GET,,", "match_headers": {"X-A": "regex:(", "X-B": "regex:a{9999}{999}"},
            "match_body_schema": {"type": "object", "properties": {"a": 5}}}),
    )
    .expect_err("refused");
    let fields: Vec<&str> = errors.iter().filter_map(|error| error.split(':').next()).collect();
    assert_eq!(
        fields,
        [
            "match_path",
            "match_method",
            "match_headers",
            "match_headers",
            "match_body_schema"
        ]
    );
    assert!(errors.iter().all(|error| !error.contains('\n')), "{errors:?}");
}

#[test]
fn each_route_gets_a_verdict_in_matching_order() {
    let table = table(&[
        ("path", json!({"priority": 1, "match_path": "/other"})),
        ("method", json!({"priority": 2, "match_method": "GET"})),
        ("headers", json!({"priority": 3, "match_headers": {"X-Env": "prod"}})),
        ("body", json!({"priority": 4, "match_body_schema": {"stream": true}})),
        ("off", json!({"priority": 5, "is_active": false})),
        (
            "wins",
            json!({"priority": 6, "match_path": "/v1/*", "match_method": "POST,PUT"}),
        ),
    ]);
    let headers = HeaderMap::new();
    let asked = Asked {
        method: &Method::POST,
        path: "/v1/chat",
        raw_path: "/v1/chat",
        headers: &headers,
    };
    let body = PeekedBody::new(None, br#"{"stream":false}"#);
    let verdicts = explain(&table, &asked, KnownBody::Read(&body), None).candidates;
    let told: Vec<_> = verdicts
        .iter()
        .map(|verdict| (verdict.failed, verdict.reason.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Some(FailedCondition::Path), "the path does not match /other"),
            (Some(FailedCondition::Method), "method POST is not GET"),
            (Some(FailedCondition::Headers), "header x-env is missing"),
            (Some(FailedCondition::Body), "body field `stream` is not true"),
            (Some(FailedCondition::Inactive), "the route is switched off"),
            (None, "path /v1/* and method POST or PUT matched; priority 6"),
        ]
    );
    assert!(
        verdicts
            .iter()
            .all(|verdict| verdict.matched == verdict.failed.is_none())
    );
}

#[test]
fn where_no_route_matches_the_nearest_misses_are_named() {
    let headers = HeaderMap::new();
    let asked = |path| Asked {
        method: &Method::POST,
        path,
        raw_path: path,
        headers: &headers,
    };
    let body = PeekedBody::new(None, br#"{"stream":false}"#);
    let streams = table(&[(
        "streams",
        json!({"match_path": "/stream/*", "match_body_schema": {"properties": {"stream": {"const": true}}}}),
    )]);
    assert_eq!(
        nearest_misses(&streams, &asked("/stream/chat"), Some(&body)),
        "the path matches, but streams: body field /stream breaks the schema: true was expected"
    );
    assert_eq!(
        nearest_misses(&streams, &asked("/nowhere"), Some(&body)),
        "the path of no active route matches"
    );
}

#[test]
fn routes_alike_are_told_of_each_other() {
    let ids = [
        ("a", json!({"match_method": "GET, POST"})),
        ("b", json!({"match_method": "post,get"})),
        ("c", json!({"match_method": "GET"})),
    ];
    let routes = ids
        .iter()
        .map(|(name, fields)| Arc::new(compile(name, fields).unwrap()));
    let table = RouteTable::new(routes.collect());
    let (method, headers) = (Method::GET, HeaderMap::new());
    let asked = Asked {
        method: &method,
        path: "/x",
        raw_path: "/x",
        headers: &headers,
    };
    let told = explain(&table, &asked, KnownBody::Read(&PeekedBody::new(None, b"")), None);
    let reasons: Vec<&str> = told.candidates.iter().map(|verdict| verdict.reason.as_str()).collect();
    assert!(reasons[0].ends_with("; shares its requests with b"), "{reasons:?}");
    assert!(reasons[1].ends_with("; shares its requests with a"), "{reasons:?}");
    assert!(!reasons[2].contains("shares"), "{reasons:?}");
}
