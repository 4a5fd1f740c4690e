//! An upstream that writes down byte by byte what a gateway sends, and is offended by all that is not one clean request.
//! Each answer says which request it answers.

use super::reader::unchunk;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the gateway itself sets; each is there exactly once.
const OWN: [&str; 6] = [
    "host",
    "via",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-request-id",
];

/// What came since it was last asked.
#[derive(Clone, Debug, Default)]
pub struct Sightings {
    /// Whole requests, without the gateway's own fields and without the framing of chunks.
    pub whole: Vec<String>,
    /// What is no clean request.
    pub oddities: Vec<String>,
}

/// The upstream.
pub struct Recorder {
    address: SocketAddr,
    sightings: Arc<Mutex<Sightings>>,
    listening: JoinHandle<()>,
}

impl Recorder {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sightings = Arc::<Mutex<Sightings>>::default();
        let seen = sightings.clone();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = seen.clone();
                tokio::spawn(async move {
                    // Half a request, whose client broke off, is no request.
                    let _ = serve(stream, address, &seen).await;
                });
            }
        });
        Self {
            address,
            sightings,
            listening,
        }
    }

    /// `host:port`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// What came since this was last called.
    pub fn take(&self) -> Sightings {
        std::mem::take(&mut *self.sightings.lock().unwrap())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(mut stream: TcpStream, address: SocketAddr, seen: &Mutex<Sightings>) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let head_end = loop {
            if let Some(end) = memchr::memmem::find(&buffer, b"\r\n\r\n") {
                break end;
            }
            more(&mut stream, &mut buffer).await?;
        };
        let head = match clean_head(&buffer[..head_end], address) {
            Ok(head) => head,
            Err(oddity) => {
                seen.lock().unwrap().oddities.push(oddity);
                return Ok(());
            }
        };
        buffer.drain(..head_end + 4);
        let body = body(&mut stream, &mut buffer, head.framing).await?;
        let body = match body {
            Ok(body) => shown(&body),
            Err(oddity) => {
                seen.lock().unwrap().oddities.push(oddity);
                return Ok(());
            }
        };
        seen.lock().unwrap().whole.push(format!("{}{body}", head.text));
        let content = if head.line.starts_with("HEAD ") { "" } else { &head.line };
        let length = head.line.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{content}");
        stream.write_all(answer.as_bytes()).await?;
    }
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

#[derive(Clone, Copy)]
enum Framing {
    None,
    Length(usize),
    Chunks,
}

struct Head {
    line: String,
    /// With the empty line after it.
    text: String,
    framing: Framing,
}

/// A head in the only form in which a gateway may send one.
fn clean_head(bytes: &[u8], address: SocketAddr) -> Result<Head, String> {
    let mut lines = bytes
        .split(|b| *b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let ends = memchr::memmem::find_iter(bytes, b"\r\n").count();
    let controls = bytes.iter().filter(|b| b.is_ascii_control() && **b != b'\t').count();
    if controls != 2 * ends {
        return Err(format!("a control character: {}", shown(bytes)));
    }
    let line = shown(lines.next().unwrap_or_default());
    let mut text = format!("{line}\r\n");
    let mut framing = Framing::None;
    let mut own = Vec::new();
    for field in lines {
        let colon = memchr::memchr(b':', field).ok_or_else(|| format!("no colon: {}", shown(bytes)))?;
        let name = shown(&field[..colon]).to_ascii_lowercase();
        let value = shown(field[colon + 1..].trim_ascii());
        match name.as_str() {
            name if OWN.contains(&name) => {
                if name == "host" && value != address.to_string() {
                    return Err(format!("host {value}"));
                }
                own.push(name.to_owned());
                continue;
            }
            "content-length" if matches!(framing, Framing::None) && value.bytes().all(|b| b.is_ascii_digit()) => {
                framing = Framing::Length(value.parse().map_err(|_| shown(bytes))?);
            }
            "transfer-encoding" if matches!(framing, Framing::None) && value == "chunked" => framing = Framing::Chunks,
            "content-length" | "transfer-encoding" => return Err(format!("framed twice, or oddly: {}", shown(bytes))),
            _ => {}
        }
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    own.sort_unstable();
    let mut all = OWN.map(str::to_owned);
    all.sort_unstable();
    if own != all {
        return Err(format!("the gateway's own fields are {own:?}"));
    }
    text.push_str("\r\n");
    Ok(Head { line, text, framing })
}

/// Bytes as a text; quotes stay quotes.
fn shown(bytes: &[u8]) -> String {
    bytes
        .escape_ascii()
        .to_string()
        .replace("\\'", "'")
        .replace("\\\"", "\"")
}

async fn body(stream: &mut TcpStream, buffer: &mut Vec<u8>, framing: Framing) -> io::Result<Result<Vec<u8>, String>> {
    match framing {
        Framing::None => Ok(Ok(Vec::new())),
        Framing::Length(length) => {
            while buffer.len() < length {
                more(stream, buffer).await?;
            }
            Ok(Ok(buffer.drain(..length).collect()))
        }
        Framing::Chunks => loop {
            match unchunk(buffer) {
                Ok((content, rest)) => {
                    *buffer = rest.to_vec();
                    return Ok(Ok(content));
                }
                Err(reason) if !reason.contains("half") => return Ok(Err(reason)),
                Err(_) => more(stream, buffer).await?,
            }
        },
    }
}
