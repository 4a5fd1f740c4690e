//! `POST /admin/routes/{route_id}/test` against a real upstream on this machine.

use crate::support::admin::Admin;
use crate::support::modern::{Authority, Manner};
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Redirect};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

/// An upstream that tells what it was asked, and two that do other things.
async fn upstream() -> String {
    let echo = |request: Request| async move {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let headers: Vec<(String, String)> = head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        axum::Json(json!({
            "method": head.method.as_str(), "uri": head.uri.to_string(),
            "headers": headers, "body": String::from_utf8_lossy(&body),
            // What the gateway hides in an answer is still there when it is read from its end.
            "backwards": format!("{} {headers:?}", head.uri).chars().rev().collect::<String>(),
        }))
        .into_response()
    };
    let router = Router::new()
        .route("/redirect", axum::routing::any(|| async { Redirect::to("/echo") }))
        .route("/large", axum::routing::any(|| async { "x".repeat(100_000) }))
        .fallback(echo);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn test(admin: &Admin, route: Value, body: Value) -> Value {
    let created = admin.post("/admin/routes", route).await.json(201);
    let path = format!("/admin/routes/{}/test", created["route_id"].as_str().unwrap());
    admin.post(&path, body).await.json(200)
}

#[tokio::test]
async fn a_test_sends_what_the_proxy_would_send() {
    let admin = Admin::open().await;
    let route = json!({
        "route_name": "a", "match_path": "/user/{id}", "match_method": "POST", "target_host": upstream().await,
        "target_path": "/api/users/{id}?api_key=sk-0123456789abcdef", "add_headers": {"Authorization": "Bearer sk-secret"},
        "add_body_fields": {"n": 1}, "remove_headers": ["X-Remove"], "is_active": false,
    });
    let result = test(
        &admin,
        route,
        json!({
            "test_method": "post", "test_path": "/user/7?q=1", "test_body": {"model": "m"},
            "test_headers": {"X-Remove": "a", "X-Keep": "b", "Authorization": "Bearer fg_pasted"},
        }),
    )
    .await;
    assert_eq!(
        (&result["success"], &result["matched"]),
        (&json!(true), &json!(true)),
        "{result}"
    );
    assert_eq!(result["status_code"], 200);
    assert!(result["ttfb_ms"].as_f64().unwrap() <= result["response_time_ms"].as_f64().unwrap());
    assert!(!result["target_url"].as_str().unwrap().contains("sk-0123"), "{result}");
    let seen: Value = serde_json::from_str(result["response_body"].as_str().unwrap()).unwrap();
    let unread: String = seen["backwards"].as_str().unwrap().chars().rev().collect();
    assert!(
        unread.starts_with("/api/users/7?api_key=sk-0123456789abcdef&q=1"),
        "{unread}"
    );
    assert!(unread.contains("Bearer sk-secret"), "{unread}");
    assert!(!seen["uri"].as_str().unwrap().contains("sk-0123"), "{result}");
    assert_eq!(seen["body"], "{\"model\":\"m\",\"n\":1}");
    let headers = seen["headers"].to_string();
    assert!(!headers.contains("sk-secret") && headers.contains("x-keep") && headers.contains("via"));
    assert!(
        !headers.contains("fg_pasted") && !headers.contains("x-remove"),
        "{headers}"
    );
}

#[tokio::test]
async fn without_a_word_a_test_makes_a_request_that_fits() {
    let admin = Admin::open().await;
    let host = upstream().await;
    for pattern in [
        "/exact",
        "/v1/*",
        "/v2*",
        "/a/**",
        "/a/*/c",
        "/u/{id}/{rest:path}",
        "*.json",
    ] {
        let route = json!({"route_name": "a", "match_path": pattern, "match_method": "PUT", "target_host": host});
        let result = test(&admin, route, Value::Null).await;
        assert_eq!(
            (&result["success"], &result["matched"]),
            (&json!(true), &json!(true)),
            "{pattern}: {result}"
        );
        assert!(result["response_body"].as_str().unwrap().contains("\"method\":\"PUT\""));
    }
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_sent_and_told() {
    let admin = Admin::open().await;
    let route =
        json!({"route_name": "a", "match_path": "/a", "match_headers": {"X-A": "b"}, "target_host": upstream().await});
    let result = test(&admin, route, Value::Null).await;
    assert_eq!(
        (&result["matched"], &result["status_code"]),
        (&json!(false), &json!(200))
    );
    assert!(
        result["error_message"].as_str().unwrap().contains("would not take"),
        "{result}"
    );
}

#[tokio::test]
async fn redirects_are_shown_and_large_answers_cut() {
    let admin = Admin::open().await;
    let host = upstream().await;
    let route = |path: &str| json!({"route_name": "a", "match_path": path, "target_host": host});
    let result = test(&admin, route("/redirect"), Value::Null).await;
    assert_eq!(result["status_code"], 303);
    assert!(result["response_headers"].to_string().contains("/echo"));
    let result = test(&admin, route("/large"), Value::Null).await;
    assert_eq!(result["response_body"].as_str().unwrap().len(), 65_536);
}

#[tokio::test]
async fn an_upstream_that_is_away_is_an_answer_and_no_error() {
    let admin = Admin::open().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let result = test(
        &admin,
        json!({"route_name": "a", "match_path": "/a", "target_host": address}),
        Value::Null,
    )
    .await;
    assert_eq!(
        (&result["success"], &result["status_code"]),
        (&json!(false), &Value::Null)
    );
    let message = result["error_message"].as_str().unwrap();
    assert!(
        message.contains("cannot connect") && message.contains("refused"),
        "{message}"
    );
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused() {
    let admin = Admin::open().await;
    let created = admin
        .post(
            "/admin/routes",
            json!({"route_name": "a", "match_path": "/a", "target_host": "h"}),
        )
        .await
        .json(201);
    let path = format!("/admin/routes/{}/test", created["route_id"].as_str().unwrap());
    let body = json!({"test_method": "A B", "test_path": "/a/%2e%2e/b", "test_headers": {"A\n": "b"}, "timeout": 0});
    let mut refused = admin.post(&path, body).await.refused();
    refused.sort();
    assert_eq!(refused, ["test_headers", "test_method", "test_path", "timeout"]);
    admin.post("/admin/routes/none/test", Value::Null).await.json(404);
}

#[tokio::test]
async fn a_test_speaks_with_the_upstream_as_the_route_does() {
    let authority = Authority::new("Tested");
    let config = authority.server_for("api.internal", &["h2", "http/1.1"], Some(&authority));
    let upstream = Manner::default().tls(config).start().await;
    let (certificate, key) = authority.sign("client");
    let admin = Admin::open().await;
    let route = json!({
        "route_name": "tls", "match_path": "/*", "target_host": upstream.host(), "target_protocol": "https",
        "tls_ca": authority.pem(), "tls_client_cert": certificate, "tls_client_key": key,
        "tls_server_name": "api.internal",
    });
    let result = test(&admin, route, json!({})).await;
    assert_eq!(result["error_message"], Value::Null, "{result}");
    let seen: Value = serde_json::from_str(result["response_body"].as_str().unwrap()).unwrap();
    assert_eq!(seen["server_name"], "api.internal");
    assert_eq!(seen["client_certificates"], 1);
    let fields = seen["headers"].as_array().unwrap();
    let host = fields.iter().find(|field| field[0] == "host").unwrap();
    assert_eq!(host[1], upstream.host());
}

#[tokio::test]
async fn a_test_speaks_http2_where_the_route_does() {
    let upstream = Manner::default().start().await;
    let route = json!({
        "route_name": "h2c", "match_path": "/*", "target_host": upstream.host(), "target_protocol": "h2c",
    });
    let result = test(&Admin::open().await, route, json!({})).await;
    assert_eq!(result["error_message"], Value::Null, "{result}");
    let seen: Value = serde_json::from_str(result["response_body"].as_str().unwrap()).unwrap();
    assert_eq!(seen["version"], "HTTP/2.0");
}
