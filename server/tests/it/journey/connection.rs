//! Before the stages: how long a client may be silent, and how large a head may be.

use crate::support::client::{Raw, exchange};
use crate::support::gateway::TestGateway;
use crate::support::upstream::{self, Upstream, stream};
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

#[rstest]
#[case::http_1("GET / HTTP/1.1\r\nHost: h\r\nX-A")]
#[case::http_2("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x04\x01\x04\0\0\0\x01")]
#[tokio::test]
async fn half_a_head_does_not_hold_up_the_end(#[case] sent: &str) {
    let gateway = TestGateway::builder()
        .config(|config| config.server.header_timeout_seconds = 600)
        .start()
        .await;
    let mut raw = Raw::connect(&gateway).await;
    raw.send(sent).await;
    // The connection is told apart from others by what the gateway reads, of which it says nothing: a second one, that is
    // answered, shows that this one was accepted.
    gateway.get("/nowhere").send().await.refusal(404).await;
    // Waits ten seconds at most.
    gateway.finish().await;
    raw.read_to_end().await;
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
#[case::one_large_field(format!("GET /v1/x HTTP/1.1\r\nHost: h\r\nX-Large: {}\r\n\r\n", "x".repeat(10_000)), 431, "head_too_large")]
#[case::many_fields(format!("GET /v1/x HTTP/1.1\r\nHost: h\r\n{}\r\n", "X-Many: 1\r\n".repeat(200)), 431, "head_too_large")]
#[case::long_target(format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(10_000)), 414, "uri_too_long")]
#[case::no_http("SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned(), 400, "malformed_request")]
#[case::bad_field("GET /v1/x HTTP/1.1\r\nHost : h\r\n\r\n".to_owned(), 400, "malformed_request")]
#[tokio::test]
async fn a_head_that_cannot_be_read_is_answered_and_recorded_like_any_refusal(
    #[case] sent: String,
    #[case] status: u16,
    #[case] code: &str,
) {
    let upstream = Upstream::start();
    let gateway = small_heads(&upstream).await;
    let answer = exchange(&gateway, &sent).await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["error"]["code"], code);
    let id = body["request_id"].as_str().unwrap();
    for field in [
        &format!("x-request-id: {id}"),
        "content-type: application/json",
        "connection: close",
    ] {
        assert!(head.contains(field), "{head}");
    }
    assert_eq!(upstream.seen().len(), 0);
    let record = gateway.record().await.item;
    assert_eq!(record.request_id, id);
    assert_eq!(record.status_code, Some(status));
    assert_eq!(record.outcome.unwrap().as_str(), "rejected");
    if sent.contains("/v1/x") {
        assert_eq!((record.method.as_str(), record.path.as_str()), ("GET", "/v1/x"));
    }
    gateway.finish().await;
}

#[tokio::test]
async fn what_cannot_be_read_after_an_answer_does_not_spoil_that_answer() {
    let upstream = Upstream::start();
    let gateway = small_heads(&upstream).await;
    let key = gateway.key();
    gateway.count_request();
    let answers = exchange(
        &gateway,
        format!("GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\n\r\nnonsense\r\n\r\n"),
    )
    .await;
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 2, "{answers}");
    assert!(answers.starts_with("HTTP/1.1 200 "), "{answers}");
    assert!(answers.contains("malformed_request"), "{answers}");
    gateway.finish().await;
}

#[tokio::test]
async fn a_body_that_looks_like_an_answer_of_the_machinery_passes() {
    let body = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    let upstream = Upstream::doing([upstream::answer("200 OK", &[], body)]);
    let gateway = TestGateway::to(upstream.host()).await;
    assert_eq!(gateway.get("/").send().await.text().await, body);
    gateway.finish().await;
}

async fn small_heads(upstream: &Upstream) -> TestGateway {
    TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .config(|config| config.server.max_header_bytes = 8192)
        .start()
        .await
}

#[tokio::test]
async fn a_connection_too_many_hears_so_and_leaves_a_record() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "auth": "none"}))
        .config(|config| config.server.max_connections = 1)
        .start()
        .await;
    gateway.count_request();
    let mut inside = Raw::connect(&gateway).await;
    inside.send("GET /first HTTP/1.1\r\nHost: h\r\n\r\n").await;
    inside.read_until("HTTP/1.1 200").await;

    let refused = gateway.post("/second", &json!({"a": 1})).send().await;
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("connection"), "close");
    let (kind, code, _) = refused.refusal(503).await;
    assert_eq!((kind.as_str(), code.as_str()), ("rate_limit_error", "overloaded"));
    let mut modern = Raw::connect(&gateway).await;
    modern
        .send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await;
    let frames = modern.read_to_end().await;
    assert_eq!(
        (frames.as_bytes()[3], frames.as_bytes()[12]),
        (4, 7),
        "SETTINGS, GOAWAY: {frames:?}"
    );

    inside.end().await;
    inside.read_to_end().await;
    // The listener hears of the end a moment later.
    while gateway.get("/third").send().await.status != 200 {}
    let records = gateway.records(2).await;
    let refused = records.iter().find(|record| record.item.path == "/second").unwrap();
    assert_eq!(refused.item.status_code, Some(503));
    assert_eq!(refused.item.outcome.unwrap().as_str(), "rejected");
    gateway.finish().await;
}

#[tokio::test]
async fn a_refusal_before_the_body_is_here_announces_the_end_of_the_connection() {
    let gateway = TestGateway::builder().start().await;
    let mut raw = Raw::connect(&gateway).await;
    raw.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\nhalf")
        .await;
    let head = raw.read_until("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 401"), "{head}");
    assert!(head.contains("connection: close"), "RFC 9112 section 9.6: {head}");
    raw.read_to_end().await;
    gateway.count_request();
    gateway.finish().await;
}

#[tokio::test]
async fn a_refusal_with_the_body_read_keeps_the_connection() {
    let gateway = TestGateway::builder().start().await;
    let mut raw = Raw::connect(&gateway).await;
    for _ in 0..3 {
        raw.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
            .await;
        let answer = raw.read_until("\"request_id\":\"").await;
        assert!(
            answer.contains("HTTP/1.1 401") && !answer.contains("connection:"),
            "{answer}"
        );
        gateway.count_request();
    }
    gateway.finish().await;
}
