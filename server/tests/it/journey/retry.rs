//! Stage 6: who stands in when an attempt fails (contract: Load sharing and failover).

use crate::support::client::Raw;
use crate::support::gateway::TestGateway;
use crate::support::upstream::{Act, Upstream, answer};
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn primary_and_backup(primary: &Upstream, backup: &Upstream) -> crate::support::gateway::Builder {
    TestGateway::builder()
        .route(
            json!({"route_name": "primary", "match_path": "/v1/chat/*", "priority": 50, "target_host": primary.host()}),
        )
        .route(
            json!({"route_name": "backup", "match_path": "/v1/chat/*", "priority": 100, "target_host": backup.host()}),
        )
}

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn the_backup_answers_while_the_primary_is_down_and_no_longer() {
    let (mut primary, backup) = (Upstream::down(), Upstream::start());
    let gateway = primary_and_backup(&primary, &backup).start().await;
    let body = json!({"model": "m", "stream": false});
    assert_eq!(gateway.post(CHAT, &body).send().await.status, 200);
    assert_eq!(backup.only().body, body.to_string().into_bytes());
    let record = gateway.record().await;
    assert_eq!(record.item.route_name.as_deref(), Some("backup"));
    assert_eq!(record.item.error_message, None);
    let tries: Vec<(u32, Option<u16>, bool)> = record
        .attempts
        .iter()
        .map(|a| (a.attempt, a.status_code, a.error.is_some()))
        .collect();
    assert_eq!(tries, [(1, None, true), (2, Some(200), false)]);
    primary.come_up();
    assert_eq!(gateway.post(CHAT, &body).send().await.status, 200);
    assert_eq!((primary.seen().len(), backup.seen().len()), (1, 1));
    gateway.finish().await;
}

#[rstest]
#[case::unavailable(answer("503 Service Unavailable", &[], "busy"), "POST", true)]
#[case::too_many(answer("429 Too Many Requests", &["Retry-After: 1"], "slow"), "POST", true)]
#[case::bad_gateway_get(answer("502 Bad Gateway", &[], "bad"), "GET", true)]
#[case::bad_gateway_post(answer("502 Bad Gateway", &[], "bad"), "POST", false)]
#[case::timed_out_get(answer("504 Gateway Timeout", &[], "late"), "GET", true)]
#[case::timed_out_post(answer("504 Gateway Timeout", &[], "late"), "POST", false)]
#[case::error(answer("500 Internal Server Error", &[], "oops"), "GET", false)]
#[case::closed_get(Act::Close, "GET", true)]
#[case::closed_post(Act::Close, "POST", false)]
#[case::reset_get(Act::Reset, "GET", true)]
#[case::reset_post(Act::Reset, "POST", false)]
#[tokio::test]
async fn the_backup_stands_in_after(#[case] act: Act, #[case] method: Method, #[case] stands_in: bool) {
    let (primary, backup) = (Upstream::doing([act]), Upstream::start());
    let gateway = primary_and_backup(&primary, &backup).start().await;
    let call = gateway.call(method, CHAT).body("abc");
    let status = call.send().await.status;
    assert_eq!(status == 200, stands_in, "{status}");
    assert_eq!(primary.seen().len(), 1, "the first is asked once");
    assert_eq!(backup.seen().len(), usize::from(stands_in));
    if stands_in {
        assert_eq!(backup.only().body, b"abc", "the body is sent again from its start");
    }
    gateway.finish().await;
}

#[tokio::test]
async fn a_route_may_allow_a_lost_post_to_be_repeated() {
    let upstream = Upstream::doing([Act::Close]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "retry_non_idempotent": true}))
        .start()
        .await;
    assert_eq!(gateway.post("/", &json!({"a": 1})).send().await.status, 200);
    let bodies: Vec<Vec<u8>> = upstream.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [br#"{"a":1}"#, br#"{"a":1}"#]);
    gateway.finish().await;
}

#[rstest]
#[case(json!(0), 1)]
#[case(json!(2), 3)]
#[case(json!(null), 4)]
#[tokio::test]
async fn attempts_end_and_the_last_answer_is_the_clients(#[case] retry_count: Value, #[case] attempts: usize) {
    let refusals = (0..8).map(|n| answer("503 Service Unavailable", &[], &format!("busy {}", n + 1)));
    let upstream = Upstream::doing(refusals);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "retry_count": retry_count}))
        .start()
        .await;
    let answer = gateway.get("/").send().await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.text().await, format!("busy {attempts}"));
    assert_eq!(upstream.seen().len(), attempts);
    let record = gateway.record().await;
    assert_eq!(record.attempts.len(), attempts);
    assert_eq!(record.item.outcome.unwrap().as_str(), "ok");
    gateway.finish().await;
}

#[tokio::test]
async fn without_retries_there_is_no_failover() {
    let (primary, backup) = (Upstream::down(), Upstream::start());
    let gateway = primary_and_backup(&primary, &backup)
        .config(|config| config.proxy.max_retries = 0)
        .start()
        .await;
    let (kind, code, _) = gateway.get(CHAT).send().await.refusal(502).await;
    assert_eq!(
        (kind.as_str(), code.as_str()),
        ("upstream_error", "upstream_unreachable")
    );
    assert_eq!(backup.seen().len(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn an_upstream_that_says_when_to_come_back_is_not_asked_again_at_once() {
    let upstream = Upstream::doing([answer("429 Too Many Requests", &["Retry-After: 7"], "slow")]);
    let gateway = TestGateway::to(upstream.host()).await;
    let answer = gateway.get("/").send().await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "7"));
    assert_eq!(upstream.seen().len(), 1);
    gateway.finish().await;
}

#[tokio::test]
async fn several_targets_of_one_route_stand_in_for_each_other() {
    let (down, up) = (Upstream::down(), Upstream::start());
    let gateway = TestGateway::builder()
        .route(json!({"targets": [{"host": down.host(), "weight": 1000}, {"host": up.host(), "weight": 1}]}))
        .start()
        .await;
    for _ in 0..3 {
        assert_eq!(gateway.get("/").send().await.status, 200);
    }
    assert_eq!(up.seen().len(), 3);
    gateway.finish().await;
}

#[tokio::test]
async fn a_route_stands_in_only_for_what_it_would_take() {
    let (down, other, fitting) = (Upstream::down(), Upstream::start(), Upstream::start());
    let gateway = TestGateway::builder()
        .route(json!({"route_name": "a", "priority": 1, "target_host": down.host()}))
        .route(
            json!({"route_name": "b", "priority": 2, "target_host": other.host(), "match_body_schema": {"model": "x"}}),
        )
        .route(json!({"route_name": "c", "priority": 3, "target_host": other.host()}))
        .route(json!({"route_name": "d", "priority": 4, "target_host": fitting.host(), "target_path": "/d"}))
        .key(json!({"permissions": ["route:a", "route:b", "route:d"]}))
        .start()
        .await;
    assert_eq!(gateway.post("/", &json!({"model": "y"})).send().await.status, 200);
    assert_eq!(other.seen().len(), 0);
    assert_eq!(fitting.only().line, "POST /d HTTP/1.1");
    assert_eq!(fitting.only().body, br#"{"model":"y"}"#);
    gateway.finish().await;
}

#[tokio::test]
async fn the_transforms_of_the_route_that_stands_in_are_its_own() {
    let (down, up) = (Upstream::down(), Upstream::start());
    let gateway = TestGateway::builder()
        .route(json!({"priority": 1, "target_host": down.host(), "add_headers": {"X-Key": "first"}, "add_body_fields": {"a": 1}}))
        .route(json!({"priority": 2, "target_host": up.host(), "add_body_fields": {"b": 2}}))
        .start()
        .await;
    assert_eq!(gateway.post("/", &json!({"x": 0})).send().await.status, 200);
    assert!(!up.only().has("x-key"), "the first one's secret stays with the first");
    assert_eq!(up.only().body, br#"{"x":0,"b":2}"#);
    gateway.finish().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_to_keep_is_sent_once() {
    let upstream = Upstream::doing([Act::Close]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "retry_non_idempotent": true}))
        .config(|config| config.proxy.max_match_body_bytes = 10)
        .start()
        .await;
    let answer = gateway.call(Method::POST, "/").body("x".repeat(11)).send().await;
    assert_eq!(answer.status, 502);
    assert_eq!(upstream.seen().len(), 1);
    gateway.finish().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_for_the_backups_rule_is_not_sent_in_part() {
    let (down, up) = (Upstream::down(), Upstream::start());
    let gateway = TestGateway::builder()
        .route(json!({"priority": 1, "target_host": down.host()}))
        .route(json!({"priority": 2, "target_host": up.host(), "match_body_schema": {"a": 1}}))
        .route(json!({"priority": 3, "target_host": up.host()}))
        .config(|config| config.proxy.max_match_body_bytes = 10)
        .start()
        .await;
    let (call, pieces) = gateway.call(Method::POST, "/").pieces();
    let sending = async {
        for _ in 0..3 {
            let _ = pieces.send("x".repeat(8).into()).await;
        }
        drop(pieces);
    };
    let (answer, ()) = tokio::join!(call.send(), sending);
    assert_eq!(answer.status, 502);
    assert_eq!(up.seen().len(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_in_time_becomes_504() {
    let upstream = Upstream::doing([Act::Hang]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "timeout": 1, "retry_count": 0}))
        .start()
        .await;
    let started = Instant::now();
    let (kind, code, _) = gateway.post("/", &json!({})).send().await.refusal(504).await;
    assert_eq!((kind.as_str(), code.as_str()), ("timeout_error", "upstream_timeout"));
    assert!(started.elapsed() >= Duration::from_secs(1));
    upstream.is_left().await;
    let record = gateway.record().await;
    assert_eq!(record.item.outcome.unwrap().as_str(), "timeout");
    assert_eq!(record.attempts[0].error.as_deref(), Some("response_timeout"));
    gateway.finish().await;
}

#[tokio::test]
async fn a_client_that_takes_its_time_to_upload_is_not_the_upstreams_fault() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "timeout": 1, "retry_count": 0}))
        .start()
        .await;
    let (call, pieces) = gateway.call(Method::POST, "/").pieces();
    let sending = async {
        for _ in 0..4 {
            pieces.send("piece ".into()).await.unwrap();
            // The time that passes is what is tested.
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
        drop(pieces);
    };
    let (answer, ()) = tokio::join!(call.send(), sending);
    assert_eq!(answer.status, 200);
    assert_eq!(upstream.only().body, b"piece piece piece piece ");
    gateway.finish().await;
}

#[rstest]
#[case::broken_chunk("xyz\r\n", "broken_body", "rejected")]
#[case::too_short("5\r\nab", "incomplete_body", "client_closed")]
#[tokio::test]
async fn what_the_client_breaks_is_not_counted_against_the_upstream(
    #[case] body: &str,
    #[case] code: &str,
    #[case] outcome: &str,
) {
    let (primary, backup) = (Upstream::start(), Upstream::start());
    let gateway = primary_and_backup(&primary, &backup).start().await;
    let key = gateway.key();
    let mut raw = Raw::connect(&gateway).await;
    gateway.count_request();
    raw.send(format!(
        "PUT {CHAT} HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n{body}"
    ))
    .await;
    raw.end().await;
    let answer = raw.read_to_end().await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400 ") && answer.contains(code),
        "{answer}"
    );
    let record = gateway.record().await;
    assert_eq!(record.item.outcome.unwrap().as_str(), outcome);
    assert!(
        record
            .attempts
            .iter()
            .all(|attempt| attempt.error.as_deref() == Some("client_failed")),
        "{record:?}"
    );
    assert_eq!(backup.seen().len(), 0, "and it is not tried again");
    gateway.finish().await;
}

/// The head of a request in chunks, and its first one.
fn beginning(gateway: &TestGateway) -> String {
    gateway.count_request();
    let key = gateway.key();
    format!(
        "POST {CHAT} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n{{\"a\":1\r\n"
    )
}

#[tokio::test]
async fn a_body_is_not_read_for_a_refusal_while_it_is_read_for_the_next_route() {
    for _ in 0..5 {
        let primary = Upstream::doing([answer("503 Busy", &[], "no")]).act_on_head();
        let backup = Upstream::start();
        let gateway = TestGateway::builder()
            .route(json!({"route_name": "primary", "priority": 50, "target_host": primary.host()}))
            .route(json!({"route_name": "backup", "target_host": backup.host(), "add_body_fields": {"x": 1}}))
            .start()
            .await;
        let mut client = Raw::connect(&gateway).await;
        client.send(beginning(&gateway)).await;
        primary.sees("the head", |_| true).await;
        for piece in [",\"b\":2", ",\"c\":3"] {
            tokio::time::sleep(Duration::from_millis(20)).await;
            client.send(format!("6\r\n{piece}\r\n")).await;
        }
        client.send("1\r\n}\r\n0\r\n\r\n").await;
        let answered = client.read_until("\r\n\r\n").await;
        assert!(answered.starts_with("HTTP/1.1 200 "), "{answered}");
        let body: Value = serde_json::from_slice(&backup.only().body).unwrap();
        assert_eq!(body, json!({"a": 1, "b": 2, "c": 3, "x": 1}));
        gateway.finish().await;
    }
}

#[tokio::test]
async fn another_attempt_has_the_whole_body_although_it_is_larger_than_what_is_kept() {
    for _ in 0..5 {
        let upstream = Upstream::doing([answer("503 Busy", &[], "no")]).act_on_head();
        let gateway = TestGateway::builder()
            .config(|config| config.proxy.max_match_body_bytes = 1 << 10)
            .route(json!({"target_host": upstream.host(), "retry_count": 3}))
            .start()
            .await;
        let mut client = Raw::connect(&gateway).await;
        client.send(beginning(&gateway)).await;
        upstream.sees("the head", |_| true).await;
        // While the gateway waits before it asks again.
        tokio::time::sleep(Duration::from_millis(5)).await;
        for _ in 0..100 {
            client.send(format!("400\r\n{}\r\n", "x".repeat(1 << 10))).await;
        }
        client.send("0\r\n\r\n").await;
        let answered = client.read_until("\r\n\r\n").await;
        assert!(answered.starts_with("HTTP/1.1 200 "), "{answered}");
        upstream.has_seen(1).await;
        let seen = upstream.seen().pop().unwrap();
        assert!(seen.complete && seen.body.starts_with(b"{\"a\":1xxx"));
        assert_eq!(seen.body.len(), 6 + (100 << 10));
        gateway.finish().await;
    }
}
