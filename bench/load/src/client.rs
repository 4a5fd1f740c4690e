//! A client that is cheap enough not to be what is measured: one connection, requests as prepared bytes, answers read just far
//! enough to know where they end (Content-Length, or chunks; RFC 9112 section 6).

use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Target;

/// The request as it is sent.
pub fn request(target: &Target) -> Vec<u8> {
    let Target {
        address,
        path,
        key,
        body,
    } = target;
    let (method, length) = match body.len() {
        0 => ("GET", String::new()),
        length => (
            "POST",
            format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
        ),
    };
    format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n{length}\r\n{body}")
        .into_bytes()
}

/// A connection with what was read and not used yet.
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

/// How an answer's body ends.
enum Body {
    Length(usize),
    Chunked,
}

impl Connection {
    /// Connects.
    pub async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            read: Vec::with_capacity(16 * 1024),
        })
    }

    /// Sends a request and reads the whole answer. `on_piece` is called for the head and then whenever bytes of the body came.
    /// An answer other than 200 is an error.
    pub async fn exchange(&mut self, request: &[u8], mut on_piece: impl FnMut()) -> Result<()> {
        self.stream.write_all(request).await?;
        let body = self.head().await?;
        on_piece();
        match body {
            Body::Length(length) => {
                while self.read.len() < length {
                    self.more().await?;
                    on_piece();
                }
                self.read.drain(..length);
            }
            Body::Chunked => loop {
                // The last chunk ends the answer: its bytes occur nowhere in the events of these upstreams.
                if let Some(end) = find(&self.read, b"\r\n0\r\n\r\n")
                    .map(|at| at + 7)
                    .or_else(|| self.read.starts_with(b"0\r\n\r\n").then_some(5))
                {
                    self.read.drain(..end);
                    return Ok(());
                }
                let keep = self.read.len().saturating_sub(8);
                self.read.drain(..keep);
                self.more().await?;
                on_piece();
            },
        }
        Ok(())
    }

    async fn head(&mut self) -> Result<Body> {
        loop {
            if let Some(end) = find(&self.read, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.read[..end]).to_ascii_lowercase();
                self.read.drain(..end + 4);
                if !head.starts_with("http/1.1 200") {
                    return Err(wrong(head.lines().next().unwrap_or_default()));
                }
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
                return match length.map(|length| length.trim().parse()) {
                    Some(Ok(length)) => Ok(Body::Length(length)),
                    _ if head.contains("chunked") => Ok(Body::Chunked),
                    _ => Err(wrong("an answer without an end")),
                };
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what.to_owned())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
