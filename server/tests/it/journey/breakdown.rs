//! A defect of the gateway that panics costs one request: not the other streams of its connection, not the process.

use crate::support::client::Raw;
use crate::support::gateway::TestGateway;
use crate::support::http2::{Http2, bytes, json, nothing};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::Notify;

/// Doors behind which nobody gets far, as handlers of the gateway's own; one breaks down when it is told to.
async fn breaking() -> (TestGateway, Arc<Notify>) {
    async fn at_once() {
        panic!("this panics, as it should");
    }
    let told = Arc::new(Notify::new());
    let tell = told.clone();
    let in_the_middle = move || async move {
        let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"first"))]);
        let rest = stream::once(async move {
            told.notified().await;
            panic!("this panics, as it should")
        });
        Body::from_stream(first.chain(rest))
    };
    let doors = Router::new()
        .route("/admin/at-once", get(at_once))
        .route("/admin/in-the-middle", get(in_the_middle));
    (TestGateway::builder().doors(doors).start().await, tell)
}

#[tokio::test]
async fn it_costs_one_request_of_http_1_1() {
    let (gateway, tell) = breaking().await;
    let mut raw = Raw::connect(&gateway).await;
    for _ in 0..2 {
        raw.send("GET /admin/at-once HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine\r\n\r\n")
            .await;
        let answer = raw.read_until("\"request_id\":\"mine\"}").await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        assert!(
            answer.contains("x-request-id: mine") && answer.contains("internal_error"),
            "{answer}"
        );
    }
    raw.send("GET /admin/in-the-middle HTTP/1.1\r\nHost: h\r\n\r\n").await;
    raw.read_until("first").await;
    tell.notify_one();
    let rest = raw.read_to_end().await;
    assert!(!rest.contains("0\r\n\r\n"), "no clean end: {rest}");
    gateway.finish().await;
}

#[tokio::test]
async fn it_costs_one_stream_of_http_2() {
    let (gateway, tell) = breaking().await;
    let client = Http2::connect(&gateway).await;
    let ask = |path: &str| {
        let uri = format!("http://{}{path}", gateway.address);
        let request = http::Request::get(uri).body(nothing()).unwrap();
        client.send(request)
    };
    let other = ask("/health/live").await.unwrap();
    let broken = ask("/admin/in-the-middle").await.unwrap();
    let answer = ask("/admin/at-once").await.unwrap();
    assert_eq!(answer.status(), 500);
    assert_eq!(json(answer).await["error"]["code"], "internal_error");
    tell.notify_one();
    assert!(broken.into_body().collect().await.is_err());
    assert!(!bytes(other).await.is_empty());
    assert_eq!(ask("/health/live").await.unwrap().status(), 200);
    drop(client);
    gateway.finish().await;
}
