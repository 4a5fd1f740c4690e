//! Before the stages: TLS on the listener, which certificate a client gets, and how new ones come in.

use crate::support::gateway::{PATIENCE, TestGateway};
use crate::support::http2::{Http2, json};
use crate::support::tls::{Made, TlsClient, exchange, make, shown};
use crate::support::upstream::Upstream;
use rstest::rstest;
use serde_json::json;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn secure(upstream: &Upstream, certificate: &Made) -> TestGateway {
    let files = certificate.files.clone();
    TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .config(|config| {
            config.server.tls.cert = Some(files.cert);
            config.server.tls.key = Some(files.key);
            config.server.header_timeout_seconds = 1;
        })
        .start()
        .await
}

fn get(gateway: &TestGateway, connection: &str) -> String {
    gateway.count_request();
    let key = gateway.key();
    format!("GET /x HTTP/1.1\r\nHost: a.example\r\nX-API-Key: {key}\r\nConnection: {connection}\r\n\r\n")
}

#[rstest]
#[case::none_offered(&[])]
#[case::http_1(&["http/1.1"])]
#[tokio::test]
async fn http_1_1_is_spoken_over_tls_and_the_upstream_hears_of_it(#[case] protocols: &[&str]) {
    let folder = TempDir::new().unwrap();
    let made = make(folder.path(), "a", &["a.example"]);
    let upstream = Upstream::start();
    let gateway = secure(&upstream, &made).await;
    let client = TlsClient::trusting([&made], protocols);
    let mut stream = client.connect(&gateway, "a.example").await.unwrap();
    let answer = exchange(&mut stream, &get(&gateway, "close")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(upstream.only().header("x-forwarded-proto"), "https");
    gateway.finish().await;
}

#[tokio::test]
async fn http_2_is_chosen_in_the_handshake() {
    let folder = TempDir::new().unwrap();
    let made = make(folder.path(), "a", &["a.example"]);
    let upstream = Upstream::start();
    let gateway = secure(&upstream, &made).await;
    let client = TlsClient::trusting([&made], &["h2", "http/1.1"]);
    let stream = client.connect(&gateway, "a.example").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let http2 = Http2::over(stream).await;
    let response = http2.get(&gateway, "/x").await;
    assert_eq!(response.status(), 200);
    assert_eq!(json(response).await["line"], "GET /x HTTP/1.1");
    let seen = upstream.only();
    assert_eq!(seen.header("x-forwarded-proto"), "https");
    assert_eq!(seen.header("via"), "2 fastgate");
    gateway.finish().await;
}

#[tokio::test]
async fn a_client_gets_the_certificate_of_the_name_that_it_asks_for() {
    let folder = TempDir::new().unwrap();
    let first = make(folder.path(), "first", &["a.example"]);
    let second = make(folder.path(), "second", &["*.b.example"]);
    let (files, more) = (first.files.clone(), vec![second.files.clone()]);
    let gateway = TestGateway::builder()
        .config(|config| {
            config.server.tls.cert = Some(files.cert);
            config.server.tls.key = Some(files.key);
            config.server.tls.certificates = more;
        })
        .start()
        .await;
    let client = TlsClient::trusting([&first, &second], &[]);
    let got = client.connect(&gateway, "a.example").await.unwrap();
    assert_eq!(shown(&got), first.der);
    let got = client.connect(&gateway, "x.b.example").await.unwrap();
    assert_eq!(shown(&got), second.der);
    // It gets the first, and finds that it is another's.
    assert!(client.connect(&gateway, "c.example").await.is_err());
    gateway.finish().await;
}

#[tokio::test]
async fn a_new_certificate_comes_in_while_a_connection_goes_on() {
    let folder = TempDir::new().unwrap();
    let old = make(folder.path(), "a", &["a.example"]);
    let upstream = Upstream::start();
    let gateway = secure(&upstream, &old).await;
    let client = TlsClient::trusting([&old], &[]);
    let mut held = client.connect(&gateway, "a.example").await.unwrap();
    held.write_all(get(&gateway, "keep-alive").as_bytes()).await.unwrap();
    let mut some = [0; 16];
    held.read_exact(&mut some).await.unwrap();

    let new = make(folder.path(), "a", &["a.example"]);
    gateway.certificates.reload(&gateway.app.config.server.tls).await;
    let got = TlsClient::trusting([&new], &[]).connect(&gateway, "a.example").await;
    assert_eq!(shown(&got.unwrap()), new.der);

    let rest = exchange(&mut held, &get(&gateway, "close")).await;
    assert!(rest.contains("HTTP/1.1 200 "), "{rest}");
    gateway.finish().await;
}

#[tokio::test]
async fn a_changed_file_is_noticed_and_one_that_cannot_be_read_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let old = make(folder.path(), "a", &["a.example"]);
    let gateway = secure(&Upstream::start(), &old).await;
    let (certificates, config) = (gateway.certificates.clone(), gateway.app.config.clone());
    let watching = tokio::spawn(certificates.watch(config));

    std::fs::write(&old.files.cert, "half a certificate").unwrap();
    gateway.certificates.reload(&gateway.app.config.server.tls).await;
    let got = TlsClient::trusting([&old], &[]).connect(&gateway, "a.example").await;
    assert_eq!(shown(&got.unwrap()), old.der);

    let new = make(folder.path(), "a", &["a.example"]);
    let client = TlsClient::trusting([&new], &[]);
    let started = Instant::now();
    while client.connect(&gateway, "a.example").await.is_err() {
        assert!(started.elapsed() < PATIENCE, "the new certificate: not in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    watching.abort();
    gateway.finish().await;
}

#[rstest]
#[case::silence("")]
#[case::half_a_handshake("\x16\x03\x01\x02")]
#[tokio::test]
async fn a_handshake_that_does_not_go_on_is_cut_off_and_keeps_nobody_waiting(#[case] sent: &str) {
    let folder = TempDir::new().unwrap();
    let made = make(folder.path(), "a", &["a.example"]);
    let gateway = secure(&Upstream::start(), &made).await;
    let mut silent = TcpStream::connect(gateway.address).await.unwrap();
    let started = Instant::now();
    let end = async {
        let answer = exchange(&mut silent, sent).await;
        (answer, started.elapsed())
    };
    let other = async {
        let client = TlsClient::trusting([&made], &[]);
        let mut stream = client.connect(&gateway, "a.example").await.unwrap();
        exchange(&mut stream, &get(&gateway, "close")).await;
        started.elapsed()
    };
    let ((_, cut_off), answered) = tokio::join!(end, other);
    assert!(answered < cut_off, "{answered:?} {cut_off:?}");
    assert!(cut_off >= Duration::from_millis(900) && cut_off < Duration::from_secs(4));
    gateway.finish().await;
}

#[tokio::test]
async fn plain_http_is_told_that_tls_is_spoken_here() {
    let folder = TempDir::new().unwrap();
    let made = make(folder.path(), "a", &["a.example"]);
    let upstream = Upstream::start();
    let gateway = secure(&upstream, &made).await;
    let mut plain = TcpStream::connect(gateway.address).await.unwrap();
    let answer = exchange(&mut plain, &get(&gateway, "keep-alive")).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("tls_required"), "{answer}");
    assert_eq!(upstream.seen().len(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_answered_over_tls_as_well() {
    let folder = TempDir::new().unwrap();
    let made = make(folder.path(), "a", &["a.example"]);
    let gateway = secure(&Upstream::start(), &made).await;
    gateway.count_request();
    let client = TlsClient::trusting([&made], &["http/1.1"]);
    let mut stream = client.connect(&gateway, "a.example").await.unwrap();
    let answer = exchange(&mut stream, "nonsense\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("malformed_request"), "{answer}");
    gateway.finish().await;
}

#[tokio::test]
async fn the_dashboards_cookie_is_a_secure_one_although_the_browser_names_no_origin() {
    let folder = TempDir::new().unwrap();
    let made = make(folder.path(), "a", &["gate.example"]);
    let gateway = secure(&Upstream::start(), &made).await;
    let client = TlsClient::trusting([&made], &[]);
    let mut stream = client.connect(&gateway, "gate.example").await.unwrap();
    let body = json!({"token": "the-admin-token-of-all-tests"}).to_string();
    let length = body.len();
    let answer = exchange(
        &mut stream,
        &format!(
            "POST /admin/rpc/sign_in HTTP/1.1\r\nHost: gate.example\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("set-cookie: __Host-"), "{answer}");
    assert!(answer.contains("https://gate.example"), "{answer}");
    gateway.finish().await;
}
