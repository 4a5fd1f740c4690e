//! What a route takes: how large a body, and from where.

use crate::support::client::Raw;
use crate::support::gateway::TestGateway;
use crate::support::upstream::{Upstream, stream};
use http::Method;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[case::as_large_as_allowed(10, 200)]
#[case::one_byte_more(11, 413)]
#[tokio::test]
async fn a_body_of_known_length_is_judged_before_anything_goes_on(#[case] length: usize, #[case] status: u16) {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "max_body_bytes": 10}))
        .key(json!({"rate_limit": 1}))
        .start()
        .await;
    let answer = gateway.call(Method::POST, "/").body("x".repeat(length)).send().await;
    assert_eq!(answer.status, status);
    assert_eq!(upstream.connections(), usize::from(status == 200));
    if status == 413 {
        let (kind, code, message) = answer.refusal(413).await;
        assert_eq!(
            (kind.as_str(), code.as_str()),
            ("invalid_request_error", "body_too_large")
        );
        assert!(message.contains("larger than 10 bytes"), "{message}");
        let record = gateway.record().await;
        assert_eq!(record.item.outcome.unwrap().as_str(), "rejected");
        assert_eq!(
            record.item.route_id.as_deref(),
            Some(gateway.routes[0].route_id.as_str())
        );
        // It took no token.
        assert_eq!(gateway.call(Method::POST, "/").send().await.status, 200);
    }
    gateway.finish().await;
}

#[tokio::test]
async fn a_body_in_chunks_is_cut_at_the_limit() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "max_body_bytes": 10}))
        .start()
        .await;
    let (call, pieces) = gateway.call(Method::POST, "/").pieces();
    let sending = tokio::spawn(async move {
        let mut sent = 0;
        while sent < 1000 && pieces.send("12345678".into()).await.is_ok() {
            sent += 1;
        }
    });
    let (_, code, _) = call.send().await.refusal(413).await;
    assert_eq!(code, "body_too_large");
    upstream.is_left().await;
    let seen = upstream.only();
    assert_eq!(
        (seen.body.len(), seen.complete),
        (8, false),
        "nothing goes on beyond the limit"
    );
    let record = gateway.record().await;
    assert_eq!(record.item.outcome.unwrap().as_str(), "rejected");
    assert_eq!(record.attempts[0].error.as_deref(), Some("client_failed"));
    sending.abort();
    gateway.finish().await;
}

#[tokio::test]
async fn a_body_that_is_read_for_matching_is_read_no_further_than_any_route_takes() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "match_body_schema": {"a": 1}, "max_body_bytes": 100}))
        .route(json!({"target_host": upstream.host(), "max_body_bytes": 10, "priority": 200}))
        .start()
        .await;
    let post = |body: String| gateway.call(Method::POST, "/").body(body).send();
    assert_eq!(post(r#"{"a": 1, "b": "12345678"}"#.to_owned()).await.status, 200);
    assert_eq!(post(r#"{"a": 2, "b": "12345678"}"#.to_owned()).await.status, 413);
    let mut raw = Raw::connect(&gateway).await;
    gateway.count_request();
    raw.send(format!(
        "POST / HTTP/1.1\r\nHost: h\r\nX-API-Key: {}\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n",
        gateway.key()
    ))
    .await;
    let answer = raw.read_until("request_id\":").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    gateway.finish().await;
}

#[tokio::test]
async fn once_the_answer_flows_a_body_that_is_too_large_breaks_it_off() {
    let (feed, act) = stream("text/plain");
    let upstream = Upstream::doing([act]).act_on_head();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "max_body_bytes": 10}))
        .start()
        .await;
    let (call, pieces) = gateway.call(Method::POST, "/").pieces();
    pieces.send("12345678".into()).await.unwrap();
    let mut answer = call.send().await;
    feed.chunk("begun").await;
    assert_eq!(answer.piece().await.unwrap().unwrap(), "begun");
    pieces.send("12345678".into()).await.unwrap();
    while let Some(piece) = answer.piece().await {
        if piece.is_err() {
            break;
        }
    }
    let record = gateway.record().await;
    assert_eq!(record.item.outcome.unwrap().as_str(), "rejected");
    assert!(record.item.error_message.unwrap().contains("larger than 10 bytes"));
    gateway.finish().await;
}

#[rstest]
#[case::itself(&["127.0.0.1"], None, true)]
#[case::its_network(&["10.0.0.0/8", "127.0.0.0/8"], None, true)]
#[case::elsewhere(&["10.0.0.0/8", "::1"], None, false)]
#[case::behind_a_proxy(&["203.0.113.0/24"], Some("203.0.113.9"), true)]
#[case::behind_a_proxy_from_elsewhere(&["127.0.0.1"], Some("203.0.113.9"), false)]
#[case::ipv4_in_ipv6(&["203.0.113.0/24"], Some("::ffff:203.0.113.9"), true)]
#[case::written_in_ipv6(&["::ffff:127.0.0.0/104"], None, true)]
#[tokio::test]
async fn a_route_lets_its_networks_in(
    #[case] networks: &[&str],
    #[case] forwarded: Option<&str>,
    #[case] is_let_in: bool,
) {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "ip_allow": networks, "rate_limit": 1}))
        .config(|config| config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()])
        .start()
        .await;
    for _ in 0..2 {
        let mut call = gateway.get("/");
        if let Some(address) = forwarded {
            call = call.header("x-forwarded-for", address);
        }
        let answer = call.send().await;
        if is_let_in {
            assert_eq!(answer.status, 200);
            break;
        }
        // Also the second time: it takes no token.
        let (kind, code, _) = answer.refusal(403).await;
        assert_eq!(
            (kind.as_str(), code.as_str()),
            ("permission_error", "address_not_allowed")
        );
    }
    gateway.finish().await;
}

#[tokio::test]
async fn a_stranger_hears_401_wherever_from_and_a_route_in_reserve_keeps_its_networks() {
    let (down, reserve) = (Upstream::down(), Upstream::start());
    let gateway = TestGateway::builder()
        .route(json!({"target_host": down.host(), "priority": 1, "retry_count": 3}))
        .route(json!({"target_host": reserve.host(), "priority": 2, "ip_allow": ["10.0.0.1"]}))
        .start()
        .await;
    gateway.stranger(Method::GET, "/").send().await.refusal(401).await;
    gateway.get("/").send().await.refusal(502).await;
    assert_eq!(reserve.connections(), 0);
    gateway.finish().await;
}
