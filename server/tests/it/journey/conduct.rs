//! The manners of an intermediary (RFC 9110): expectations, TRACE and OPTIONS, parts of resources.

use crate::support::client::{Raw, exchange};
use crate::support::gateway::TestGateway;
use crate::support::upstream::{Act, Upstream, answer, stream};
use http::Method;
use rstest::rstest;
use serde_json::json;

/// A POST that waits for 100 Continue before it sends its body.
fn expecting(gateway: &TestGateway, fields: &str) -> String {
    gateway.count_request();
    format!(
        "POST /x HTTP/1.1\r\nHost: h\r\nX-API-Key: {}\r\nExpect: 100-Continue\r\n{fields}\r\n",
        gateway.key()
    )
}

#[rstest]
#[case::of_known_length("Content-Length: 4\r\n", "body")]
#[case::in_chunks("Transfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n")]
#[tokio::test]
async fn a_body_that_waits_is_asked_for_and_the_expectation_goes_no_further(#[case] framing: &str, #[case] body: &str) {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let mut raw = Raw::connect(&gateway).await;
    raw.send(expecting(&gateway, framing)).await;
    let go_on = raw.read_until("\r\n\r\n").await;
    assert_eq!(go_on, "HTTP/1.1 100 Continue\r\n\r\n");
    raw.send(body).await;
    let answer = raw.read_until("\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let seen = upstream.only();
    assert_eq!(seen.body, b"body");
    assert!(!seen.has("expect"));
    gateway.finish().await;
}

#[tokio::test]
async fn a_refusal_comes_before_the_body_is_asked_for() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "/small", "target_host": upstream.host(), "max_body_bytes": 3}))
        .start()
        .await;
    let head = |path: &str, key: &str| {
        gateway.count_request();
        format!("POST {path} HTTP/1.1\r\nHost: h\r\n{key}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
    };
    let key = format!("X-API-Key: {}\r\n", gateway.key());
    for (request, status) in [
        (head("/small", ""), 401),
        (head("/small", &key), 413),
        (head("/nowhere", &key), 404),
    ] {
        let mut raw = Raw::connect(&gateway).await;
        raw.send(request).await;
        let answer = raw.read_until("request_id\":").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    assert_eq!(upstream.connections(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn an_upstream_that_refuses_at_once_is_heard_before_the_body_is_asked_for_again() {
    let upstream = Upstream::doing([answer("403 Forbidden", &[], "no")]).act_on_head();
    let gateway = TestGateway::to(upstream.host()).await;
    let (call, pieces) = gateway
        .call(Method::POST, "/")
        .header("expect", "100-continue")
        .pieces();
    let answer = call.send().await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.text().await, "no");
    drop(pieces);
    gateway.finish().await;
}

#[rstest]
#[case::unknown("HTTP/1.1", "200-ok", 417)]
#[case::one_more("HTTP/1.1", "100-continue, x", 417)]
#[case::of_http_1_0("HTTP/1.0", "200-ok", 200)]
#[tokio::test]
async fn an_expectation_that_nobody_can_meet_is_refused(
    #[case] version: &str,
    #[case] expectation: &str,
    #[case] status: u16,
) {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let request = format!(
        "GET / {version}\r\nHost: h\r\nX-API-Key: {}\r\nConnection: close\r\nExpect: {expectation}\r\n\r\n",
        gateway.key()
    );
    let answer = exchange(&gateway, request).await;
    assert!(answer.contains(&format!(" {status} ")), "{answer}");
    assert_eq!(answer.contains("expectation_failed"), status == 417);
    gateway.finish().await;
}

#[rstest]
#[case::options("OPTIONS", "3", "2")]
#[case::trace("TRACE", "1", "0")]
#[case::another_method("GET", "0", "0")]
#[case::no_number("OPTIONS", "many", "many")]
#[tokio::test]
async fn max_forwards_counts_the_gateway(#[case] method: &str, #[case] sent: &str, #[case] passed_on: &str) {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let method = method.parse().unwrap();
    let answer = gateway.call(method, "/x").header("max-forwards", sent).send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(upstream.only().header("max-forwards"), passed_on);
    gateway.finish().await;
}

#[tokio::test]
async fn a_request_that_may_go_no_further_is_answered_by_the_gateway() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "/some", "match_method": "OPTIONS,POST", "target_host": upstream.host()}))
        .route(json!({"target_host": upstream.host(), "add_headers": {"Authorization": "Bearer sk-upstream"}}))
        .start()
        .await;
    let last = |method, path| gateway.call(method, path).header("max-forwards", "0");
    let answer = last(Method::OPTIONS, "/some").send().await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (200, "OPTIONS, POST"));
    let answer = last(Method::OPTIONS, "/any").send().await;
    assert!(answer.header("allow").starts_with("GET, HEAD, "));
    let trace = last(Method::TRACE, "/any?token=t0p")
        .header("cookie", "session=s3cret")
        .header("x-own", "shown")
        .send()
        .await;
    assert_eq!(
        (trace.status.as_u16(), trace.header("content-type")),
        (200, "message/http")
    );
    let reflected = trace.text().await;
    assert!(reflected.starts_with("TRACE /any HTTP/1.1\r\n"), "{reflected}");
    assert!(
        reflected.contains("x-own: shown\r\n") && reflected.ends_with("\r\n\r\n"),
        "{reflected}"
    );
    for secret in [gateway.key(), "s3cret", "t0p", "sk-upstream"] {
        assert!(!reflected.contains(secret), "{reflected}");
    }
    let stranger = gateway.stranger(Method::TRACE, "/any").header("max-forwards", "0");
    stranger.send().await.refusal(401).await;
    assert_eq!(upstream.seen().len(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn a_trace_that_would_show_the_upstreams_credential_is_not_passed_on() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "add_headers": {"X-Api-Key": "sk"}}))
        .start()
        .await;
    let answer = gateway.call(Method::TRACE, "/").send().await;
    assert!(answer.header("allow").contains("GET"));
    let (_, code, _) = answer.refusal(405).await;
    assert_eq!(code, "trace_refused");
    assert_eq!(upstream.seen().len(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn options_for_the_whole_server_is_answered_by_the_gateway() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "*", "target_host": upstream.host()}))
        .start()
        .await;
    let asking = |method: &str, key: &str| {
        format!("{method} * HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\nConnection: close\r\n\r\n")
    };
    let answer = exchange(&gateway, asking("OPTIONS", gateway.key())).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains("\r\nallow: GET, ") && answer.contains("\r\ncontent-length: 0\r\n"),
        "{answer}"
    );
    let stranger = exchange(&gateway, asking("OPTIONS", "none")).await;
    assert!(stranger.starts_with("HTTP/1.1 401 "), "{stranger}");
    let nonsense = exchange(&gateway, asking("GET", gateway.key())).await;
    assert!(nonsense.starts_with("HTTP/1.1 400 "), "{nonsense}");
    assert_eq!(upstream.seen().len(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn options_and_head_of_a_path_go_on_as_they_are() {
    let upstream = Upstream::doing([
        answer("204 No Content", &["Allow: GET, OPTIONS"], ""),
        Act::Answer("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: \"e\"\r\n\r\n".to_owned()),
    ]);
    let gateway = TestGateway::to(upstream.host()).await;
    let options = gateway.call(Method::OPTIONS, "/a").send().await;
    assert_eq!(
        (options.status.as_u16(), options.header("allow")),
        (204, "GET, OPTIONS")
    );
    let head = gateway.call(Method::HEAD, "/a").send().await;
    assert_eq!((head.header("content-length"), head.header("etag")), ("1234", "\"e\""));
    assert_eq!(head.text().await, "");
    let lines: Vec<String> = upstream.seen().into_iter().map(|seen| seen.line).collect();
    assert_eq!(lines, ["OPTIONS /a HTTP/1.1", "HEAD /a HTTP/1.1"]);
    gateway.finish().await;
}

#[rstest]
#[case::a_part("206 Partial Content", &["Content-Range: bytes 0-3/10", "Content-Type: text/plain"], "abcd")]
#[case::several_parts(
    "206 Partial Content",
    &["Content-Type: multipart/byteranges; boundary=B"],
    "--B\r\nContent-Range: bytes 0-0/10\r\n\r\na\r\n--B\r\nContent-Range: bytes 9-9/10\r\n\r\nj\r\n--B--\r\n"
)]
#[case::none_such("416 Range Not Satisfiable", &["Content-Range: bytes */10"], "")]
#[case::the_whole("200 OK", &["Accept-Ranges: bytes"], "abcdefghij")]
#[tokio::test]
async fn ranges_are_the_upstreams_affair(#[case] status: &str, #[case] fields: &[&str], #[case] body: &str) {
    let upstream = Upstream::doing([answer(status, fields, body)]);
    let gateway = TestGateway::to(upstream.host()).await;
    let answer = gateway
        .get("/file")
        .header("range", "bytes=0-0,9-9")
        .header("if-range", "\"e\"")
        .send()
        .await;
    assert_eq!(answer.status.as_u16(), status[..3].parse::<u16>().unwrap());
    for field in fields {
        let (name, value) = field.split_once(": ").unwrap();
        assert_eq!(answer.header(name), value);
    }
    assert_eq!(answer.header("content-length"), body.len().to_string());
    assert_eq!(answer.text().await, body);
    let seen = upstream.only();
    assert_eq!(
        (seen.header("range"), seen.header("if-range")),
        ("bytes=0-0,9-9".into(), "\"e\"".into())
    );
    gateway.finish().await;
}

#[tokio::test]
async fn an_answer_that_comes_before_the_body_is_sent_reaches_the_client() {
    let (feed, act) = stream("text/plain");
    let upstream = Upstream::doing([act]).act_on_head();
    let gateway = TestGateway::to(upstream.host()).await;
    let (call, pieces) = gateway.call(Method::POST, "/").pieces();
    pieces.send("first ".into()).await.unwrap();
    let mut answer = call.send().await;
    feed.chunk("heard").await;
    assert_eq!(answer.piece().await.unwrap().unwrap(), "heard");
    feed.end().await;
    drop(pieces);
    gateway.finish().await;
}
