//! Stage 7: bodies flow as they come, and whoever leaves is noticed.

use crate::support::client::Raw;
use crate::support::gateway::TestGateway;
use crate::support::upstream::{Act, Upstream, answer, stream};
use http::Method;
use rstest::rstest;
use serde_json::json;
use std::time::{Duration, Instant};

/// How long the gateway may take to let go of an upstream (contract: Streaming).
const LET_GO: Duration = Duration::from_millis(250);

#[tokio::test]
async fn each_piece_arrives_while_the_upstream_still_holds_the_next() {
    let (feed, act) = stream("text/event-stream");
    let upstream = Upstream::doing([act]);
    let gateway = TestGateway::to(upstream.host()).await;
    let mut answer = gateway
        .post("/v1/chat/completions", &json!({"stream": true}))
        .send()
        .await;
    assert_eq!(answer.status, 200, "the head comes before any piece");
    assert_eq!(answer.header("content-type"), "text/event-stream");
    for n in 0..50 {
        let event = format!("data: {n}\n\n");
        feed.chunk(&event).await;
        assert_eq!(answer.piece().await.unwrap().unwrap(), event);
    }
    feed.end().await;
    assert!(answer.piece().await.is_none(), "the end is clean");
    let record = gateway.record().await;
    assert!(record.item.is_stream);
    assert_eq!(record.item.stream_chunks, 50);
    gateway.finish().await;
}

#[tokio::test]
async fn each_piece_of_an_upload_arrives_while_the_client_still_holds_the_next() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let (call, pieces) = gateway.call(Method::POST, "/").pieces();
    let sending = async {
        pieces.send("first".into()).await.unwrap();
        upstream.sees("the first piece", |seen| seen.body == b"first").await;
        pieces.send("second".into()).await.unwrap();
        upstream
            .sees("the second piece", |seen| seen.body == b"firstsecond")
            .await;
        drop(pieces);
    };
    let (answer, ()) = tokio::join!(call.send(), sending);
    assert_eq!(answer.status, 200);
    assert!(upstream.only().complete);
    gateway.finish().await;
}

#[tokio::test]
async fn an_answer_may_begin_before_the_request_has_ended() {
    let (feed, act) = stream("text/plain");
    let upstream = Upstream::doing([act]).act_on_head();
    let gateway = TestGateway::to(upstream.host()).await;
    let (call, pieces) = gateway.call(Method::POST, "/").pieces();
    pieces.send("a".into()).await.unwrap();
    let mut answer = call.send().await;
    feed.chunk("early").await;
    assert_eq!(answer.piece().await.unwrap().unwrap(), "early");
    drop(pieces);
    feed.end().await;
    assert!(answer.piece().await.is_none());
    gateway.finish().await;
}

#[rstest]
#[case::between_chunks("data: 1\n\n", true)]
#[case::length("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", false)]
#[tokio::test]
async fn an_upstream_that_breaks_off_leaves_a_broken_end(#[case] sent: &str, #[case] chunked: bool) {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let mut answer = if chunked {
        let (feed, act) = stream("text/event-stream");
        upstream.then(act);
        let answer = gateway.get("/").send().await;
        feed.chunk(sent).await;
        feed.break_off();
        answer
    } else {
        upstream.then(Act::AnswerAndClose(sent.to_owned()));
        gateway.get("/").send().await
    };
    let mut pieces = Vec::new();
    let end = loop {
        match answer.piece().await {
            Some(Ok(piece)) => pieces.extend_from_slice(&piece),
            end => break end,
        }
    };
    assert!(end.is_some_and(|end| end.is_err()), "the client can tell");
    assert!(sent.ends_with(&String::from_utf8(pieces).unwrap()));
    let record = gateway.record().await;
    assert_eq!(record.item.outcome.unwrap().as_str(), "upstream_error");
    assert_eq!(record.item.status_code, Some(200), "the status that was sent");
    assert!(record.item.error_message.is_some());
    gateway.finish().await;
}

#[tokio::test]
async fn an_upstream_that_falls_silent_is_cut_off() {
    let (feed, act) = stream("text/event-stream");
    let upstream = Upstream::doing([act]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "timeout": 1}))
        .start()
        .await;
    let mut answer = gateway.get("/").send().await;
    for _ in 0..3 {
        feed.chunk("data: 1\n\n").await;
        assert!(answer.piece().await.unwrap().is_ok());
        // Together longer than the limit, which bounds each silence and never the whole.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let started = Instant::now();
    assert!(answer.piece().await.unwrap().is_err());
    assert!(
        started.elapsed() < Duration::from_millis(900),
        "since the last piece, not since now"
    );
    upstream.is_left().await;
    assert_eq!(gateway.record().await.item.outcome.unwrap().as_str(), "timeout");
    gateway.finish().await;
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_lets_go_of_the_upstream() {
    let upstream = Upstream::doing([Act::Hang]);
    let gateway = TestGateway::to(upstream.host()).await;
    let call = gateway.post("/", &json!({"a": 1}));
    call.leave_when(upstream.sees("the request", |seen| seen.complete))
        .await;
    assert!(upstream.is_left().await < LET_GO);
    let record = gateway.record().await;
    assert_eq!(record.item.status_code, Some(499));
    assert_eq!(record.item.outcome.unwrap().as_str(), "client_closed");
    gateway.finish().await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_lets_go_of_the_upstream() {
    let (feed, act) = stream("text/event-stream");
    let upstream = Upstream::doing([act]);
    let gateway = TestGateway::to(upstream.host()).await;
    let mut answer = gateway.get("/").send().await;
    feed.chunk("data: 1\n\n").await;
    answer.piece().await.unwrap().unwrap();
    answer.leave();
    assert!(upstream.is_left().await < LET_GO);
    let record = gateway.record().await;
    assert_eq!(record.item.status_code, Some(200), "the status that was sent");
    assert_eq!(record.item.outcome.unwrap().as_str(), "client_closed");
    gateway.finish().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_the_upstream_back() {
    let (feed, act) = stream("application/octet-stream");
    let upstream = Upstream::doing([act]);
    let gateway = TestGateway::to(upstream.host()).await;
    let mut answer = gateway.get("/").send().await;
    let piece = "x".repeat(1 << 16);
    // Much more than all the buffers between the two hold.
    let pieces = 1024;
    let feeding = async {
        for _ in 0..pieces {
            feed.chunk(&piece).await;
        }
        feed.end().await;
    };
    let mut feeding = std::pin::pin!(feeding);
    let held = tokio::time::timeout(Duration::from_millis(300), &mut feeding).await;
    assert!(held.is_err(), "the upstream could send 64 MiB that nobody reads");
    let reading = async {
        let mut read = 0;
        while let Some(piece) = answer.piece().await {
            read += piece.unwrap().len();
        }
        read
    };
    let ((), read) = tokio::join!(feeding, reading);
    assert_eq!(read, pieces * piece.len());
    gateway.finish().await;
}

#[tokio::test]
async fn connection_close_is_heeded_and_not_passed_on() {
    let upstream = Upstream::doing([answer("200 OK", &["Connection: close"], "ok")]);
    let gateway = TestGateway::to(upstream.host()).await;
    let answer = gateway.get("/").send().await;
    assert_eq!(
        answer.header("connection"),
        "",
        "the client's connection is another one"
    );
    assert_eq!(answer.text().await, "ok");
    let answer = gateway.get("/").header("connection", "close").send().await;
    assert_eq!(answer.header("connection"), "close");
    gateway.finish().await;
}

#[rstest]
#[case::length(answer("200 OK", &[], "body"))]
#[case::empty(answer("200 OK", &[], ""))]
#[case::no_content(Act::Answer("HTTP/1.1 204 No Content\r\n\r\n".to_owned()))]
#[case::chunks(Act::Answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n".to_owned()))]
#[case::refused(Act::Close)]
#[tokio::test]
async fn without_async_audit_the_record_is_on_disk_before_the_answer_ends(#[case] act: Act) {
    let upstream = Upstream::doing([act]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "retry_count": 0}))
        .config(|config| config.proxy.async_audit = false)
        .start()
        .await;
    let answer = gateway.get("/").send().await;
    answer.text().await;
    assert_eq!(gateway.app.audit.depth(), 0);
    assert_eq!(gateway.stored().await.len(), 1);
    gateway.finish().await;
}

#[rstest]
#[case::unknown_key("fg_unknown", 401)]
#[case::too_large("", 413)]
#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending(#[case] key: &str, #[case] status: u16) {
    let gateway = TestGateway::builder()
        .route(json!({"target_host": "127.0.0.1:1", "add_body_fields": {"a": 1}}))
        .start()
        .await;
    let key = if key.is_empty() { gateway.key() } else { key };
    let body = "x".repeat(30 << 20);
    for _ in 0..5 {
        let answer = gateway.call(Method::POST, "/").key(key).body(body.clone()).send().await;
        answer.refusal(status).await;
    }
    gateway.finish().await;
}

#[tokio::test]
async fn a_refusal_can_be_read_by_a_client_that_sends_all_before_it_reads() {
    let gateway = TestGateway::builder().start().await;
    let mut lost = 0;
    for _ in 0..20 {
        let mut raw = Raw::connect(&gateway).await;
        gateway.count_request();
        let length = 3 << 20;
        raw.send(format!(
            "POST / HTTP/1.1\r\nHost: h\r\nX-API-Key: fg_unknown\r\nContent-Length: {length}\r\n\r\n"
        ))
        .await;
        let _ = raw.try_send("x".repeat(length)).await;
        let answer = raw.read_to_end().await;
        lost += usize::from(!answer.starts_with("HTTP/1.1 401 "));
    }
    assert_eq!(lost, 0);
    gateway.finish().await;
}
