//! Interim responses (1xx) of upstreams on their way to the client (RFC 9110 section 15.2).

use crate::support::client::{Raw, exchange};
use crate::support::gateway::TestGateway;
use crate::support::http2::{Http2, bytes};
use crate::support::upstream::{Act, Upstream, answer};
use rstest::rstest;
use serde_json::json;
use tokio::sync::mpsc;

const LAST: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn hint(of: &str) -> String {
    format!("HTTP/1.1 103 Early Hints\r\nLink: <{of}>; rel=preload\r\n\r\n")
}

/// What the client of this upstream's answer reads, without the fields of the last head.
async fn heads(upstream: &Upstream, version: &str) -> Vec<String> {
    let gateway = TestGateway::to(upstream.host()).await;
    let request = format!(
        "GET / {version}\r\nHost: h\r\nX-API-Key: {}\r\nConnection: close\r\n\r\n",
        gateway.key()
    );
    let text = exchange(&gateway, request).await;
    gateway.finish().await;
    let mut heads: Vec<String> = text.split("\r\n\r\n").map(str::to_owned).collect();
    let body = heads.pop().unwrap();
    let last = heads.last_mut().unwrap();
    last.truncate(last.find('\r').unwrap());
    heads.push(body);
    heads
}

#[tokio::test]
async fn they_reach_the_client_in_their_order_and_the_last_one_follows() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n\
                   HTTP/1.1 103 Early Hints\r\nConnection: x-hop\r\nX-Hop: 1\r\nLink: </a.css>\r\n\r\n\
                   HTTP/1.1 199 Odd\r\nContent-Length: 3\r\n\r\n";
    let upstream = Upstream::doing([Act::Answer(format!("{interim}{LAST}"))]);
    assert_eq!(
        heads(&upstream, "HTTP/1.1").await,
        [
            "HTTP/1.1 102 Processing",
            "HTTP/1.1 103 Early Hints\r\nlink: </a.css>",
            "HTTP/1.1 199 ",
            "HTTP/1.1 200 OK",
            "ok"
        ]
    );
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_none() {
    let upstream = Upstream::doing([Act::Answer(hint("/a.css") + LAST)]);
    assert_eq!(heads(&upstream, "HTTP/1.0").await, ["HTTP/1.0 200 OK", "ok"]);
}

#[tokio::test]
async fn a_client_of_http_2_gets_the_last_one() {
    let upstream = Upstream::doing([Act::Answer(hint("/a.css") + LAST)]);
    let gateway = TestGateway::to(upstream.host()).await;
    let client = Http2::connect(&gateway).await;
    let answer = client.get(&gateway, "/").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(bytes(answer).await, "ok");
    drop(client);
    gateway.finish().await;
}

#[tokio::test]
async fn each_arrives_while_the_upstream_still_makes_its_answer() {
    let (more, pieces) = mpsc::channel(1);
    let upstream = Upstream::doing([Act::Feed(hint("/a"), pieces)]);
    let gateway = TestGateway::to(upstream.host()).await;
    let mut raw = Raw::connect(&gateway).await;
    raw.send(asking(&gateway)).await;
    assert!(raw.read_until("\r\n\r\n").await.contains("</a>"));
    more.send(hint("/b").into_bytes()).await.unwrap();
    assert!(raw.read_until("\r\n\r\n").await.contains("</b>"));
    more.send(LAST.into()).await.unwrap();
    assert!(raw.read_until("ok").await.starts_with("HTTP/1.1 200 "));
    drop(more);
    // The connection is in step.
    upstream.then(Act::Answer(hint("/c") + LAST));
    raw.send(asking(&gateway)).await;
    let text = raw.read_until("ok").await;
    assert!(
        text.starts_with("HTTP/1.1 103 ") && text.contains("HTTP/1.1 200 "),
        "{text}"
    );
    gateway.finish().await;
}

fn asking(gateway: &TestGateway) -> String {
    gateway.count_request();
    format!("GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: {}\r\n\r\n", gateway.key())
}

#[tokio::test]
async fn pipelined_requests_keep_theirs() {
    let upstream = Upstream::doing([
        Act::Answer(hint("/a") + &LAST.replace("ok", "uv")),
        Act::Answer(hint("/b") + &LAST.replace("ok", "wx")),
    ]);
    let gateway = TestGateway::to(upstream.host()).await;
    let mut raw = Raw::connect(&gateway).await;
    raw.send(asking(&gateway) + &asking(&gateway)).await;
    let text = raw.read_until("wx").await;
    let at: Vec<_> = ["</a>", "uv", "</b>", "wx"].map(|part| text.rfind(part)).into();
    assert!(at.is_sorted() && at[0].is_some(), "{text}");
    gateway.finish().await;
}

#[tokio::test]
async fn they_come_before_and_after_the_body_was_asked_for() {
    let (more, pieces) = mpsc::channel(1);
    let upstream = Upstream::doing([Act::Feed(hint("/a"), pieces)]).act_on_head();
    let gateway = TestGateway::to(upstream.host()).await;
    let mut raw = Raw::connect(&gateway).await;
    gateway.count_request();
    raw.send(format!(
        "POST / HTTP/1.1\r\nHost: h\r\nX-API-Key: {}\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
        gateway.key()
    ))
    .await;
    let text = raw.read_until("</a>; rel=preload\r\n\r\n").await;
    assert_eq!(text.matches("HTTP/1.1 100 Continue\r\n\r\n").count(), 1, "{text}");
    raw.send("body").await;
    more.send((hint("/b") + LAST).into_bytes()).await.unwrap();
    let text = raw.read_until("ok").await;
    assert!(text.starts_with("HTTP/1.1 103 ") && text.contains("</b>"), "{text}");
    drop(more);
    gateway.finish().await;
}

#[rstest]
#[case::that_refuses(Act::Answer(hint("/a") + "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"), "503 Service Unavailable")]
#[case::that_breaks_off(Act::AnswerAndClose(hint("/a")), "502 Bad Gateway")]
#[tokio::test]
async fn after_one_the_answer_is_that_upstreams(#[case] act: Act, #[case] status: &str) {
    let (first, second) = (Upstream::doing([act]), Upstream::start());
    let gateway = TestGateway::builder()
        .route(json!({"target_host": first.host(), "priority": 1}))
        .route(json!({"target_host": second.host(), "priority": 2}))
        .start()
        .await;
    let mut raw = Raw::connect(&gateway).await;
    raw.send(asking(&gateway)).await;
    let text = raw.read_until("x-request-id").await;
    assert!(text.starts_with("HTTP/1.1 103 "), "{text}");
    assert!(text.contains(&status[..3]), "{text}");
    assert_eq!(second.requests(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn one_that_comes_after_the_gateway_gave_up_goes_nowhere() {
    let (late, pieces) = mpsc::channel(1);
    let upstream = Upstream::doing([Act::Feed(hint("/a"), pieces)]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "timeout": 1}))
        .start()
        .await;
    let mut raw = Raw::connect(&gateway).await;
    raw.send(asking(&gateway)).await;
    let text = raw.read_until("request_id\":").await;
    assert!(
        text.starts_with("HTTP/1.1 103 ") && text.contains("HTTP/1.1 504 "),
        "{text}"
    );
    // Nobody may be left to take it.
    let _ = late.send(hint("/late").into_bytes()).await;
    raw.send(asking(&gateway)).await;
    let text = raw.read_until("\"line\"").await;
    assert!(!text.contains("late"), "{text}");
    gateway.finish().await;
}

#[tokio::test]
async fn a_flood_ends_the_attempt_and_does_not_reach_the_client() {
    let flood = hint("/a.css").repeat(2000);
    let (_open, pieces) = mpsc::channel(1);
    let upstream = Upstream::doing([Act::Feed(flood, pieces)]);
    let gateway = TestGateway::to(upstream.host()).await;
    let mut raw = Raw::connect(&gateway).await;
    raw.send(asking(&gateway)).await;
    let text = raw.read_until("upstream_malformed").await;
    // Those of the first moment at most, and one each second.
    assert!(text.matches("HTTP/1.1 103 ").count() <= 42);
    assert_eq!(text.matches("HTTP/1.1 502 ").count(), 1);
    upstream.is_left().await;
    gateway.finish().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_keeps_its_answers_in_step() {
    let large = "b".repeat(8 << 20);
    let upstream = Upstream::doing([
        answer("200 OK", &[], &large),
        Act::Answer(hint(&"/a".repeat(1000)).repeat(20) + LAST),
    ]);
    let gateway = TestGateway::to(upstream.host()).await;
    let mut raw = Raw::connect(&gateway).await;
    let last = asking(&gateway).replace("Host", "Connection: close\r\nHost");
    raw.send(asking(&gateway) + &last).await;
    upstream.sees("the first request", |_| true).await;
    let text = raw.read_to_end().await;
    let (first, rest) = text.split_at(text.rfind("bbbb").unwrap() + 4);
    assert_eq!(first.matches("HTTP/1.1 ").count(), 1);
    assert_eq!(rest.matches("HTTP/1.1 103 ").count(), 20);
    assert!(rest.rfind(" 103 ") < rest.find(" 200 "));
    gateway.finish().await;
}
