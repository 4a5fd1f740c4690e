//! Trailer fields both ways, over HTTP/1.1 and HTTP/2.

use crate::support::client::exchange;
use crate::support::gateway::TestGateway;
use crate::support::http2::Http2;
use crate::support::modern::Manner;
use crate::support::upstream::{Act, Upstream};
use bytes::Bytes;
use fastgate_shared::audit_log::Outcome;
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use rstest::rstest;
use serde_json::{Value, json};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, Set-Cookie\r\n\r\n\
    5\r\nhello\r\n0\r\nX-Sum: 5d41\r\nSet-Cookie: a=b\r\n\r\n";

/// A request in chunks with these lines in its head and these after its body.
fn upload(gateway: &TestGateway, head: &str, after: &str) -> String {
    format!(
        "POST /up HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\
         Connection: close\r\n{head}\r\n5\r\nhello\r\n0\r\n{after}\r\n",
        gateway.key()
    )
}

const HEAD: &str = "Trailer: X-Sum, Host, Authorization\r\nTE: trailers\r\n";
const AFTER: &str = "X-Sum: 5d41\r\nHost: evil\r\nAuthorization: Bearer forged\r\nX_Sum: no\r\n";

#[tokio::test]
async fn announced_fields_after_a_request_reach_an_upstream_that_speaks_http1() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let answer = exchange(&gateway, upload(&gateway, HEAD, AFTER)).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let seen = upstream.only();
    assert_eq!(seen.body, b"hello");
    assert_eq!(seen.trailers, [("x-sum".to_owned(), "5d41".to_owned())]);
    assert_eq!(
        (seen.header("trailer"), seen.header("te")),
        ("x-sum".to_owned(), "trailers".to_owned())
    );
    assert_eq!(seen.header("connection"), "te");
    gateway.finish().await;
}

#[tokio::test]
async fn fields_after_a_request_reach_an_upstream_that_speaks_http2() {
    let upstream = Manner::default().start().await;
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "target_protocol": "h2c"}))
        .start()
        .await;
    let answer = exchange(&gateway, upload(&gateway, HEAD, AFTER)).await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let seen: Value = serde_json::from_str(body).unwrap();
    assert_eq!(seen["body"], "hello");
    assert_eq!(seen["trailers"], json!([["x-sum", "5d41"]]));
    let te = seen["headers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|field| field[0] == "te");
    assert_eq!(te.unwrap()[1], "trailers");
    gateway.finish().await;
}

#[tokio::test]
async fn fields_after_a_request_are_sent_again_with_its_body() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"priority": 1, "target_host": "127.0.0.1:1"}))
        .route(json!({"priority": 2, "match_body_schema": {"type": "string"}, "target_host": "127.0.0.1:1"}))
        .route(json!({"priority": 3, "target_host": upstream.host()}))
        .start()
        .await;
    let answer = exchange(&gateway, upload(&gateway, HEAD, AFTER)).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(upstream.only().trailers, [("x-sum".to_owned(), "5d41".to_owned())]);
    gateway.finish().await;
}

#[rstest]
#[case::who_reads_them("TE: trailers\r\n", true)]
#[case::who_does_not("", false)]
#[tokio::test]
async fn announced_fields_after_an_answer_reach_a_client(#[case] te: &str, #[case] reaches: bool) {
    let upstream = Upstream::doing([Act::Answer(CHUNKED.to_owned())]);
    let gateway = TestGateway::to(upstream.host()).await;
    let request = format!(
        "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nConnection: close\r\n{te}\r\n",
        gateway.key()
    );
    let answer = exchange(&gateway, request).await;
    assert!(answer.contains("5\r\nhello\r\n0\r\n"), "{answer}");
    assert_eq!(answer.contains("x-sum: 5d41\r\n"), reaches, "{answer}");
    assert!(!answer.to_lowercase().contains("set-cookie"), "{answer}");
    assert_eq!(gateway.record().await.item.outcome, Some(Outcome::Ok));
    gateway.finish().await;
}

#[tokio::test]
async fn fields_after_an_answer_reach_a_client_that_speaks_http2() {
    let with_trailers = |_| async {
        let mut fields = HeaderMap::new();
        fields.insert("x-sum", HeaderValue::from_static("5d41"));
        fields.insert("content-length", HeaderValue::from_static("7"));
        let frames = [Frame::data(Bytes::from("hello")), Frame::trailers(fields)];
        let frames = futures_util::stream::iter(frames.map(Ok));
        Response::new(http_body_util::combinators::UnsyncBoxBody::new(StreamBody::new(frames)))
    };
    let upstream = Manner::default().answering(with_trailers).start().await;
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "target_protocol": "h2c"}))
        .start()
        .await;
    let connection = Http2::connect(&gateway).await;
    let answer = connection.get(&gateway, "/").await;
    let whole = answer.into_body().collect().await.unwrap();
    let expected = HeaderMap::from_iter([(http::HeaderName::from_static("x-sum"), HeaderValue::from_static("5d41"))]);
    assert_eq!(whole.trailers(), Some(&expected));
    assert_eq!(whole.to_bytes(), "hello");
    drop(connection);
    assert_eq!(gateway.record().await.item.outcome, Some(Outcome::Ok));
    gateway.finish().await;
}
