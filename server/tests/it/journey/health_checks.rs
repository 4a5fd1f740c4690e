//! Active health checks: who is probed, how, and what the verdict means for requests (contract: Load sharing and failover).

use crate::support::gateway::{PATIENCE, TestGateway};
use crate::support::upstream::{Act, Upstream, answer};
use fastgate::app::{App, change};
use fastgate::history::Origin;
use fastgate::upstream::targets::Health;
use fastgate_shared::upstream::UpstreamHealth;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A check that decides quickly.
fn quick(mut check: Value) -> Value {
    check["interval_seconds"] = 1.into();
    check["healthy_after"] = 1.into();
    check["unhealthy_after"] = 1.into();
    check
}

/// What is known of a target of the first route.
fn health(app: &App, target: usize) -> Health {
    app.snapshot().routes.all_in_order()[0].plan.targets[target]
        .state
        .health()
}

fn status(app: &App, target: usize) -> Option<UpstreamHealth> {
    let snapshot = app.snapshot();
    let route = &snapshot.routes.all_in_order()[0];
    app.health_checks.status(route, &route.plan.targets[target])
}

fn proxied(upstream: &Upstream) -> usize {
    let seen = upstream.seen();
    seen.iter().filter(|seen| !seen.line.contains("/health")).count()
}

#[tokio::test]
async fn a_target_that_fails_its_checks_gets_no_request_until_it_passes_again() {
    let busy = || answer("503 Service Unavailable", &[], "starting");
    let sick = Upstream::doing([busy(), busy(), busy(), busy()]);
    let well = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({
            "targets": [{"host": sick.host()}, {"host": well.host()}],
            "health_check": quick(json!({"path": "/health"})),
        }))
        .start()
        .await;
    gateway
        .until("the sick one is out", |app| health(app, 0) == Health::Unhealthy)
        .await;
    for _ in 0..10 {
        assert_eq!(gateway.get("/v1/models").send().await.status, 200);
    }
    assert_eq!((proxied(&sick), proxied(&well)), (0, 10));
    let found = status(&gateway.app, 0).unwrap();
    assert_eq!(found.last_error.as_deref(), Some("answered 503; 200-399 passes"));
    // The fourth probe still fails, the fifth passes.
    sick.has_seen(4).await;
    let last_failure = Instant::now();
    gateway
        .until("the sick one is back", |app| health(app, 0) == Health::Healthy)
        .await;
    let waited = last_failure.elapsed();
    assert!(waited < Duration::from_millis(1500), "one probe interval: {waited:?}");
    assert_eq!(status(&gateway.app, 0).unwrap().last_error, None);
    while proxied(&sick) == 0 {
        assert_eq!(gateway.get("/v1/models").send().await.status, 200);
    }
    gateway.finish().await;
}

#[tokio::test]
async fn without_a_path_a_connection_is_enough() {
    let mut upstream = Upstream::down();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "health_check": quick(json!({}))}))
        .start()
        .await;
    gateway
        .until("it is out", |app| health(app, 0) == Health::Unhealthy)
        .await;
    let error = status(&gateway.app, 0).unwrap().last_error.unwrap();
    assert!(error.starts_with("cannot connect"), "{error}");
    upstream.come_up();
    gateway
        .until("it is back", |app| health(app, 0) == Health::Healthy)
        .await;
    assert_eq!(upstream.seen().len(), 0, "nothing was sent");
    gateway.finish().await;
}

#[tokio::test]
async fn when_no_healthy_target_is_left_requests_go_to_the_others_all_the_same() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({
            "target_host": upstream.host(),
            "health_check": quick(json!({"path": "/health", "expect_status": 204})),
        }))
        .start()
        .await;
    gateway
        .until("it is out", |app| health(app, 0) == Health::Unhealthy)
        .await;
    assert_eq!(gateway.get("/v1/models").send().await.status, 200);
    gateway.finish().await;
}

#[tokio::test]
async fn a_body_that_lacks_what_is_expected_fails() {
    let upstream = Upstream::doing([answer("200 OK", &[], "loading"), answer("200 OK", &[], "loading")]);
    (0..PATIENCE.as_secs()).for_each(|_| upstream.then(answer("200 OK", &[], "model ready")));
    let gateway = TestGateway::builder()
        .route(json!({
            "target_host": upstream.host(),
            "health_check": quick(json!({"path": "/health", "expect_body": "ready"})),
        }))
        .start()
        .await;
    gateway
        .until("it is out", |app| health(app, 0) == Health::Unhealthy)
        .await;
    gateway
        .until("it is back", |app| health(app, 0) == Health::Healthy)
        .await;
    gateway.finish().await;
}

#[tokio::test]
async fn an_upstream_that_hangs_fails_by_the_deadline() {
    let upstream = Upstream::doing([Act::Hang, Act::Hang, Act::Hang]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "health_check": quick(json!({"path": "/health"}))}))
        .start()
        .await;
    gateway
        .until("it is out", |app| health(app, 0) == Health::Unhealthy)
        .await;
    let found = status(&gateway.app, 0).unwrap();
    assert_eq!(found.last_error.as_deref(), Some("no answer within 1 s"));
    assert!(found.last_ms.unwrap() < 1_300.0, "{:?}", found.last_ms);
    gateway.finish().await;
}

#[tokio::test]
async fn a_probe_carries_the_routes_fixed_credentials_and_says_who_it_is() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({
            "target_host": upstream.host(),
            "target_path": "/v1/chat/completions",
            "add_headers": {"Authorization": "Bearer sk-the-upstreams-own", "X-Request": "${request_id}"},
            "health_check": quick(json!({"path": "/v1/models?limit=1"})),
        }))
        .start()
        .await;
    gateway
        .until("it is healthy", |app| health(app, 0) == Health::Healthy)
        .await;
    let probe = upstream.seen().into_iter().next().unwrap();
    assert_eq!(probe.line, "GET /v1/models?limit=1 HTTP/1.1");
    assert_eq!(probe.header("authorization"), "Bearer sk-the-upstreams-own");
    assert_eq!(probe.header("host"), upstream.host());
    assert_eq!(
        probe.header("user-agent"),
        concat!("fastgate-health/", env!("CARGO_PKG_VERSION"))
    );
    assert!(
        !probe.has("x-request"),
        "what a request would have to fill in is left out"
    );
    gateway.finish().await;
}

#[tokio::test]
async fn probes_end_with_their_check_and_their_route() {
    let upstream = Upstream::down();
    let checked = json!({"target_host": upstream.host(), "health_check": quick(json!({}))});
    let gateway = TestGateway::builder().route(checked.clone()).start().await;
    let route_id = gateway.routes[0].route_id.clone();
    gateway
        .until("it is out", |app| health(app, 0) == Health::Unhealthy)
        .await;

    let mut otherwise = checked.clone();
    otherwise["health_check"]["path"] = "/health".into();
    gateway.change_route(&route_id, otherwise).await;
    assert_eq!(
        health(&gateway.app, 0),
        Health::Unhealthy,
        "until another probe says otherwise"
    );

    gateway
        .change_route(&route_id, json!({"target_host": upstream.host()}))
        .await;
    assert_eq!(health(&gateway.app, 0), Health::Unknown);
    assert_eq!(status(&gateway.app, 0), None);

    let mut off = checked.clone();
    off["is_active"] = false.into();
    gateway.change_route(&route_id, off).await;
    assert_eq!(
        status(&gateway.app, 0),
        None,
        "a route that is switched off is not probed"
    );

    gateway.change_route(&route_id, checked).await;
    assert!(status(&gateway.app, 0).is_some());
    let state = Arc::downgrade(&gateway.app.snapshot().routes.all_in_order()[0].plan.targets[0].state);
    change(&gateway.app, Origin::program(), |change| async move {
        change.delete_route(&route_id).await
    })
    .await
    .unwrap();
    gateway
        .until("nobody knows the target any more", |_| state.strong_count() == 0)
        .await;
    gateway.finish().await;
}
