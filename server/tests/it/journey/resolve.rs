//! Names of upstreams on the way of a request. The rules over time are in `upstream/resolve/tests.rs`.

use crate::support::gateway::TestGateway;
use crate::support::names::Names;
use crate::support::upstream::Upstream;
use serde_json::json;

fn port(upstream: &Upstream) -> String {
    upstream.host().rsplit(':').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_name_is_resolved_and_the_upstream_hears_it() {
    let upstream = Upstream::start();
    let host = format!("model.internal:{}", port(&upstream));
    let gateway = TestGateway::builder()
        .names(Names::default().with("model.internal", &["127.0.0.1"]))
        .route(json!({"target_host": host}))
        .start()
        .await;
    assert_eq!(gateway.get("/").send().await.status, 200);
    assert_eq!(upstream.only().header("host"), host);
    gateway.finish().await;
}

#[tokio::test]
async fn of_several_addresses_the_next_is_tried_when_one_refuses() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .names(Names::default().with("several.internal", &["127.0.0.7", "::1", "127.0.0.1"]))
        .route(json!({"target_host": format!("several.internal:{}", port(&upstream)), "retry_count": 0}))
        .start()
        .await;
    assert_eq!(gateway.get("/").send().await.status, 200);
    let record = gateway.record().await;
    assert_eq!(record.attempts.len(), 1, "one attempt, whatever addresses it takes");
    gateway.finish().await;
}

#[tokio::test]
async fn a_name_without_an_address_fails_over_also_for_a_post() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .names(Names::default())
        .route(json!({"priority": 1, "target_host": "gone.internal"}))
        .route(json!({"priority": 2, "target_host": upstream.host()}))
        .start()
        .await;
    assert_eq!(gateway.post("/", &json!({"a": 1})).send().await.status, 200);
    let record = gateway.record().await;
    assert_eq!(record.attempts[0].error.as_deref(), Some("dns_error"));
    gateway.finish().await;
}
