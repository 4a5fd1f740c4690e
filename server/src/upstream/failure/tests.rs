//! Failures told from real errors of the client library.

use super::{Failure, TlsFault};
use crate::body::replay::AttemptBody;
use crate::upstream::client::{ClientSettings, UpstreamClient};
use crate::upstream::interim::Interim;
use crate::upstream::resolve::SystemLookup;
use fastgate_shared::route::{Protocol, RouteDefinition};
use http::{Request, Version};
use rstest::rstest;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn failure_of(protocol: Protocol, host: &str) -> Failure {
    let settings = ClientSettings {
        workers: 1,
        connect_timeout: Duration::from_secs(5),
        dns_timeout: Duration::from_secs(5),
        pool_idle: Duration::from_secs(1),
        pool_max_idle_per_host: 0,
        max_response_headers: 64,
        allowed_networks: Vec::new(),
    };
    let client = UpstreamClient::new(settings, Arc::new(SystemLookup));
    let route = json!({"route_name": "one", "match_path": "/*", "target_host": host});
    let route: RouteDefinition = serde_json::from_value(route).unwrap();
    let authority = host.parse().unwrap();
    let hosts = client.hosts(&route, [(protocol, &authority)].into_iter()).unwrap();
    let mut request = Request::new(AttemptBody::Empty);
    let scheme = if protocol == Protocol::Https { "https" } else { "http" };
    *request.uri_mut() = format!("{scheme}://{host}/").parse().unwrap();
    if protocol == Protocol::H2c {
        *request.version_mut() = Version::HTTP_2;
    }
    let mut interim = Interim::new(None, Instant::now());
    match hosts[0].send(request, &mut interim).await {
        Ok(response) => panic!("{}", response.status()),
        Err(failure) => failure,
    }
}

/// An upstream that reads a head, answers with these bytes and closes.
async fn answering(bytes: impl AsRef<[u8]> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 1024];
        let _ = stream.read(&mut head).await;
        let _ = stream.write_all(bytes.as_ref()).await;
        let _ = stream.shutdown().await;
        while stream.read(&mut head).await.is_ok_and(|read| read > 0) {}
    });
    address.to_string()
}

#[rstest]
#[case::nothing(b"", Failure::ConnectionLost)]
#[case::half_a_head(b"HTTP/1.1 200 OK\r\nContent-", Failure::ConnectionLost)]
#[case::garbage(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Failure::Malformed)]
#[case::bad_status(b"HTTP/1.1 9999 What\r\n\r\n", Failure::Malformed)]
#[case::two_lengths(
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    Failure::Malformed
)]
#[tokio::test]
async fn an_answer_that_is_none_is_told(#[case] bytes: &'static [u8], #[case] expected: Failure) {
    let upstream = answering(bytes).await;
    assert_eq!(failure_of(Protocol::Http, &upstream).await, expected);
}

#[rstest]
#[case::many_fields("X-A: 1\r\n".repeat(65))]
#[case::a_large_one(format!("X-A: {}\r\n", "a".repeat(500 << 10)))]
#[tokio::test]
async fn an_answer_with_too_large_a_head_is_told(#[case] fields: String) {
    let upstream = answering(format!("HTTP/1.1 204 No Content\r\n{fields}\r\n")).await;
    assert_eq!(failure_of(Protocol::Http, &upstream).await, Failure::HeadTooLarge);
}

const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

/// The frames of an HTTP/2 connection, after the settings.
fn frames(frames: &[u8]) -> &'static [u8] {
    [SETTINGS, frames].concat().leak()
}

#[rstest]
#[case::nothing(b"", Failure::ConnectionLost)]
#[case::another_version(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", Failure::Malformed)]
#[case::silence_after_the_settings(frames(b""), Failure::ConnectionLost)]
#[case::a_refused_stream(frames(b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x07"), Failure::NotProcessed)]
#[case::a_reset_stream(frames(b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x02"), Failure::ConnectionLost)]
#[case::an_end_before_the_request(frames(b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0"), Failure::NotProcessed)]
#[case::an_end_with_an_error(frames(b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0b"), Failure::ConnectionLost)]
#[tokio::test]
async fn an_http2_answer_that_is_none_is_told(#[case] bytes: &'static [u8], #[case] expected: Failure) {
    let upstream = answering(bytes).await;
    assert_eq!(failure_of(Protocol::H2c, &upstream).await, expected);
}

#[tokio::test]
async fn a_closed_port_is_a_failed_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(failure_of(Protocol::Http, &address.to_string()).await, Failure::Connect);
}

#[tokio::test]
async fn an_upstream_that_speaks_no_tls_is_told() {
    let upstream = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert_eq!(
        failure_of(Protocol::Https, &upstream).await,
        Failure::Tls(TlsFault::NotSpoken)
    );
}

#[tokio::test]
async fn a_name_without_an_address_is_told() {
    assert_eq!(failure_of(Protocol::Http, "no-such-host.invalid").await, Failure::Dns);
}

#[rstest]
#[case::as_it_is("169.254.169.254")]
#[case::in_decimal("2852039166")]
#[case::mapped("[::ffff:169.254.169.254]:80")]
#[tokio::test]
async fn an_address_that_is_refused_is_not_connected_to(#[case] host: &str) {
    assert_eq!(failure_of(Protocol::Http, host).await, Failure::AddressRefused);
}
