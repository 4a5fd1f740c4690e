//! Stage 2: whose key it is, and that no upstream ever sees it.

use crate::support::gateway::TestGateway;
use crate::support::upstream::Upstream;
use http::Method;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[case("authorization", "Bearer ")]
#[case("Authorization", "bearer  ")]
#[case("x-api-key", "")]
#[case("api-key", "")]
#[case("x-goog-api-key", "")]
#[tokio::test]
async fn a_key_is_taken_from_this_field_and_kept_from_the_upstream(#[case] name: &str, #[case] before: &str) {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let value = format!("{before}{}", gateway.key());
    let answer = gateway.stranger(Method::GET, "/x").header(name, value).send().await;
    assert_eq!(answer.status, 200);
    let seen = upstream.only();
    assert!(!seen.has(name) && !seen.contains(gateway.key()), "{seen:?}");
    gateway.finish().await;
}

#[tokio::test]
async fn a_key_in_several_fields_is_kept_from_the_upstream_in_all_of_them() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let key = gateway.key().to_owned();
    let call = gateway
        .get("/x")
        .header("api-key", key.clone())
        .header("x-api-key", key);
    assert_eq!(call.send().await.status, 200);
    assert!(!upstream.only().contains(gateway.key()));
    gateway.finish().await;
}

#[tokio::test]
async fn credentials_for_the_upstream_pass_beside_a_key_in_another_field() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let call = gateway
        .stranger(Method::GET, "/x")
        .header("x-api-key", gateway.key().to_owned())
        .header("authorization", "Bearer for-the-upstream");
    assert_eq!(call.send().await.status, 200);
    assert_eq!(upstream.only().header("authorization"), "Bearer for-the-upstream");
    gateway.finish().await;
}

#[tokio::test]
async fn without_a_valid_key_the_answer_is_401_with_the_reason() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .key(json!({"is_active": false}))
        .key(json!({"expires_at": "2020-01-01T00:00:00Z"}))
        .start()
        .await;
    let presented = [
        (String::new(), "missing_api_key"),
        ("Bearer fg_unknown".to_owned(), "invalid_api_key"),
        ("Bearer another".to_owned(), "invalid_api_key"),
        ("Basic dXNlcjpwYXNz".to_owned(), "missing_api_key"),
        (format!("Bearer {}", gateway.key_at(0)), "key_disabled"),
        (format!("Bearer {}", gateway.key_at(1)), "key_expired"),
    ];
    for (value, expected) in presented {
        let mut call = gateway.stranger(Method::GET, "/x");
        if !value.is_empty() {
            call = call.header("authorization", value);
        }
        let answer = call.send().await;
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{expected}");
        let (kind, code, message) = answer.refusal(401).await;
        assert_eq!((kind.as_str(), code.as_str()), ("authentication_error", expected));
        assert!(!message.contains("fg_un"), "{message}");
    }
    assert_eq!(upstream.seen().len(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn the_refusal_of_a_key_that_is_known_names_it_in_the_record() {
    let gateway = TestGateway::builder()
        .key(json!({"source_path": "lapsed", "is_active": false}))
        .start()
        .await;
    gateway.get("/x").send().await.refusal(401).await;
    let record = gateway.record().await.item;
    assert_eq!(record.source_path.as_deref(), Some("lapsed"));
    assert!(record.key_id.is_some());
    gateway.finish().await;
}

#[tokio::test]
async fn where_no_route_matches_a_stranger_hears_401_and_a_key_404() {
    let gateway = TestGateway::builder().start().await;
    let (_, code, _) = gateway.stranger(Method::GET, "/x").send().await.refusal(401).await;
    assert_eq!(code, "missing_api_key");
    let (kind, code, _) = gateway.get("/x").send().await.refusal(404).await;
    assert_eq!((kind.as_str(), code.as_str()), ("not_found_error", "no_matching_route"));
    gateway.finish().await;
}

#[tokio::test]
async fn an_open_route_needs_no_key_and_passes_credentials_on() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "auth": "none"}))
        .start()
        .await;
    for (name, value) in [
        ("authorization", "Bearer sk-the-clients-own"),
        ("authorization", "Basic dXNlcjpwYXNz"),
        ("x-api-key", "sk-ant-the-clients-own"),
    ] {
        let answer = gateway.stranger(Method::GET, "/x").header(name, value).send().await;
        assert_eq!(answer.status, 200);
        assert_eq!(upstream.seen().last().unwrap().header(name), value);
    }
    assert_eq!(gateway.stranger(Method::GET, "/x").send().await.status, 200);
    gateway.finish().await;
}

#[tokio::test]
async fn an_open_route_does_not_pass_on_a_key_of_the_gateway_valid_or_not() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "auth": "none"}))
        .start()
        .await;
    assert_eq!(gateway.get("/x").send().await.status, 200);
    assert_eq!(gateway.get("/x").key("fg_unknown").send().await.status, 200);
    assert!(upstream.seen().iter().all(|seen| !seen.contains("fg_")));
    gateway.finish().await;
}

#[tokio::test]
async fn the_winning_route_decides_whether_a_key_is_needed() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "/a/**", "priority": 1, "target_host": upstream.host()}))
        .route(json!({"match_path": "/**", "priority": 2, "target_host": upstream.host(), "auth": "none"}))
        .start()
        .await;
    assert_eq!(gateway.stranger(Method::GET, "/a/x").send().await.status, 401);
    assert_eq!(gateway.stranger(Method::GET, "/b").send().await.status, 200);
    gateway.finish().await;
}

#[tokio::test]
async fn a_new_key_and_a_change_hold_at_once() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let key = gateway.add_key(json!({"source_path": "later"})).await;
    assert_eq!(gateway.get("/").key(&key).send().await.status, 200);
    gateway.finish().await;
}
