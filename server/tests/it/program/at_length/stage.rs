//! An upstream that does what the path says, and tells when it was left.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Bytes that are written at a time.
const PIECE: usize = 64 << 10;

/// The upstream; it ends with the test.
pub struct Stage {
    pub address: SocketAddr,
    pub told: Arc<Told>,
    listening: JoinHandle<()>,
}

/// What it heard, and what it is told.
#[derive(Default)]
pub struct Told {
    /// By the request's query: when the connection of a request ended before the answer did.
    left: Mutex<Vec<(String, Instant)>>,
    /// Bytes of bodies that came or went.
    pub bytes: AtomicU64,
    /// Bodies are not read further than [`Told::until`] while it is set.
    pub holds: AtomicBool,
    /// Bytes that are read before it holds.
    pub until: AtomicU64,
    /// To go on after [`Told::holds`] was cleared.
    pub goes_on: Notify,
    /// Requests that came.
    pub requests: AtomicU64,
}

impl Told {
    /// When the request with this query was left; `None` while it is not.
    pub fn left(&self, query: &str) -> Option<Instant> {
        let left = self.left.lock().unwrap();
        left.iter().find(|(of, _)| of == query).map(|(_, at)| *at)
    }
}

impl Stage {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let told = Arc::<Told>::default();
        let shared = told.clone();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let told = shared.clone();
                tokio::spawn(async move {
                    // It ends with the gateway.
                    let _ = serve(stream, &told).await;
                });
            }
        });
        Self {
            address,
            told,
            listening,
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// A request's path, its query, and the length of its body.
async fn head(stream: &mut BufReader<TcpStream>) -> io::Result<Option<(String, String, u64)>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            return Ok(Some((path.to_owned(), query.to_owned(), length)));
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
    }
}

async fn serve(stream: TcpStream, told: &Told) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(PIECE, stream);
    while let Some((path, query, length)) = head(&mut stream).await? {
        told.requests.fetch_add(1, Ordering::SeqCst);
        let number = |index: usize| -> u64 {
            let mut parts = path.rsplit('/').collect::<Vec<_>>();
            parts.reverse();
            parts.get(index).and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        match path.split('/').nth(2).unwrap_or_default() {
            // An event every so many milliseconds, so many times.
            "events" => events(&mut stream, (number(3), number(4))).await?,
            // Never answers.
            "silent" => return until_left(&mut stream, &query, told).await,
            // Begins, and falls silent.
            "stalls" => {
                let begun =
                    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 1000\r\n\r\ndata: 1\n\n";
                stream.write_all(begun.as_bytes()).await?;
                return until_left(&mut stream, &query, told).await;
            }
            // So many bytes down.
            "source" => source(&mut stream, number(3), told).await?,
            // Bytes up, counted.
            "sink" => sink(&mut stream, length, told).await?,
            _ => {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                stream.write_all(answer).await?;
            }
        }
    }
    Ok(())
}

async fn until_left(stream: &mut BufReader<TcpStream>, query: &str, told: &Told) -> io::Result<()> {
    let mut byte = [0];
    // A reset is an end as well.
    let _ = stream.read(&mut byte).await;
    told.left.lock().unwrap().push((query.to_owned(), Instant::now()));
    Ok(())
}

async fn events(stream: &mut BufReader<TcpStream>, (every, times): (u64, u64)) -> io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    for n in 0..times {
        let event = format!("data: {n}\n\n");
        let chunk = format!("{:x}\r\n{event}\r\n", event.len());
        stream.write_all(chunk.as_bytes()).await?;
        tokio::time::sleep(Duration::from_millis(every)).await;
    }
    stream.write_all(b"0\r\n\r\n").await
}

async fn source(stream: &mut BufReader<TcpStream>, bytes: u64, told: &Told) -> io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let piece = vec![0; PIECE];
    let mut left = bytes;
    while left > 0 {
        let some = usize::try_from(left.min(PIECE as u64)).unwrap();
        stream.write_all(&piece[..some]).await?;
        left -= some as u64;
        told.bytes.fetch_add(some as u64, Ordering::SeqCst);
    }
    Ok(())
}

async fn sink(stream: &mut BufReader<TcpStream>, length: u64, told: &Told) -> io::Result<()> {
    let mut left = length;
    while left > 0 {
        let went_on = told.goes_on.notified();
        if told.holds.load(Ordering::SeqCst) && length - left >= told.until.load(Ordering::SeqCst) {
            went_on.await;
            continue;
        }
        let some = stream.fill_buf().await?.len();
        if some == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let some = (some as u64).min(left);
        stream.consume(usize::try_from(some).unwrap());
        left -= some;
        told.bytes.fetch_add(some, Ordering::SeqCst);
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .await
}
