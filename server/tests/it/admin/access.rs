//! Who gets in where, and what every answer of the admin door carries.

use crate::support::admin::{Admin, TOKEN};
use axum::body::Body;
use fastgate::client::{ClientAddress, TrustedProxies};
use fastgate_shared::admin_token::Role;
use http::{HeaderMap, Request};
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};

/// Every call of the OpenAPI document, with its path's parameters filled in, and the least role that it names.
fn calls() -> Vec<(String, String, Role)> {
    let document = serde_json::to_value(fastgate::admin::openapi()).unwrap();
    let parameter = regex::Regex::new(r"\{\w+\}").unwrap();
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = parameter.replace_all(path, "0").into_owned();
        for (method, call) in item.as_object().unwrap() {
            let roles: HashSet<&str> = ["admin_token", "session", "query_token"]
                .iter()
                .zip(call["security"].as_array().unwrap())
                .map(|(scheme, way)| way[scheme][0].as_str().unwrap())
                .collect();
            let [role] = roles.into_iter().collect::<Vec<_>>()[..] else {
                panic!("{method} {path}: one role for all ways in");
            };
            calls.push((method.to_uppercase(), path.clone(), Role::named(role).unwrap()));
        }
    }
    calls
}

/// From another address each time: too many wrong tokens from one are not heard.
async fn status(admin: &Admin, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap) {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let number = CALLS.fetch_add(1, Ordering::Relaxed);
    let ip = IpAddr::from((0x0a00_0000_u32 + number).to_be_bytes());
    let peer = TrustedProxies::default().peer(ip);
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:8000")
        .extension(ClientAddress { peer, ip });
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = admin.respond(request.body(Body::empty()).unwrap()).await;
    (response.status().as_u16(), response.headers().clone())
}

/// What browsers are told with every answer.
#[track_caller]
fn assert_dressed(headers: &HeaderMap, what: &str) {
    let text = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap());
    assert_eq!(text("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(text("referrer-policy"), "no-referrer", "{what}");
    assert_eq!(text("x-frame-options"), "DENY", "{what}");
    assert_eq!(text("cross-origin-opener-policy"), "same-origin", "{what}");
    assert!(text("permissions-policy").contains("camera=()"), "{what}");
    let policy = text("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(
        !policy.contains("'unsafe-eval'") && !policy.contains("script-src 'unsafe-inline'"),
        "{what}: {policy}"
    );
    assert!(!text("cache-control").is_empty(), "{what}");
}

#[tokio::test]
async fn every_answer_tells_browsers_what_they_may_not_do() {
    let admin = Admin::open().await;
    let bearer = format!("Bearer {TOKEN}");
    let credential = [("authorization", bearer.as_str())];
    for (method, path, _) in calls() {
        for shown in [&credential[..], &[]] {
            let (status, headers) = status(&admin, &method, &path, shown).await;
            let what = format!("{method} {path} {status}");
            assert_dressed(&headers, &what);
            assert_eq!(headers["cache-control"], "no-store", "{what}");
        }
    }
    for (method, path) in [
        ("GET", "/admin/nothing"),
        ("PATCH", "/admin/keys"),
        ("GET", "/admin/dashboard"),
        ("GET", "/admin/dashboard/none.js"),
        ("GET", "/admin/docs/"),
        ("GET", "/admin/openapi.json"),
        ("GET", "/admin/oidc/start"),
        ("POST", "/admin/rpc/sign_in"),
        ("GET", "/admin"),
        ("GET", "/metrics"),
        ("GET", "/health"),
    ] {
        assert_dressed(&status(&admin, method, path, &[]).await.1, path);
    }
}

#[tokio::test]
async fn an_address_with_too_many_wrong_tokens_is_not_heard_and_others_are() {
    let admin = Admin::open().await;
    let call = async |ip: [u8; 4], token: &str| {
        let request = Request::get("/admin/keys").header("authorization", format!("Bearer {token}"));
        admin.send_from(ip.into(), request.body(Body::empty()).unwrap()).await
    };
    let here = [192, 0, 2, 1];
    for _ in 0..100 {
        call(here, "fga_wrong-and-long-enough").await.json(401);
    }
    let answer = call(here, TOKEN).await;
    answer.json(429);
    assert!(answer.header("retry-after").parse::<u64>().unwrap() <= 61);
    call([198, 51, 100, 7], TOKEN).await.json(200);
}

#[tokio::test]
async fn every_documented_call_asks_for_a_credential_and_takes_each_kind() {
    let admin = Admin::open().await;
    let cookie = sign_in(&admin).await;
    let bearer = format!("Bearer {TOKEN}");
    let mut walked = 0;
    for (method, path, _) in calls() {
        let name = format!("{method} {path}");
        for refused in [
            &[][..],
            &[("authorization", "Bearer wrong")],
            &[("authorization", "Basic d3Jvbmc6d3Jvbmc=")],
            &[
                ("cookie", "__Host-fastgate_session=wrong"),
                ("sec-fetch-site", "same-origin"),
            ],
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
async fn every_documented_call_takes_the_role_that_it_names_and_no_lesser_one() {
    let admin = Admin::open().await;
    let mut shown = Vec::new();
    for role in Role::ALL {
        let body = json!({"name": role.as_str(), "role": role});
        let made = admin.post("/admin/tokens", body).await.json(201);
        let token = made["token_value"].as_str().unwrap().to_owned();
        let cookie = sign_in_with(&admin, &token).await;
        shown.push((role, vec![("authorization", format!("Bearer {token}"))]));
        shown.push((
            role,
            vec![("cookie", cookie), ("sec-fetch-site", "same-origin".to_owned())],
        ));
    }
    let (mut refused, mut accepted) = (0, 0);
    for (method, path, needed) in calls() {
        for (role, credential) in &shown {
            let credential: Vec<(&str, &str)> =
                credential.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let (status, headers) = status(&admin, &method, &path, &credential).await;
            let name = format!("{method} {path} as {role} by {}", credential[0].0);
            if *role < needed {
                assert_eq!(status, 403, "{name}");
                assert_eq!(headers["content-type"], "application/problem+json", "{name}");
                refused += 1;
            } else {
                assert!(![401, 403, 405, 500].contains(&status), "{name}: {status}");
                accepted += 1;
            }
        }
    }
    assert!(
        refused >= 50 && accepted >= 100,
        "{refused} refused, {accepted} accepted"
    );
}

#[tokio::test]
async fn reading_calls_change_nothing() {
    let admin = Admin::open().await;
    admin.post("/admin/keys", json!({"source_path": "a"})).await.json(201);
    let state = async || {
        let export = admin.get("/admin/config/export").await.text(200);
        let changes = admin.get("/admin/changes").await.json(200)["total"].clone();
        let sessions = admin.get("/admin/sessions").await.text(200);
        let tokens = admin.get("/admin/tokens").await.text(200);
        (export, changes, sessions, tokens)
    };
    let before = state().await;
    for (method, path, _) in calls() {
        if method == "GET" {
            let _ = admin.stream(&path, &[]).await;
        } else {
            // A write is not to be had by a GET with its parameters in the query.
            let query = "source_path=b&name=n&role=admin&others=true&is_active=false";
            let answer = admin.stream(&format!("{path}?{query}"), &[]).await;
            assert_ne!(answer.status(), 201, "GET {path}");
        }
    }
    assert!(before == state().await);
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
    sign_in_with(admin, TOKEN).await
}

async fn sign_in_with(admin: &Admin, token: &str) -> String {
    let request = Request::post("/admin/rpc/sign_in")
        .header("host", "localhost:8000")
        .header("origin", "http://localhost:8000")
        .header("content-type", "application/json")
        .body(Body::from(json!({"token": token}).to_string()))
        .unwrap();
    let answer = admin.send(request).await;
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}
