//! An upstream that does what a test tells it, byte by byte, and remembers what it saw.

use super::gateway::PATIENCE;
use serde_json::json;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

/// What the upstream does with a request.
pub enum Act {
    /// Answers 200 with what it saw, as JSON.
    Echo,
    /// Sends these bytes as they are, and keeps the connection.
    Answer(String),
    /// Sends these bytes as they are, and closes.
    AnswerAndClose(String),
    /// Sends these bytes as they are, and resets the connection.
    AnswerAndReset(String),
    /// Sends these bytes as they are, and then nothing.
    AnswerAndHang(String),
    /// Sends this head, then what comes, and closes when nothing more will come.
    Feed(String, mpsc::Receiver<Vec<u8>>),
    /// Sends this head, then each byte back that comes, and closes when nothing more will come.
    Switch(String),
    /// Closes without a byte.
    Close,
    /// Resets the connection.
    Reset,
    /// Never answers.
    Hang,
}

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The request line.
    pub line: String,
    /// The header lines in order, as `name: value`.
    pub headers: Vec<(String, String)>,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// The lines after the body's last chunk, as `name: value`.
    pub trailers: Vec<(String, String)>,
    /// The body came to its end.
    pub complete: bool,
    /// Number of the connection, from 1.
    pub connection: usize,
}

#[derive(Default)]
struct Shared {
    seen: Vec<Seen>,
    acts: VecDeque<Act>,
    connections: usize,
    left: usize,
    on_head: bool,
}

/// An upstream on a port of its own.
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    socket: Option<TcpSocket>,
    listening: Option<JoinHandle<()>>,
}

impl Upstream {
    /// One that echoes, unless told otherwise.
    pub fn start() -> Self {
        let mut upstream = Self::down();
        upstream.come_up();
        upstream
    }

    /// One that does these things in turn, then echoes.
    pub fn doing(acts: impl IntoIterator<Item = Act>) -> Self {
        let upstream = Self::start();
        upstream.shared.lock().unwrap().acts.extend(acts);
        upstream
    }

    /// One that refuses connections, until it comes up.
    pub fn down() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self {
            address: socket.local_addr().unwrap(),
            shared: Arc::default(),
            socket: Some(socket),
            listening: None,
        }
    }

    /// Takes connections from now on.
    pub fn come_up(&mut self) {
        let listener = self.socket.take().expect("it is down").listen(64).unwrap();
        self.listening = Some(tokio::spawn(accept(listener, self.shared.clone())));
    }

    /// Ends as a process does: its port is closed, and its connections break off.
    pub fn go_down(&mut self) {
        self.listening.take().expect("it is up").abort();
    }

    /// It acts as soon as a head has come, while the body is still on its way.
    pub fn act_on_head(self) -> Self {
        self.shared.lock().unwrap().on_head = true;
        self
    }

    /// What it does with the next request that nothing is planned for.
    pub fn then(&self, act: Act) {
        self.shared.lock().unwrap().acts.push_back(act);
    }

    /// `host:port`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.lock().unwrap().seen.clone()
    }

    /// How many requests so far.
    pub fn requests(&self) -> usize {
        self.shared.lock().unwrap().seen.len()
    }

    /// The only request.
    #[track_caller]
    pub fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "one request at the upstream");
        seen.into_iter().next().unwrap()
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.shared.lock().unwrap().connections
    }

    /// Waits until a request was seen that fits.
    pub async fn sees(&self, what: &str, fits: impl Fn(&Seen) -> bool) -> Seen {
        let started = Instant::now();
        loop {
            if let Some(seen) = self.shared.lock().unwrap().seen.iter().find(|seen| fits(seen)) {
                return seen.clone();
            }
            assert!(started.elapsed() < PATIENCE, "the upstream sees {what}: not in time");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits until it has seen this many requests to their ends.
    pub async fn has_seen(&self, count: usize) {
        let started = Instant::now();
        let complete = || {
            self.shared
                .lock()
                .unwrap()
                .seen
                .iter()
                .filter(|seen| seen.complete)
                .count()
        };
        while complete() < count {
            assert!(started.elapsed() < PATIENCE, "{} of {count} requests came", complete());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits until the gateway closed a connection before it had the whole answer; says how long that took from now.
    pub async fn is_left(&self) -> Duration {
        let started = Instant::now();
        while self.shared.lock().unwrap().left == 0 {
            assert!(started.elapsed() < PATIENCE, "the upstream is left: not in time");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        started.elapsed()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

impl Seen {
    /// The values of a header field, joined.
    pub fn header(&self, name: &str) -> String {
        let values = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        values.map(|(_, v)| v.as_str()).collect::<Vec<_>>().join(" | ")
    }

    /// Whether there is such a field.
    pub fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    /// Whether a text stands anywhere in the request.
    pub fn contains(&self, text: &str) -> bool {
        let body = String::from_utf8_lossy(&self.body);
        self.line.contains(text) || body.contains(text) || self.headers.iter().any(|(_, value)| value.contains(text))
    }
}

/// An answer with a status, header lines and a body of known length.
pub fn answer(status: &str, headers: &[&str], body: &str) -> Act {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    Act::Answer(format!(
        "HTTP/1.1 {status}\r\n{lines}Content-Length: {length}\r\n\r\n{body}"
    ))
}

/// An agreement to switch to a protocol, under which each byte comes back.
pub fn switch_to(protocol: &str) -> Act {
    Act::Switch(format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\nX-A: 1\r\n\r\n"
    ))
}

/// An answer in chunks of this media type, which come when the test feeds them.
pub fn stream(media: &str) -> (Feed, Act) {
    let (sender, receiver) = mpsc::channel(16);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nTransfer-Encoding: chunked\r\n\r\n");
    (Feed(sender), Act::Feed(head, receiver))
}

/// Feeds an answer in chunks. Dropping it breaks the answer off.
pub struct Feed(mpsc::Sender<Vec<u8>>);

impl Feed {
    pub async fn chunk(&self, text: &str) {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.0.send(chunk.into_bytes()).await.unwrap();
    }

    /// Ends the answer cleanly.
    pub async fn end(self) {
        self.0.send(b"0\r\n\r\n".to_vec()).await.unwrap();
    }

    /// Breaks the answer off.
    pub fn break_off(self) {}
}

async fn accept(listener: TcpListener, shared: Arc<Mutex<Shared>>) {
    // They end with the one who takes them.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        stream.set_nodelay(true).unwrap();
        let shared = shared.clone();
        shared.lock().unwrap().connections += 1;
        let number = shared.lock().unwrap().connections;
        connections.spawn(async move {
            // A connection that breaks is what some tests want.
            let _ = serve(stream, shared, number).await;
        });
    }
}

async fn serve(stream: TcpStream, shared: Arc<Mutex<Shared>>, number: usize) -> io::Result<()> {
    let mut connection = Connection {
        stream,
        buffer: Vec::new(),
    };
    loop {
        let Some(mut seen) = connection.head().await? else {
            return Ok(());
        };
        seen.connection = number;
        let (index, on_head) = {
            let mut shared = shared.lock().unwrap();
            shared.seen.push(seen.clone());
            (shared.seen.len() - 1, shared.on_head)
        };
        if !on_head && let Err(error) = connection.body(&shared, index).await {
            shared.lock().unwrap().left += 1;
            return Err(error);
        }
        let act = shared.lock().unwrap().acts.pop_front().unwrap_or(Act::Echo);
        if !connection.act(act, &shared, index).await? {
            return Ok(());
        }
        if on_head {
            connection.body(&shared, index).await?;
        }
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// More bytes; false at the end.
    async fn more(&mut self) -> io::Result<bool> {
        self.buffer.reserve(16_384);
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = memchr::memmem::find(&self.buffer, b"\r\n") {
                let line = self.buffer.drain(..end + 2).take(end).collect();
                return Ok(String::from_utf8(line).unwrap());
            }
            if !self.more().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn head(&mut self) -> io::Result<Option<Seen>> {
        while self.buffer.is_empty() {
            if !self.more().await? {
                return Ok(None);
            }
        }
        let mut seen = Seen {
            line: self.line().await?,
            ..Seen::default()
        };
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok(Some(seen));
            }
            let (name, value) = line.split_once(':').unwrap();
            seen.headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    async fn body(&mut self, shared: &Mutex<Shared>, index: usize) -> io::Result<()> {
        let seen = shared.lock().unwrap().seen[index].clone();
        if seen.header("transfer-encoding") == "chunked" {
            loop {
                let size = usize::from_str_radix(&self.line().await?, 16).unwrap();
                self.take(size, shared, index).await?;
                if size == 0 {
                    break;
                }
                self.line().await?;
            }
            loop {
                let line = self.line().await?;
                let Some((name, value)) = line.split_once(':') else {
                    break;
                };
                let trailer = (name.to_owned(), value.trim().to_owned());
                shared.lock().unwrap().seen[index].trailers.push(trailer);
            }
        } else if seen.has("content-length") {
            let size = seen.header("content-length").parse().unwrap();
            self.take(size, shared, index).await?;
        }
        shared.lock().unwrap().seen[index].complete = true;
        Ok(())
    }

    async fn take(&mut self, mut size: usize, shared: &Mutex<Shared>, index: usize) -> io::Result<()> {
        while size > 0 {
            if self.buffer.is_empty() && !self.more().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let part = self.buffer.len().min(size);
            shared.lock().unwrap().seen[index]
                .body
                .extend(self.buffer.drain(..part));
            size -= part;
        }
        Ok(())
    }

    /// Sends this head, then each byte back that comes.
    async fn mirror(&mut self, head: &str) -> io::Result<()> {
        self.stream.write_all(head.as_bytes()).await?;
        loop {
            let bytes = std::mem::take(&mut self.buffer);
            self.stream.write_all(&bytes).await?;
            if !self.more().await? {
                return self.stream.shutdown().await;
            }
        }
    }

    /// Sends these bytes, and then nothing until it is left.
    async fn fall_silent(&mut self, bytes: &str, shared: &Mutex<Shared>) -> io::Result<bool> {
        self.stream.write_all(bytes.as_bytes()).await?;
        while self.more().await.unwrap_or(false) {}
        shared.lock().unwrap().left += 1;
        Ok(false)
    }

    /// Sends this head, then what comes.
    async fn feed(
        &mut self,
        head: &str,
        mut pieces: mpsc::Receiver<Vec<u8>>,
        shared: &Mutex<Shared>,
    ) -> io::Result<bool> {
        self.stream.write_all(head.as_bytes()).await?;
        loop {
            tokio::select! {
                piece = pieces.recv() => match piece {
                    Some(piece) => self.stream.write_all(&piece).await?,
                    None => return Ok(false),
                },
                more = self.more() => if !more.unwrap_or(false) {
                    shared.lock().unwrap().left += 1;
                    return Ok(false);
                },
            }
        }
    }

    /// False when the connection is not to be used again.
    async fn act(&mut self, act: Act, shared: &Mutex<Shared>, index: usize) -> io::Result<bool> {
        match act {
            Act::Echo => {
                let seen = shared.lock().unwrap().seen[index].clone();
                let body = json!({
                    "line": seen.line,
                    "headers": seen.headers,
                    "body": String::from_utf8_lossy(&seen.body),
                })
                .to_string();
                let length = body.len();
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
                let body = if seen.line.starts_with("HEAD ") { "" } else { &body };
                self.stream.write_all(format!("{head}{body}").as_bytes()).await?;
                Ok(true)
            }
            Act::Answer(bytes) => {
                self.stream.write_all(bytes.as_bytes()).await?;
                Ok(true)
            }
            Act::AnswerAndClose(bytes) => {
                self.stream.write_all(bytes.as_bytes()).await?;
                self.stream.shutdown().await?;
                Ok(false)
            }
            Act::AnswerAndReset(bytes) => {
                self.stream.write_all(bytes.as_bytes()).await?;
                // A reset overtakes what was not read yet.
                tokio::time::sleep(Duration::from_millis(50)).await;
                self.stream.set_zero_linger()?;
                Ok(false)
            }
            Act::AnswerAndHang(bytes) => self.fall_silent(&bytes, shared).await,
            Act::Feed(head, pieces) => self.feed(&head, pieces, shared).await,
            Act::Switch(head) => {
                let ended = self.mirror(&head).await;
                shared.lock().unwrap().left += 1;
                ended.map(|()| false)
            }
            Act::Hang => self.fall_silent("", shared).await,
            Act::Close => Ok(false),
            Act::Reset => {
                self.stream.set_zero_linger()?;
                Ok(false)
            }
        }
    }
}
