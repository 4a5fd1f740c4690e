//! Upstreams that speak HTTP/2, or do not: frames written by hand.

use super::{Broken, Error, Fault, ask, fault, impatient, judge, report};
use crate::corpus::frames::{self, Frame};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// `:status: 200`, from the static table.
const OK: &[u8] = &[0x88];
/// The same, and `content-length: 10` (a literal with the name's number, 28).
const OK_TEN: &[u8] = &[0x88, 0x0f, 0x0d, 2, b'1', b'0'];
/// `:status: 103`, a literal with the name's number, 8.
const HINTS: &[u8] = &[0x08, 3, b'1', b'0', b'3'];

/// What it does when the head of a request has come on stream 1.
type Frames = &'static [Frame<'static>];

const END: u8 = frames::END_STREAM;
const HEAD: u8 = frames::END_HEADERS;

pub const FAULTS: &[Fault<Frames>] = &[
    fault(
        "h2: closes without a frame",
        "9113 9.1",
        &[],
        Error(502, "upstream_unreachable"),
        "upstream_error",
    ),
    fault(
        "h2: takes the stream back before the head",
        "9113 8.7",
        &[Frame(frames::RESET, 0, 1, &[0, 0, 0, 2])],
        Error(502, "upstream_unreachable"),
        "upstream_error",
    ),
    fault(
        "h2: goes away with an error",
        "9113 6.8",
        &[Frame(frames::GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 2])],
        Error(502, "upstream_unreachable"),
        "upstream_error",
    ),
    fault(
        "h2: speaks HTTP/1.1",
        "9113 3.4",
        &[Frame(b'P', b'/', 0x312e_3120, b"400 evil\r\n\r\n")],
        Error(502, "upstream_unreachable"),
        "upstream_error",
    ),
    fault(
        "h2: sends a body before the head",
        "9113 8.1",
        &[Frame(frames::DATA, END, 1, b"evil")],
        Error(502, "upstream_malformed"),
        "upstream_error",
    ),
    fault(
        "h2: sends a head that cannot be unpacked",
        "7541 2.3.3",
        &[Frame(frames::HEADERS, HEAD | END, 1, &[0xff, 0xff, 0xff])],
        Error(502, "upstream_malformed"),
        "upstream_error",
    ),
    fault(
        "h2: sends a head without a status",
        "9113 8.3.2",
        &[Frame(
            frames::HEADERS,
            HEAD | END,
            1,
            &[0x10, 3, b'x', b'-', b'a', 1, b'1'],
        )],
        Error(502, "upstream_malformed"),
        "upstream_error",
    ),
    fault(
        "h2: sends a line end in a field",
        "9113 8.2.1",
        &[Frame(
            frames::HEADERS,
            HEAD | END,
            1,
            &[0x88, 0x10, 1, b'a', 6, b'\r', b'\n', b'e', b'v', b'i', b'l'],
        )],
        Error(502, "upstream_malformed"),
        "upstream_error",
    ),
    fault(
        "h2: sends hints and closes",
        "9113 8.1",
        &[Frame(frames::HEADERS, HEAD, 1, HINTS)],
        Error(502, "upstream_unreachable"),
        "upstream_error",
    ),
    fault(
        "h2: takes the stream back in the middle of a body",
        "9113 8.1.1",
        &[
            Frame(frames::HEADERS, HEAD, 1, OK),
            Frame(frames::DATA, 0, 1, b"only this"),
            Frame(frames::RESET, 0, 1, &[0, 0, 0, 2]),
        ],
        Broken(200, "only this"),
        "upstream_error",
    ),
    fault(
        "h2: closes in the middle of a body",
        "9113 9.1",
        &[
            Frame(frames::HEADERS, HEAD, 1, OK),
            Frame(frames::DATA, 0, 1, b"only this"),
        ],
        Broken(200, "only this"),
        "upstream_error",
    ),
    fault(
        "h2: goes away with an error in the middle of a body",
        "9113 6.8",
        &[
            Frame(frames::HEADERS, HEAD, 1, OK),
            Frame(frames::DATA, 0, 1, b"only this"),
            Frame(frames::GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 2]),
        ],
        Broken(200, "only this"),
        "upstream_error",
    ),
    fault(
        "h2: sends less than its length",
        "9113 8.1.1",
        &[
            Frame(frames::HEADERS, HEAD, 1, OK_TEN),
            Frame(frames::DATA, END, 1, b"only this"),
        ],
        Broken(200, "only this"),
        "upstream_error",
    ),
    fault(
        "h2: sends more than its length",
        "9113 8.1.1",
        &[
            Frame(frames::HEADERS, HEAD, 1, OK_TEN),
            Frame(frames::DATA, END, 1, b"only this and evil"),
        ],
        Broken(200, ""),
        "upstream_error",
    ),
];

/// An upstream that does this with the first request of each connection. Its second connection answers well.
struct Scripted {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    listening: JoinHandle<()>,
}

impl Scripted {
    async fn doing(script: Frames) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<AtomicUsize>::default();
        let count = asked.clone();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // How it ended is seen by the other side.
                let _ = serve(stream, script, &count).await;
            }
        });
        Self {
            address,
            asked,
            listening,
        }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Waits for the end of a request, does what it is told, and closes.
async fn serve(mut stream: TcpStream, script: Frames, asked: &AtomicUsize) -> std::io::Result<()> {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
    let mut seen = Vec::new();
    let mut skipped = false;
    stream
        .write_all(&frames::bytes(&[Frame(frames::SETTINGS, 0, 0, &[])]))
        .await?;
    loop {
        if stream.read_buf(&mut seen).await? == 0 {
            return Ok(());
        }
        if !skipped && seen.len() >= preface {
            seen.drain(..preface);
            skipped = true;
        }
        while skipped && let Some((_, flags, stream_id, _)) = frames::take(&mut seen) {
            if stream_id == 0 || flags & frames::END_STREAM == 0 {
                continue;
            }
            let times = asked.fetch_add(1, Ordering::SeqCst);
            let answer = [
                Frame(frames::HEADERS, HEAD, 1, OK),
                Frame(frames::DATA, END, 1, b"/after"),
            ];
            let frames = frames::bytes(if times == 0 { script } else { &answer });
            stream.write_all(&frames).await?;
            stream.shutdown().await?;
            // What is not read would make the end a reset.
            return tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop);
        }
    }
}

#[tokio::test]
async fn a_fault_in_http_2_is_told_apart_from_an_answer() {
    let mut wrong = Vec::new();
    for fault in FAULTS {
        let upstream = Scripted::doing(fault.does).await;
        let gateway = impatient(upstream.address.to_string(), "h2c").await;
        let heard = ask(&gateway, fault.method).await;
        let record = gateway.records(1).await.swap_remove(0);
        let mut verdict = judge(fault, &heard, &record);
        let others = usize::from(heard.windows(6).any(|part| part == b"/after"));
        if verdict.is_ok() && upstream.asked.load(Ordering::SeqCst) != 1 + others {
            verdict = Err("a POST was asked again".to_owned());
        }
        wrong.extend(verdict.err().map(|reason| (fault, reason, heard)));
        gateway.finish().await;
    }
    report(wrong);
}
