//! Pages of other origins: preflights answered by the gateway, and answers that pages may read.

use crate::support::gateway::TestGateway;
use crate::support::upstream::{Upstream, answer};
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

const PAGE: &str = "https://app.example.com";

async fn gateway(upstream: &Upstream, cors: Value) -> TestGateway {
    TestGateway::builder()
        .route(json!({"match_path": "/v1/*", "match_method": "POST", "target_host": upstream.host(), "cors": cors}))
        .start()
        .await
}

#[tokio::test]
async fn a_preflight_is_answered_without_a_key_for_the_method_that_it_asks_for() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream, json!({"allow_origins": [PAGE], "max_age_seconds": 60})).await;
    let asked = |origin: &'static str, method: &'static str| {
        gateway
            .stranger(Method::OPTIONS, "/v1/chat")
            .header("origin", origin)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", "authorization,content-type")
    };
    let answer = asked(PAGE, "POST").send().await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    assert_eq!(answer.header("access-control-allow-methods"), "POST");
    assert_eq!(
        answer.header("access-control-allow-headers"),
        "authorization,content-type"
    );
    assert_eq!(answer.header("access-control-max-age"), "60");
    let vary: Vec<&str> = answer
        .head
        .headers
        .get_all("vary")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    assert!(vary.join(", ").contains("Origin"), "{vary:?}");
    assert_eq!(answer.header("content-length"), "");
    let (kind, code, _) = asked("https://evil.example", "POST").send().await.refusal(403).await;
    assert_eq!(
        (kind.as_str(), code.as_str()),
        ("permission_error", "origin_not_allowed")
    );
    // No route takes a DELETE, so that it is nobody's preflight.
    asked(PAGE, "DELETE").send().await.refusal(401).await;
    assert_eq!(upstream.connections(), 0);
    let records = gateway.records(3).await;
    assert_eq!(records[0].item.outcome.unwrap().as_str(), "ok");
    assert_eq!(
        records[0].item.route_id.as_deref(),
        Some(gateway.routes[0].route_id.as_str())
    );
    gateway.finish().await;
}

#[tokio::test]
async fn a_preflight_finds_its_route_although_it_shows_neither_fields_nor_body() {
    let upstream = Upstream::start();
    let cors = json!({"allow_origins": ["*"]});
    let to = |priority: u16, more: Value| {
        let mut route = json!({"target_host": upstream.host(), "match_path": "/*", "priority": priority});
        route.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        route
    };
    let gateway = TestGateway::builder()
        .route(to(1, json!({"match_method": "PUT", "match_headers": {"X-Team": "a"}})))
        .route(to(
            2,
            json!({"match_method": "PUT", "match_body_schema": {"a": 1}, "cors": cors}),
        ))
        .route(to(3, json!({"match_method": "GET"})))
        .route(to(4, json!({"cors": cors})))
        .start()
        .await;
    let asked = |method: &'static str| {
        gateway
            .call(Method::OPTIONS, "/x")
            .header("origin", PAGE)
            .header("access-control-request-method", method)
    };
    assert_eq!(asked("PUT").send().await.header("access-control-allow-origin"), "*");
    assert_eq!(upstream.connections(), 0);
    // The route that takes a GET leaves CORS to its upstream; the OPTIONS itself is taken by the last one.
    assert_eq!(asked("GET").send().await.status, 200);
    assert_eq!(upstream.only().line, "OPTIONS /x HTTP/1.1");
    gateway.finish().await;
}

#[rstest]
#[case::a_page_that_may(Some(PAGE), PAGE)]
#[case::a_page_that_may_not(Some("https://evil.example"), "")]
#[case::no_page(None, "")]
#[tokio::test]
async fn the_upstreams_own_policy_is_replaced(#[case] origin: Option<&'static str>, #[case] allowed: &str) {
    let upstream = Upstream::doing([answer(
        "200 OK",
        &[
            "Access-Control-Allow-Origin: *",
            "Access-Control-Allow-Credentials: true",
            "Vary: Accept",
        ],
        "ok",
    )]);
    let cors = json!({"allow_origins": [PAGE], "expose_headers": ["X-Request-Id"]});
    let gateway = gateway(&upstream, cors).await;
    let mut call = gateway.call(Method::POST, "/v1/chat");
    if let Some(origin) = origin {
        call = call.header("origin", origin);
    }
    let answer = call.send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), allowed);
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert_eq!(answer.header("access-control-expose-headers"), "X-Request-Id");
    let vary: Vec<&str> = answer
        .head
        .headers
        .get_all("vary")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    assert_eq!(vary, ["Accept", "Origin"]);
    gateway.finish().await;
}

#[tokio::test]
async fn a_page_can_read_why_it_was_refused() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "/v1/*", "target_host": upstream.host(), "cors": {"allow_origins": [PAGE]}}))
        .key(json!({"rate_limit": 1}))
        .start()
        .await;
    let from_page = |path, with_key: bool| {
        let call = gateway.stranger(Method::POST, path).header("origin", PAGE);
        if with_key { call.key(gateway.key()) } else { call }
    };
    for (with_key, status) in [(false, 401), (true, 200), (true, 429)] {
        let answer = from_page("/v1/x", with_key).send().await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("access-control-allow-origin")),
            (status, PAGE)
        );
    }
    let elsewhere = from_page("/v2/x", true).send().await;
    assert_eq!(
        (
            elsewhere.status.as_u16(),
            elsewhere.header("access-control-allow-origin")
        ),
        (404, "")
    );
    gateway.finish().await;
}

#[tokio::test]
async fn without_cors_the_upstream_speaks_for_itself() {
    let upstream = Upstream::doing([answer(
        "204 No Content",
        &["Access-Control-Allow-Origin: https://own.example"],
        "",
    )]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "auth": "none"}))
        .start()
        .await;
    let answer = gateway
        .stranger(Method::OPTIONS, "/")
        .header("origin", PAGE)
        .header("access-control-request-method", "GET")
        .send()
        .await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://own.example");
    assert_eq!(upstream.only().header("origin"), PAGE);
    gateway.finish().await;
}
