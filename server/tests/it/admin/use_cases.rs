//! What the scripts of 0.2's users send to the admin side, to the letter: with `?token=` or a bearer token, as a form or
//! as JSON.

use crate::support::admin::{Admin, Answer, TOKEN};
use crate::support::record::{record, store};
use axum::body::Body;
use http::Request;
use jiff::Timestamp;
use rstest::rstest;
use serde_json::Value;

/// As `curl -X METHOD $G/path -d body` does it.
async fn curl(admin: &Admin, credential: &str, method: &str, path: &str, body: Option<&str>) -> Answer {
    let joint = if path.contains('?') { '&' } else { '?' };
    let (uri, bearer) = match credential {
        "query" => (format!("{path}{joint}token={TOKEN}"), None),
        _ => (path.to_owned(), Some(format!("Bearer {TOKEN}"))),
    };
    let mut request = Request::builder()
        .method(method)
        .uri(uri)
        .header("user-agent", "curl/7.88.1");
    if let Some(bearer) = bearer {
        request = request.header("authorization", bearer);
    }
    let request = match body {
        Some(text) => request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(text.to_owned())),
        None => request.body(Body::empty()),
    };
    admin.send(request.unwrap()).await
}

#[rstest]
#[case("query")]
#[case("bearer")]
#[tokio::test]
async fn the_real_key_is_hidden(#[case] credential: &str) {
    let admin = Admin::open().await;
    let key = r#"{"source_path":"openai-chat","permissions":["chat"],"rate_limit":1000}"#;
    let key = curl(&admin, credential, "POST", "/admin/keys", Some(key))
        .await
        .json(201);
    assert!(key["key_value"].as_str().unwrap().starts_with("fg_"));
    let route = r#"{"route_name":"OpenAI Chat Proxy","match_path":"/v1/chat/*","match_method":"POST","target_host":"api.openai.com","target_path":"/v1/chat/completions","target_protocol":"https","add_headers":{"Authorization":"Bearer sk-0123456789abcdef"},"timeout":60}"#;
    let route = curl(&admin, credential, "POST", "/admin/routes", Some(route))
        .await
        .json(201);
    assert!(!route.to_string().contains("0123456789"));

    let until = r#"{"source_path":"a","permissions":["chat","completions"],"expires_at":"2030-12-31T23:59:59"}"#;
    let until = curl(&admin, credential, "POST", "/admin/keys", Some(until))
        .await
        .json(201);
    assert_eq!(until["expires_at"], "2030-12-31T23:59:59Z");
    let past = r#"{"source_path":"a","expires_at":"2020-12-31T23:59:59"}"#;
    let past = curl(&admin, credential, "POST", "/admin/keys", Some(past))
        .await
        .json(201);
    let snapshot = admin.app.snapshot();
    let refused = snapshot
        .keys
        .lookup(past["key_value"].as_str().unwrap(), Timestamp::now());
    assert_eq!(refused.unwrap_err().to_string(), "the API key has expired");
}

#[rstest]
#[case("query")]
#[case("bearer")]
#[tokio::test]
async fn reports_are_read(#[case] credential: &str) {
    let admin = Admin::open().await;
    let mut streamed = record(&admin.app, "/v1/chat/completions", 200);
    streamed.is_stream = true;
    store(&admin.app, streamed).await;
    admin.app.audit.flush().await;
    let get = async |path: &str| curl(&admin, credential, "GET", path, None).await;
    let metrics = get("/admin/metrics").await.json(200);
    assert!(metrics["success_rate"].is_number() && metrics["avg_response_time"].is_number());
    let logs = get("/admin/logs?limit=10&order=desc").await.json(200);
    for field in ["path", "status_code", "response_time_ms"] {
        assert_ne!(logs["items"][0][field], Value::Null, "{field}");
    }
    let range = "/admin/logs?start_time=2024-01-01&end_time=2099-01-31&status_code=200&is_stream=true";
    assert_eq!(get(range).await.json(200)["total"], 1);
    let export = "/admin/logs/export?format=csv&fields=method,path,status_code,response_time_ms";
    let csv = get(export).await.text(200);
    assert_eq!(
        csv,
        "method,path,status_code,response_time_ms\nPOST,/v1/chat/completions,200,20.0\n"
    );
    assert_eq!(
        get("/admin/metrics/daily?days=7")
            .await
            .json(200)
            .as_array()
            .unwrap()
            .len(),
        7
    );
    assert_eq!(
        get("/admin/metrics/hourly?hours=24")
            .await
            .json(200)
            .as_array()
            .unwrap()
            .len(),
        24
    );
}

#[rstest]
#[case("query")]
#[case("bearer")]
#[tokio::test]
async fn house_is_kept(#[case] credential: &str) {
    let admin = Admin::open().await;
    let send = async |method: &str, path: &str, body: Option<&str>| curl(&admin, credential, method, path, body).await;
    let key = send("POST", "/admin/keys", Some(r#"{"source_path":"team"}"#))
        .await
        .json(201);
    let keys = send("GET", "/admin/keys?source_path=team&is_active=true", None)
        .await
        .json(200);
    assert_eq!(keys[0]["key_id"], key["key_id"]);
    let path = format!("/admin/keys/{}", key["key_id"].as_str().unwrap());
    send("DELETE", &path, None).await.json(200);

    let route = r#"{"route_name":"r","match_path":"/r","target_host":"127.0.0.1:9"}"#;
    let route = send("POST", "/admin/routes", Some(route)).await.json(201);
    let path = format!("/admin/routes/{}", route["route_id"].as_str().unwrap());
    assert_eq!(
        send("PUT", &path, Some(r#"{"timeout":5}"#)).await.json(200)["timeout"],
        5
    );
    assert_eq!(
        send("POST", &format!("{path}/toggle"), None).await.json(200)["is_active"],
        false
    );
    let test = r#"{"test_method":"GET","test_path":"/r","timeout":2}"#;
    let tested = send("POST", &format!("{path}/test"), Some(test)).await.json(200);
    assert_eq!(tested["success"], false);
    let answer = send("GET", "/admin/routes/?limit=5", None).await;
    assert_eq!(answer.status, 307, "a slash at the end leads to the path without it");
    assert!(answer.header("location").starts_with("/admin/routes?limit=5"));
    assert_eq!(send("GET", "/health", None).await.json(200)["status"], "healthy");
    assert!(send("GET", "/metrics", None).await.text(200).contains("# TYPE"));
}
