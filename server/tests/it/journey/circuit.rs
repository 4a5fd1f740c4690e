//! Stage 6: a target that fails repeatedly leaves rotation and comes back by one trial (contract: Load sharing and
//! failover). Where time must pass, it is the shortest that can be written: a second.

use crate::support::gateway::TestGateway;
use crate::support::upstream::{Act, Upstream, answer};
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;

fn busy() -> Act {
    answer("503 Service Unavailable", &[], "busy")
}

fn breaker(failures: u32) -> Value {
    json!({"failures": failures, "window_seconds": 60, "open_seconds": 1})
}

/// Long enough for a circuit that is open for a second.
async fn a_second() {
    tokio::time::sleep(Duration::from_millis(1_050)).await;
}

#[tokio::test]
async fn a_lone_target_that_failed_is_not_asked_until_its_trial() {
    let upstream = Upstream::doing([busy(), busy()]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "retry_count": 0, "circuit_breaker": breaker(2)}))
        .start()
        .await;
    for _ in 0..2 {
        assert_eq!(gateway.get("/").send().await.text().await, "busy");
    }
    let refused = gateway.get("/").send().await;
    assert_eq!(refused.header("retry-after"), "1");
    let (kind, code, _) = refused.refusal(503).await;
    assert_eq!(
        (kind.as_str(), code.as_str()),
        ("upstream_error", "no_upstream_available")
    );
    assert_eq!(upstream.seen().len(), 2);
    a_second().await;
    for _ in 0..3 {
        assert_eq!(gateway.get("/").send().await.status, 200, "the trial went well");
    }
    let records = gateway.records(6).await;
    assert!(records[2].attempts.is_empty(), "nobody was asked");
    gateway.finish().await;
}

#[tokio::test]
async fn a_trial_that_fails_opens_the_circuit_again() {
    let upstream = Upstream::doing([busy(), busy()]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "retry_count": 0, "circuit_breaker": breaker(1)}))
        .start()
        .await;
    assert_eq!(gateway.get("/").send().await.text().await, "busy");
    a_second().await;
    assert_eq!(gateway.get("/").send().await.text().await, "busy");
    gateway.get("/").send().await.refusal(503).await;
    assert_eq!(upstream.seen().len(), 2);
    gateway.finish().await;
}

#[tokio::test]
async fn one_trial_at_a_time_and_one_whose_client_leaves_makes_room() {
    let upstream = Upstream::doing([busy(), Act::Hang]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "retry_count": 0, "circuit_breaker": breaker(1)}))
        .start()
        .await;
    assert_eq!(gateway.get("/").send().await.text().await, "busy");
    a_second().await;
    let meanwhile = async {
        upstream.has_seen(2).await;
        gateway.get("/").send().await.refusal(503).await;
    };
    gateway.get("/").leave_when(meanwhile).await;
    upstream.is_left().await;
    gateway
        .until("nobody is in flight", |app| app.audit.live.in_flight() == 0)
        .await;
    assert_eq!(gateway.get("/").send().await.status, 200);
    gateway.finish().await;
}

#[tokio::test]
async fn while_its_circuit_is_open_the_next_route_takes_all() {
    let (primary, backup) = (Upstream::doing((0..9).map(|_| busy())), Upstream::start());
    let gateway = TestGateway::builder()
        .route(json!({"priority": 50, "target_host": primary.host(), "circuit_breaker": breaker(3)}))
        .route(json!({"priority": 100, "target_host": backup.host()}))
        .start()
        .await;
    for _ in 0..10 {
        assert_eq!(gateway.post("/", &json!({})).send().await.status, 200);
    }
    assert_eq!((primary.seen().len(), backup.seen().len()), (3, 10));
    let attempts: Vec<usize> = gateway
        .records(10)
        .await
        .iter()
        .map(|record| record.attempts.len())
        .collect();
    assert_eq!(attempts, [2, 2, 2, 1, 1, 1, 1, 1, 1, 1]);
    gateway.finish().await;
}

#[tokio::test]
async fn of_several_targets_one_leaves_rotation_without_being_told_to() {
    let (down, up) = (Upstream::down(), Upstream::start());
    let gateway = TestGateway::builder()
        .route(json!({"targets": [{"host": down.host()}, {"host": up.host()}], "balance": "round_robin"}))
        .start()
        .await;
    for _ in 0..20 {
        assert_eq!(gateway.get("/").send().await.status, 200);
    }
    let failed = gateway
        .records(20)
        .await
        .iter()
        .filter(|record| record.attempts.len() > 1)
        .count();
    assert_eq!(failed, 5);
    gateway.finish().await;
}

#[tokio::test]
async fn a_lone_target_without_a_breaker_is_always_asked() {
    let mut upstream = Upstream::down();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "retry_count": 0}))
        .start()
        .await;
    for _ in 0..8 {
        gateway.get("/").send().await.refusal(502).await;
    }
    upstream.come_up();
    assert_eq!(gateway.get("/").send().await.status, 200);
    gateway.finish().await;
}

#[rstest]
#[case::not_found(answer("404 Not Found", &[], ""), false)]
#[case::too_many(answer("429 Too Many Requests", &[], ""), false)]
#[case::error(answer("500 Internal Server Error", &[], ""), false)]
#[case::bad_gateway(answer("502 Bad Gateway", &[], ""), true)]
#[case::closed(Act::Close, true)]
#[case::garbage(Act::AnswerAndClose("garbage\r\n\r\n".to_owned()), true)]
#[case::cut_off(Act::AnswerAndClose("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab".to_owned()), true)]
#[case::too_late(Act::Hang, true)]
#[tokio::test]
async fn only_the_upstreams_faults_count(#[case] act: Act, #[case] counts: bool) {
    let upstream = Upstream::doing([act]);
    let gateway = TestGateway::builder()
        .route(
            json!({"target_host": upstream.host(), "timeout": 1, "retry_count": 0, "circuit_breaker": {"failures": 1}}),
        )
        .start()
        .await;
    let mut first = gateway.get("/").send().await;
    while let Some(Ok(_)) = first.piece().await {}
    drop(first);
    gateway.records(1).await;
    let second = gateway.get("/").send().await.status;
    assert_eq!(second, if counts { 503 } else { 200 });
    gateway.finish().await;
}

#[tokio::test]
async fn a_clients_departure_is_not_the_upstreams_fault() {
    let upstream = Upstream::doing([Act::Hang]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "circuit_breaker": {"failures": 1}}))
        .start()
        .await;
    gateway.get("/").leave_when(upstream.has_seen(1)).await;
    gateway.records(1).await;
    assert_eq!(gateway.get("/").send().await.status, 200);
    gateway.finish().await;
}

#[tokio::test]
async fn attempts_tell_how_far_they_came() {
    let ups = [
        Upstream::down(),
        Upstream::doing([Act::Close]),
        Upstream::doing([Act::AnswerAndClose(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab".to_owned(),
        )]),
    ];
    let mut builder = TestGateway::builder();
    for (priority, up) in ups.iter().enumerate() {
        builder = builder.route(json!({"priority": priority + 1, "target_host": up.host()}));
    }
    let gateway = builder.start().await;
    let mut answer = gateway.get("/").send().await;
    while let Some(Ok(_)) = answer.piece().await {}
    drop(answer);
    let attempts = serde_json::to_value(gateway.record().await.attempts).unwrap();
    let told: Vec<(&str, &str)> = attempts
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| (attempt["phase"].as_str().unwrap(), attempt["error"].as_str().unwrap()))
        .collect();
    let expected = [
        ("connect", "connect_failed"),
        ("response_head", "connection_lost"),
        ("response_body", "truncated_response"),
    ];
    assert_eq!(told, expected);
    gateway.finish().await;
}

#[tokio::test]
async fn circuits_are_in_the_figures_as_long_as_their_targets() {
    let (down, up) = (Upstream::down(), Upstream::start());
    let gateway = TestGateway::builder()
        .route(json!({"route_name": "shown", "circuit_breaker": breaker(1),
            "targets": [{"host": down.host()}, {"host": up.host()}], "balance": "round_robin"}))
        .start()
        .await;
    for _ in 0..2 {
        assert_eq!(gateway.get("/").send().await.status, 200);
    }
    let line = |name: &str, up: &Upstream, value: u32| {
        format!("{name}{{route=\"shown\",target=\"http://{}\"}} {value}\n", up.host())
    };
    let text = gateway.app.metrics_text();
    for line in [
        line("fastgate_target_circuit_state", &down, 2),
        line("fastgate_target_circuit_state", &up, 0),
        line("fastgate_target_failures_total", &down, 1),
        line("fastgate_target_available", &down, 0),
        line("fastgate_target_attempts_total", &up, 2),
    ] {
        assert!(text.contains(&line), "{line} in {text}");
    }
    let route = &gateway.routes[0].route_id;
    let changed = json!({"route_name": "shown", "target_host": up.host(), "circuit_breaker": breaker(1)});
    gateway.change_route(route, changed).await;
    let text = gateway.app.metrics_text();
    assert!(!text.contains(&down.host()), "{text}");
    assert!(
        text.contains(&line("fastgate_target_attempts_total", &up, 2)),
        "it is remembered"
    );
    let route = route.clone();
    fastgate::app::change(
        &gateway.app,
        fastgate::history::Origin::program(),
        |change| async move { change.delete_route(&route).await },
    )
    .await
    .unwrap();
    assert!(!gateway.app.metrics_text().contains("shown"));
    gateway.finish().await;
}
