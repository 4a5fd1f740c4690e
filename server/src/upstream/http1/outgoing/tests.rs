//! What an upstream gets to read of a request.

use super::*;
use crate::body::replay::ReplayBody;
use proptest::prelude::*;
use rstest::rstest;
use std::time::Duration;

/// Takes so many bytes at a time, and sometimes none at first.
struct Slow {
    taken: Vec<u8>,
    writes: usize,
    room: usize,
    is_blocked: bool,
}

impl AsyncWrite for Slow {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.room == 0 {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        self.is_blocked = !self.is_blocked && self.room < usize::MAX;
        if self.is_blocked {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let part = all.len().min(self.room);
        self.taken.extend_from_slice(&all[..part]);
        self.writes += 1;
        Poll::Ready(Ok(part))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn fields(framing: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in framing.lines() {
        let (name, value) = line.split_once(": ").unwrap();
        headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    headers
}

/// Sends a POST with this body, which is there whole.
async fn send(framing: &str, body: AttemptBody, room: usize) -> (Result<(), SendFault>, Slow) {
    let mut outgoing = Outgoing::default();
    let (uri, headers) = (Uri::from_static("/x"), fields(framing));
    outgoing.begin((&Method::POST, &uri, &headers), "h", body);
    let mut stream = Slow {
        taken: Vec::new(),
        writes: 0,
        room,
        is_blocked: false,
    };
    let sent = std::future::poll_fn(|cx| outgoing.poll(cx, &mut stream)).await;
    assert_eq!(outgoing.is_done(), sent.is_ok());
    (sent, stream)
}

fn whole(bytes: &[u8]) -> AttemptBody {
    ReplayBody::whole(Bytes::copy_from_slice(bytes), 0).attempt()
}

/// The body as it was written.
fn body(stream: &Slow) -> &[u8] {
    let end = memchr::memmem::find(&stream.taken, b"\r\n\r\n").unwrap();
    &stream.taken[end + 4..]
}

#[rstest]
#[case::none("", AttemptBody::Empty, "")]
#[case::said_to_be_none("content-length: 0", AttemptBody::Empty, "")]
#[case::of_known_length("content-length: 3", whole(b"abc"), "abc")]
#[case::in_chunks("transfer-encoding: chunked", whole(b"abc"), "3\r\nabc\r\n0\r\n\r\n")]
#[case::longer_than_it_says("content-length: 2", whole(b"abc"), "ab")]
#[tokio::test]
async fn a_small_request_is_one_write(#[case] framing: &str, #[case] attempt: AttemptBody, #[case] written: &str) {
    let (sent, stream) = send(framing, attempt, usize::MAX).await;
    assert_eq!(sent, Ok(()));
    assert_eq!(
        body(&stream).escape_ascii().to_string(),
        written.as_bytes().escape_ascii().to_string()
    );
    assert_eq!(stream.writes, 1);
}

#[rstest]
#[case::of_known_length("content-length: 100000")]
#[case::in_chunks("transfer-encoding: chunked")]
#[tokio::test]
async fn so_is_a_large_one_that_is_there(#[case] framing: &str) {
    let (sent, stream) = send(framing, whole(&[b'x'; 100_000]), usize::MAX).await;
    assert_eq!((sent, stream.writes), (Ok(()), 1));
    assert_eq!(body(&stream).iter().filter(|byte| **byte == b'x').count(), 100_000);
}

#[tokio::test]
async fn a_body_that_is_shorter_than_it_says_is_not_ended() {
    let (sent, stream) = send("content-length: 4", whole(b"abc"), usize::MAX).await;
    assert_eq!(sent, Err(SendFault::Body));
    assert!(stream.taken.is_empty());
}

/// A body that is at its end already.
async fn read_to_its_end() -> AttemptBody {
    let mut body = whole(b"abc");
    std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
    assert!(body.is_end_stream());
    body
}

#[tokio::test]
async fn a_last_chunk_is_owed_also_for_a_body_that_has_ended() {
    for body in [AttemptBody::Empty, read_to_its_end().await] {
        let (sent, stream) = send("transfer-encoding: chunked", body, usize::MAX).await;
        assert_eq!((sent, super::tests::body(&stream)), (Ok(()), &b"0\r\n\r\n"[..]));
    }
    let (sent, stream) = send("content-length: 3", read_to_its_end().await, usize::MAX).await;
    assert_eq!((sent, stream.taken.len()), (Err(SendFault::Body), 0));
}

#[tokio::test]
async fn an_upstream_that_takes_nothing_is_told() {
    let (sent, _) = send("content-length: 3", whole(b"abc"), 0).await;
    assert_eq!(sent, Err(SendFault::Socket));
}

#[test]
fn only_announced_fields_follow_a_body() {
    let announced = HeaderValue::from_static("X-B, x-a, X-B");
    let kept = only(Some(&announced), &fields("x-a: 1\nx-b: 2\nx-b: 3\nx-c: 4"));
    let mut out = Vec::new();
    head::write_fields(&mut out, &kept);
    assert_eq!(String::from_utf8(out).unwrap(), "x-b: 2\r\nx-b: 3\r\nx-a: 1\r\n");
    assert!(only(None, &fields("x-a: 1")).is_empty());
}

#[tokio::test]
async fn fields_after_a_body_follow_its_last_chunk() {
    let (mut client, server) = tokio::io::duplex(1 << 10);
    let (hand_out, handed_out) = tokio::sync::oneshot::channel();
    let hand_out = std::sync::Mutex::new(Some(hand_out));
    tokio::spawn(async move {
        let service = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let body = ReplayBody::new(request.into_body(), 64, 0, Duration::from_secs(9));
            let _handed = hand_out.lock().unwrap().take().map(|hand_out| hand_out.send(body));
            std::future::pending::<Result<http::Response<http_body_util::Empty<Bytes>>, io::Error>>()
        });
        let server = hyper_util::rt::TokioIo::new(server);
        hyper::server::conn::http1::Builder::new()
            .serve_connection(server, service)
            .await
    });
    let sent = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut client, sent).await.unwrap();
    let attempt = handed_out.await.unwrap().attempt();
    let (sent, stream) = send("transfer-encoding: chunked\ntrailer: x-a", attempt, usize::MAX).await;
    assert_eq!(sent, Ok(()));
    assert_eq!(body(&stream), b"2\r\nab\r\n1\r\nc\r\n0\r\nx-a: 1\r\n\r\n");
}

proptest! {
    #[test]
    fn how_much_an_upstream_takes_at_a_time_changes_nothing(
        size in prop_oneof![1usize..200, 4000usize..5000],
        room in 1usize..600,
        is_chunked: bool,
    ) {
        let framing = if is_chunked { "transfer-encoding: chunked".to_owned() } else { format!("content-length: {size}") };
        let bytes: Vec<u8> = (0..size).map(|n| b'a' + (n % 23) as u8).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (at_once, slowly) = runtime.block_on(async {
            (send(&framing, whole(&bytes), usize::MAX).await, send(&framing, whole(&bytes), room).await)
        });
        prop_assert_eq!(at_once.0, Ok(()));
        prop_assert_eq!(at_once.1.taken, slowly.1.taken);
    }
}
