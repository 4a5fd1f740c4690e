//! What happens on a connection before HTTP: a PROXY header, the handshake of TLS, and finding out which version the
//! client speaks. All of it is bounded by
//! `server.header_timeout_seconds`, and none of it keeps the next connection from being accepted.

use super::proxy_protocol::{self, HeaderError};
use super::socket::Socket;
use super::{Gate, unreadable};
use crate::config::ProxyProtocol;
use crate::message::forwarded::Peer;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// How HTTP/2 begins without asking (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection on which HTTP may begin.
pub struct Opened {
    /// Its bytes.
    pub socket: Socket,
    /// Its other end.
    pub peer: Peer,
    /// HTTP/2 rather than 1.1.
    pub http2: bool,
}

/// Opens an accepted connection.
///
/// # Errors
/// What makes it useless.
pub async fn open(stream: TcpStream, address: SocketAddr, gate: &Gate) -> io::Result<Opened> {
    let mut socket = Socket::tcp(stream);
    let mut peer = announced(&mut socket, gate.trusted.peer(address.ip()), gate).await?;
    if let Some(acceptor) = gate.certificates.acceptor() {
        if is_plain_http(&mut socket).await? {
            unreadable::require_tls(gate, peer, socket).await;
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        socket = Socket::tls(acceptor.accept(socket).await?);
        peer.secure = true;
    }
    let http2 = begins_with_preface(&mut socket).await?;
    Ok(Opened { socket, peer, http2 })
}

/// The client that a trusted proxy announces. From there on it counts as the connection's other end, also in the question
/// whose `X-Forwarded-*` fields are believed: the proxy itself writes none, so what comes is the client's own.
pub(super) async fn announced(socket: &mut Socket, peer: Peer, gate: &Gate) -> io::Result<Peer> {
    if gate.proxy_protocol == ProxyProtocol::Off || !peer.trusted {
        return Ok(peer);
    }
    match proxy_protocol::read(socket).await {
        Ok(said) => {
            let mut client = said.address.map_or(peer, |address| gate.trusted.peer(address));
            client.secure = said.secure;
            Ok(client)
        }
        Err(HeaderError::Missing) if gate.proxy_protocol == ProxyProtocol::Optional => Ok(peer),
        Err(HeaderError::Connection(error)) => Err(error),
        Err(error) => {
            tracing::warn!(proxy = %peer.address, %error, "A connection from a trusted proxy is closed");
            Err(io::Error::new(io::ErrorKind::InvalidData, error))
        }
    }
}

/// Whether a client that should begin a handshake begins a request, which no handshake looks like.
async fn is_plain_http(socket: &mut Socket) -> io::Result<bool> {
    if socket.ahead().is_empty() {
        socket.look_further().await?;
    }
    Ok(socket.ahead().first().is_some_and(u8::is_ascii_uppercase))
}

/// Whether the client begins HTTP/2. A single byte tells most others apart; nothing is answered before the whole preface
/// is there.
pub(super) async fn begins_with_preface(socket: &mut Socket) -> io::Result<bool> {
    loop {
        let ahead = socket.ahead();
        if ahead.len() >= PREFACE.len() {
            return Ok(ahead.starts_with(PREFACE));
        }
        if !PREFACE.starts_with(ahead) || socket.look_further().await? == 0 {
            return Ok(false);
        }
    }
}
