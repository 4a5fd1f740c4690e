//! `/admin/upstreams`.

use crate::support::admin::Admin;
use crate::support::gateway::PATIENCE;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The list, once it fits.
async fn once(admin: &Admin, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let started = Instant::now();
    loop {
        let listed = admin.get(path).await.json(200);
        if fits(&listed) {
            return listed;
        }
        assert!(started.elapsed() < PATIENCE, "not in time: {listed}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn every_target_is_listed_in_matching_order_with_its_state() {
    let admin = Admin::open().await;
    let checked = json!({
        "route_name": "checked", "match_path": "/b", "target_host": "127.0.0.1:1", "priority": 2,
        "add_headers": {"Authorization": "Bearer sk-0123456789abcdef"},
        "health_check": {"interval_seconds": 1},
    });
    let shared = json!({
        "route_name": "shared", "match_path": "/a", "target_protocol": "https", "priority": 1,
        "targets": [{"host": "a.internal", "weight": 3}, {"host": "b.internal:8443"}, {"host": "c.internal", "weight": 0}],
    });
    let off = json!({"route_name": "off", "match_path": "/c", "target_host": "d.internal", "priority": 3, "is_active": false});
    for route in [checked, shared, off] {
        admin.post("/admin/routes", route).await.json(201);
    }
    let listed = once(&admin, "/admin/upstreams", |listed| listed[3]["state"] == "down").await;
    let brief: Vec<Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["route_name"], one["target"], one["weight"], one["state"]]))
        .collect();
    assert_eq!(
        Value::from(brief),
        json!([
            ["shared", "https://a.internal", 3, "unknown"],
            ["shared", "https://b.internal:8443", 1, "unknown"],
            ["shared", "https://c.internal", 0, "off"],
            ["checked", "http://127.0.0.1:1", 1, "down"],
            ["off", "http://d.internal", 1, "off"],
        ])
    );
    assert_eq!(listed[0]["circuit"], json!({"state": "closed", "open_until": null}));
    assert!(!listed.to_string().contains("sk-"), "no secret");

    let of_route = format!(
        "/admin/upstreams?route_id={}&skip=1&limit=1",
        listed[0]["route_id"].as_str().unwrap()
    );
    let answer = admin.get(&of_route).await;
    assert_eq!(answer.header("x-total-count"), "3");
    assert_eq!(answer.json(200)[0]["target"], "https://b.internal:8443");

    let worst = admin.get("/admin/upstreams?order=trouble").await;
    let worst = worst.json(200);
    let states: Vec<&str> = worst
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["down", "unknown", "unknown", "off", "off"]);
    let refused = admin.get("/admin/upstreams?order=best").await;
    assert_eq!(
        refused.json(422)["errors"],
        json!([{"field": "order", "message": "`best` is not an order; allowed is matching or trouble"}])
    );
}

#[tokio::test]
async fn a_target_that_fails_its_checks_is_shown_with_the_reason() {
    let admin = Admin::open().await;
    let route = json!({
        "route_name": "checked", "match_path": "/b", "target_host": "127.0.0.1:1",
        "health_check": {"interval_seconds": 1},
    });
    admin.post("/admin/routes", route).await.json(201);
    let listed = once(&admin, "/admin/upstreams", |listed| listed[0]["state"] == "down").await;
    insta::assert_json_snapshot!(listed[0], {
        ".route_id" => "uuid", ".health.since" => "time", ".health.last_probe" => "time", ".health.last_ms" => "ms",
    }, @r#"
    {
      "attempts": 0,
      "circuit": {
        "open_until": null,
        "state": "closed"
      },
      "cooling_until": null,
      "failures": 0,
      "health": {
        "last_error": "cannot connect: Connection refused (os error 111)",
        "last_ms": "ms",
        "last_probe": "time",
        "since": "time",
        "status": "unhealthy"
      },
      "in_flight": 0,
      "latency_ms": null,
      "route_id": "uuid",
      "route_name": "checked",
      "state": "down",
      "target": "http://127.0.0.1:1",
      "weight": 1
    }
    "#);
}

#[rstest]
#[case(json!({"timeout_seconds": 11}), &["health_check.timeout_seconds"])]
#[case(json!({"interval_seconds": 0}), &["health_check.interval_seconds"])]
#[case(json!({"path": "/", "unhealthy_after": 0}), &["health_check.unhealthy_after"])]
#[case(json!({"path": "health"}), &["health_check.path"])]
#[case(json!({"path": "/", "expect_body": "regex:("}), &["health_check.expect_body"])]
#[case(json!({"path": "/", "expect_status": "ok"}), &["health_check.expect_status"])]
#[tokio::test]
async fn an_impossible_check_is_refused_by_its_field(#[case] check: Value, #[case] fields: &[&str]) {
    let admin = Admin::open().await;
    let route = json!({"route_name": "r", "match_path": "/", "target_host": "h", "health_check": check});
    let mut refused = admin.post("/admin/routes", route).await.refused();
    refused.dedup();
    assert_eq!(refused, fields);
}

#[tokio::test]
async fn an_unknown_member_of_a_check_is_refused() {
    let admin = Admin::open().await;
    let route = json!({"route_name": "r", "match_path": "/", "target_host": "h", "health_check": {"every": 5}});
    let refused = admin.post("/admin/routes", route).await.refused();
    assert!(refused[0].starts_with("health_check"), "{refused:?}");
}
