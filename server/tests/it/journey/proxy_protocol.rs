//! Before the stages: a load balancer says who the client is, in front of everything else on a connection.

use crate::support::gateway::TestGateway;
use crate::support::http2::{Http2, bytes};
use crate::support::tls::{TlsClient, exchange, make};
use crate::support::upstream::Upstream;
use fastgate::config::ProxyProtocol;
use ppp::v2;
use rstest::rstest;
use serde_json::json;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

const HEADER: &str = "PROXY TCP4 203.0.113.7 10.0.0.1 1234 443\r\n";

/// A gateway that trusts these, and expects headers from them.
async fn behind(upstream: &Upstream, trusted: &[&str], mode: ProxyProtocol) -> TestGateway {
    TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .config(|config| {
            config.server.trusted_proxies = trusted.iter().map(|network| network.parse().unwrap()).collect();
            config.server.proxy_protocol = mode;
            config.server.header_timeout_seconds = 1;
        })
        .start()
        .await
}

fn request(gateway: &TestGateway, fields: &str) -> String {
    gateway.count_request();
    let key = gateway.key();
    format!("GET /x HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\nConnection: close\r\n{fields}\r\n")
}

async fn send(gateway: &TestGateway, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    exchange(&mut stream, "").await
}

fn version_2(command: v2::Command, client: &str) -> Vec<u8> {
    let client: std::net::SocketAddr = client.parse().unwrap();
    let here: std::net::SocketAddr = if client.is_ipv4() {
        "10.0.0.1:443"
    } else {
        "[2001:db8::1]:443"
    }
    .parse()
    .unwrap();
    v2::Builder::with_addresses(v2::Version::Two | command, v2::Protocol::Stream, (client, here))
        .build()
        .unwrap()
}

#[rstest]
#[case::version_1(HEADER.as_bytes().to_vec(), "203.0.113.7")]
#[case::version_2(version_2(v2::Command::Proxy, "203.0.113.7:1234"), "203.0.113.7")]
#[case::version_6(version_2(v2::Command::Proxy, "[2001:db8::7]:1234"), "2001:db8::7")]
#[case::unknown(b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1")]
#[case::local(version_2(v2::Command::Local, "203.0.113.7:1234"), "127.0.0.1")]
#[tokio::test]
async fn the_client_is_whom_the_header_names(#[case] header: Vec<u8>, #[case] client: &str) {
    let upstream = Upstream::start();
    let gateway = behind(&upstream, &["127.0.0.0/8"], ProxyProtocol::Required).await;
    let request = request(&gateway, "");
    let answer = send(&gateway, &[header, request.into_bytes()].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(upstream.only().header("x-forwarded-for"), client);
    assert_eq!(gateway.record().await.item.ip_address, client);
    gateway.finish().await;
}

#[rstest]
#[case::a_stranger_behind_the_proxy(&["127.0.0.0/8"], "203.0.113.7", "203.0.113.7")]
#[case::another_trusted_proxy(&["127.0.0.0/8", "203.0.113.0/24"], "198.51.100.1, 203.0.113.7", "198.51.100.1")]
#[tokio::test]
async fn forwarding_fields_are_believed_from_whom_the_header_names_if_that_one_is_trusted(
    #[case] trusted: &[&str],
    #[case] chain: &str,
    #[case] client: &str,
) {
    let upstream = Upstream::start();
    let gateway = behind(&upstream, trusted, ProxyProtocol::Required).await;
    let request = request(&gateway, "X-Forwarded-For: 198.51.100.1\r\n");
    send(&gateway, format!("{HEADER}{request}").as_bytes()).await;
    assert_eq!(upstream.only().header("x-forwarded-for"), chain);
    assert_eq!(gateway.record().await.item.ip_address, client);
    gateway.finish().await;
}

#[tokio::test]
async fn a_header_in_pieces_is_put_together() {
    let upstream = Upstream::start();
    let gateway = behind(&upstream, &["127.0.0.1/32"], ProxyProtocol::Required).await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in HEADER.bytes() {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let answer = exchange(&mut stream, &request(&gateway, "")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(upstream.only().header("x-forwarded-for"), "203.0.113.7");
    gateway.finish().await;
}

#[tokio::test]
async fn http_2_may_follow() {
    let upstream = Upstream::start();
    let gateway = behind(&upstream, &["127.0.0.1/32"], ProxyProtocol::Required).await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(HEADER.as_bytes()).await.unwrap();
    let client = Http2::over(stream).await;
    bytes(client.get(&gateway, "/x").await).await;
    assert_eq!(upstream.only().header("x-forwarded-for"), "203.0.113.7");
    gateway.finish().await;
}

#[tokio::test]
async fn a_handshake_may_follow() {
    let folder = TempDir::new().unwrap();
    let made = make(folder.path(), "a", &["a.example"]);
    let upstream = Upstream::start();
    let files = made.files.clone();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .config(|config| {
            config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
            config.server.proxy_protocol = ProxyProtocol::Required;
            config.server.tls.cert = Some(files.cert);
            config.server.tls.key = Some(files.key);
        })
        .start()
        .await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(HEADER.as_bytes()).await.unwrap();
    let client = TlsClient::trusting([&made], &[]);
    let mut stream = client.over(stream, "a.example").await.unwrap();
    let answer = exchange(&mut stream, &request(&gateway, "")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let seen = upstream.only();
    assert_eq!(seen.header("x-forwarded-for"), "203.0.113.7");
    assert_eq!(seen.header("x-forwarded-proto"), "https");
    gateway.finish().await;
}

#[rstest]
#[case::no_header("GET / HTTP/1.1\r\nHost: h\r\n\r\n")]
#[case::bad_port("PROXY TCP4 203.0.113.7 10.0.0.1 1234 70000\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n")]
#[case::endless(&format!("PROXY UNKNOWN {}", "x".repeat(5000)))]
#[tokio::test]
async fn a_trusted_proxy_that_sends_no_good_header_is_shown_out_without_an_answer(#[case] sent: &str) {
    let upstream = Upstream::start();
    let gateway = behind(&upstream, &["127.0.0.1/32"], ProxyProtocol::Required).await;
    let started = Instant::now();
    assert_eq!(send(&gateway, sent.as_bytes()).await, "");
    assert!(started.elapsed() < Duration::from_millis(900), "at once");
    assert_eq!(upstream.seen().len(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn a_header_that_does_not_end_has_as_long_as_a_head() {
    let gateway = behind(&Upstream::start(), &["127.0.0.1/32"], ProxyProtocol::Required).await;
    let started = Instant::now();
    assert_eq!(send(&gateway, b"PROXY TCP4 203.0").await, "");
    assert!(started.elapsed() >= Duration::from_millis(900));
    gateway.finish().await;
}

#[rstest]
#[case::off(&["127.0.0.1/32"], ProxyProtocol::Off)]
#[case::not_trusted(&["10.0.0.0/8"], ProxyProtocol::Required)]
#[tokio::test]
async fn a_header_that_nobody_asked_for_is_a_malformed_request(#[case] trusted: &[&str], #[case] mode: ProxyProtocol) {
    let upstream = Upstream::start();
    let gateway = behind(&upstream, trusted, mode).await;
    let request = request(&gateway, "");
    let answer = send(&gateway, format!("{HEADER}{request}").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(upstream.seen().len(), 0);
    assert_eq!(gateway.record().await.item.ip_address, "127.0.0.1");
    gateway.finish().await;
}

#[rstest]
#[case::not_trusted(&["10.0.0.0/8"], ProxyProtocol::Required)]
#[case::optional(&["127.0.0.1/32"], ProxyProtocol::Optional)]
#[tokio::test]
async fn without_a_header_a_plain_connection_is_served(#[case] trusted: &[&str], #[case] mode: ProxyProtocol) {
    let upstream = Upstream::start();
    let gateway = behind(&upstream, trusted, mode).await;
    let request = request(&gateway, "");
    let answer = send(&gateway, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(upstream.only().header("x-forwarded-for"), "127.0.0.1");
    gateway.finish().await;
}
