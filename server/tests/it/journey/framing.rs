//! Stages 6 and 7: how long a body is, said once and truly, in both directions (RFC 9112 section 6).

use crate::support::client::{Raw, exchange};
use crate::support::gateway::TestGateway;
use crate::support::http2::{Http2, bytes, nothing};
use crate::support::upstream::{Act, Seen, Upstream, answer};
use http::{HeaderValue, Method};
use rstest::rstest;
use serde_json::json;

/// What the upstream sees of a raw request; `{key}` stands for the API key.
async fn forwarded(request: &str) -> Seen {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let request = request.replace(
        "Host: h\r\n",
        &format!("Host: h\r\nX-API-Key: {}\r\nConnection: close\r\n", gateway.key()),
    );
    let answer = exchange(&gateway, request).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    gateway.finish().await;
    upstream.only()
}

#[rstest]
#[case("GET")]
#[case("POST")]
#[case("DELETE")]
#[tokio::test]
async fn a_length_stays_a_length(#[case] method: &str) {
    let seen = forwarded(&format!(
        "{method} / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
    ))
    .await;
    assert_eq!(seen.header("content-length"), "3");
    assert!(!seen.has("transfer-encoding"));
    assert_eq!(seen.body, b"abc");
}

#[rstest]
#[case("GET")]
#[case("POST")]
#[case("DELETE")]
#[tokio::test]
async fn chunks_stay_chunks(#[case] method: &str) {
    let seen = forwarded(&format!(
        "{method} / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"
    ))
    .await;
    assert_eq!(seen.header("transfer-encoding"), "chunked");
    assert!(!seen.has("content-length"));
    assert_eq!(seen.body, b"abcde");
}

#[rstest]
#[case::length_first("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")]
#[case::chunks_first("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")]
#[tokio::test]
async fn two_framings_are_refused_or_become_one(#[case] framing: &str) {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let key = gateway.key();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\n{framing}\r\n1\r\na\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"
    );
    let mut raw = Raw::connect(&gateway).await;
    gateway.count_request();
    raw.send(request).await;
    let answer = raw.read_to_end().await;
    let seen = upstream.only();
    assert_eq!(
        (seen.header("transfer-encoding").as_str(), seen.has("content-length")),
        ("chunked", false)
    );
    assert_eq!(seen.body, b"a");
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    gateway.finish().await;
}

#[rstest]
#[case::lengths_differ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")]
#[case::length_is_no_number("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc")]
#[case::other_coding("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nabc")]
#[case::coding_after_chunked("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n")]
#[case::coding_before_chunked(
    "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
)]
#[case::chunks_in_http_10("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
#[case::folded_line("GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n 2\r\n\r\n")]
#[case::space_before_colon("GET / HTTP/1.1\r\nHost : h\r\n\r\n")]
#[case::nul("GET / HTTP/1.1\r\nHost: h\r\nX-A: a\0b\r\n\r\n")]
#[tokio::test]
async fn what_is_malformed_never_reaches_an_upstream(#[case] request: &str) {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "auth": "none"}))
        .start()
        .await;
    let answer = exchange(&gateway, request).await;
    assert!(
        answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.0 400 "),
        "{answer}"
    );
    assert_eq!(upstream.seen().len(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn a_post_without_a_body_says_so_as_the_client_did() {
    assert_eq!(
        forwarded("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
            .await
            .header("content-length"),
        "0"
    );
    assert!(
        !forwarded("POST / HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .has("transfer-encoding")
    );
    assert!(
        !forwarded("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .has("content-length")
    );
}

#[rstest]
#[case::head("HEAD", "200 OK", "Content-Length: 500\r\n", "content-length: 500")]
#[case::not_modified("GET", "304 Not Modified", "ETag: \"x\"\r\n", "etag: \"x\"")]
#[case::no_content("DELETE", "204 No Content", "X-A: 1\r\n", "x-a: 1")]
#[tokio::test]
async fn answers_without_a_body_keep_their_fields_and_the_connection(
    #[case] method: &str,
    #[case] status: &str,
    #[case] field: &str,
    #[case] expected: &str,
) {
    let upstream = Upstream::doing([Act::Answer(format!("HTTP/1.1 {status}\r\n{field}\r\n"))]);
    let gateway = TestGateway::to(upstream.host()).await;
    let request = |connection: &str| {
        format!(
            "{method} / HTTP/1.1\r\nHost: h\r\nX-API-Key: {}\r\nConnection: {connection}\r\n\r\n",
            gateway.key()
        )
    };
    let mut raw = Raw::connect(&gateway).await;
    gateway.count_request();
    raw.send(request("keep-alive")).await;
    let first = raw.read_until("\r\n\r\n").await;
    assert!(first.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{first}");
    assert!(first.contains(expected), "{first}");
    assert!(!first.contains("transfer-encoding"), "{first}");
    gateway.count_request();
    raw.send(request("close")).await;
    assert!(raw.read_to_end().await.starts_with("HTTP/1.1 200 OK\r\n"));
    let records = gateway.records(2).await;
    assert!(
        records
            .iter()
            .all(|record| record.item.outcome.unwrap().as_str() == "ok")
    );
    gateway.finish().await;
}

#[tokio::test]
async fn a_refusal_of_head_has_no_body_and_is_no_client_that_left() {
    let gateway = TestGateway::builder().start().await;
    let answer = gateway.stranger(Method::HEAD, "/x").send().await;
    assert_eq!(answer.status, 401);
    assert_ne!(answer.header("content-length"), "0");
    assert_eq!(gateway.record().await.item.outcome.unwrap().as_str(), "rejected");
    gateway.finish().await;
}

#[tokio::test]
async fn an_answer_in_chunks_goes_to_a_client_of_http_10_until_the_close() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
    let upstream = Upstream::doing([Act::Answer(chunked.to_owned())]);
    let gateway = TestGateway::to(upstream.host()).await;
    let answer = exchange(
        &gateway,
        format!("GET / HTTP/1.0\r\nX-API-Key: {}\r\n\r\n", gateway.key()),
    )
    .await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200 OK"), "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert_eq!(body, "abc");
    assert_eq!(upstream.only().line, "GET / HTTP/1.1");
    assert_eq!(upstream.only().header("via"), "1.0 fastgate");
    gateway.finish().await;
}

#[tokio::test]
async fn an_answer_that_ends_with_the_connection_is_framed_anew() {
    let upstream = Upstream::doing([Act::AnswerAndClose("HTTP/1.0 200 OK\r\n\r\nabc".to_owned())]);
    let gateway = TestGateway::to(upstream.host()).await;
    let answer = gateway.get("/").send().await;
    assert_eq!(answer.header("transfer-encoding"), "chunked");
    assert_eq!(answer.text().await, "abc");
    gateway.finish().await;
}

#[tokio::test]
async fn the_connection_lives_on_after_a_refusal_with_an_unread_body() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let mut raw = Raw::connect(&gateway).await;
    gateway.count_request();
    raw.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")
        .await;
    let first = raw.read_until("}").await;
    assert!(first.starts_with("HTTP/1.1 401 "), "{first}");
    gateway.count_request();
    raw.send(format!(
        "GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: {}\r\nConnection: close\r\n\r\n",
        gateway.key()
    ))
    .await;
    let second = raw.read_to_end().await;
    assert!(second.contains("HTTP/1.1 200 OK"), "{first}{second}");
    gateway.finish().await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let upstream = Upstream::doing([answer("200 OK", &[], "first"), answer("200 OK", &[], "second")]);
    let gateway = TestGateway::to(upstream.host()).await;
    let key = gateway.key();
    gateway.count_request();
    let answer = exchange(
        &gateway,
        format!(
            "GET /1 HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\n\r\n\
             GET /2 HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\nConnection: close\r\n\r\n"
        ),
    )
    .await;
    assert!(
        answer.find("first") < answer.find("second") && answer.contains("first"),
        "{answer}"
    );
    gateway.finish().await;
}

#[rstest]
#[case::at_its_end("3\r\nabc\r\n0\r\n\r\n")]
#[case::in_the_middle("3\r\nabc\r\n")]
#[tokio::test]
async fn an_answer_with_two_framings_is_refused_and_its_connection_not_used_again(#[case] sent: &str) {
    let both = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\nTransfer-Encoding: chunked\r\n\r\n";
    let upstream = Upstream::doing([Act::Answer(format!("{both}{sent}"))]);
    let gateway = TestGateway::to(upstream.host()).await;
    let (_, code, _) = gateway.get("/").send().await.refusal(502).await;
    assert_eq!(code, "upstream_malformed");
    for _ in 0..2 {
        let answer = gateway.call(Method::POST, "/").send().await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json().await["line"], "POST / HTTP/1.1");
    }
    let connections: Vec<usize> = upstream.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections[0], 1);
    assert!(!connections[1..].contains(&1), "{connections:?}");
    gateway.finish().await;
}

#[rstest]
#[case::of_what_is_not_sent_again("GET", "304 Not Modified", "Content-Length: 1234", Some("1234"))]
#[case::not_said("GET", "304 Not Modified", "X-A: 1", None)]
#[case::of_what_get_would_send("HEAD", "200 OK", "Content-Length: 1234", Some("1234"))]
#[case::to_head("HEAD", "304 Not Modified", "Content-Length: 1234", Some("1234"))]
#[case::of_nothing("GET", "204 No Content", "Content-Length: 0", None)]
#[tokio::test]
async fn a_length_without_a_body_is_passed_on_where_it_may_be_said(
    #[case] method: &str,
    #[case] status: &str,
    #[case] field: &str,
    #[case] said: Option<&str>,
) {
    let head = || Act::Answer(format!("HTTP/1.1 {status}\r\n{field}\r\n\r\n"));
    let upstream = Upstream::doing([head(), head()]);
    let gateway = TestGateway::to(upstream.host()).await;
    let key = gateway.key();
    let mut raw = Raw::connect(&gateway).await;
    let request = || {
        gateway.count_request();
        format!("{method} /x HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\n\r\n")
    };
    // Twice, to see that the connection is in step.
    for _ in 0..2 {
        raw.send(request()).await;
        let answer = raw.read_until("\r\n\r\n").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        let line = said.map(|length| format!("content-length: {length}\r\n"));
        assert_eq!(line.is_some(), answer.contains("content-length"), "{answer}");
        assert!(answer.contains(line.as_deref().unwrap_or_default()), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
        assert!(!answer.contains("transfer-encoding"));
    }
    let client = Http2::connect(&gateway).await;
    upstream.then(head());
    let request = Http2::request(&gateway, method, "/x").body(nothing()).unwrap();
    let answer = client.send(request).await.unwrap();
    assert_eq!(answer.status().as_str(), &status[..3]);
    assert_eq!(
        answer.headers().get("content-length").map(HeaderValue::as_bytes),
        said.map(str::as_bytes)
    );
    assert_eq!(bytes(answer).await, "");
    drop(client);
    gateway.finish().await;
}

#[rstest]
#[case::no_content("GET", "204 No Content")]
#[case::not_modified("GET", "304 Not Modified")]
#[case::head("HEAD", "200 OK")]
#[tokio::test]
async fn a_body_where_none_may_be_never_reaches_the_client(#[case] method: &str, #[case] status: &str) {
    let upstream = Upstream::doing([answer(status, &[], "evil")]);
    let gateway = TestGateway::to(upstream.host()).await;
    let key = gateway.key();
    let request = |connection: &str| {
        format!("{method} /x HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\nConnection: {connection}\r\n\r\n")
    };
    let mut raw = Raw::connect(&gateway).await;
    gateway.count_request();
    raw.send(request("keep-alive")).await;
    let first = raw.read_until("\r\n\r\n").await;
    gateway.count_request();
    raw.send(request("close")).await;
    let second = raw.read_to_end().await;
    assert!(first.starts_with(&format!("HTTP/1.1 {status}")), "{first}");
    assert!(second.starts_with("HTTP/1.1 200 OK"), "{second}");
    assert!(!format!("{first}{second}").contains("evil"));
    assert!(
        status != "204 No Content" || !first.contains("content-length"),
        "{first}"
    );
    assert_eq!(
        upstream.connections(),
        2,
        "the connection with leftover bytes is not used again"
    );
    gateway.finish().await;
}
