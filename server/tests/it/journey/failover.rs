//! Stage 6: what stands in for whom over many requests: the retry budget, targets that give way, who is asked first, and
//! routes that are full (contract: Load sharing and failover). Single failures are in `retry`, circuits in `circuit`.

use crate::support::gateway::{Builder, TestGateway};
use crate::support::upstream::{Act, Upstream, answer, stream};
use fastgate::upstream::circuit::CircuitState;
use fastgate::upstream::targets::{Health, TargetState};
use futures_util::future::join_all;
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

fn busy() -> Act {
    answer("503 Service Unavailable", &[], "busy")
}

/// A primary that does this to so many requests, and its backup.
fn primary_and_backup(primary: Value, backup: Value) -> Builder {
    let route = |name: &str, priority: u16, mut fields: Value| {
        fields["route_name"] = name.into();
        fields["priority"] = priority.into();
        fields
    };
    TestGateway::builder()
        .route(route("primary", 1, primary))
        .route(route("backup", 2, backup))
}

fn to(upstream: &Upstream) -> Value {
    json!({"target_host": upstream.host()})
}

/// What is known of the first target of the first route.
fn state(gateway: &TestGateway) -> Arc<TargetState> {
    gateway.app.snapshot().routes.all_in_order()[0].plan.targets[0]
        .state
        .clone()
}

fn figure(gateway: &TestGateway, name: &str) -> u64 {
    let text = gateway.app.metrics_text();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_backup_takes_what_a_busy_primary_refuses_at_any_rate() {
    let (primary, backup) = (Upstream::doing((0..100).map(|_| busy())), Upstream::start());
    let gateway = primary_and_backup(to(&primary), to(&backup)).start().await;
    for _ in 0..10 {
        let ten = join_all((0..10).map(|n| gateway.post("/", &json!({"n": n})).send())).await;
        assert!(ten.iter().all(|answer| answer.status == 200));
    }
    assert_eq!((primary.seen().len(), backup.seen().len()), (100, 100));
    assert_eq!(
        figure(&gateway, "fastgate_retries_over_budget_total{route=\"primary\"}"),
        0
    );
    assert_eq!(gateway.post("/", &json!({})).send().await.status, 200);
    assert_eq!(primary.seen().len(), 101, "the primary is used again at once");
    assert_eq!(backup.seen().len(), 100);
    gateway.finish().await;
}

#[tokio::test]
async fn the_record_names_the_route_that_matched_first_and_whose_each_attempt_was() {
    let (primary, backup) = (Upstream::doing([busy()]), Upstream::start());
    let gateway = primary_and_backup(to(&primary), to(&backup)).start().await;
    assert_eq!(gateway.post("/", &json!({})).send().await.status, 200);
    let record = gateway.records(1).await.remove(0);
    assert_eq!(record.item.route_name.as_deref(), Some("backup"));
    let reason = record.match_reason.unwrap();
    assert!(
        reason.ends_with("priority 2; stands in for primary, which matched first"),
        "{reason}"
    );
    let whose: Vec<Option<&str>> = record
        .attempts
        .iter()
        .map(|attempt| attempt.route_name.as_deref())
        .collect();
    assert_eq!(
        whose,
        [Some("primary"), None],
        "one of the record's own route has no name"
    );
    gateway.finish().await;
}

#[tokio::test]
async fn where_nobody_is_well_retries_end_with_their_budget() {
    let ups = [(); 2].map(|()| Upstream::doing((0..200).map(|_| busy())));
    let gateway = primary_and_backup(to(&ups[0]), to(&ups[1])).start().await;
    let started = Instant::now();
    for _ in 0..60 {
        assert_eq!(gateway.get("/").send().await.text().await, "busy");
    }
    let budget = 30 * (1 + started.elapsed().as_secs() as usize / 9);
    let attempts = ups[0].seen().len() + ups[1].seen().len();
    // The backup is asked for nothing until it is known to be no better.
    assert!((90..=60 + budget + 3).contains(&attempts), "{attempts}");
    let refused = figure(&gateway, "fastgate_retries_over_budget_total{route=\"primary\"}");
    assert!(refused > 0);
    gateway.finish().await;
}

#[tokio::test]
async fn moving_on_from_a_closed_door_is_free_whoever_is_next() {
    let (down, backup) = (
        Upstream::down(),
        Upstream::doing((0..80).map(|n| if n % 2 == 0 { busy() } else { Act::Echo })),
    );
    let gateway = primary_and_backup(to(&down), json!({"target_host": backup.host()}))
        .start()
        .await;
    for _ in 0..5 {
        gateway.call(Method::POST, "/").send().await;
    }
    for _ in 0..40 {
        let before = backup.seen().len();
        gateway.call(Method::POST, "/").send().await;
        assert!(backup.seen().len() > before, "it is asked");
    }
    gateway.finish().await;
}

#[tokio::test]
async fn many_requests_that_are_lost_at_once_all_move_on() {
    let mut primary = Upstream::doing((0..60).map(|_| Act::Hang));
    let backup = Upstream::start();
    let gateway = primary_and_backup(to(&primary), to(&backup)).start().await;
    let kill = async {
        primary.has_seen(60).await;
        primary.go_down();
    };
    let (answers, ()) = tokio::join!(join_all((0..60).map(|_| gateway.get("/").send())), kill);
    assert!(answers.iter().all(|answer| answer.status == 200));
    gateway.finish().await;
}

#[tokio::test]
async fn who_is_well_and_failed_once_is_asked_again_before_one_that_is_not() {
    let (well, unwell) = (
        Upstream::doing([Act::Close, Act::Echo, Act::Close, Act::Close]),
        Upstream::start(),
    );
    let gateway = TestGateway::builder()
        .route(json!({"targets": [{"host": unwell.host()}, {"host": well.host()}]}))
        .start()
        .await;
    state(&gateway).set_health(Health::Unhealthy);
    assert_eq!(gateway.get("/").send().await.status, 200);
    assert_eq!((well.seen().len(), unwell.seen().len()), (2, 0));
    assert_eq!(gateway.get("/").send().await.status, 200);
    assert_eq!(
        (well.seen().len(), unwell.seen().len()),
        (4, 1),
        "then anybody is better than nobody"
    );
    gateway.finish().await;
}

#[rstest]
#[case::that_lets_clients_wait("GET", (0..5).map(|_| Act::Hang).collect(), 200)]
#[case::whose_failures_clients_hear("POST", (0..5).map(|_| answer("502 Bad Gateway", &[], "bad")).collect(), 502)]
#[tokio::test]
async fn a_primary_gives_way_to_its_backup(#[case] method: Method, #[case] acts: Vec<Act>, #[case] meanwhile: u16) {
    let (primary, backup) = (Upstream::doing(acts), Upstream::start());
    let mut first = to(&primary);
    first["timeout"] = 1.into();
    let gateway = primary_and_backup(first, to(&backup)).start().await;
    let ask = || gateway.call(method.clone(), "/").send();
    for answer in join_all((0..5).map(|_| ask())).await {
        assert_eq!(answer.status, meanwhile);
    }
    assert_eq!(ask().await.status, 200);
    assert_eq!(primary.seen().len(), 5, "nobody waits for it any more");
    backup.then(Act::Close);
    let get = gateway.get("/").send().await;
    assert_eq!(get.status, 200, "the backup is asked again");
    assert_eq!(primary.seen().len(), 5);
    gateway.finish().await;
}

#[tokio::test]
async fn a_primary_that_gave_way_is_asked_when_its_backup_is_gone() {
    let bad = || answer("502 Bad Gateway", &[], "bad");
    let (primary, mut backup) = (Upstream::doing((0..5).map(|_| bad())), Upstream::start());
    let gateway = primary_and_backup(to(&primary), to(&backup)).start().await;
    for _ in 0..5 {
        assert_eq!(gateway.post("/", &json!({})).send().await.status, 502);
    }
    assert_eq!(state(&gateway).status(Instant::now()).circuit, Some(CircuitState::Open));
    backup.go_down();
    assert_eq!(gateway.post("/", &json!({})).send().await.status, 200);
    assert_eq!(primary.seen().len(), 6);
    assert_eq!(
        state(&gateway).status(Instant::now()).circuit,
        Some(CircuitState::Closed)
    );
    gateway.finish().await;
}

#[tokio::test]
async fn of_routes_alike_one_that_fails_leaves_rotation_as_one_of_several_targets_does() {
    let (bad, good) = (Upstream::down(), Upstream::start());
    let gateway = TestGateway::builder().route(to(&bad)).route(to(&good)).start().await;
    for _ in 0..20 {
        assert_eq!(gateway.post("/", &json!({})).send().await.status, 200);
    }
    let records = gateway.records(20).await;
    assert_eq!(records.iter().filter(|record| record.attempts.len() > 1).count(), 5);
    gateway.finish().await;
}

#[tokio::test]
async fn a_passed_health_check_brings_a_target_back_before_its_circuit_would() {
    let upstream = Upstream::doing([busy(), busy()]);
    let gateway = TestGateway::builder()
        .route(json!({
            "target_host": upstream.host(), "retry_count": 0, "health_check": {"interval_seconds": 1},
            "circuit_breaker": {"failures": 2, "window_seconds": 60, "open_seconds": 600},
        }))
        .start()
        .await;
    for _ in 0..2 {
        assert_eq!(gateway.get("/").send().await.text().await, "busy");
    }
    let circuit = |gateway: &TestGateway| state(gateway).status(Instant::now()).circuit;
    gateway
        .until("a trial may come", |_| {
            circuit(&gateway) == Some(CircuitState::HalfOpen)
        })
        .await;
    assert_eq!(gateway.get("/").send().await.status, 200);
    assert_eq!(circuit(&gateway), Some(CircuitState::Closed));
    gateway.finish().await;
}

#[rstest]
#[case::that_ends_in_time(30, 200)]
#[case::that_does_not(1, 503)]
#[tokio::test]
async fn a_request_waits_in_the_line_of_the_route_that_stands_in(#[case] queue_seconds: u64, #[case] status: u16) {
    let (feed, act) = stream("text/plain");
    let (down, backup) = (Upstream::down(), Upstream::doing([act]));
    let gateway = primary_and_backup(to(&down), json!({"target_host": backup.host(), "max_concurrency": 1}))
        .config(|config| config.proxy.queue_seconds = queue_seconds)
        .start()
        .await;
    let mut first = gateway.get("/first").send().await;
    feed.chunk("begun").await;
    first.piece().await.unwrap().unwrap();
    let bound = gateway.app.snapshot().routes.all_in_order()[1].bound.clone().unwrap();
    let second = gateway.get("/second").send();
    let meanwhile = async {
        gateway.until("the second one waits", |_| bound.waiting() == 1).await;
        if status == 200 {
            feed.end().await;
            first.text().await;
            return None;
        }
        Some((feed, first))
    };
    let (answer, held) = tokio::join!(second, meanwhile);
    assert_eq!(answer.status, status);
    if let Some((feed, first)) = held {
        assert_eq!(answer.header("retry-after"), "1");
        let (kind, code, _) = answer.refusal(503).await;
        assert_eq!((kind.as_str(), code.as_str()), ("rate_limit_error", "overloaded"));
        feed.end().await;
        first.text().await;
    }
    gateway.finish().await;
    assert_eq!((bound.inside(), bound.waiting()), (0, 0));
}

#[tokio::test]
async fn a_connection_that_is_not_there_within_the_routes_own_limit_is_a_connect_timeout() {
    // The system accepts for it; nobody answers the handshake.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap().to_string();
    let backup = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"priority": 1, "target_host": host, "target_protocol": "https", "timeout": 1}))
        .route(json!({"priority": 2, "target_host": backup.host()}))
        .route(json!({"match_path": "/changed", "priority": 1, "target_host": host, "target_protocol": "https", "timeout": 1, "add_body_fields": {"a": 1}}))
        .start()
        .await;
    for path in ["/", "/changed"] {
        assert_eq!(
            gateway.post(path, &json!({})).send().await.status,
            200,
            "the upstream has seen nothing of it"
        );
    }
    for record in gateway.records(2).await {
        assert_eq!(record.attempts[0].error.as_deref(), Some("connect_timeout"));
    }
    gateway.finish().await;
}
