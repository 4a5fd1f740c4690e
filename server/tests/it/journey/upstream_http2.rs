//! Upstreams over HTTP/2: by prior knowledge (`h2c`) and by negotiation (ALPN).

use crate::support::gateway::TestGateway;
use crate::support::modern::{Authority, Manner, answer};
use crate::support::upstream::Upstream;
use fastgate::config::Config;
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use tokio::sync::Barrier;

/// Each worker has connections of its own.
fn one_worker(config: &mut Config) {
    config.server.worker_threads = NonZeroUsize::new(1);
}

fn names(seen: &Value) -> BTreeSet<&str> {
    let fields = seen["headers"].as_array().unwrap().iter();
    fields.map(|field| field[0].as_str().unwrap()).collect()
}

#[tokio::test]
async fn h2c_is_spoken_from_the_first_byte() {
    let upstream = Manner::default().start().await;
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "target_protocol": "h2c"}))
        .config(one_worker)
        .start()
        .await;
    let answer = gateway
        .call(Method::POST, "/v1/chat?x=1")
        .header("connection", "keep-alive, x-hop")
        .header("x-hop", "1")
        .header("keep-alive", "timeout=5")
        .body("hello")
        .send()
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.head.version, http::Version::HTTP_11);
    let seen = answer.json().await;
    assert_eq!(seen["version"], "HTTP/2.0");
    assert_eq!(seen["uri"], format!("http://{}/v1/chat?x=1", upstream.host()));
    assert_eq!(seen["body"], "hello");
    let names = names(&seen);
    for gone in ["host", "connection", "keep-alive", "x-hop", "transfer-encoding", "te"] {
        assert!(!names.contains(gone), "{gone}");
    }
    assert!(names.contains("via") && names.contains("x-forwarded-for") && names.contains("content-length"));
    let record = gateway.record().await;
    assert_eq!(
        record.item.target_url.as_deref(),
        Some(&*format!("http://{}/v1/chat?x=1", upstream.host()))
    );
    gateway.finish().await;
}

#[tokio::test]
async fn a_body_of_unknown_length_flows_over_http2() {
    let upstream = Manner::default().start().await;
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "target_protocol": "h2c"}))
        .config(one_worker)
        .start()
        .await;
    let (call, pieces) = gateway.call(Method::POST, "/").pieces();
    let sending = tokio::spawn(async move {
        for piece in ["one ", "two ", "three"] {
            pieces.send(piece.into()).await.unwrap();
        }
    });
    let seen = call.send().await.json().await;
    sending.await.unwrap();
    assert_eq!(seen["body"], "one two three");
    gateway.finish().await;
}

#[tokio::test]
async fn requests_share_a_connection_and_spread_over_more_when_it_is_full() {
    const REQUESTS: usize = 250;
    let all = Arc::new(Barrier::new(REQUESTS));
    let upstream = {
        let all = all.clone();
        let meet = move |request: http::Request<hyper::body::Incoming>| {
            let all = all.clone();
            async move {
                if request.uri().path() == "/meet" {
                    all.wait().await;
                }
                answer("met")
            }
        };
        Manner::default().answering(meet).max_streams(100).start().await
    };
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "target_protocol": "h2c"}))
        .config(one_worker)
        .start()
        .await;
    let first: Vec<_> = join_all((0..20).map(|_| gateway.get("/").send())).await;
    assert!(first.iter().all(|answer| answer.status == 200));
    assert_eq!(upstream.connections(), 1);
    // Nobody is answered before all have come.
    let met = join_all((0..REQUESTS).map(|_| gateway.get("/meet").send())).await;
    for answer in met {
        assert_eq!(answer.text().await, "met");
    }
    assert_eq!(upstream.connections(), 3);
    gateway.finish().await;
}

#[tokio::test]
async fn a_client_that_leaves_cancels_its_stream_only() {
    let waiting = Arc::new(AtomicUsize::new(0));
    struct Waits(Arc<AtomicUsize>);
    impl Drop for Waits {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let upstream = {
        let waiting = waiting.clone();
        let hang = move |request: http::Request<hyper::body::Incoming>| {
            let waiting = waiting.clone();
            async move {
                if request.uri().path() == "/hang" {
                    waiting.fetch_add(1, Ordering::SeqCst);
                    let _waits = Waits(waiting);
                    std::future::pending::<()>().await;
                }
                answer("here")
            }
        };
        Manner::default().answering(hang).start().await
    };
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "target_protocol": "h2c"}))
        .config(one_worker)
        .start()
        .await;
    let hangs = gateway.until("the upstream has it", |_| waiting.load(Ordering::SeqCst) == 1);
    gateway.get("/hang").leave_when(hangs).await;
    gateway
        .until("the upstream is left", |_| waiting.load(Ordering::SeqCst) == 0)
        .await;
    assert_eq!(gateway.get("/").send().await.text().await, "here");
    assert_eq!(upstream.connections(), 1);
    gateway.finish().await;
}

#[tokio::test]
async fn an_upstream_with_tls_chooses_the_version() {
    let authority = Authority::new("Tests");
    for (alpn, version) in [
        (vec!["h2", "http/1.1"], "HTTP/2.0"),
        (vec!["h2"], "HTTP/2.0"),
        (vec!["http/1.1"], "HTTP/1.1"),
        (vec![], "HTTP/1.1"),
    ] {
        let upstream = Manner::default()
            .tls(authority.server("127.0.0.1", &alpn))
            .start()
            .await;
        let gateway = TestGateway::builder()
            .route(json!({"target_host": upstream.host(), "target_protocol": "https", "tls_ca": authority.pem()}))
            .config(one_worker)
            .start()
            .await;
        for _ in 0..3 {
            let seen = gateway.post("/v1", &json!({"a": 1})).send().await.json().await;
            assert_eq!(seen["version"], version);
            assert_eq!(seen["body"], r#"{"a":1}"#);
            let host = seen["headers"]
                .as_array()
                .unwrap()
                .iter()
                .find(|field| field[0] == "host");
            match version {
                "HTTP/2.0" => assert_eq!(host, None),
                _ => assert_eq!(host.unwrap()[1], upstream.host()),
            }
        }
        assert_eq!(upstream.connections(), 1);
        gateway.finish().await;
    }
}

/// An upstream over HTTP/2 that refuses each request before it looks at it.
async fn refusing() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut answer))) = connection.accept().await {
                    answer.send_reset(h2::Reason::REFUSED_STREAM);
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn a_post_that_an_upstream_did_not_begin_with_goes_to_the_next() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"priority": 1, "target_host": refusing().await.to_string(), "target_protocol": "h2c"}))
        .route(json!({"priority": 2, "target_host": upstream.host()}))
        .start()
        .await;
    let answer = gateway.post("/", &json!({"once": true})).send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(upstream.only().body, br#"{"once":true}"#);
    let record = gateway.record().await;
    assert_eq!(record.attempts[0].error.as_deref(), Some("not_processed"));
    gateway.finish().await;
}
