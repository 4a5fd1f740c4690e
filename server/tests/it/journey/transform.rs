//! Stage 5: what a route changes on the way.

use crate::support::gateway::TestGateway;
use crate::support::upstream::{Seen, Upstream};
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

/// What the upstream sees of a POST through this route.
async fn seen(mut route: Value, path: &str, headers: &[(&str, &'static str)], body: &'static str) -> Seen {
    let upstream = Upstream::start();
    route["target_host"] = upstream.host().into();
    let gateway = TestGateway::builder().route(route).start().await;
    let mut call = gateway.call(Method::POST, path).body(body);
    for (name, value) in headers {
        call = call.header(name, *value);
    }
    assert_eq!(call.send().await.status, 200);
    gateway.finish().await;
    upstream.only()
}

#[tokio::test]
async fn fields_are_removed_then_set() {
    let route = json!({
        "remove_headers": ["X-Remove-This", "X-Set"],
        "add_headers": {"Authorization": "Bearer sk-upstream", "X-Set": "new", "X-Proxy-Source": "M-FastGate-v0.2.0"},
    });
    let headers = [
        ("x-remove-this", "1"),
        ("x-remove-this", "2"),
        ("x-set", "old"),
        ("x-kept", "1"),
    ];
    let seen = seen(route, "/", &headers, "").await;
    assert!(!seen.has("x-remove-this"));
    assert_eq!(seen.header("x-set"), "new");
    assert_eq!(seen.header("authorization"), "Bearer sk-upstream");
    assert_eq!(seen.header("x-proxy-source"), "M-FastGate-v0.2.0");
    assert_eq!(seen.header("x-kept"), "1");
}

#[tokio::test]
async fn what_opens_the_admin_side_stays_here() {
    let route = json!({"auth": "none"});
    let headers = [
        ("cookie", "theme=dark; __Host-fastgate_session=abc; lang=en"),
        ("x-api-key", "fga_0123456789abcdef"),
    ];
    let seen = seen(route, "/", &headers, "").await;
    assert_eq!(seen.header("cookie"), "theme=dark; lang=en");
    assert!(!seen.has("x-api-key"));
}

#[tokio::test]
async fn body_fields_are_set_and_the_length_is_right() {
    let route = json!({"add_body_fields": {"max_tokens": 2048, "temperature": 0.7}});
    let seen = seen(
        route,
        "/",
        &[],
        r#"{"model":"m","max_tokens":1,"seed":12345678901234567890123}"#,
    )
    .await;
    let body = r#"{"model":"m","seed":12345678901234567890123,"max_tokens":2048,"temperature":0.7}"#;
    assert_eq!(String::from_utf8_lossy(&seen.body), body);
    assert_eq!(seen.header("content-length"), body.len().to_string());
    assert!(!seen.has("transfer-encoding"));
}

#[rstest]
#[case("not json")]
#[case("[1,2]")]
#[case("")]
#[tokio::test]
async fn a_body_that_is_no_object_goes_on_as_it_is(#[case] body: &'static str) {
    let seen = seen(json!({"add_body_fields": {"a": 1}}), "/", &[], body).await;
    assert_eq!(String::from_utf8_lossy(&seen.body), body);
}

#[tokio::test]
async fn values_use_captures_and_variables() {
    let route = json!({
        "match_path": "/u/{id}/{rest:path}",
        "target_path": "/users/{id}/x?rest={rest}",
        "add_headers": {"X-User": "{id}", "X-Trace": "${request_id}", "X-From": "${client_ip} ${source_path}"},
        "add_body_fields": {"user": "u-{id}", "trace": "${request_id}"},
    });
    let seen = seen(route, "/u/a%20b/c/d?q=1", &[("x-request-id", "r-1")], "{}").await;
    assert_eq!(seen.line, "POST /users/a%20b/x?rest=c/d&q=1 HTTP/1.1");
    assert_eq!(seen.header("x-user"), "a%20b");
    assert_eq!(seen.header("x-trace"), "r-1");
    assert_eq!(seen.header("x-from"), "127.0.0.1 tests");
    assert_eq!(seen.body, br#"{"trace":"r-1","user":"u-a%20b"}"#);
}

#[rstest]
#[case::own_path(json!({}), "/v1/ch%61t?x=1&x=2", "/v1/ch%61t?x=1&x=2")]
#[case::target_path(json!({"target_path": "/v1/chat/completions"}), "/any?a=b", "/v1/chat/completions?a=b")]
#[case::target_query_first(json!({"target_path": "/x?key=1"}), "/any?a=b", "/x?key=1&a=b")]
#[case::stripped(json!({"match_path": "/openai/*", "strip_path_prefix": true}), "/openai/v1/x", "/v1/x")]
#[case::stripped_onto(
    json!({"match_path": "/openai/*", "strip_path_prefix": true, "target_path": "/api/"}), "/openai/v1/x", "/api/v1/x"
)]
#[tokio::test]
async fn paths_become(#[case] route: Value, #[case] client: &str, #[case] upstream: &str) {
    assert_eq!(
        seen(route, client, &[], "").await.line,
        format!("POST {upstream} HTTP/1.1")
    );
}

#[tokio::test]
async fn a_dot_segment_that_stripping_would_leave_is_refused() {
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "/v2*", "strip_path_prefix": true, "target_host": "127.0.0.1:1"}))
        .start()
        .await;
    let (_, code, _) = gateway.get("/v2../secret").send().await.refusal(400).await;
    assert_eq!(code, "ambiguous_path");
    gateway.finish().await;
}
