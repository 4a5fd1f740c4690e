//! `/admin/metrics` and `/metrics`.

use crate::support::admin::{Admin, TOKEN};
use crate::support::record::{record, store};
use axum::body::Body;
use http::Request;
use rstest::rstest;
use serde_json::Value;

#[tokio::test]
async fn the_summary_has_the_names_that_scripts_read() {
    let admin = Admin::open().await;
    for status in [200, 200, 200, 500] {
        store(&admin.app, record(&admin.app, "/v1/chat?x=1", status)).await;
    }
    admin.app.audit.flush().await;
    let summary = admin.get("/admin/metrics").await.json(200);
    insta::assert_json_snapshot!(summary, {".requests_per_minute" => "rate"}, @r#"
    {
      "active_api_keys": 0,
      "active_routes": 0,
      "audit_records_lost": 0,
      "audit_stalled": false,
      "avg_response_time": 20.0,
      "avg_ttfb": 10.0,
      "in_flight": 0,
      "keys_used": 0,
      "last_hour_requests": 4,
      "p50_response_time": 19.968,
      "p95_response_time": 19.968,
      "p99_response_time": 19.968,
      "requests_per_minute": "rate",
      "routes_used": 0,
      "status_distribution": {
        "2xx": 3,
        "5xx": 1
      },
      "success_rate": 75.0,
      "top_keys": [],
      "top_models": [],
      "top_paths": [
        {
          "count": 4,
          "errors": 1,
          "name": "/v1/chat"
        }
      ],
      "top_routes": [],
      "top_source_paths": [
        {
          "count": 4,
          "errors": 1,
          "name": "source"
        }
      ],
      "total_errors": 1,
      "total_requests": 4
    }
    "#);
    let none = admin.get("/admin/metrics?end_time=2024-01-01").await.json(200);
    assert_eq!(none["total_requests"], 0);
    assert_eq!(none["success_rate"], 100.0);
    let refused = admin.get("/admin/metrics?start_time=x&end_tim=y").await.refused();
    assert_eq!(refused, ["start_time", "end_tim"]);
}

#[rstest]
#[case("hourly", 24, "hour")]
#[case("hourly?hours=1", 1, "hour")]
#[case("hourly?hours=8760", 8760, "hour")]
#[case("daily?days=7", 7, "day")]
#[case("daily", 7, "day")]
#[tokio::test]
async fn a_series_has_exactly_its_buckets_with_the_current_one_last(
    #[case] path: &str,
    #[case] buckets: usize,
    #[case] name: &str,
) {
    let admin = Admin::open().await;
    store(&admin.app, record(&admin.app, "/a", 200)).await;
    admin.app.audit.flush().await;
    let series = admin.get(&format!("/admin/metrics/{path}")).await.json(200);
    let series = series.as_array().unwrap();
    assert_eq!(series.len(), buckets);
    let starts: Vec<&str> = series.iter().map(|bucket| bucket[name].as_str().unwrap()).collect();
    assert!(starts.is_sorted());
    let requests: u64 = series
        .iter()
        .rev()
        .take(2)
        .map(|bucket| bucket["total_requests"].as_u64().unwrap())
        .sum();
    assert_eq!(requests, 1, "the current bucket, or the one before at a full hour");
    for field in [
        "errors",
        "success_rate",
        "avg_response_time",
        "p95_response_time",
        "avg_ttfb",
        "bytes_in",
        "bytes_out",
    ] {
        assert!(series[0][field].is_number(), "{field}");
    }
}

#[rstest]
#[case("hourly?hours=0", "hours")]
#[case("hourly?hours=8761", "hours")]
#[case("daily?days=3661", "days")]
#[case("daily?hours=1", "hours")]
#[tokio::test]
async fn a_series_that_is_too_long_is_refused(#[case] path: &str, #[case] field: &str) {
    let admin = Admin::open().await;
    assert_eq!(admin.get(&format!("/admin/metrics/{path}")).await.refused(), [field]);
}

#[tokio::test]
async fn figures_are_told_apart_by_what_is_asked_for() {
    let admin = Admin::open().await;
    for (status, model) in [(200, "a"), (200, "a"), (500, "b")] {
        let mut record = record(&admin.app, "/v1/chat", status);
        record.model = Some(model.to_owned());
        store(&admin.app, record).await;
    }
    admin.app.audit.flush().await;
    let found = admin.get("/admin/metrics/grouped?by=model&span=hour").await.json(200);
    assert_eq!(found["groups"][0]["id"], "a");
    assert_eq!(found["groups"][0]["figures"]["total_requests"], 2);
    assert_eq!(found["groups"][1]["figures"]["errors"], 1);
    assert_eq!(found["groups"][1]["figures"]["p95_response_time"], 19.968);
    let buckets = found["buckets"].as_array().unwrap().len();
    assert_eq!(buckets, 25, "the last 24 hours and what there is of this one");
    let series = found["groups"][0]["series"]["total_requests"].as_array().unwrap();
    assert_eq!(series.len(), buckets);
    assert_eq!(series.iter().map(|n| n.as_u64().unwrap()).sum::<u64>(), 2);
    let plain = admin.get("/admin/metrics/grouped").await.json(200);
    assert_eq!(plain["total"]["figures"]["total_requests"], 3);
    assert_eq!(
        (&plain["groups"], &plain["span"]),
        (&serde_json::json!([]), &"hour".into())
    );
}

#[tokio::test]
async fn what_had_requests_is_told_over_time() {
    let admin = Admin::open().await;
    let mut used = record(&admin.app, "/v1/chat", 200);
    used.key_id = Some("key".into());
    store(&admin.app, used).await;
    admin.app.audit.flush().await;
    let found = admin.get("/admin/metrics/used?span=hour").await.json(200);
    let sum = |name: &str| -> u64 {
        found[name]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n.as_u64().unwrap())
            .sum()
    };
    assert_eq!(sum("keys"), 1);
    assert_eq!(found["buckets"].as_array().unwrap().len(), 25);
    assert_eq!(admin.get("/admin/metrics/used?by=key").await.refused(), ["by"]);
}

#[rstest]
#[case("by=colour", "by")]
#[case("span=week", "span")]
#[case("span=minute&start_time=2024-01-01&end_time=2024-01-01", "span")]
#[case("span=hour&start_time=2024-01-01", "span")]
#[case("limit=51", "limit")]
#[case("limit=0", "limit")]
#[case("start_time=soon", "start_time")]
#[case("group=key", "group")]
#[tokio::test]
async fn what_cannot_be_told_apart_is_refused(#[case] query: &str, #[case] field: &str) {
    let admin = Admin::open().await;
    let path = format!("/admin/metrics/grouped?{query}");
    assert_eq!(admin.get(&path).await.refused(), [field]);
}

#[rstest]
#[case::this_machine([127, 0, 0, 1], "", false, 200)]
#[case::through_a_proxy_here([127, 0, 0, 1], "x-forwarded-for", false, 401)]
#[case::a_stranger([192, 0, 2, 1], "", false, 401)]
#[case::an_administrator([192, 0, 2, 1], "authorization", false, 200)]
#[case::public([192, 0, 2, 1], "", true, 200)]
#[tokio::test]
async fn prometheus_reads_here_or_as_administrator(
    #[case] from: [u8; 4],
    #[case] header: &str,
    #[case] public: bool,
    #[case] status: u16,
) {
    let admin = Admin::with(|config| config.metrics.public = public).await;
    let mut request = Request::get("/metrics");
    if !header.is_empty() {
        request = request.header(header, format!("Bearer {TOKEN}"));
    }
    let answer = admin.send_from(from.into(), request.body(Body::empty()).unwrap()).await;
    let text = answer.text(status);
    if status == 200 {
        assert!(answer.header("content-type").starts_with("text/plain"));
        assert!(text.contains("build_info"), "{text}");
    } else {
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["status"], 401);
    }
}
