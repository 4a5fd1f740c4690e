//! The upstream of paced streams: whatever is asked, so many events at a pace, as chunks.

use std::error::Error;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const EVENT: &[u8] = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"}}]}\n\n";

pub async fn serve(events: u32, gap_ms: u64) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{{\"port\":{}}}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            // A client that leaves ends only its own connection.
            let _ = answer_all(stream, events, Duration::from_millis(gap_ms)).await;
        });
    }
}

async fn answer_all(mut stream: TcpStream, events: u32, gap: Duration) -> std::io::Result<()> {
    let event = [format!("{:x}\r\n", EVENT.len()).as_bytes(), EVENT, b"\r\n"].concat();
    let mut read = Vec::new();
    while take_request(&mut stream, &mut read).await? {
        let begun = Instant::now();
        stream.write_all(HEAD).await?;
        for at in 1..=events {
            sleep_until(begun + gap * at).await;
            stream.write_all(&event).await?;
        }
        stream.write_all(b"0\r\n\r\n").await?;
    }
    Ok(())
}

/// Reads one request away; false when the client has closed.
async fn take_request(stream: &mut TcpStream, read: &mut Vec<u8>) -> std::io::Result<bool> {
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
            while read.len() < end + 4 + length {
                if stream.read_buf(read).await? == 0 {
                    return Ok(false);
                }
            }
            read.drain(..end + 4 + length);
            return Ok(true);
        }
        if stream.read_buf(read).await? == 0 {
            return Ok(false);
        }
    }
}
