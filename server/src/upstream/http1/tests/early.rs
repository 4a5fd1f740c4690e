//! Answers that come before the request was sent, and connections on which something comes that nobody asked for.

use super::*;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use tokio::io::DuplexStream;
use tokio::sync::oneshot;

/// A client that sends a body in chunks.
async fn upload() -> (DuplexStream, ReplayBody) {
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let (hand_out, handed_out) = oneshot::channel();
    let hand_out = std::sync::Mutex::new(Some(hand_out));
    tokio::spawn(async move {
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let body = ReplayBody::new(request.into_body(), 64, 0, Duration::from_secs(60));
            let handed = hand_out.lock().unwrap().take().map(|hand_out| hand_out.send(body));
            async move {
                drop(handed);
                std::future::pending::<Result<Response<http_body_util::Empty<Bytes>>, Infallible>>().await
            }
        });
        let server = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service);
        drop(server.await);
    });
    let head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.write_all(head).await.unwrap();
    (client, handed_out.await.unwrap())
}

/// Sends an attempt in chunks.
async fn send(wire: &Wire, body: &ReplayBody) -> Response<UpstreamBody> {
    let mut request = Request::new(body.attempt());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = "/".parse().unwrap();
    let chunked = http::HeaderValue::from_static("chunked");
    request.headers_mut().insert("transfer-encoding", chunked);
    let mut interim = Interim::new(None, Instant::now());
    wire.host.send(request, &mut interim).await.unwrap()
}

#[rstest]
#[case::that_is_over("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")]
#[case::that_was_read_whole("HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno")]
#[tokio::test]
async fn nothing_more_is_read_of_a_request_for_an_answer_that_does_not_stand(#[case] bytes: &str) {
    let wire = Wire::patient().await;
    let (mut client, body) = upload().await;
    client.write_all(b"3\r\nabc\r\n").await.unwrap();
    let (answer, mut far) = tokio::join!(send(&wire, &body), async {
        let mut far = wire.accept().await;
        far.hear("3\r\nabc\r\n").await;
        far.say(bytes).await;
        far
    });
    client.write_all(b"2\r\nde\r\n0\r\n\r\n").await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(body.received(), 3);
    assert!(body.start_over());
    drop(answer);
    wire.is_open(0).await;
    assert!(far.is_left().await);
    assert_eq!(body.attempt().collect().await.unwrap().to_bytes(), "abcde");
}

#[tokio::test]
async fn the_rest_of_a_request_that_stands_still_is_given_up() {
    let wire = Wire::patient().await;
    let body = ReplayBody::whole(Bytes::from(vec![b'x'; 32 << 20]), 0);
    let (answer, _far) = tokio::join!(wire.ask(Method::POST, body.attempt()), async {
        let mut far = wire.accept().await;
        far.say(OK).await;
        far
    });
    assert_eq!(answer.unwrap().into_body().collect().await.unwrap().to_bytes(), "ok");
    tokio::task::yield_now().await;
    assert_eq!(wire.client.connections().open(), 1);
    tokio::time::pause();
    for _ in 0..4 {
        tokio::time::advance(Duration::from_secs(31)).await;
        tokio::task::yield_now().await;
    }
    tokio::time::resume();
    wire.is_open(0).await;
}

#[tokio::test]
async fn a_connection_on_which_something_came_unheard_is_not_used_again() {
    let wire = Wire::patient().await;
    let (answer, far) = tokio::join!(wire.get(), async {
        let mut far = wire.accept().await;
        far.answer(OK).await;
        far
    });
    assert_eq!(answer.unwrap(), "ok");
    wire.is_open(1).await;
    far.0.writable().await.unwrap();
    // The runtime has no turn in which it could learn of it.
    let crossed = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    assert_eq!(far.0.try_write(crossed).unwrap(), crossed.len());
    let serves = async {
        let mut other = wire.accept().await;
        other.answer(OK).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        next = wire.get() => assert_eq!(next.unwrap(), "ok"),
        () = serves => {}
    }
}

#[test]
fn a_connection_can_be_put_back_when_the_runtime_has_ended() {
    let (done, ended) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.unwrap();
        let (wire, answer) = runtime.block_on(async {
            let wire = Wire::patient().await;
            let (answer, _) = tokio::join!(wire.ask(Method::GET, AttemptBody::Empty), async {
                let mut far = wire.accept().await;
                far.answer(OK).await;
            });
            (wire, answer.unwrap())
        });
        let handle = runtime.handle().clone();
        runtime.shutdown_background();
        let _inside = handle.enter();
        drop(answer);
        drop(wire);
        done.send(()).unwrap();
    });
    assert_eq!(ended.recv_timeout(Duration::from_secs(20)), Ok(()));
}
