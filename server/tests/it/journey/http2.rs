//! Before the stages: HTTP/2 from clients, by prior knowledge, beside HTTP/1.1 on the same port.

use crate::support::client::Raw;
use crate::support::gateway::TestGateway;
use crate::support::http2::{Http2, bytes, full, json, nothing};
use crate::support::upstream::{Act, Upstream, answer, stream};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use rstest::rstest;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// How long the gateway may take to let go of an upstream (contract: Streaming).
const LET_GO: Duration = Duration::from_millis(250);

#[tokio::test]
async fn a_request_of_http_2_arrives_as_one_of_http_1_1() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let client = Http2::connect(&gateway).await;
    let request = Http2::request(&gateway, "POST", "/v1/x?y=z")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("te", "trailers")
        .body(full("hello"))
        .unwrap();
    let response = client.send(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("connection"));
    assert!(response.headers().contains_key("x-request-id"));
    bytes(response).await;
    let seen = upstream.only();
    assert_eq!(seen.line, "POST /v1/x?y=z HTTP/1.1");
    assert_eq!(seen.header("host"), upstream.host());
    assert_eq!(seen.header("x-forwarded-host"), gateway.address.to_string());
    assert_eq!(seen.header("via"), "2 fastgate");
    assert_eq!(seen.header("cookie"), "a=1; b=2");
    assert_eq!(seen.body, b"hello");
    gateway.finish().await;
}

#[tokio::test]
async fn many_requests_share_a_connection_and_none_waits_for_another() {
    let upstream = Upstream::doing([Act::Hang]);
    let gateway = TestGateway::to(upstream.host()).await;
    let client = Http2::connect(&gateway).await;
    let hanging = Http2::request(&gateway, "GET", "/hangs").body(nothing()).unwrap();
    let hanging = client.send(hanging);
    let others = async {
        upstream.sees("the first", |seen| seen.line.contains("/hangs")).await;
        let all = (0..100).map(|n| {
            let (client, gateway) = (&client, &gateway);
            async move {
                let path = format!("/{n}");
                assert_eq!(client.get(gateway, &path).await.status(), 200);
            }
        });
        futures_util::future::join_all(all).await;
    };
    tokio::select! {
        _ = hanging => panic!("nobody answers"),
        () = others => {}
    }
    drop(client);
    gateway.finish().await;
}

#[rstest]
#[case::head("HEAD", "200 OK", "Content-Length: 100\r\n", 200)]
#[case::no_content("DELETE", "204 No Content", "", 204)]
#[case::not_modified("GET", "304 Not Modified", "ETag: \"x\"\r\n", 304)]
#[tokio::test]
async fn an_answer_without_a_body_ends_with_its_head(
    #[case] method: &str,
    #[case] status: &str,
    #[case] fields: &str,
    #[case] expected: u16,
) {
    let upstream = Upstream::doing([Act::Answer(format!("HTTP/1.1 {status}\r\n{fields}\r\n"))]);
    let gateway = TestGateway::to(upstream.host()).await;
    let client = Http2::connect(&gateway).await;
    let request = Http2::request(&gateway, method, "/").body(nothing()).unwrap();
    let response = client.send(request).await.unwrap();
    assert_eq!(response.status(), expected);
    assert_eq!(response.headers().contains_key("content-length"), method == "HEAD");
    assert!(bytes(response).await.is_empty());
    assert_eq!(gateway.record().await.item.outcome.unwrap().as_str(), "ok");
    gateway.finish().await;
}

#[tokio::test]
async fn each_piece_arrives_while_the_upstream_still_holds_the_next() {
    let (feed, act) = stream("text/event-stream");
    let upstream = Upstream::doing([act]);
    let gateway = TestGateway::to(upstream.host()).await;
    let client = Http2::connect(&gateway).await;
    let mut response = client.get(&gateway, "/").await;
    for n in 0..20 {
        let event = format!("data: {n}\n\n");
        feed.chunk(&event).await;
        let frame = response.body_mut().frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), event);
    }
    feed.end().await;
    assert!(bytes(response).await.is_empty(), "the end is clean");
    gateway.finish().await;
}

#[tokio::test]
async fn large_bodies_pass_both_ways() {
    let size = 3 << 20;
    let upstream = Upstream::doing([answer("200 OK", &[], &"d".repeat(size))]);
    let gateway = TestGateway::to(upstream.host()).await;
    let client = Http2::connect(&gateway).await;
    let request = Http2::request(&gateway, "POST", "/")
        .body(full("u".repeat(size)))
        .unwrap();
    let response = client.send(request).await.unwrap();
    assert_eq!(bytes(response).await.len(), size);
    assert_eq!(upstream.only().body.len(), size);
    gateway.finish().await;
}

#[tokio::test]
async fn an_answer_that_nobody_reads_makes_the_upstream_wait() {
    let (feed, act) = stream("text/plain");
    let upstream = Upstream::doing([act]);
    let gateway = TestGateway::to(upstream.host()).await;
    let client = Http2::connect(&gateway).await;
    let response = client.get(&gateway, "/").await;
    let piece = "x".repeat(1 << 20);
    let flood = async {
        loop {
            feed.chunk(&piece).await;
        }
    };
    // As much as buffers on the way take, and no more.
    assert!(tokio::time::timeout(Duration::from_secs(1), flood).await.is_err());
    let other = client.get(&gateway, "/other").await;
    assert_eq!(other.status(), 200);
    bytes(other).await;
    drop((response, client));
    gateway
        .until("the answer is let go", |app| app.audit.live.in_flight() == 0)
        .await;
    gateway.finish().await;
}

#[tokio::test]
async fn a_request_that_is_reset_before_its_answer_cancels_the_upstream_and_no_other() {
    let (feed, act) = stream("text/plain");
    let upstream = Upstream::doing([act, Act::Hang]);
    let gateway = TestGateway::to(upstream.host()).await;
    let client = Http2::connect(&gateway).await;
    let mut other = client.get(&gateway, "/other").await;
    let request = Http2::request(&gateway, "GET", "/left").body(nothing()).unwrap();
    tokio::select! {
        _ = client.send(request) => panic!("nobody answers"),
        _ = upstream.sees("it", |seen| seen.line.contains("/left")) => {}
    }
    assert!(upstream.is_left().await < LET_GO);
    feed.chunk("still here").await;
    let frame = other.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "still here");
    feed.end().await;
    bytes(other).await;
    let records = gateway.records(2).await;
    let left = records.iter().find(|record| record.item.path == "/left").unwrap();
    assert_eq!(left.item.outcome.unwrap().as_str(), "client_closed");
    assert_eq!(left.item.status_code, Some(499));
    gateway.finish().await;
}

#[tokio::test]
async fn an_upload_that_is_reset_halfway_is_the_clients_doing() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let client = Http2::connect(&gateway).await;
    let pieces = futures_util::stream::iter([Ok(Frame::data(Bytes::from_static(b"some")))]);
    let endless = StreamBody::new(pieces.chain(futures_util::stream::pending()));
    let request = Http2::request(&gateway, "POST", "/")
        .body(BodyExt::boxed(endless))
        .unwrap();
    tokio::select! {
        _ = client.send(request) => panic!("nobody answers"),
        _ = upstream.sees("the first piece", |seen| seen.body == b"some") => {}
    }
    assert!(upstream.is_left().await < LET_GO);
    let record = gateway.record().await.item;
    assert_eq!(record.outcome.unwrap().as_str(), "client_closed");
    assert_eq!(record.request_size, 4);
    gateway.finish().await;
}

#[tokio::test]
async fn an_answer_that_is_reset_halfway_cancels_the_upstream() {
    let (feed, act) = stream("text/plain");
    let upstream = Upstream::doing([act]);
    let gateway = TestGateway::to(upstream.host()).await;
    let client = Http2::connect(&gateway).await;
    let mut response = client.get(&gateway, "/").await;
    feed.chunk("some").await;
    response.body_mut().frame().await.unwrap().unwrap();
    drop(response);
    assert!(upstream.is_left().await < LET_GO);
    assert_eq!(gateway.record().await.item.outcome.unwrap().as_str(), "client_closed");
    gateway.finish().await;
}

#[tokio::test]
async fn an_upstream_that_breaks_off_resets_one_request_and_not_the_connection() {
    let (feed, act) = stream("text/plain");
    let upstream = Upstream::doing([act]);
    let gateway = TestGateway::to(upstream.host()).await;
    let client = Http2::connect(&gateway).await;
    let mut response = client.get(&gateway, "/").await;
    feed.chunk("some").await;
    response.body_mut().frame().await.unwrap().unwrap();
    feed.break_off();
    assert!(response.body_mut().collect().await.is_err());
    assert_eq!(client.get(&gateway, "/again").await.status(), 200);
    gateway.finish().await;
}

#[tokio::test]
async fn the_gateways_own_doors_answer_as_well() {
    let gateway = TestGateway::builder().start().await;
    let client = Http2::connect(&gateway).await;
    let request = http::Request::get(format!("http://{}/health", gateway.address));
    let response = client.send(request.body(nothing()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(json(response).await["status"], "healthy");
    gateway.finish().await;
}

#[rstest]
#[case::too_large("x".repeat(9000), 1)]
#[case::too_many("1".to_owned(), 200)]
#[tokio::test]
async fn fields_have_limits(#[case] value: String, #[case] times: usize) {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .config(|config| config.server.max_header_bytes = 8192)
        .start()
        .await;
    let client = Http2::connect(&gateway).await;
    let mut request = Http2::request(&gateway, "GET", "/").body(nothing()).unwrap();
    for _ in 0..times {
        request.headers_mut().append("x-a", value.parse().unwrap());
    }
    let response = client.send(request).await.unwrap();
    assert_eq!(response.status(), 431);
    assert_eq!(json(response).await["error"]["code"], "head_too_large");
    assert_eq!(upstream.seen().len(), 0);
    assert_eq!(gateway.record().await.item.status_code, Some(431));
    gateway.finish().await;
}

#[tokio::test]
async fn at_the_end_a_client_is_told_to_go_and_its_requests_end() {
    let (feed, act) = stream("text/plain");
    let upstream = Upstream::doing([act]);
    let gateway = TestGateway::to(upstream.host()).await;
    let client = Http2::connect(&gateway).await;
    let mut response = client.get(&gateway, "/").await;
    let address = gateway.address;
    let last = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        feed.chunk("last words").await;
        feed.end().await;
        let frame = response.body_mut().frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "last words");
        assert!(bytes(response).await.is_empty(), "the end is clean");
    };
    tokio::join!(gateway.finish(), last);
    client.ended().await;
}

#[rstest]
#[case::half_a_preface("PRI * HTTP/2.0\r\n")]
#[case::preface_alone("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
#[tokio::test]
async fn a_client_that_says_nothing_more_is_shown_out(#[case] sent: &str) {
    let gateway = impatient(&Upstream::start()).await;
    let mut raw = Raw::connect(&gateway).await;
    let started = Instant::now();
    raw.send(sent).await;
    raw.read_to_end().await;
    assert!(started.elapsed() >= Duration::from_millis(900));
    assert!(started.elapsed() < Duration::from_secs(5));
    gateway.finish().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_politely_and_one_with_a_slow_answer_is_not() {
    let (feed, act) = stream("text/plain");
    let upstream = Upstream::doing([act]);
    let gateway = impatient(&upstream).await;
    let client = Http2::connect(&gateway).await;
    let response = client.get(&gateway, "/").await;
    // Longer than an idle connection may be silent.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    feed.end().await;
    bytes(response).await;
    client.ended().await;
    gateway.finish().await;
}

async fn impatient(upstream: &Upstream) -> TestGateway {
    TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .config(|config| {
            config.server.header_timeout_seconds = 1;
            config.server.keep_alive_seconds = 1;
        })
        .start()
        .await
}

mod floods {
    //! Clients that use HTTP/2 to make work without doing any; their connections end.

    use super::*;

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const SETTINGS: u8 = 4;
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const CONTINUATION: u8 = 9;
    const END_STREAM_AND_HEADERS: u8 = 5;

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        frame
    }

    /// `GET http://h/`.
    const GET: &[u8] = &[0x82, 0x86, 0x84, 0x01, 1, b'h'];

    async fn open(gateway: &TestGateway) -> Raw {
        let mut raw = Raw::connect(gateway).await;
        raw.send([PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await;
        raw
    }

    /// Sends until the gateway has closed; a closed connection may still take some bytes.
    async fn is_shown_out(raw: &mut Raw, frames: impl Iterator<Item = Vec<u8>>) {
        for frame in frames {
            if raw.try_send(frame).await.is_err() {
                return;
            }
        }
        raw.read_to_end().await;
    }

    #[tokio::test]
    async fn requests_that_are_taken_back_at_once_end_the_connection() {
        let upstream = Upstream::start();
        let gateway = TestGateway::to(upstream.host()).await;
        let mut raw = open(&gateway).await;
        let pairs = (0..5000_u32).map(|n| {
            let stream = n * 2 + 1;
            let ask = frame(HEADERS, END_STREAM_AND_HEADERS, stream, GET);
            [ask, frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat()
        });
        let together: Vec<Vec<u8>> = pairs
            .collect::<Vec<_>>()
            .chunks(100)
            .map(|some| some.concat())
            .collect();
        is_shown_out(&mut raw, together.into_iter()).await;
        // Those that it looked at before have their records; they carried no key.
        gateway
            .until("they are recorded", |app| app.audit.live.in_flight() == 0)
            .await;
        assert_eq!(upstream.seen().len(), 0);
        let recorded = gateway.records(0).await.len();
        assert!(recorded < 1000, "{recorded} requests were looked at");
        (0..recorded).for_each(|_| gateway.count_request());
        gateway.finish().await;
    }

    #[tokio::test]
    async fn a_head_without_end_ends_the_connection() {
        let gateway = TestGateway::to(Upstream::start().host()).await;
        let mut raw = open(&gateway).await;
        // A literal field, never indexed, again and again.
        let field = [&[0x10, 3][..], b"x-a", &[100], &[b'v'; 100]].concat().repeat(100);
        let first = frame(HEADERS, 0, 1, &[GET, &field].concat());
        let more = (0..1000).map(|_| frame(CONTINUATION, 0, 1, &field));
        is_shown_out(&mut raw, std::iter::once(first).chain(more)).await;
        gateway.finish().await;
    }

    #[rstest]
    #[case::in_the_middle_of_a_frame(frame(HEADERS, END_STREAM_AND_HEADERS, 3, GET)[..12].to_vec())]
    #[case::that_goes_on(frame(HEADERS, 1, 3, GET))]
    #[tokio::test]
    async fn a_head_that_is_not_ended_in_time_ends_the_connection_also_beside_an_answer(#[case] begun: Vec<u8>) {
        let upstream = Upstream::doing([Act::Hang]);
        let gateway = TestGateway::builder()
            .route(json!({"target_host": upstream.host(), "auth": "none"}))
            .config(|config| config.server.header_timeout_seconds = 1)
            .start()
            .await;
        let mut raw = open(&gateway).await;
        gateway.count_request();
        raw.send(frame(HEADERS, END_STREAM_AND_HEADERS, 1, GET)).await;
        upstream.sees("the whole request", |_| true).await;
        let started = Instant::now();
        raw.send(begun).await;
        raw.read_to_end().await;
        assert!(started.elapsed() >= Duration::from_millis(900));
        gateway.finish().await;
    }

    #[tokio::test]
    async fn a_client_that_abandons_most_of_its_requests_is_shown_out() {
        let upstream = Upstream::doing((0..200).map(|_| Act::Hang));
        let gateway = TestGateway::to(upstream.host()).await;
        let client = Http2::connect(&gateway).await;
        for _ in 0..200 {
            let request = Http2::request(&gateway, "GET", "/").body(nothing()).unwrap();
            tokio::select! {
                _ = client.send(request) => panic!("nobody answers"),
                () = gateway.until("it is asked", |app| app.audit.live.in_flight() == 1) => {}
            }
            gateway.until("it is left", |app| app.audit.live.in_flight() == 0).await;
        }
        let request = http::Request::get(format!("http://{}/", gateway.address));
        assert!(client.send(request.body(nothing()).unwrap()).await.is_err());
        client.ended().await;
        gateway.finish().await;
    }
}

#[tokio::test]
async fn a_body_that_is_said_to_be_empty_takes_no_connection_before_it_has_ended() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let client = Http2::connect(&gateway).await;
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let last = futures_util::stream::once(async move {
        drop(ended.await);
        Ok(Frame::data(Bytes::new()))
    });
    let request = Http2::request(&gateway, "POST", "/")
        .header("content-length", "0")
        .body(BodyExt::boxed(StreamBody::new(last)))
        .unwrap();
    let mut sending = Box::pin(client.send(request));
    let waited = tokio::time::timeout(Duration::from_millis(300), &mut sending).await;
    assert!(waited.is_err(), "nobody has answered yet");
    assert_eq!(upstream.connections(), 0);
    drop(end);
    assert_eq!(sending.await.unwrap().status(), 200);
    let seen = upstream.only();
    assert_eq!((seen.header("content-length"), seen.body.len()), ("0".to_owned(), 0));
    gateway.finish().await;
}
