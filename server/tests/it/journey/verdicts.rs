//! What an endpoint of WebSocket says of frames that are right, odd or wrong (RFC 6455) is heard through the gateway as it is over a
//! direct connection, byte by byte: a tunnel neither mends nor judges.

use crate::support::gateway::{PATIENCE, TestGateway};
use futures_util::{SinkExt as _, StreamExt as _};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::accept_async;

/// Echoes messages, and judges frames by its library's rules.
async fn judge() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut sink, mut source) = accept_async(stream).await.unwrap().split();
                while let Some(Ok(message)) = source.next().await {
                    // Answers to pings and closings are the library's own.
                    if !message.is_ping() && !message.is_close() && sink.send(message).await.is_err() {
                        break;
                    }
                }
                let _ = sink.close().await;
            });
        }
    });
    address
}

/// A client's frame: its first byte and its payload, masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [1, 2, 3, 4];
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
        length => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// Everything that comes back until the other side closes.
async fn verdict(address: SocketAddr, key: &str, frames: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET /socket HTTP/1.1\r\nHost: {address}\r\nX-API-Key: {key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    while memchr::memmem::find(&heard, b"\r\n\r\n").is_none() {
        assert!(stream.read_buf(&mut heard).await.unwrap() > 0);
    }
    assert!(
        heard.starts_with(b"HTTP/1.1 101"),
        "{}",
        String::from_utf8_lossy(&heard)
    );
    let end = memchr::memmem::find(&heard, b"\r\n\r\n").unwrap();
    let mut rest = heard.split_off(end + 4);
    stream.write_all(frames).await.unwrap();
    stream.shutdown().await.unwrap();
    // What came before a reset has been read.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .expect("an end in time");
    rest
}

/// Frames, each case followed by a closing so that it ends.
fn cases() -> Vec<(&'static str, Vec<u8>)> {
    let close = frame(0x88, &1000_u16.to_be_bytes());
    let then_close = |frames: Vec<u8>| [frames, close.clone()].concat();
    vec![
        ("a text", then_close(frame(0x81, "héllo".as_bytes()))),
        ("an empty text", then_close(frame(0x81, b""))),
        (
            "a binary message of two lengths' bytes",
            then_close(frame(0x82, &[7; 60_000])),
        ),
        (
            "a message in three frames",
            then_close([frame(0x01, b"a"), frame(0x00, b"b"), frame(0x80, b"c")].concat()),
        ),
        (
            "a ping between frames",
            then_close([frame(0x01, b"a"), frame(0x89, b"p"), frame(0x80, b"b")].concat()),
        ),
        ("a ping with 125 bytes", then_close(frame(0x89, &[1; 125]))),
        ("a ping with 126 bytes", then_close(frame(0x89, &[1; 126]))),
        ("a pong that nobody asked for", then_close(frame(0x8a, b"x"))),
        ("a reserved bit", then_close(frame(0xc1, b"a"))),
        ("a reserved opcode", then_close(frame(0x83, b"a"))),
        ("a reserved control opcode", then_close(frame(0x8b, b"a"))),
        ("a continuation of nothing", then_close(frame(0x80, b"a"))),
        (
            "a message within a message",
            then_close([frame(0x01, b"a"), frame(0x81, b"b")].concat()),
        ),
        ("a control frame in pieces", then_close(frame(0x09, b"a"))),
        ("a text that is no UTF-8", then_close(frame(0x81, &[0xff, 0xfe]))),
        (
            "a text that breaks off in a character",
            then_close(frame(0x81, &[0xe2, 0x82])),
        ),
        ("a frame without a mask", vec![0x81, 1, b'a']),
        ("a closing without a code", frame(0x88, b"")),
        ("a closing with half a code", frame(0x88, &[3])),
        ("a closing with a forbidden code", frame(0x88, &1005_u16.to_be_bytes())),
        (
            "a closing with a reason",
            frame(0x88, &[&1001_u16.to_be_bytes()[..], b"away"].concat()),
        ),
        (
            "a closing whose reason is no UTF-8",
            frame(0x88, &[&1000_u16.to_be_bytes()[..], &[0xff]].concat()),
        ),
        (
            "a frame that says more than comes",
            vec![0x82, 0xfe, 0xff, 0xff, 1, 2, 3, 4, 5],
        ),
        (
            "a length of 64 bits",
            [&[0x82, 0xff, 0x7f][..], &[0xff; 7], &[1, 2, 3, 4]].concat(),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verdicts_are_those_of_a_direct_connection() {
    let judge = judge().await;
    let gateway = TestGateway::to(judge.to_string()).await;
    let mut differ = Vec::new();
    for (name, frames) in cases() {
        gateway.count_request();
        let direct = verdict(judge, "none", &frames).await;
        let through = verdict(gateway.address, gateway.key(), &frames).await;
        if direct != through {
            differ.push((name, direct, through));
        }
    }
    assert_eq!(differ, []);
    gateway.finish().await;
}
