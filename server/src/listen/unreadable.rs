//! The answer to a head that cannot be read, or that there is no room for: the gateway's own error with an id, and a
//! record, where hyper would send a bare status.

use super::gate_body::GateBody;
use super::lingering::linger;
use super::phases::Busy;
use super::socket::Socket;
use super::versions::MAX_HEADERS;
use super::{Gate, Served};
use crate::body::replay::ReplayBody;
use crate::message::forwarded::Peer;
use crate::message::head;
use crate::proxy::accept::Sender;
use crate::proxy::error::ProxyError;
use crate::proxy::refuse;
use crate::request_id::RequestId;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime};
use tokio::io::AsyncWriteExt as _;

/// How long a client may take to read the answer and to stop sending.
const PATIENCE: Duration = Duration::from_secs(2);

/// Refuses plain HTTP where TLS is spoken, and closes the connection.
pub async fn require_tls(gate: &Gate, peer: Peer, socket: Socket) {
    let error = ProxyError::BadRequest {
        code: "tls_required",
        message: "This port speaks TLS: use https.".to_owned(),
    };
    let read = socket.ahead().to_vec();
    refuse_and_close(gate, peer, socket, &read, &error).await;
}

/// Refuses a request because there are as many connections as there may be, and closes its connection.
pub async fn no_room(gate: &Gate, peer: Peer, socket: Socket) {
    let error = ProxyError::Overloaded {
        retry_after: Duration::from_secs(1),
        full: None,
    };
    let read = socket.ahead().to_vec();
    refuse_and_close(gate, peer, socket, &read, &error).await;
}

/// Refuses what was read, which hyper would have answered with `status`, and closes the connection.
pub async fn answer(gate: &Gate, peer: Peer, socket: Socket, read: &[u8], status: StatusCode) {
    let error = error_for(status, read, gate.max_header_bytes);
    refuse_and_close(gate, peer, socket, read, &error).await;
}

async fn refuse_and_close(gate: &Gate, peer: Peer, socket: Socket, read: &[u8], error: &ProxyError) {
    let request = first_line(read);
    let is_head = request.method() == Method::HEAD;
    let sender = Sender {
        request_id: RequestId::new(),
        peer,
        client_ip: peer.address,
        interim: None,
    };
    let response = refuse::refuse(&gate.app, &request, &sender, Instant::now(), error).await;
    let (head, body) = response.into_parts();
    // It is in memory; only its record may be waited for (`proxy.async_audit: false`).
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let mut bytes = serialised(&Response::from_parts(head, ()));
    if !is_head {
        bytes.extend_from_slice(&body);
    }
    say_and_close(socket, &bytes).await;
}

/// Sends these last bytes. Who does not read them has had them.
pub async fn say_and_close(socket: Socket, bytes: &[u8]) {
    let _ = tokio::time::timeout(PATIENCE, send(socket, bytes)).await;
}

/// Refuses a request of HTTP/2 whose fields are too large or too many.
pub async fn refuse_large_head(gate: &Gate, request: Request<Incoming>, sender: Sender, mut busy: Busy) -> Served {
    let request = request.map(|_| ReplayBody::empty());
    let error = ProxyError::HeadTooLarge {
        bytes: gate.max_header_bytes,
        fields: MAX_HEADERS,
    };
    let response = refuse::refuse(&gate.app, &request, &sender, Instant::now(), &error).await;
    busy.answered();
    Ok(response.map(|body| GateBody::from(body).until_end(busy)))
}

async fn send(mut socket: Socket, bytes: &[u8]) -> std::io::Result<()> {
    socket.write_all(bytes).await?;
    socket.shutdown().await?;
    linger(socket).await;
    Ok(())
}

fn error_for(status: StatusCode, read: &[u8], limit: usize) -> ProxyError {
    match status {
        StatusCode::URI_TOO_LONG => ProxyError::UriTooLong { bytes: limit },
        // The head was neither long nor of many fields, and is consumed: it names a length that no number holds.
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
            if read.len() < limit / 2 && memchr::memchr_iter(b'\n', read).count() <= MAX_HEADERS =>
        {
            malformed()
        }
        // The first line alone fills the room for a head.
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE if !read.contains(&b'\n') => {
            ProxyError::UriTooLong { bytes: limit }
        }
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => ProxyError::HeadTooLarge {
            bytes: limit,
            fields: MAX_HEADERS,
        },
        _ => malformed(),
    }
}

fn malformed() -> ProxyError {
    ProxyError::BadRequest {
        code: "malformed_request",
        message: "The request's head is malformed.".to_owned(),
    }
}

/// What can be told of the request for its record: method and target where the first line has them, else `-` and `*`.
fn first_line(read: &[u8]) -> Request<ReplayBody> {
    let line = read
        .split(|byte| *byte == b'\n')
        .find(|line| !line.trim_ascii().is_empty());
    let mut words = line.unwrap_or_default().splitn(3, |byte| *byte == b' ');
    let method = words.next().and_then(|word| Method::from_bytes(word).ok());
    let uri = words.next().and_then(|word| Uri::try_from(word).ok());
    let mut request = Request::new(ReplayBody::empty());
    match (method, uri) {
        (Some(method), Some(uri)) => {
            *request.method_mut() = method;
            *request.uri_mut() = uri;
        }
        (method, _) => {
            let unknown = Method::from_bytes(b"-").unwrap_or_default();
            *request.method_mut() = method.filter(|_| read.len() > 8).unwrap_or(unknown);
            *request.uri_mut() = Uri::from_static("*");
        }
    }
    request
}

/// The whole head, with the end of the connection announced.
fn serialised(head: &Response<()>) -> Vec<u8> {
    let mut bytes = head::begun(head.status(), head.headers());
    let date = httpdate::fmt_http_date(SystemTime::now());
    // Writing to memory does not fail.
    let _ = write!(bytes, "connection: close\r\ndate: {date}\r\n\r\n");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("GET /a?b=c HTTP/1.1\r\nX", "GET", "/a?b=c")]
    #[case("\r\nPOST /a HTTP/1.1\r\n", "POST", "/a")]
    #[case("GET /a\u{1} HTTP/1.1\r\n", "GET", "*")]
    #[case("\u{16}\u{3}\u{1}", "-", "*")]
    #[case("", "-", "*")]
    fn what_can_be_told_of_a_request_is_told(#[case] read: &str, #[case] method: &str, #[case] target: &str) {
        let request = first_line(read.as_bytes());
        assert_eq!(
            (request.method().as_str(), request.uri().to_string().as_str()),
            (method, target)
        );
    }

    #[rstest]
    #[case(400, "GET\r\n", 400)]
    #[case(414, "", 414)]
    #[case(431, "GET / HTTP/1.1\r\nX-A", 431)]
    #[case(431, "abc", 400)]
    #[case(431, "GET /aaaaaaaaaaaaaaaa", 414)]
    fn a_first_line_that_does_not_end_is_a_long_target(#[case] hyper: u16, #[case] read: &str, #[case] said: u16) {
        let status = StatusCode::from_u16(hyper).unwrap();
        assert_eq!(error_for(status, read.as_bytes(), 20).status().as_u16(), said);
    }
}
