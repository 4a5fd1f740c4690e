//! Load through a gateway that runs as a process of its own: an upstream that counts, and clients that keep what they heard.

use super::gateway::PATIENCE;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Between two requests of one client.
const PACE: Duration = Duration::from_millis(3);

/// An upstream that answers "ok", and counts.
pub struct Counting {
    pub address: SocketAddr,
    seen: Arc<AtomicUsize>,
    listening: JoinHandle<()>,
}

/// Clients that ask one after the other until they are told to stop.
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Tally>>,
}

/// What the clients heard.
#[derive(Debug, Default)]
pub struct Tally {
    /// Whole answers: the request's id, and when it had come.
    pub answers: BTreeMap<String, Instant>,
    /// Answers that were not 200.
    pub refused: Vec<String>,
    /// Requests whose connection ended without an answer.
    pub unanswered: usize,
    /// Answers that broke off.
    pub broken: usize,
}

impl Counting {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<AtomicUsize>::default();
        let count = seen.clone();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = count.clone();
                tokio::spawn(async move {
                    // It ends with the gateway.
                    let _ = answer(stream, &count).await;
                });
            }
        });
        Self {
            address,
            seen,
            listening,
        }
    }

    /// Requests so far.
    pub fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn answer(stream: TcpStream, seen: &AtomicUsize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if line == "\r\n" {
            seen.fetch_add(1, Ordering::SeqCst);
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                .await?;
        }
    }
}

impl Load {
    /// So many clients, each on connections of its own.
    pub fn start(gateway: &str, clients: usize) -> Self {
        let address: SocketAddr = gateway.trim_start_matches("http://").parse().unwrap();
        let stop = Arc::<AtomicBool>::default();
        let clients = (0..clients)
            .map(|client| tokio::spawn(ask(address, client, stop.clone())))
            .collect();
        Self { stop, clients }
    }

    /// Lets the last requests end.
    pub async fn stop(self) -> Tally {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = Tally::default();
        for client in self.clients {
            let tally = client.await.unwrap();
            all.answers.extend(tally.answers);
            all.refused.extend(tally.refused);
            all.unanswered += tally.unanswered;
            all.broken += tally.broken;
        }
        all
    }
}

impl Tally {
    /// Every request got its answer.
    #[track_caller]
    pub fn assert_flawless(&self) {
        let flaws = (self.refused.first(), self.unanswered, self.broken);
        assert_eq!(flaws, (None, 0, 0), "of {} answers", self.answers.len());
        assert!(!self.answers.is_empty());
    }
}

async fn ask(address: SocketAddr, client: usize, stop: Arc<AtomicBool>) -> Tally {
    let mut tally = Tally::default();
    let mut connection = None;
    let mut number = 0;
    while !stop.load(Ordering::SeqCst) {
        let stream = match connection.take() {
            Some(stream) => stream,
            None => match TcpStream::connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true).unwrap();
                    BufReader::new(stream)
                }
                // The gateway has ended.
                Err(_) => return tally,
            },
        };
        number += 1;
        let id = format!("load-{client}-{number}");
        match tokio::time::timeout(PATIENCE * 3, exchange(stream, &id))
            .await
            .expect("an answer in time")
        {
            Heard::Whole(stream, status) => {
                if status == "200" {
                    tally.answers.insert(id, Instant::now());
                } else {
                    tally.refused.push(status);
                }
                connection = stream;
            }
            Heard::Nothing => tally.unanswered += 1,
            Heard::Half => tally.broken += 1,
        }
        tokio::time::sleep(PACE).await;
    }
    tally
}

enum Heard {
    /// An answer; the connection, if it may be used again.
    Whole(Option<BufReader<TcpStream>>, String),
    Nothing,
    Half,
}

async fn exchange(mut stream: BufReader<TcpStream>, id: &str) -> Heard {
    let request = format!("GET /open/x HTTP/1.1\r\nHost: h\r\nX-Request-Id: {id}\r\n\r\n");
    let mut line = String::new();
    if stream.write_all(request.as_bytes()).await.is_err() || stream.read_line(&mut line).await.unwrap_or(0) == 0 {
        return Heard::Nothing;
    }
    let status = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut length, mut closes) = (0, false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return Heard::Half;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        closes |= line == "connection: close";
    }
    let mut body = vec![0; length];
    match stream.read_exact(&mut body).await {
        Ok(_) => Heard::Whole((!closes).then_some(stream), status),
        Err(_) => Heard::Half,
    }
}
