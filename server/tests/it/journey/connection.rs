//! Before the stages: how long a client may be silent, and how large a head may be.

use crate::support::client::Raw;
use crate::support::gateway::TestGateway;
use crate::support::upstream::{Upstream, stream};
use rstest::rstest;
use serde_json::json;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

async fn impatient(upstream: &Upstream) -> TestGateway {
    TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .config(|config| {
            config.server.header_timeout_seconds = 1;
            config.server.keep_alive_seconds = 1;
            config.server.body_timeout_seconds = 1;
        })
        .start()
        .await
}

#[rstest]
#[case::nothing("")]
#[case::half_a_head("GET / HTTP/1.1\r\nHost: h\r\nX-A")]
#[tokio::test]
async fn a_client_that_does_not_finish_its_head_is_shown_out(#[case] sent: &str) {
    let gateway = impatient(&Upstream::start()).await;
    let mut raw = Raw::connect(&gateway).await;
    let started = Instant::now();
    raw.send(sent).await;
    raw.read_to_end().await;
    assert!(started.elapsed() >= SECOND.mul_f32(0.9));
    assert!(started.elapsed() < SECOND * 4);
    gateway.finish().await;
}

#[tokio::test]
async fn a_head_that_trickles_in_does_not_win_time() {
    let gateway = impatient(&Upstream::start()).await;
    let mut raw = Raw::connect(&gateway).await;
    raw.send("GET / HTTP/1.1\r\n").await;
    let started = Instant::now();
    let trickle = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if raw.try_send("X-A: 1\r\n").await.is_err() {
                break;
            }
        }
    };
    // A closed connection may still take some bytes.
    let _ = tokio::time::timeout(SECOND * 2, trickle).await;
    raw.read_to_end().await;
    assert!(started.elapsed() < SECOND * 4);
    gateway.finish().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_one_with_a_slow_answer_is_not() {
    let (feed, act) = stream("text/plain");
    let upstream = Upstream::doing([act]);
    let gateway = impatient(&upstream).await;
    let mut raw = Raw::connect(&gateway).await;
    gateway.count_request();
    raw.send(format!(
        "GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: {}\r\n\r\n",
        gateway.key()
    ))
    .await;
    raw.read_until("\r\n\r\n").await;
    // Longer than a head or an idle connection may be silent.
    tokio::time::sleep(SECOND + SECOND / 2).await;
    feed.chunk("late").await;
    feed.end().await;
    let started = Instant::now();
    let rest = raw.read_to_end().await;
    assert!(rest.ends_with("0\r\n\r\n"), "{rest}");
    assert!(started.elapsed() >= SECOND.mul_f32(0.9));
    gateway.finish().await;
}

#[tokio::test]
async fn a_client_that_stops_in_the_middle_of_its_body_hears_408() {
    let upstream = Upstream::start();
    let gateway = impatient(&upstream).await;
    let (call, pieces) = gateway.call(http::Method::POST, "/").pieces();
    pieces.send("some".into()).await.unwrap();
    let (kind, code, _) = call.send().await.refusal(408).await;
    assert_eq!((kind.as_str(), code.as_str()), ("timeout_error", "body_timeout"));
    drop(pieces);
    upstream.is_left().await;
    assert_eq!(gateway.record().await.item.outcome.unwrap().as_str(), "timeout");
    gateway.finish().await;
}

#[rstest]
#[case::one_large_field(format!("X-Large: {}\r\n", "x".repeat(10_000)), 431)]
#[case::many_fields("X-Many: 1\r\n".repeat(200), 431)]
#[tokio::test]
async fn a_head_has_limits(#[case] fields: String, #[case] status: u16) {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .config(|config| config.server.max_header_bytes = 8192)
        .start()
        .await;
    let mut raw = Raw::connect(&gateway).await;
    raw.send(format!("GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n")).await;
    let answer = raw.read_to_end().await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert_eq!(upstream.seen().len(), 0);
    gateway.finish().await;
}
