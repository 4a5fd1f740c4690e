//! What a connection above `server.max_connections` hears: 503 with `Retry-After`, at little cost, and the end. A client of
//! TLS gets no answer, only the end: a handshake costs more than the request that it would refuse.

use super::ending::Ending;
use super::opening::{self, begins_with_preface};
use super::socket::Socket;
use super::{Gate, unreadable};
use crate::telemetry::figures;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a client may take to send the beginning of its request: an answer before it would be taken for a mistake.
const PATIENCE: Duration = Duration::from_secs(1);

/// SETTINGS, then GOAWAY with NO_ERROR and no stream processed (RFC 9113 sections 6.5 and 6.8): whatever was asked for may be
/// asked for elsewhere.
const GO_AWAY: [u8; 26] = [
    0, 0, 0, 4, 0, 0, 0, 0, 0, //
    0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// Tells a client that there is no room, and closes its connection.
pub async fn say(stream: TcpStream, address: SocketAddr, gate: Arc<Gate>, ending: Ending) {
    figures().shed_by_listener.increment(1);
    if gate.certificates.acceptor().is_some() {
        return;
    }
    tokio::select! {
        _ = refuse(stream, address, &gate) => {}
        () = ending.begun() => {}
    }
}

async fn refuse(stream: TcpStream, address: SocketAddr, gate: &Gate) -> io::Result<()> {
    let mut socket = Socket::tcp(stream);
    let opening = async {
        let peer = opening::announced(&mut socket, gate.trusted.peer(address.ip()), gate).await?;
        let http2 = begins_with_preface(&mut socket).await?;
        Ok::<_, io::Error>((peer, http2))
    };
    let (peer, http2) = timeout(PATIENCE, opening).await??;
    if http2 {
        unreadable::say_and_close(socket, &GO_AWAY).await;
    } else if !socket.ahead().is_empty() {
        unreadable::no_room(gate, peer, socket).await;
    }
    Ok(())
}
