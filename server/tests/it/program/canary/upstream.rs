//! An upstream that cannot keep anything to itself.

use serde_json::json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// An upstream that says in its answer everything that it was told: as text and in fields; with the status that the path
/// ends in, or a connection that breaks.
pub fn indiscreet_upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let path = head.split_whitespace().nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    if path.ends_with("/garbage") {
        let _ = write!(stream, "HTTP/1.1 200 {head}\0\r\n\r\n");
        return;
    }
    if path.ends_with("/break") {
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{head}");
        return;
    }
    let status = path
        .rsplit('/')
        .next()
        .and_then(|last| last.parse().ok())
        .unwrap_or(200_u16);
    let told = head.replace(['\r', '\n'], " ");
    let body =
        json!({"you": told, "body": String::from_utf8_lossy(&body), "nested": {"authorization": told}}).to_string();
    let _ = write!(
        stream,
        "HTTP/1.1 {status} Told\r\nX-Echo: {told}\r\nSet-Cookie: {told}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}
