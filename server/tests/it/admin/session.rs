//! The dashboard's session: the server functions under `/admin/rpc`.

use crate::support::admin::{Admin, Answer, TOKEN};
use axum::body::Body;
use http::Request;
use rstest::rstest;
use serde_json::{Value, json};

/// A browser that has the dashboard open under `page`.
struct Browser<'a> {
    admin: &'a Admin,
    page: &'static str,
    address: [u8; 4],
}

impl<'a> Browser<'a> {
    fn at(admin: &'a Admin, page: &'static str) -> Self {
        Self {
            admin,
            page,
            address: [192, 0, 2, 1],
        }
    }

    async fn rpc(&self, function: &str, body: Value, cookie: &str) -> Answer {
        let host = self.page.split_once("://").unwrap().1;
        let request = Request::post(format!("/admin/rpc/{function}"))
            .header("host", host)
            .header("origin", self.page)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json")
            .header("cookie", cookie)
            .body(Body::from(body.to_string()))
            .unwrap();
        self.admin.send_from(self.address.into(), request).await
    }

    async fn sign_in(&self, token: &str) -> Answer {
        self.rpc("sign_in", json!({"token": token}), "").await
    }
}

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn with_cookie(method: &str, path: &str, cookie: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:8000")
        .header("cookie", cookie)
}

#[tokio::test]
async fn a_sign_in_opens_a_session_until_the_sign_out() {
    let admin = Admin::open().await;
    let browser = Browser::at(&admin, "http://localhost:8000");
    let answer = browser.sign_in(TOKEN).await;
    let info = answer.json(200);
    assert_eq!(info["Ok"]["proxy_origin"], "http://localhost:8000", "{info}");
    let set = answer.header("set-cookie").to_owned();
    for part in [
        "__Host-fastgate_session=",
        "HttpOnly",
        "SameSite=Strict",
        "Secure",
        "Path=/",
        "Max-Age=604800",
    ] {
        assert!(set.contains(part), "{part} in {set}");
    }
    let cookie = cookie(&answer);
    let list = || with_cookie("GET", "/admin/keys", &cookie).body(Body::empty()).unwrap();
    admin.send(list()).await.json(200);
    assert_ne!(browser.rpc("session", json!({}), &cookie).await.json(200), Value::Null);

    let answer = browser.rpc("sign_out", json!({}), &cookie).await;
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    admin.send(list()).await.json(401);
    assert_eq!(browser.rpc("session", json!({}), &cookie).await.json(200), Value::Null);
}

#[tokio::test]
async fn no_token_is_stored_in_clear() {
    let admin = Admin::open().await;
    let answer = Browser::at(&admin, "https://gate.example").sign_in(TOKEN).await;
    let cookie = cookie(&answer);
    let token = cookie.split_once('=').unwrap().1;
    let database = String::from_utf8_lossy(&admin.database_bytes()).into_owned();
    assert!(!database.contains(token) && !database.contains(TOKEN));
}

#[tokio::test]
async fn a_session_may_write_from_its_own_origin_only() {
    let admin = Admin::open().await;
    let answer = Browser::at(&admin, "http://localhost:8000").sign_in(TOKEN).await;
    let cookie = cookie(&answer);
    let write = |name: &'static str, value: &'static str| {
        with_cookie("POST", "/admin/keys", &cookie)
            .header(name, value)
            .body(Body::from(r#"{"source_path":"a"}"#))
            .unwrap()
    };
    admin.send(write("sec-fetch-site", "same-origin")).await.json(201);
    admin.send(write("origin", "http://localhost:8000")).await.json(201);
    let problem = admin.send(write("sec-fetch-site", "cross-site")).await.json(403);
    assert!(problem["detail"].as_str().unwrap().contains("origin"));
    admin.send(write("sec-fetch-site", "same-site")).await.json(403);
    admin.send(write("origin", "http://evil.example")).await.json(403);
    // No browser says neither.
    let problem = admin.send(write("user-agent", "curl/8")).await.json(403);
    assert!(problem["detail"].as_str().unwrap().contains("Bearer"), "{problem}");
    let read = with_cookie("GET", "/admin/keys", &cookie).body(Body::empty()).unwrap();
    admin.send(read).await.json(200);
}

#[tokio::test]
async fn a_bearer_token_may_write_from_anywhere() {
    let admin = Admin::open().await;
    let request = Request::post("/admin/keys")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("cookie", "__Host-fastgate_session=whatever")
        .header("origin", "http://other.example")
        .body(Body::from(r#"{"source_path":"a"}"#))
        .unwrap();
    admin.send(request).await.json(201);
}

#[rstest]
#[case("http://gate.example:8000", false, "insecure_origin")]
#[case("http://gate.example:8000", true, "fastgate_session=")]
#[case("https://gate.example", false, "__Host-fastgate_session=")]
#[case("http://127.0.0.1:8000", false, "__Host-fastgate_session=")]
#[tokio::test]
async fn over_plain_http_from_elsewhere_only_a_setting_opens_a_session(
    #[case] page: &'static str,
    #[case] allowed: bool,
    #[case] expected: &str,
) {
    let admin = Admin::with(|config| config.security.allow_insecure_cookie = allowed).await;
    let answer = Browser::at(&admin, page).sign_in(TOKEN).await;
    let told = format!("{} {}", answer.header("set-cookie"), answer.text(200));
    assert!(
        told.trim_start().starts_with(expected) || told.contains("insecure_origin"),
        "{told}"
    );
    assert_eq!(told.contains("insecure_origin"), expected == "insecure_origin");
    assert_eq!(told.contains("Secure"), expected.starts_with("__Host-"));
}

#[tokio::test]
async fn wrong_tokens_slow_down_their_own_address_only() {
    let admin = Admin::open().await;
    let attacker = Browser::at(&admin, "https://gate.example");
    for _ in 0..10 {
        assert_eq!(
            attacker.sign_in("a-wrong-token").await.json(200)["Err"]["reason"],
            "wrong_token"
        );
    }
    let throttled = attacker.sign_in(TOKEN).await.json(200);
    assert_eq!(throttled["Err"]["reason"], "throttled");
    assert!(throttled["Err"]["retry_after_seconds"].as_u64().unwrap() <= 61);
    let owner = Browser {
        address: [198, 51, 100, 7],
        ..attacker
    };
    assert_ne!(owner.sign_in(TOKEN).await.json(200)["Ok"], Value::Null);
}

#[tokio::test]
async fn another_page_cannot_sign_a_browser_in() {
    let admin = Admin::open().await;
    let request = Request::post("/admin/rpc/sign_in")
        .header("host", "localhost:8000")
        .header("origin", "http://evil.example")
        .header("content-type", "application/json")
        .body(Body::from(json!({"token": TOKEN}).to_string()))
        .unwrap();
    let answer = admin.send(request).await;
    assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (403, ""));
}

#[rstest]
#[case("")]
#[case("{}")]
#[case("{\"token\": 7}")]
#[case("not json")]
#[tokio::test]
async fn a_call_that_cannot_be_read_is_the_callers_fault(#[case] body: &'static str) {
    let admin = Admin::open().await;
    let request = Request::post("/admin/rpc/sign_in")
        .header("host", "localhost:8000")
        .header("content-type", "application/json")
        .body(Body::from(body))
        .unwrap();
    assert_eq!(admin.send(request).await.status, 400);
}
