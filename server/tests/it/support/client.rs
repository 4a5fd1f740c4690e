//! Clients of the gateway: one that speaks HTTP properly, and one that sends any bytes.

use super::gateway::{PATIENCE, TestGateway};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, request};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::convert::Infallible;
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

type Body = BoxBody<Bytes, Infallible>;

/// A request that is being put together.
pub struct Call<'a> {
    gateway: &'a TestGateway,
    request: request::Builder,
    body: Body,
    recorded: bool,
}

/// The head of an answer, with its body still to come.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub head: http::response::Parts,
    body: Incoming,
    connection: JoinHandle<()>,
}

/// Sends the pieces of a body; dropping it ends the body.
pub type Pieces = mpsc::Sender<Bytes>;

impl<'a> Call<'a> {
    pub fn new(gateway: &'a TestGateway, method: Method, path: &str) -> Self {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", gateway.address.to_string());
        Self {
            gateway,
            request,
            body: Full::default().boxed(),
            recorded: true,
        }
    }

    /// It is not for the proxy: nothing is recorded of it.
    pub fn unrecorded(mut self) -> Self {
        self.recorded = false;
        self
    }

    /// Adds a field.
    pub fn header<V>(mut self, name: &str, value: V) -> Self
    where
        V: TryInto<HeaderValue>,
        V::Error: Into<http::Error>,
    {
        self.request = self.request.header(name, value);
        self
    }

    /// Takes a field off again.
    pub fn without(mut self, name: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.request.headers_mut().unwrap().remove(name);
        self
    }

    pub fn key(self, value: &str) -> Self {
        self.without("authorization")
            .header("authorization", format!("Bearer {value}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Full::new(body.into()).boxed();
        self
    }

    /// A body in chunks, which come when the test sends them.
    pub fn pieces(mut self) -> (Self, Pieces) {
        let (sender, receiver) = mpsc::channel::<Bytes>(1);
        let frames = futures_util::stream::unfold(receiver, |mut receiver| async move {
            let bytes = receiver.recv().await?;
            Some((Ok(Frame::data(bytes)), receiver))
        });
        self.body = BoxBody::new(StreamBody::new(frames));
        (self, sender)
    }

    /// Sends the request on a connection of its own and waits for the head of the answer.
    pub async fn send(self) -> Answer {
        self.try_send().await.expect("an answer")
    }

    /// As [`Call::send`], for tests in which no answer may come.
    pub async fn try_send(self) -> Result<Answer, hyper::Error> {
        if self.recorded {
            self.gateway.count_request();
        }
        let stream = TcpStream::connect(self.gateway.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(async move {
            // How it ended is seen by who reads the body.
            let _ = connection.await;
        });
        let request = self.request.body(self.body).unwrap();
        let response = timeout(PATIENCE, sender.send_request(request))
            .await
            .expect("an answer in time")?;
        let (head, body) = response.into_parts();
        Ok(Answer {
            status: head.status,
            head,
            body,
            connection,
        })
    }

    /// Sends the request and leaves when `gone` resolves, without waiting for an answer.
    pub async fn leave_when<T>(self, gone: impl Future<Output = T>) -> T {
        tokio::select! {
            answer = self.send() => panic!("an answer came first: {answer:?}"),
            gone = gone => gone,
        }
    }
}

impl Answer {
    /// A header field as text; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.head.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The next piece of the body; `None` at its clean end.
    pub async fn piece(&mut self) -> Option<Result<Bytes, hyper::Error>> {
        let frame = timeout(PATIENCE, self.body.frame())
            .await
            .expect("a piece of the body in time")?;
        Some(frame.map(|frame| frame.into_data().unwrap_or_default()))
    }

    /// The rest of the body, which must end cleanly.
    pub async fn text(self) -> String {
        let bytes = timeout(PATIENCE, self.body.collect())
            .await
            .expect("the body's end in time")
            .expect("a clean end")
            .to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// The body as JSON.
    pub async fn json(self) -> Value {
        let text = self.text().await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Checks the status and the form of an error that the gateway itself made; returns its `type`, `code` and message.
    #[track_caller]
    pub fn refusal(self, status: u16) -> impl Future<Output = (String, String, String)> {
        assert_eq!(self.status.as_u16(), status);
        assert_eq!(self.header("content-type"), "application/json");
        let id = self.header("x-request-id").to_owned();
        async move {
            let body = self.json().await;
            assert_eq!(body["request_id"], id.as_str());
            assert_eq!(body["error"]["param"], Value::Null);
            let text = |name: &str| body["error"][name].as_str().unwrap().to_owned();
            (text("type"), text("code"), text("message"))
        }
    }

    /// Closes the connection.
    pub fn leave(self) {
        self.connection.abort();
    }
}

/// A connection on which any bytes can be sent.
pub struct Raw(TcpStream);

impl Raw {
    pub async fn connect(gateway: &TestGateway) -> Self {
        Self(TcpStream::connect(gateway.address).await.unwrap())
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends what may be refused, because the gateway has closed the connection.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.write_all(bytes.as_ref()).await
    }

    /// Says that nothing more will be sent.
    pub async fn end(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Breaks the connection off.
    pub fn reset(self) {
        self.0.set_zero_linger().unwrap();
    }

    /// Reads until the text is there; returns all that came.
    pub async fn read_until(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        let mut buffer = [0; 4096];
        while memchr::memmem::find(&seen, text.as_bytes()).is_none() {
            let read = timeout(PATIENCE, self.0.read(&mut buffer))
                .await
                .expect("bytes in time")
                .unwrap();
            assert!(read > 0, "closed after {:?}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&buffer[..read]);
        }
        String::from_utf8_lossy(&seen).into_owned()
    }

    /// Reads until the gateway closes the connection; a reset is a close.
    pub async fn read_to_end(&mut self) -> String {
        String::from_utf8_lossy(&self.read_bytes_to_end().await).into_owned()
    }

    /// Reads what comes next; false at the end.
    pub async fn read_more(&mut self, seen: &mut Vec<u8>) -> bool {
        let read = timeout(PATIENCE, self.0.read_buf(seen)).await.expect("bytes in time");
        read.is_ok_and(|read| read > 0)
    }

    /// As [`Raw::read_to_end`], byte by byte.
    pub async fn read_bytes_to_end(&mut self) -> Vec<u8> {
        let mut seen = Vec::new();
        // What came before a reset has been read.
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut seen))
            .await
            .expect("the connection's end in time");
        seen
    }
}

/// Sends these bytes on a fresh connection and reads all that comes until the gateway closes.
pub async fn exchange(gateway: &TestGateway, bytes: impl AsRef<[u8]>) -> String {
    gateway.count_request();
    let mut raw = Raw::connect(gateway).await;
    raw.send(bytes).await;
    raw.read_to_end().await
}
