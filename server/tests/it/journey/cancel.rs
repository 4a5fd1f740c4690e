//! A request in flight that an administrator cancels: its upstream is let go, its client hears of it, its record says so.

use crate::support::client::Raw;
use crate::support::gateway::TestGateway;
use crate::support::upstream::{Act, Upstream, stream, switch_to};
use fastgate_shared::audit_log::LogRecord;
use http::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;

/// How long the gateway may take to let go of an upstream (contract: Streaming).
const LET_GO: Duration = Duration::from_millis(250);

/// Asks for the end of the only request in flight.
async fn cancel(gateway: &TestGateway) {
    let path = format!("/admin/logs/{}/cancel", gateway.log_id());
    assert_eq!(
        gateway.admin(Method::POST, &path).send().await.status,
        StatusCode::ACCEPTED
    );
}

fn assert_cancelled(record: &LogRecord, status: u16) {
    assert_eq!(record.item.status_code, Some(status));
    assert_eq!(record.item.outcome.unwrap().as_str(), "interrupted");
    let why = record.item.error_message.as_deref().unwrap();
    assert!(why.contains("administrator"), "{why}");
}

#[tokio::test]
async fn before_the_answer_the_client_hears_an_error_that_it_need_not_try_again() {
    let upstream = Upstream::doing([Act::Hang]);
    let gateway = TestGateway::to(upstream.host()).await;
    let call = gateway.post("/v1/chat", &json!({"a": 1}));
    let cancelling = async {
        upstream.sees("the request", |seen| seen.complete).await;
        cancel(&gateway).await;
        assert!(upstream.is_left().await < LET_GO);
    };
    let (answer, ()) = tokio::join!(call.send(), cancelling);
    assert_eq!(answer.header("x-should-retry"), "false");
    let (kind, code, _) = answer.refusal(503).await;
    assert_eq!((kind.as_str(), code.as_str()), ("internal_error", "request_cancelled"));
    assert_cancelled(&gateway.record().await, 503);
    gateway.finish().await;
}

#[tokio::test]
async fn in_the_middle_of_a_stream_the_client_sees_a_broken_end() {
    let (feed, act) = stream("text/event-stream");
    let upstream = Upstream::doing([act]);
    let gateway = TestGateway::to(upstream.host()).await;
    let mut answer = gateway.get("/").send().await;
    feed.chunk("data: 1\n\n").await;
    answer.piece().await.unwrap().unwrap();
    cancel(&gateway).await;
    assert!(upstream.is_left().await < LET_GO);
    assert!(answer.piece().await.unwrap().is_err(), "the end is not clean");
    assert_cancelled(&gateway.record().await, 200);
    gateway.finish().await;
}

#[tokio::test]
async fn a_tunnel_is_closed_on_both_sides() {
    let upstream = Upstream::doing([switch_to("websocket")]);
    let gateway = TestGateway::to(upstream.host()).await;
    gateway.count_request();
    let mut raw = Raw::connect(&gateway).await;
    raw.send(format!(
        "GET /socket HTTP/1.1\r\nHost: h\r\nX-API-Key: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        gateway.key()
    ))
    .await;
    raw.read_until("\r\n\r\n").await;
    raw.send("there and back").await;
    raw.read_until("back").await;
    cancel(&gateway).await;
    assert_eq!(raw.read_to_end().await, "");
    assert_cancelled(&gateway.record().await, 101);
    gateway.finish().await;
}

#[tokio::test]
async fn what_has_ended_cannot_be_cancelled() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    gateway.get("/").send().await.text().await;
    let record = gateway.record().await;
    let path = format!("/admin/logs/{}/cancel", record.item.id);
    assert_eq!(
        gateway.admin(Method::POST, &path).send().await.status,
        StatusCode::CONFLICT
    );
    let unknown = gateway.admin(Method::POST, "/admin/logs/1/cancel").send().await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let stranger = gateway.stranger(Method::POST, &path).unrecorded().send().await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    gateway.finish().await;
}

#[tokio::test]
async fn a_request_in_flight_is_shown_before_it_is_stored() {
    let upstream = Upstream::doing([Act::Hang]);
    let gateway = TestGateway::to(upstream.host()).await;
    let looking = async {
        upstream.sees("the request", |seen| seen.complete).await;
        let path = format!("/admin/logs/{}", gateway.log_id());
        let shown = gateway.admin(Method::GET, &path).send().await.json().await;
        assert_eq!((&shown["method"], &shown["outcome"]), (&json!("GET"), &json!(null)));
        cancel(&gateway).await;
    };
    let (answer, ()) = tokio::join!(gateway.get("/slow").send(), looking);
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    gateway.finish().await;
}
