//! The end of a connection on which a client may still be sending: it is read on for a while, and what comes is dropped.
//! A connection that is closed with bytes unread is reset, and the client might never read the answer that it got
//! (RFC 9112 section 9.6).

use super::socket::Socket;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, timeout_at};

/// How long a client may go on sending.
const AT_MOST: Duration = Duration::from_secs(30);
/// How long it may be silent meanwhile.
const SILENCE: Duration = Duration::from_secs(2);

/// Reads until the client ends its side, is silent, or has had its time. The gateway's own side has ended before.
pub async fn linger(mut socket: Socket) {
    let end = Instant::now() + AT_MOST;
    let mut dropped = vec![0; 16 << 10];
    loop {
        let silent = Instant::now() + SILENCE;
        match timeout_at(silent.min(end), socket.read(&mut dropped)).await {
            Ok(Ok(read)) if read > 0 => {}
            _ => return,
        }
    }
}
