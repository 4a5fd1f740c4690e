//! Who gets in where, and what every answer of the admin door carries.

use crate::support::admin::{Admin, TOKEN};
use axum::body::Body;
use http::{HeaderMap, Request};
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Every call of the OpenAPI document, with its path's parameters filled in.
fn calls() -> Vec<(String, String)> {
    let document = serde_json::to_value(fastgate::admin::openapi()).unwrap();
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{key_id}", "none")
            .replace("{route_id}", "none")
            .replace("{log_id}", "0");
        for method in item.as_object().unwrap().keys() {
            calls.push((method.to_uppercase(), path.clone()));
        }
    }
    calls
}

async fn status(admin: &Admin, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap) {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:8000");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = admin.respond(request.body(Body::empty()).unwrap()).await;
    (response.status().as_u16(), response.headers().clone())
}

#[tokio::test]
async fn every_documented_call_asks_for_a_credential_and_takes_each_kind() {
    let admin = Admin::open().await;
    let cookie = sign_in(&admin).await;
    let bearer = format!("Bearer {TOKEN}");
    let mut walked = 0;
    for (method, path) in calls() {
        let name = format!("{method} {path}");
        for refused in [
            &[][..],
            &[("authorization", "Bearer wrong")],
            &[("authorization", "Basic d3Jvbmc6d3Jvbmc=")],
            &[("cookie", "__Host-fastgate_session=wrong")],
            &[("authorization", "Bearer wrong"), ("cookie", cookie.as_str())],
        ] {
            let (status, headers) = status(&admin, &method, &path, refused).await;
            assert_eq!(status, 401, "{name} with {refused:?}");
            assert_eq!(headers["content-type"], "application/problem+json", "{name}");
            assert!(
                headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"),
                "{name}"
            );
        }
        for accepted in [
            &[("authorization", bearer.as_str())][..],
            &[("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")],
        ] {
            let (status, _) = status(&admin, &method, &path, accepted).await;
            assert!(![401, 403, 405, 500].contains(&status), "{name}: {status}");
        }
        let (status, _) = status(&admin, &method, &format!("{path}?token={TOKEN}"), &[]).await;
        assert!(![401, 403, 405, 500].contains(&status), "{name} with ?token=: {status}");
        walked += 1;
    }
    assert!(walked >= 13, "the document names only {walked} calls");
}

#[tokio::test]
async fn the_query_token_can_be_switched_off() {
    let admin = Admin::with(|config| config.security.allow_query_token = false).await;
    assert_eq!(
        status(&admin, "GET", &format!("/admin/keys?token={TOKEN}"), &[])
            .await
            .0,
        401
    );
}

#[tokio::test]
async fn a_rotated_admin_token_is_refused_at_once() {
    let admin = Admin::open().await;
    admin
        .app
        .admin_token
        .replace(fastgate::admin_token::hash("another-admin-token"));
    admin.get("/admin/keys").await.json(401);
}

#[rstest]
#[case("/health")]
#[case("/health/live")]
#[case("/health/ready")]
#[case("/admin/openapi.json")]
#[case("/admin/docs/")]
#[case("/admin/docs/swagger-ui-bundle.js")]
#[case("/admin/dashboard")]
#[case("/admin/dashboard/routes")]
#[tokio::test]
async fn open_pages_are_open_and_carry_the_security_headers(#[case] path: &str) {
    let admin = Admin::open().await;
    let (status, headers) = status(&admin, "GET", path, &[]).await;
    assert_eq!(status, 200);
    for name in [
        "x-request-id",
        "x-content-type-options",
        "referrer-policy",
        "permissions-policy",
        "cross-origin-opener-policy",
        "content-security-policy",
        "cache-control",
    ] {
        assert!(headers.contains_key(name), "{path} lacks {name}");
    }
}

#[tokio::test]
async fn health_tells_version_and_uptime() {
    let admin = Admin::open().await;
    let health = admin.get("/health").await.json(200);
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert!(health["uptime_seconds"].is_u64());
}

#[tokio::test]
async fn a_draining_gateway_is_not_ready_but_healthy() {
    let admin = Admin::open().await;
    admin.app.draining.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(admin.get("/health/ready").await.json(503)["reason"], "draining");
    admin.get("/health").await.json(200);
    admin.get("/health/live").await.json(200);
}

#[tokio::test]
async fn refusals_are_problem_documents_with_the_request_id() {
    let admin = Admin::open().await;
    let request = Request::get("/admin/nothing")
        .header("x-request-id", "mine-1")
        .body(Body::empty())
        .unwrap();
    let answer = admin.send(request).await;
    insta::assert_json_snapshot!(answer.json(404), @r#"
    {
      "detail": "There is no path `/admin/nothing`.",
      "request_id": "mine-1",
      "status": 404,
      "title": "Not Found"
    }
    "#);
    assert_eq!(answer.header("x-request-id"), "mine-1");
    let answer = admin.call("PATCH", "/admin/keys", Value::Null).await;
    answer.json(405);
    assert!(answer.header("allow").contains("POST"), "{}", answer.header("allow"));
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[rstest]
#[case(Body::empty(), 422, "empty")]
#[case(Body::from("{\"source_path\": "), 422, "line 1 column 16")]
#[case(Body::from("[]"), 422, "an array")]
#[case(Body::from("source_path=a"), 422, "not valid JSON")]
#[case(Body::from(vec![b' '; (1 << 20) + 1]), 413, "1048576")]
#[case(Body::from("[".repeat(100_000)), 422, "recursion limit")]
#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused(#[case] body: Body, #[case] status: u16, #[case] told: &str) {
    let admin = Admin::open().await;
    let request = Request::post("/admin/keys")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .unwrap();
    let problem = admin.send(request).await.json(status);
    assert!(problem["detail"].as_str().unwrap().contains(told), "{problem}");
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_the_page_is_served_from_here() {
    let admin = Admin::open().await;
    let document = admin.get("/admin/openapi.json").await.json(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document, serde_json::to_value(fastgate::admin::openapi()).unwrap());
    let mut names = HashSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, call) in item.as_object().unwrap() {
            let answers = call["responses"].as_object().unwrap();
            assert!(names.insert(call["operationId"].as_str().unwrap()), "{method} {path}");
            assert!(answers.contains_key("401"), "{method} {path}");
            for (status, answer) in answers {
                assert_ne!(
                    answer["description"].as_str().unwrap_or(""),
                    "",
                    "{method} {path} {status}"
                );
                let is_problem = answer["content"].get("application/problem+json").is_some();
                assert_eq!(is_problem, status.starts_with('4'), "{method} {path} {status}");
            }
        }
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let place = reference.split('"').next().unwrap();
        assert!(document.pointer(place).is_some(), "{place} is nowhere in the document");
    }
    let page = admin.get("/admin/docs/").await.text(200);
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    let settings = admin.get("/admin/docs/swagger-initializer.js").await.text(200);
    assert!(settings.contains("/admin/openapi.json"), "{settings}");
}

#[tokio::test]
async fn the_root_of_a_listener_of_its_own_leads_to_the_dashboard() {
    let admin = Admin::open().await;
    let answer = admin.get("/").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (302, "/admin/dashboard")
    );
}

async fn sign_in(admin: &Admin) -> String {
    let request = Request::post("/admin/rpc/sign_in")
        .header("host", "localhost:8000")
        .header("origin", "http://localhost:8000")
        .header("content-type", "application/json")
        .body(Body::from(json!({"token": TOKEN}).to_string()))
        .unwrap();
    let answer = admin.send(request).await;
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}
