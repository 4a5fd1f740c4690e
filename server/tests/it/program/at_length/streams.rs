//! Limits of time: each on its own, and none on the whole of a stream.

use super::{Stand, either};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// How far from its limit anything may be cut off; a machine that does other things meanwhile must not fail the tests.
fn tolerance() -> Duration {
    either(Duration::from_millis(1_500), Duration::from_millis(200))
}

/// Sends a GET and reads to the connection's end; returns what came, and how long the last of it was after the request.
async fn get(address: &str, path: &str) -> (String, Duration) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let asked = Instant::now();
    let mut heard = Vec::new();
    // A broken end is a close without the last chunk, or a reset.
    let _ = stream.read_to_end(&mut heard).await;
    (String::from_utf8_lossy(&heard).into_owned(), asked.elapsed())
}

/// A port that takes no further connection: whoever connects waits.
async fn full() -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        waiting.push(stream);
        assert!(waiting.len() < 100, "it takes all");
    }
    (listener, waiting)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connecting_the_head_and_each_silence_have_limits_of_their_own() {
    let (times, connect, answer) = either((1, 1, 2), (10, 2, 3));
    let connect_timeout = format!("proxy.connect_timeout={connect}");
    let stand = Stand::start(&[&connect_timeout], json!({"timeout": answer, "retry_count": 0})).await;
    let (listener, _waiting) = full().await;
    let full = json!({"route_name": "full", "match_path": "/full", "auth": "none", "timeout": 30, "retry_count": 0,
        "target_host": listener.local_addr().unwrap().to_string()});
    let (status, text) = stand.gateway.call("POST", "/admin/routes", super::TOKEN, &full).await;
    assert_eq!(status, 201, "{text}");
    for (path, limit, said) in [
        ("/full", connect, "HTTP/1.1 504"),
        ("/open/silent", answer, "HTTP/1.1 504"),
        ("/open/stalls", answer, "data: 1\n\n"),
    ] {
        let limit = Duration::from_secs(limit);
        let mut worst = Duration::ZERO;
        for _ in 0..times {
            let (heard, took) = get(stand.address(), path).await;
            assert!(heard.contains(said), "{path}: {heard}");
            let off = took.abs_diff(limit);
            worst = worst.max(off);
            assert!(
                off < tolerance() && took > limit - Duration::from_millis(200),
                "{path}: {took:?}"
            );
        }
        println!(
            "{path}: a limit of {limit:?} kept {times} times, at most {} ms off",
            worst.as_millis()
        );
    }
    // The record is written after the answer has ended.
    let asked = Instant::now();
    loop {
        let log = "/admin/logs?path=/open/stalls&limit=1";
        let (_, text) = stand.gateway.get_as(log, super::TOKEN).await;
        if text.contains("\"outcome\":\"timeout\"") && text.contains("stopped sending") {
            break;
        }
        assert!(asked.elapsed() < Duration::from_secs(10), "{text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_goes_on_for_as_long_as_it_says_something() {
    // Four times its limit; at length ten minutes, an event every 10 s.
    let (every, times, timeout) = either((400, 10, 1), (10_000, 60, 15));
    let stand = Stand::start(&[], json!({"timeout": timeout})).await;
    let (heard, took) = get(stand.address(), &format!("/open/events/{every}/{times}")).await;
    assert!(heard.ends_with("0\r\n\r\n"), "{heard}");
    assert_eq!(heard.matches("data: ").count(), usize::try_from(times).unwrap());
    println!(
        "{times} events, one every {every} ms, in {:.1} s with a limit of {timeout} s",
        took.as_secs_f64()
    );
    assert!(took > Duration::from_secs(3 * timeout));
}
