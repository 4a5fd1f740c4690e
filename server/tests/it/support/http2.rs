//! A client that speaks HTTP/2 on one connection, with many requests at a time.

use super::gateway::{PATIENCE, TestGateway};
use bytes::Bytes;
use http::{Request, Response, request};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use std::convert::Infallible;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub type Body = BoxBody<Bytes, Infallible>;

/// A connection.
pub struct Http2 {
    sender: SendRequest<Body>,
    connection: JoinHandle<hyper::Result<()>>,
}

impl Http2 {
    /// By prior knowledge.
    pub async fn connect(gateway: &TestGateway) -> Self {
        Self::over(TcpStream::connect(gateway.address).await.unwrap()).await
    }

    /// On a stream that is open already.
    pub async fn over(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        Self {
            sender,
            connection: tokio::spawn(connection),
        }
    }

    /// A request with the first key of the gateway; it is counted.
    pub fn request(gateway: &TestGateway, method: &str, path: &str) -> request::Builder {
        gateway.count_request();
        Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", gateway.address))
            .header("authorization", format!("Bearer {}", gateway.key()))
    }

    /// Sends a request and waits for the head of its answer.
    pub async fn send(&self, request: Request<Body>) -> hyper::Result<Response<Incoming>> {
        let mut sender = self.sender.clone();
        timeout(PATIENCE, sender.ready())
            .await
            .expect("room for a request in time")?;
        timeout(PATIENCE, sender.send_request(request))
            .await
            .expect("an answer in time")
    }

    /// The answer to a GET.
    pub async fn get(&self, gateway: &TestGateway, path: &str) -> Response<Incoming> {
        let request = Self::request(gateway, "GET", path).body(nothing()).unwrap();
        self.send(request).await.unwrap()
    }

    /// Waits for the gateway to end the connection.
    pub async fn ended(self) {
        // Whether politely or not is the test's affair.
        let _ = timeout(PATIENCE, self.connection)
            .await
            .expect("the connection's end in time");
    }
}

/// No body.
pub fn nothing() -> Body {
    Empty::new().boxed()
}

/// A body of known length.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed()
}

/// The bytes of an answer, which must end cleanly.
pub async fn bytes(response: Response<Incoming>) -> Bytes {
    let whole = timeout(PATIENCE, response.into_body().collect()).await;
    whole.expect("the body's end in time").expect("a clean end").to_bytes()
}

/// The JSON of an answer.
pub async fn json(response: Response<Incoming>) -> Value {
    serde_json::from_slice(&bytes(response).await).unwrap()
}
