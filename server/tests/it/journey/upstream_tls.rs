//! TLS towards upstreams: whom a route believes, what it shows, and that nobody else rides on its connections.

use crate::support::gateway::TestGateway;
use crate::support::modern::{Authority, Manner, Modern};
use serde_json::{Value, json};
use std::num::NonZeroUsize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

fn to(upstream: &Modern, fields: Value) -> Value {
    let mut route = json!({"target_host": upstream.host(), "target_protocol": "https", "retry_count": 0});
    route
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    route
}

async fn upstream(authority: &Authority, name: &str) -> Modern {
    let config = authority.server(name, &["h2", "http/1.1"]);
    Manner::default().tls(config).start().await
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let upstream = upstream(&Authority::new("Unknown"), "127.0.0.1").await;
    let gateway = TestGateway::builder().route(to(&upstream, json!({}))).start().await;
    let (_, code, message) = gateway.get("/").send().await.refusal(502).await;
    assert_eq!(code, "upstream_unreachable");
    assert_eq!(message, "There is no TLS session with the upstream.");
    assert_eq!(
        gateway.record().await.attempts[0].error.as_deref(),
        Some("tls_unknown_issuer")
    );
    gateway.finish().await;
}

#[tokio::test]
async fn the_record_tells_why_there_is_no_tls_session() {
    let authority = Authority::new("Reasons");
    let named = upstream(&authority, "some.other.name").await;
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = plain.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        drop(stream.read_to_end(&mut Vec::new()).await);
    });
    let gateway = TestGateway::builder()
        .route(to(&named, json!({"match_path": "/named", "tls_ca": authority.pem()})))
        .route(json!({"match_path": "/plain", "target_host": host, "target_protocol": "https", "retry_count": 0}))
        .start()
        .await;
    for path in ["/named", "/plain"] {
        gateway.get(path).send().await.refusal(502).await;
    }
    let records = gateway.records(2).await;
    let reasons: Vec<_> = records
        .iter()
        .map(|record| record.attempts[0].error.as_deref())
        .collect();
    assert_eq!(reasons, [Some("tls_wrong_name"), Some("tls_not_spoken")]);
    gateway.finish().await;
}

#[tokio::test]
async fn the_authority_that_a_route_names_is_believed_and_no_other() {
    let (own, other) = (Authority::new("Own"), Authority::new("Other"));
    let upstream = upstream(&own, "127.0.0.1").await;
    let gateway = TestGateway::builder()
        .route(to(&upstream, json!({"match_path": "/own", "tls_ca": own.pem()})))
        .route(to(&upstream, json!({"match_path": "/other", "tls_ca": other.pem()})))
        .route(to(
            &upstream,
            json!({"match_path": "/both", "tls_ca": other.pem() + &own.pem()}),
        ))
        .start()
        .await;
    assert_eq!(gateway.get("/own").send().await.status, 200);
    gateway.get("/other").send().await.refusal(502).await;
    assert_eq!(gateway.get("/both").send().await.status, 200);
    gateway.finish().await;
}

#[tokio::test]
async fn a_route_that_skips_the_check_takes_any_certificate_and_shares_its_connection_with_none() {
    let upstream = upstream(&Authority::new("Unknown"), "some.other.name").await;
    let gateway = TestGateway::builder()
        .route(to(&upstream, json!({"match_path": "/open", "tls_skip_verify": true})))
        .route(to(&upstream, json!({"match_path": "/strict"})))
        .start()
        .await;
    assert_eq!(gateway.get("/open").send().await.status, 200);
    // The open route's connection is idle, and must not help this one.
    gateway.get("/strict").send().await.refusal(502).await;
    gateway.finish().await;
}

#[tokio::test]
async fn a_client_certificate_is_shown_on_connections_of_its_route_only() {
    let authority = Authority::new("Both sides");
    let config = authority.server_for("127.0.0.1", &["h2"], Some(&authority));
    let upstream = Manner::default().tls(config).start().await;
    let (certificate, key) = authority.sign("client");
    let shown = json!({"match_path": "/shown", "tls_ca": authority.pem(), "tls_client_cert": certificate, "tls_client_key": key});
    let gateway = TestGateway::builder()
        .route(to(&upstream, shown))
        .route(to(&upstream, json!({"match_path": "/bare", "tls_ca": authority.pem()})))
        .start()
        .await;
    let seen = gateway.get("/shown").send().await.json().await;
    assert_eq!(seen["client_certificates"], 1);
    gateway.get("/bare").send().await.refusal(502).await;
    gateway.assert_nowhere(&[key.lines().nth(1).unwrap()]);
    gateway.finish().await;
}

#[tokio::test]
async fn another_name_is_asked_for_and_checked() {
    let authority = Authority::new("Names");
    let upstream = upstream(&authority, "api.internal").await;
    let fields = json!({"match_path": "/named", "tls_ca": authority.pem(), "tls_server_name": "api.internal"});
    let gateway = TestGateway::builder()
        .route(to(&upstream, fields))
        .route(to(
            &upstream,
            json!({"match_path": "/unnamed", "tls_ca": authority.pem()}),
        ))
        .start()
        .await;
    let seen = gateway.get("/named").send().await.json().await;
    assert_eq!(seen["server_name"], "api.internal");
    assert_eq!(seen["uri"], format!("https://{}/named", upstream.host()));
    gateway.get("/unnamed").send().await.refusal(502).await;
    gateway.finish().await;
}

#[tokio::test]
async fn routes_that_say_the_same_share_connections() {
    let authority = Authority::new("Shared");
    let upstream = upstream(&authority, "127.0.0.1").await;
    let route = |path: &str| to(&upstream, json!({"match_path": path, "tls_ca": authority.pem()}));
    let gateway = TestGateway::builder()
        .route(route("/one"))
        .route(route("/two"))
        // Each worker has connections of its own.
        .config(|config| config.server.worker_threads = NonZeroUsize::new(1))
        .start()
        .await;
    for path in ["/one", "/two", "/one"] {
        assert_eq!(gateway.get(path).send().await.status, 200);
    }
    assert_eq!(upstream.connections(), 1);
    gateway.finish().await;
}
