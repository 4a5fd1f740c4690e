//! The life of an administration on either database: what the other files look at in detail, once through.

use crate::support::admin::Admin;
use crate::support::record::{record, store};
use fastgate::db::Dialect;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[case(Dialect::Sqlite)]
#[case(Dialect::Postgres)]
#[tokio::test]
async fn keys_and_routes_live_on_either_database(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    let key = admin
        .post("/admin/keys", json!({"source_path": "a", "permissions": ["chat"]}))
        .await
        .json(201);
    let key_path = format!("/admin/keys/{}", key["key_id"].as_str().unwrap());
    admin
        .put(&key_path, json!({"name": "n", "expires_at": "2040-01-01"}))
        .await
        .json(200);
    admin
        .post(&format!("{key_path}/rotate"), json!({"grace_seconds": 5}))
        .await
        .json(200);
    let shown = admin.get("/admin/keys?source_path=a&is_active=true").await.json(200);
    assert_eq!(shown[0]["expires_at"], "2040-01-01T23:59:59.999999Z");
    assert_eq!(shown[0]["created_at"], key["created_at"]);

    let route = json!({"route_name": "r", "match_path": "/v1/*", "target_host": "h", "add_headers": {"X-Api-Key": "0123456789abcdef"}});
    let route = admin.post("/admin/routes", route).await.json(201);
    let route_path = format!("/admin/routes/{}", route["route_id"].as_str().unwrap());
    assert_eq!(admin.get(&route_path).await.json(200), route);
    admin.post(&format!("{route_path}/toggle"), Value::Null).await.json(200);
    admin.app.load_snapshot().await.unwrap();
    let listed = admin.get("/admin/routes").await.json(200);
    assert_eq!(listed[0]["is_active"], false);
    assert_eq!(listed[0]["add_headers"]["X-Api-Key"], "012…cdef");

    for path in [key_path, route_path] {
        admin.call("DELETE", &path, Value::Null).await.json(200);
        admin.get(&path).await.json(404);
    }
}

#[rstest]
#[case(Dialect::Sqlite)]
#[case(Dialect::Postgres)]
#[tokio::test]
async fn a_recorded_request_is_explained_on_either_database(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    let route = |name: &str, fields: Value| {
        let mut route = json!({"route_name": name, "match_path": "/v1/*", "target_host": "h"});
        route
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        route
    };
    for (name, fields) in [
        ("get", json!({"match_method": "GET"})),
        ("secret", json!({"match_headers": {"X-Token": "a"}})),
        ("body", json!({"priority": 101, "match_body_schema": {"model": "a"}})),
    ] {
        admin.post("/admin/routes", route(name, fields)).await.json(201);
    }
    let mut request = record(&admin.app, "/v1/chat?x=1", 502);
    request.request_time += 3_600_000_000;
    request.request_headers.push(&"x-token".parse().unwrap(), "[redacted]");
    let id = request.id;
    store(&admin.app, request).await;
    let path = format!("/admin/logs/{id}/explanation");
    let told = admin.get(&path).await.json(200);
    let failed: Vec<&Value> = told["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["failed"])
        .collect();
    assert_eq!(failed, [&json!("method"), &json!("headers"), &Value::Null]);
    assert_eq!(told["notes"], json!(["body_unknown", "headers_redacted"]));
    assert_eq!(told["candidates"][2]["undecided"], true);
    assert_eq!(told["transforms"], Value::Null, "nobody knows whether it wins");

    let mut refused = record(&admin.app, "/v1/../x", 400);
    refused.request_size = 0;
    let path = format!("/admin/logs/{}/explanation", refused.id);
    store(&admin.app, refused).await;
    assert_eq!(admin.get(&path).await.json(200)["notes"], json!(["never_routed"]));
    admin.get("/admin/logs/1/explanation").await.json(404);
}

#[rstest]
#[case(Dialect::Sqlite)]
#[case(Dialect::Postgres)]
#[tokio::test]
async fn the_log_is_read_on_either_database(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    for status in [200, 404] {
        store(&admin.app, record(&admin.app, "/a", status)).await;
    }
    admin.app.audit.flush().await;
    let over_time = admin.get("/admin/logs/histogram?buckets=1").await.json(200);
    assert_eq!(over_time["buckets"], json!([[0, 0, 1, 0, 1, 0]]));
    let over_time = admin
        .get("/admin/logs/histogram?status_code=2xx&buckets=1")
        .await
        .json(200);
    assert_eq!(
        (&over_time["counted"], &over_time["complete"]),
        (&json!(1), &json!(true))
    );
    let page = admin.get("/admin/logs?status_code=4xx").await.json(200);
    assert_eq!(page["total"], 1);
    let csv = admin
        .get("/admin/logs/export?fields=status_code&order=asc")
        .await
        .text(200);
    assert_eq!(csv, "status_code\n200\n404\n");
    assert_eq!(admin.get("/admin/metrics").await.json(200)["total_requests"], 2);
    assert_eq!(
        admin
            .get("/admin/metrics/daily?days=2")
            .await
            .json(200)
            .as_array()
            .unwrap()
            .len(),
        2
    );
    admin.get("/health/ready").await.json(200);
}

#[rstest]
#[case(Dialect::Sqlite)]
#[case(Dialect::Postgres)]
#[tokio::test]
async fn texts_that_no_database_takes_are_refused(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    for path in [
        "/admin/logs?path=%00",
        "/admin/logs?model=a%00",
        "/admin/keys?source_path=%00",
    ] {
        assert_eq!(admin.get(path).await.refused().len(), 1, "{path}");
    }
    for path in [
        "/admin/keys/%00",
        "/admin/routes/%ff",
        "/admin/logs/%00",
        "/admin/logs/99999999999999999999",
    ] {
        admin.get(path).await.json(404);
    }
    let key = json!({"source_path": "a\0", "name": "\0"});
    assert_eq!(admin.post("/admin/keys", key).await.refused(), ["name", "source_path"]);
    let route = json!({"route_name": "\0", "match_path": "/a", "target_host": "h", "description": "a\0b"});
    assert_eq!(admin.post("/admin/routes", route).await.refused(), ["route_name"]);
    let route = json!({"route_name": "r", "match_path": "/a", "target_host": "h", "description": "a\0b"});
    admin.post("/admin/routes", route).await.json(201);
}
