//! `POST /admin/routes/match`: which route would take a request, and why not the others.

use crate::support::admin::Admin;
use serde_json::{Value, json};

async fn create(admin: &Admin, body: Value) {
    admin.post("/admin/routes", body).await.json(201);
}

#[tokio::test]
async fn a_winner_that_is_not_for_the_asking_address_is_told() {
    let admin = Admin::open().await;
    let route = json!({"route_name": "near", "match_path": "/near", "target_host": "a", "ip_allow": ["10.9.0.0/16"]});
    create(&admin, route).await;
    let asked = json!({"method": "GET", "path": "/near"});
    let answer = admin.post("/admin/routes/match", asked).await.json(200);
    assert_eq!(answer["candidates"][0]["matched"], true);
    let refusal = answer["refusal"].as_str().unwrap_or_default();
    assert!(
        refusal.starts_with("The route `near` takes no requests from "),
        "{refusal}"
    );
}

#[tokio::test]
async fn the_match_call_tells_every_routes_verdict() {
    let admin = Admin::open().await;
    create(&admin, json!({"route_name": "qwen", "match_path": "/v2*", "match_body_schema": {"model": "qwen3"}, "target_host": "a", "priority": 40})).await;
    create(
        &admin,
        json!({"route_name": "off", "match_path": "/v2*", "target_host": "a", "priority": 50, "is_active": false}),
    )
    .await;
    create(
        &admin,
        json!({"route_name": "get", "match_path": "/v2*", "match_method": "GET", "target_host": "a", "priority": 60}),
    )
    .await;
    create(&admin, json!({"route_name": "head", "match_path": "/v2*", "match_headers": {"X-A": "b"}, "target_host": "a", "priority": 70})).await;
    create(
        &admin,
        json!({"route_name": "fallback", "match_path": "/v2*", "target_host": "b", "priority": 80}),
    )
    .await;
    create(
        &admin,
        json!({"route_name": "other", "match_path": "/v3*", "target_host": "b", "priority": 90}),
    )
    .await;
    let asked = json!({"method": "post", "path": "/v2/chat?x=1", "body": {"model": "gpt"}});
    let answer = admin.post("/admin/routes/match", asked).await.json(200);
    let verdicts: Vec<(String, Value)> = answer["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|verdict| {
            (
                verdict["route_name"].as_str().unwrap().to_owned(),
                verdict["failed"].clone(),
            )
        })
        .collect();
    let expected = [
        ("qwen", json!("body")),
        ("off", json!("inactive")),
        ("get", json!("method")),
        ("head", json!("headers")),
        ("fallback", Value::Null),
        ("other", json!("path")),
    ];
    assert_eq!(verdicts, expected.map(|(name, failed)| (name.to_owned(), failed)));
    assert_eq!(answer["candidates"][4]["matched"], true);
    assert!(answer.get("refusal").is_none(), "{answer}");
    let refused = admin
        .post("/admin/routes/match", json!({"path": "/a/../b", "method": "A B"}))
        .await
        .refused();
    assert_eq!(refused, ["method", "path"]);
    let many: serde_json::Map<String, Value> = (0..40_000).map(|n| (format!("h{n}"), json!(""))).collect();
    let asked = json!({"path": "/a", "headers": many});
    assert_eq!(admin.post("/admin/routes/match", asked).await.refused(), ["headers"]);
}

#[tokio::test]
async fn the_match_call_needs_a_path() {
    let admin = Admin::open().await;
    for body in [json!({}), json!({"path": null, "method": "GET"})] {
        let problem = admin.post("/admin/routes/match", body).await.json(422);
        assert_eq!(problem["errors"], json!([{"field": "path", "message": "is missing"}]));
    }
}
