//! Sending a body more than once, with a real client on the other end of a connection.

use super::{AttemptBody, BufferError, ClientBodyError, ReplayBody};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::oneshot;

const LIMIT: usize = 64;

/// A client that has sent a head, and the gateway's view of the body that follows.
struct Upload {
    client: DuplexStream,
    body: ReplayBody,
}

async fn upload(framing: &str, idle: Duration) -> Upload {
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let (hand_out, handed_out) = oneshot::channel();
    tokio::spawn(async move {
        let hand_out = std::sync::Mutex::new(Some(hand_out));
        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let body = ReplayBody::new(request.into_body(), LIMIT, LIMIT, idle);
            let handed = hand_out.lock().unwrap().take().map(|hand_out| hand_out.send(body));
            async move {
                drop(handed);
                std::future::pending::<Result<http::Response<http_body_util::Empty<Bytes>>, Infallible>>().await
            }
        });
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(server), service)
            .await;
    });
    let head = format!("POST / HTTP/1.1\r\nHost: h\r\n{framing}\r\n\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    let body = handed_out.await.unwrap();
    Upload { client, body }
}

const CHUNKED: &str = "Transfer-Encoding: chunked";
const LONG: Duration = Duration::from_secs(60);

impl Upload {
    async fn send(&mut self, bytes: &str) {
        self.client.write_all(bytes.as_bytes()).await.unwrap();
    }
}

async fn next(attempt: &mut AttemptBody) -> Option<Result<Bytes, ClientBodyError>> {
    let frame = attempt.frame().await?;
    Some(frame.map(|frame| frame.into_data().expect("data")))
}

async fn rest(attempt: AttemptBody) -> Result<Bytes, ClientBodyError> {
    attempt.collect().await.map(http_body_util::Collected::to_bytes)
}

#[tokio::test]
async fn a_second_attempt_starts_with_what_the_first_has_read() {
    let mut upload = upload(CHUNKED, LONG).await;
    upload.send("3\r\nabc\r\n").await;
    let mut first = upload.body.attempt();
    assert_eq!(next(&mut first).await.unwrap().unwrap(), "abc");
    upload.send("2\r\nde\r\n0\r\n\r\n").await;
    let second = upload.body.attempt();
    assert_eq!(rest(second).await.unwrap(), "abcde");
    assert!(
        next(&mut first).await.unwrap().is_err(),
        "an abandoned attempt gets nothing more"
    );
    assert_eq!(upload.body.received(), 5);
}

#[tokio::test]
async fn a_buffered_body_has_a_length_and_can_be_sent() {
    let mut upload = upload(CHUNKED, LONG).await;
    assert_eq!(upload.body.exact_len(), None);
    upload.send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").await;
    assert_eq!(upload.body.buffer().await.unwrap(), "abcde");
    assert_eq!(upload.body.exact_len(), Some(5));
    for _ in 0..2 {
        assert_eq!(rest(upload.body.attempt()).await.unwrap(), "abcde");
    }
}

#[tokio::test]
async fn an_announced_length_over_the_limit_is_refused_before_anything_is_read() {
    let upload = upload("Content-Length: 65", LONG).await;
    assert_eq!(upload.body.buffer().await, Err(BufferError::TooLarge { limit: LIMIT }));
    assert_eq!(upload.body.received(), 0);
    assert!(upload.body.can_replay());
}

#[tokio::test]
async fn a_body_over_the_limit_streams_once() {
    let mut upload = upload(CHUNKED, LONG).await;
    let mut attempt = upload.body.attempt();
    for _ in 0..3 {
        upload.send(&format!("1e\r\n{}\r\n", "x".repeat(30))).await;
        assert_eq!(next(&mut attempt).await.unwrap().unwrap().len(), 30);
    }
    assert!(!upload.body.can_replay());
    upload.send("0\r\n\r\n").await;
    assert!(next(&mut attempt).await.is_none());
    assert!(!upload.body.is_empty());
}

#[tokio::test]
async fn what_is_forgotten_is_still_sent_to_its_end_once() {
    let mut upload = upload(CHUNKED, LONG).await;
    upload.send("3\r\nabc\r\n").await;
    let mut abandoned = upload.body.attempt();
    next(&mut abandoned).await;
    let attempt = upload.body.attempt();
    upload.body.forget();
    upload.send("2\r\nde\r\n0\r\n\r\n").await;
    assert_eq!(rest(attempt).await.unwrap(), "abcde");
    assert!(!upload.body.can_replay());
}

#[tokio::test]
async fn broken_framing_is_the_clients_fault() {
    let mut upload = upload(CHUNKED, LONG).await;
    upload.send("xyz\r\n").await;
    assert_eq!(rest(upload.body.attempt()).await, Err(ClientBodyError::Broken));
    assert_eq!(upload.body.client_failure(), Some(ClientBodyError::Broken));
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_is_told_from_one_that_breaks_the_rules() {
    let Upload { mut client, body } = upload("Content-Length: 10", LONG).await;
    client.write_all(b"abc").await.unwrap();
    drop(client);
    assert_eq!(rest(body.attempt()).await, Err(ClientBodyError::Incomplete));
}

#[tokio::test(start_paused = true)]
async fn silence_within_a_body_is_bounded() {
    let mut upload = upload(CHUNKED, Duration::from_secs(30)).await;
    upload.send("3\r\nabc\r\n").await;
    let mut attempt = upload.body.attempt();
    next(&mut attempt).await;
    assert_eq!(next(&mut attempt).await, Some(Err(ClientBodyError::Stalled)));
}

#[tokio::test]
async fn the_time_in_which_the_client_is_waited_for_is_told() {
    let mut upload = upload(CHUNKED, LONG).await;
    let mut attempt = upload.body.attempt();
    assert!(upload.body.quiet_since().is_some());
    assert!(futures_util::poll!(attempt.frame()).is_pending());
    assert_eq!(upload.body.quiet_since(), None);
    upload.send("3\r\nabc\r\n").await;
    next(&mut attempt).await;
    assert!(upload.body.quiet_since().is_some());
}

#[tokio::test]
async fn a_request_without_a_body_is_empty() {
    let mut upload = upload("Content-Length: 0", LONG).await;
    assert!(upload.body.is_empty());
    assert_eq!(upload.body.buffer().await.unwrap(), "");
    // Nothing is left over from this client's point of view either.
    assert!(futures_util::poll!(std::pin::pin!(upload.client.read_u8())).is_pending());
}

#[tokio::test]
async fn an_attempt_after_the_beginning_is_gone_fails_and_the_one_before_goes_on() {
    let mut upload = upload(CHUNKED, LONG).await;
    let mut first = upload.body.attempt();
    for _ in 0..3 {
        upload.send(&format!("1e\r\n{}\r\n", "x".repeat(30))).await;
        next(&mut first).await;
    }
    upload.send("2\r\nde\r\n0\r\n\r\n").await;
    assert!(!upload.body.start_over());
    let mut second = upload.body.attempt();
    assert!(!http_body::Body::is_end_stream(&second));
    assert_eq!(next(&mut second).await, Some(Err(ClientBodyError::Incomplete)));
    assert_eq!(rest(first).await.unwrap(), "de");
    let mut late = upload.body.attempt();
    assert!(!http_body::Body::is_end_stream(&late));
    assert!(next(&mut late).await.unwrap().is_err());
}

#[tokio::test]
async fn an_attempt_that_is_over_reads_nothing_and_learns_it() {
    let mut upload = upload(CHUNKED, LONG).await;
    let mut first = upload.body.attempt();
    let (learned, could) = tokio::join!(next(&mut first), async { upload.body.start_over() });
    assert_eq!((learned, could), (Some(Err(ClientBodyError::Incomplete)), true));
    upload.send("3\r\nabc\r\n0\r\n\r\n").await;
    assert!(next(&mut first).await.unwrap().is_err());
    assert!(!http_body::Body::is_end_stream(&first));
    assert_eq!(upload.body.received(), 0);
    assert_eq!(rest(upload.body.attempt()).await.unwrap(), "abc");
}

#[tokio::test]
async fn a_body_that_is_read_for_another_route_while_an_attempt_has_it_reaches_both() {
    let mut upload = upload(CHUNKED, LONG).await;
    let mut first = upload.body.attempt();
    for piece in ["3\r\nabc\r\n", "2\r\nde\r\n"] {
        upload.send(piece).await;
        next(&mut first).await;
    }
    let (client, body) = (&mut upload.client, &upload.body);
    let (whole, rest, ()) = tokio::join!(body.buffer(), rest(first), async {
        tokio::task::yield_now().await;
        for piece in ["2\r\nfg\r\n", "2\r\nhi\r\n0\r\n\r\n"] {
            client.write_all(piece.as_bytes()).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(whole.unwrap(), "abcdefghi");
    assert_eq!(rest.unwrap(), "fghi", "the attempt's part, once");
    body.forget();
    assert!(!body.can_replay());
}

#[tokio::test]
async fn an_attempt_goes_on_after_a_body_turned_out_too_large_to_be_read() {
    let mut upload = upload(CHUNKED, LONG).await;
    let mut first = upload.body.attempt();
    upload.send("3\r\nabc\r\n").await;
    assert_eq!(next(&mut first).await.unwrap().unwrap(), "abc");
    upload.send(&format!("2\r\nde\r\n40\r\n{}\r\n", "x".repeat(64))).await;
    assert_eq!(upload.body.buffer().await, Err(BufferError::TooLarge { limit: LIMIT }));
    assert!(!upload.body.start_over());
    assert_eq!(upload.body.buffer().await, Err(BufferError::TooLarge { limit: LIMIT }));
    upload.send("1\r\nf\r\n0\r\n\r\n").await;
    let sent = rest(first).await.unwrap();
    assert_eq!(sent, format!("de{}f", "x".repeat(64)));
}
