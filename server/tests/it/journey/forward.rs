//! Stage 6: a request as the upstream gets it, and an answer as the client gets it (RFC 9110, RFC 9112).

use crate::support::client::exchange;
use crate::support::gateway::TestGateway;
use crate::support::upstream::{Act, Upstream, answer};
use http::Method;
use rstest::rstest;
use serde_json::json;
use std::num::NonZeroUsize;

#[tokio::test]
async fn the_upstream_learns_who_asked_through_whom() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let call = gateway.get("/").header("via", "1.0 first").header("traceparent", trace);
    call.header("accept-encoding", "br")
        .header("cookie", "a=1")
        .send()
        .await;
    let seen = upstream.only();
    assert_eq!(seen.header("host"), upstream.host());
    assert_eq!(seen.header("via"), "1.0 first | 1.1 fastgate");
    assert_eq!(seen.header("x-forwarded-for"), "127.0.0.1");
    assert_eq!(seen.header("x-forwarded-proto"), "http");
    assert_eq!(seen.header("x-forwarded-host"), gateway.address.to_string());
    assert_eq!(seen.header("traceparent"), trace);
    assert_eq!(seen.header("accept-encoding"), "br");
    assert_eq!(seen.header("cookie"), "a=1");
    assert!(!seen.has("user-agent"), "nothing is made up");
    gateway.finish().await;
}

#[tokio::test]
async fn hop_by_hop_fields_end_at_the_gateway_both_ways() {
    let headers = [
        "Connection: X-Internal",
        "X-Internal: 1",
        "Keep-Alive: timeout=9",
        "Proxy-Authenticate: Basic",
        "Upgrade: h2c",
        "X-Kept: 1",
    ];
    let upstream = Upstream::doing([answer("200 OK", &headers, "ok")]);
    let gateway = TestGateway::to(upstream.host()).await;
    let answer = gateway
        .get("/")
        .header("connection", "x-secret, keep-alive")
        .header("x-secret", "1")
        .header("te", "trailers")
        .header("keep-alive", "timeout=9")
        .header("proxy-connection", "keep-alive")
        .header("proxy-authorization", "Basic dXNlcjpwYXNz")
        .header("x-kept", "1")
        .send()
        .await;
    let seen = upstream.only();
    // The gateway passes trailer fields on, and says so on its own connection.
    assert_eq!(
        (seen.header("te"), seen.header("connection")),
        ("trailers".to_owned(), "te".to_owned())
    );
    for name in ["x-secret", "keep-alive", "proxy-connection", "proxy-authorization"] {
        assert!(!seen.has(name), "{name} reached the upstream");
    }
    assert_eq!(seen.header("x-kept"), "1");
    for name in [
        "connection",
        "x-internal",
        "keep-alive",
        "proxy-authenticate",
        "upgrade",
    ] {
        assert_eq!(answer.header(name), "", "{name} reached the client");
    }
    assert_eq!(answer.header("x-kept"), "1");
    gateway.finish().await;
}

#[tokio::test]
async fn status_reason_repeated_fields_and_bytes_come_back_as_they_were() {
    let headers = [
        "Set-Cookie: a=1; Path=/",
        "Set-Cookie: b=2",
        "Content-Encoding: gzip",
        "Date: Mon, 01 Jan 2024 00:00:00 GMT",
    ];
    let upstream = Upstream::doing([answer("299 Something Else", &headers, "\u{1}not really gzip\u{2}")]);
    let gateway = TestGateway::to(upstream.host()).await;
    let key = gateway.key();
    let request = format!("GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\nConnection: close\r\n\r\n");
    let answer = exchange(&gateway, request).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 299 Something Else\r\n"), "{head}");
    let cookies: Vec<&str> = head.lines().filter(|line| line.starts_with("set-cookie")).collect();
    assert_eq!(cookies, ["set-cookie: a=1; Path=/", "set-cookie: b=2"]);
    assert_eq!(head.matches("date: ").count(), 1);
    assert!(head.contains("date: Mon, 01 Jan 2024"));
    assert_eq!(body, "\u{1}not really gzip\u{2}");
    gateway.finish().await;
}

#[rstest]
#[case(301)]
#[case(302)]
#[case(307)]
#[tokio::test]
async fn redirects_are_the_clients_affair(#[case] status: u16) {
    let upstream = Upstream::doing([answer(
        &format!("{status} Moved"),
        &["Location: http://169.254.169.254/x"],
        "",
    )]);
    let gateway = TestGateway::to(upstream.host()).await;
    let answer = gateway.get("/").send().await;
    assert_eq!(answer.status, status);
    assert_eq!(answer.header("location"), "http://169.254.169.254/x");
    assert_eq!(upstream.seen().len(), 1);
    gateway.finish().await;
}

#[tokio::test]
async fn the_upstreams_errors_and_its_request_id_do_not_get_in_the_way() {
    let error = r#"{"error":{"message":"upstream says no"}}"#;
    let upstream = Upstream::doing([answer(
        "418 Teapot",
        &["X-Request-Id: theirs", "Content-Type: application/json"],
        error,
    )]);
    let gateway = TestGateway::to(upstream.host()).await;
    let answer = gateway.get("/").header("x-request-id", "mine").send().await;
    assert_eq!(answer.status, 418);
    assert_eq!(answer.header("x-request-id"), "mine");
    assert_eq!(answer.text().await, error);
    gateway.finish().await;
}

#[tokio::test]
async fn connections_to_an_upstream_are_used_again() {
    let upstream = Upstream::start();
    // Each worker has connections of its own.
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .config(|config| config.server.worker_threads = NonZeroUsize::new(1))
        .start()
        .await;
    for _ in 0..3 {
        let answer = gateway.post("/", &json!({"a": 1})).send().await;
        answer.text().await;
    }
    assert_eq!(upstream.connections(), 1);
    gateway.finish().await;
}

#[tokio::test]
async fn a_connection_with_bytes_that_nobody_asked_for_is_not_used_again() {
    let more = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    let upstream = Upstream::doing([Act::Answer(more.to_owned())]);
    let gateway = TestGateway::to(upstream.host()).await;
    assert_eq!(gateway.get("/first").send().await.text().await, "ok");
    let second = gateway.get("/second").send().await.text().await;
    assert!(second.contains("/second"), "{second}");
    assert_eq!(upstream.connections(), 2);
    gateway.finish().await;
}

#[rstest]
#[case::garbage("SSH-2.0-OpenSSH_9.2\r\n\r\n", "upstream_malformed")]
#[case::two_lengths(
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "upstream_malformed"
)]
#[case::switch(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "upstream_malformed"
)]
#[case::a_coding_that_would_lose_its_name(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "upstream_malformed"
)]
#[case::nothing("", "upstream_unreachable")]
#[tokio::test]
async fn what_is_no_answer_becomes_502(#[case] bytes: &str, #[case] expected: &str) {
    let upstream = Upstream::doing([Act::AnswerAndClose(bytes.to_owned())]);
    let gateway = TestGateway::to(upstream.host()).await;
    let (kind, code, message) = gateway.post("/", &json!({})).send().await.refusal(502).await;
    assert_eq!((kind.as_str(), code.as_str()), ("upstream_error", expected));
    assert!(!message.contains("127.0.0.1"), "{message}");
    assert_eq!(gateway.record().await.item.outcome.unwrap().as_str(), "upstream_error");
    gateway.finish().await;
}

#[tokio::test]
async fn interim_answers_are_passed_over() {
    let bytes = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let upstream = Upstream::doing([Act::Answer(bytes.to_owned())]);
    let gateway = TestGateway::to(upstream.host()).await;
    let answer = gateway.get("/").send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text().await, "ok");
    gateway.finish().await;
}

#[rstest]
#[case("GET")]
#[case("POST")]
#[case("PUT")]
#[case("PATCH")]
#[case("DELETE")]
#[case("OPTIONS")]
#[case("TRACE")]
#[case("QUERY")]
#[tokio::test]
async fn every_method_passes(#[case] method: Method) {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    assert_eq!(gateway.call(method.clone(), "/x").send().await.status, 200);
    let seen = upstream.only();
    assert_eq!(seen.line, format!("{method} /x HTTP/1.1"));
    assert!(!seen.has("transfer-encoding"));
    gateway.finish().await;
}

#[tokio::test]
async fn a_route_that_leads_back_to_the_gateway_does_not_go_on_for_ever() {
    let gateway = TestGateway::builder().start().await;
    gateway
        .add_route(json!({"target_host": gateway.address.to_string(), "auth": "none", "retry_count": 0}))
        .await;
    // Each time around is a request of its own.
    (0..8).for_each(|_| gateway.count_request());
    let (kind, code, _) = gateway.stranger(Method::GET, "/").send().await.refusal(508).await;
    assert_eq!((kind.as_str(), code.as_str()), ("upstream_error", "loop_detected"));
    gateway.finish().await;
}
