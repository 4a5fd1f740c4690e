//! Upgraded connections: who gets one, what flows through it, how it ends, and what its record says.

use crate::support::client::{Raw, exchange};
use crate::support::gateway::TestGateway;
use crate::support::upstream::{Act, Upstream, answer, switch_to};
use fastgate_shared::audit_log::LogRecord;
use futures_util::{SinkExt as _, StreamExt as _};
use rstest::rstest;
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{accept_async, client_async};

const SECOND: Duration = Duration::from_secs(1);

/// A request for a switch, with the key.
fn asking(gateway: &TestGateway, protocol: &str) -> String {
    gateway.count_request();
    format!(
        "GET /socket HTTP/1.1\r\nHost: h\r\nX-API-Key: {}\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\
         Sec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\n\r\n",
        gateway.key()
    )
}

/// A tunnel through which each byte comes back, and the head with which it began.
async fn echoing(gateway: &TestGateway) -> (Raw, String) {
    let mut raw = Raw::connect(gateway).await;
    raw.send(asking(gateway, "websocket")).await;
    let head = raw.read_until("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    (raw, head)
}

fn outcome(record: &LogRecord) -> &str {
    record.item.outcome.unwrap().as_str()
}

#[tokio::test]
async fn a_switch_that_the_upstream_agrees_to_becomes_a_tunnel_with_one_record() {
    let upstream = Upstream::doing([switch_to("WebSocket")]);
    let gateway = TestGateway::to(upstream.host()).await;
    let (mut raw, head) = echoing(&gateway).await;
    let head = head.to_ascii_lowercase();
    assert!(head.contains("\r\nupgrade: websocket\r\n"), "{head}");
    assert!(head.contains("\r\nconnection: upgrade\r\n"), "{head}");
    assert!(
        head.contains("\r\nx-a: 1\r\n") && head.contains("\r\nx-request-id: "),
        "{head}"
    );
    assert!(
        !head.contains("content-length") && !head.contains("transfer-encoding"),
        "{head}"
    );
    raw.send("through and back").await;
    assert_eq!(raw.read_until("back").await, "through and back");
    raw.end().await;
    assert_eq!(raw.read_to_end().await, "");
    let seen = upstream.only();
    assert_eq!(seen.header("upgrade"), "websocket");
    assert_eq!(seen.header("connection"), "upgrade");
    assert_eq!(seen.header("sec-websocket-key"), "abc");
    assert!(!seen.contains(gateway.key()));
    let record = gateway.record().await;
    assert_eq!((record.item.status_code, outcome(&record)), (Some(101), "ok"));
    assert_eq!((record.item.request_size, record.item.response_size), (16, 16));
    assert_eq!(record.item.error_message, None);
    gateway.finish().await;
}

#[tokio::test]
async fn bytes_that_come_with_the_heads_are_not_lost() {
    let early = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: a/1\r\n\r\nfrom the upstream;";
    let upstream = Upstream::doing([Act::Switch(early.to_owned())]);
    let gateway = TestGateway::to(upstream.host()).await;
    let mut raw = Raw::connect(&gateway).await;
    raw.send(asking(&gateway, "a/1") + "from the client;").await;
    let came = raw.read_until("from the client;").await;
    assert!(came.ends_with("\r\n\r\nfrom the upstream;from the client;"), "{came}");
    raw.end().await;
    raw.read_to_end().await;
    gateway.finish().await;
}

#[rstest]
#[case::to_something_else("h2c")]
#[case::to_more("websocket, h2c")]
#[case::to_nothing("")]
#[tokio::test]
async fn an_upstream_that_switches_to_what_nobody_asked_for_is_malformed(#[case] protocol: &str) {
    let upstream = Upstream::doing([switch_to(protocol)]);
    let gateway = TestGateway::to(upstream.host()).await;
    let mut raw = Raw::connect(&gateway).await;
    raw.send(asking(&gateway, "websocket")).await;
    let answer = raw.read_until("}").await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert!(answer.contains("upstream_malformed"), "{answer}");
    upstream.is_left().await;
    gateway.finish().await;
}

#[rstest]
#[case::http_2_in_clear(
    "HTTP/1.1",
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
)]
#[case::settings_that_connection_does_not_name(
    "HTTP/1.1",
    "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
)]
#[case::http_1_0("HTTP/1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n")]
#[case::no_connection_option("HTTP/1.1", "Upgrade: websocket\r\n")]
#[case::a_body("HTTP/1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n")]
#[tokio::test]
async fn what_is_not_to_be_switched_goes_on_as_an_ordinary_request(#[case] version: &str, #[case] fields: &str) {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let key = gateway.key();
    let body = if fields.contains("Content-Length") { "x" } else { "" };
    let mut raw = Raw::connect(&gateway).await;
    gateway.count_request();
    raw.send(format!(
        "GET / {version}\r\nHost: h\r\nX-API-Key: {key}\r\n{fields}\r\n{body}"
    ))
    .await;
    let answer = raw.read_until("\r\n\r\n").await;
    assert!(answer.contains(" 200 OK\r\n"), "{answer}");
    let seen = upstream.only();
    assert!(
        !seen.has("upgrade") && !seen.has("connection") && !seen.has("http2-settings"),
        "{seen:?}"
    );
    raw.end().await;
    raw.read_to_end().await;
    gateway.finish().await;
}

#[tokio::test]
async fn an_upstream_that_declines_is_relayed_and_the_connection_goes_on() {
    let upstream = Upstream::doing([
        answer("403 Forbidden", &["X-Why: origin"], "no"),
        answer(
            "426 Upgrade Required",
            &["Upgrade: websocket", "Connection: upgrade"],
            "ask for it",
        ),
    ]);
    let gateway = TestGateway::to(upstream.host()).await;
    let mut raw = Raw::connect(&gateway).await;
    raw.send(asking(&gateway, "websocket")).await;
    let declined = raw.read_until("\r\n\r\nno").await;
    assert!(declined.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{declined}");
    assert!(
        declined.contains("origin") && !declined.contains("upgrade"),
        "{declined}"
    );
    gateway.count_request();
    raw.send(format!(
        "GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: {}\r\n\r\n",
        gateway.key()
    ))
    .await;
    let required = raw.read_until("ask for it").await;
    assert!(required.contains("\r\nupgrade: websocket\r\n"), "{required}");
    raw.end().await;
    assert_eq!(gateway.records(2).await[0].item.status_code, Some(403));
    gateway.finish().await;
}

#[tokio::test]
async fn a_stranger_gets_no_tunnel_and_another_target_may_give_one() {
    let (down, upstream) = (Upstream::down(), Upstream::doing([switch_to("websocket")]));
    let gateway = TestGateway::builder()
        .route(json!({"targets": [{"host": down.host(), "weight": 1000}, {"host": upstream.host(), "weight": 1}]}))
        .start()
        .await;
    let stranger = exchange(
        &gateway,
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n",
    )
    .await;
    assert!(stranger.starts_with("HTTP/1.1 401 "), "{stranger}");
    let (mut raw, _) = echoing(&gateway).await;
    raw.end().await;
    raw.read_to_end().await;
    let records = gateway.records(2).await;
    assert_eq!(outcome(&records[1]), "ok");
    gateway.finish().await;
}

#[tokio::test]
async fn a_tunnel_outlives_the_limits_of_heads_and_shows_in_the_log_while_it_is_open() {
    let upstream = Upstream::doing([switch_to("websocket")]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "timeout": 1}))
        .config(|config| {
            config.server.header_timeout_seconds = 1;
            config.server.keep_alive_seconds = 1;
        })
        .start()
        .await;
    let (mut raw, _) = echoing(&gateway).await;
    raw.send("ping").await;
    raw.read_until("ping").await;
    tokio::time::sleep(SECOND * 2 + SECOND / 2).await;
    gateway.app.audit.flush().await;
    let shown = gateway.stored().await;
    assert_eq!((shown[0].item.status_code, shown[0].item.outcome), (Some(101), None));
    assert_eq!((shown[0].item.request_size, shown[0].item.response_size), (4, 4));
    let target = gateway.app.snapshot.load().routes.all_in_order()[0].plan.targets[0]
        .state
        .in_flight();
    assert_eq!(target, 1, "it counts against its target");
    raw.send("pong").await;
    raw.read_until("pong").await;
    raw.end().await;
    raw.read_to_end().await;
    let record = gateway.record().await;
    assert_eq!((outcome(&record), record.item.response_size), ("ok", 8));
    assert!(record.item.response_time_ms.unwrap() >= 2500.0);
    gateway.finish().await;
}

#[tokio::test]
async fn a_silent_tunnel_is_closed_and_its_record_says_so() {
    let upstream = Upstream::doing([switch_to("websocket")]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .config(|config| config.proxy.tunnel_idle_seconds = 1)
        .start()
        .await;
    let (mut raw, _) = echoing(&gateway).await;
    let started = Instant::now();
    assert_eq!(raw.read_to_end().await, "");
    assert!(started.elapsed() >= SECOND.mul_f32(0.9) && started.elapsed() < SECOND * 3);
    upstream.is_left().await;
    let record = gateway.record().await;
    assert_eq!((record.item.status_code, outcome(&record)), (Some(101), "timeout"));
    gateway.finish().await;
}

#[tokio::test]
async fn an_upstream_that_does_not_end_after_its_client_is_not_waited_for_longer_than_the_routes_timeout() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let (feed, pieces) = tokio::sync::mpsc::channel(1);
    let upstream = Upstream::doing([Act::Feed(head.to_owned(), pieces)]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "timeout": 1}))
        .start()
        .await;
    let (mut raw, _) = echoing(&gateway).await;
    raw.end().await;
    // It hears of the end at once.
    assert!(upstream.is_left().await < SECOND / 2);
    raw.read_to_end().await;
    drop(feed);
    gateway.record().await;
    gateway.finish().await;
}

#[tokio::test]
async fn a_client_that_breaks_off_ends_the_tunnel_at_the_upstream() {
    let upstream = Upstream::doing([switch_to("websocket")]);
    let gateway = TestGateway::to(upstream.host()).await;
    let (raw, _) = echoing(&gateway).await;
    raw.reset();
    assert!(upstream.is_left().await < SECOND / 4);
    let record = gateway.record().await;
    assert_eq!(
        (record.item.status_code, outcome(&record)),
        (Some(101), "client_closed")
    );
    gateway.finish().await;
}

#[tokio::test]
async fn the_end_of_the_drain_cuts_tunnels_off() {
    let upstream = Upstream::doing([switch_to("websocket")]);
    let gateway = TestGateway::to(upstream.host()).await;
    let (mut raw, _) = echoing(&gateway).await;
    gateway.cut_off().await;
    raw.read_to_end().await;
    assert_eq!(outcome(&gateway.record().await), "interrupted");
    upstream.is_left().await;
    gateway.finish().await;
}

/// Answers each message with itself.
async fn echo_messages() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut sink, mut source) = accept_async(stream).await.unwrap().split();
                while let Some(Ok(message)) = source.next().await {
                    if message.is_close() || sink.send(message).await.is_err() {
                        break;
                    }
                }
                // The client may have closed already.
                let _ = sink.close().await;
            });
        }
    });
    address
}

/// What comes back for 10,000 messages, and for the closing.
async fn conversation(address: SocketAddr, key: &str) -> Vec<Message> {
    let mut request = format!("ws://{address}/socket?x=1").into_client_request().unwrap();
    request.headers_mut().insert("x-api-key", key.parse().unwrap());
    let stream = TcpStream::connect(address).await.unwrap();
    let (socket, _) = client_async(request, stream).await.unwrap();
    let (mut sink, mut source) = socket.split();
    let sending = tokio::spawn(async move {
        for n in 0..10_000_usize {
            let size = (n * 7919) % 700 + usize::from(n % 1000 == 0) * 100_000;
            let message = match n % 3 {
                0 => Message::text("é".repeat(size / 2)),
                1 => Message::binary(vec![(n % 251) as u8; size]),
                _ => Message::text(n.to_string()),
            };
            sink.feed(message).await.unwrap();
        }
        sink.close().await.unwrap();
    });
    let mut heard = Vec::new();
    while let Some(Ok(message)) = source.next().await {
        heard.push(message);
    }
    sending.await.unwrap();
    heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_messages_come_back_as_over_a_direct_connection() {
    let upstream = echo_messages().await;
    let gateway = TestGateway::to(upstream.to_string()).await;
    gateway.count_request();
    let direct = conversation(upstream, "none").await;
    let through = conversation(gateway.address, gateway.key()).await;
    assert_eq!(direct.len(), 10_001);
    assert!(direct == through, "{} and {} messages", direct.len(), through.len());
    let record = gateway.record().await;
    assert_eq!((record.item.status_code, outcome(&record)), (Some(101), "ok"));
    assert!(
        record.item.request_size > record.item.response_size,
        "a client's frames are masked"
    );
    gateway.finish().await;
}
