//! Failures told from real errors of the client library.

use super::Failure;
use crate::body::replay::AttemptBody;
use crate::upstream::client::{ClientSettings, UpstreamClient};
use http::Request;
use rstest::rstest;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn failure_of(url: &str) -> Failure {
    let client = UpstreamClient::new(ClientSettings {
        connect_timeout: Duration::from_secs(5),
        pool_idle: Duration::from_secs(1),
        pool_max_idle_per_host: 0,
    })
    .unwrap();
    let mut request = Request::new(AttemptBody::Empty);
    *request.uri_mut() = url.parse().unwrap();
    Failure::of(&client.send(request).await.expect_err("a failure"))
}

/// An upstream that reads a head, answers with these bytes and closes.
async fn answering(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 1024];
        let _ = stream.read(&mut head).await;
        let _ = stream.write_all(bytes).await;
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
    assert_eq!(failure_of(&format!("http://{upstream}/")).await, expected);
}

#[tokio::test]
async fn a_closed_port_is_a_failed_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(failure_of(&format!("http://{address}/")).await, Failure::Connect);
}

#[tokio::test]
async fn an_upstream_that_speaks_no_tls_is_told() {
    let upstream = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert_eq!(failure_of(&format!("https://{upstream}/")).await, Failure::Tls);
}

#[tokio::test]
async fn a_name_without_an_address_is_told() {
    assert_eq!(failure_of("http://no-such-host.invalid/").await, Failure::Dns);
}
