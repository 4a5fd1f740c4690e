//! A gRPC service and its client, written by hand: four calls on texts, one for each way of streaming.

use super::gateway::{PATIENCE, TestGateway};
use super::modern::{Manner, Modern};
use futures_util::Stream;
use futures_util::future::BoxFuture;
use http::uri::PathAndQuery;
use http_body_util::BodyExt as _;
use rustls::ServerConfig;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::metadata::MetadataValue;
use tonic::server::NamedService;
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

type Codec = ProstCodec<String, String>;
type Texts = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

/// The service.
#[derive(Clone)]
struct Talk;

impl NamedService for Talk {
    const NAME: &'static str = "tests.Talk";
}

impl Service<http::Request<Body>> for Talk {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(Codec::default());
            Ok(match request.uri().path() {
                "/tests.Talk/Greet" => grpc.unary(service_fn(greet), request).await,
                "/tests.Talk/Count" => grpc.server_streaming(service_fn(count), request).await,
                "/tests.Talk/Join" => grpc.client_streaming(service_fn(join), request).await,
                "/tests.Talk/Echo" => grpc.streaming(service_fn(echo), request).await,
                _ => Status::unimplemented("no such call").into_http(),
            })
        })
    }
}

/// Greets; refuses nobody's name with a message that needs encoding.
async fn greet(request: Request<String>) -> Result<Response<String>, Status> {
    let carried = request.metadata().get("x-carried").cloned();
    let name = request.into_inner();
    if name.is_empty() {
        return Err(Status::invalid_argument("a name, please: 100 % – whoever"));
    }
    let mut answer = Response::new(format!("Hello, {name}"));
    if let Some(carried) = carried {
        answer.metadata_mut().insert("x-carried", carried);
    }
    Ok(answer)
}

/// Counts from 1, and breaks off with an error after 3 when asked for more than 100.
async fn count(request: Request<String>) -> Result<Response<Texts>, Status> {
    let to: u32 = request
        .into_inner()
        .parse()
        .map_err(|_| Status::invalid_argument("a number"))?;
    let numbers = (1..=to).map(move |n| match n {
        4 if to > 100 => Err(Status::data_loss("lost count")),
        n => Ok(n.to_string()),
    });
    Ok(Response::new(Box::pin(tokio_stream::iter(numbers))))
}

async fn join(request: Request<Streaming<String>>) -> Result<Response<String>, Status> {
    let mut texts = request.into_inner();
    let mut whole = String::new();
    while let Some(text) = texts.message().await? {
        whole.push_str(&text);
    }
    Ok(Response::new(whole))
}

/// Answers each text when it comes.
async fn echo(request: Request<Streaming<String>>) -> Result<Response<Texts>, Status> {
    let texts = request.into_inner().map(|text| text.map(|text| format!("<{text}>")));
    Ok(Response::new(Box::pin(texts)))
}

/// A running server.
pub struct Talking {
    pub address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Talking {
    /// Without TLS.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Server::builder().add_service(Talk);
        let serving = tokio::spawn(async move {
            // It ends with the test.
            let _ = router.serve_with_incoming(TcpListenerStream::new(listener)).await;
        });
        Self { address, serving }
    }

    /// With TLS.
    pub async fn start_with_tls(config: ServerConfig) -> Modern {
        let talk = |request: http::Request<hyper::body::Incoming>| async move {
            let answer = Talk.call(request.map(Body::new)).await.unwrap();
            answer.map(|body| body.map_err(Into::into).boxed_unsync())
        };
        Manner::default().tls(config).answering(talk).start().await
    }

    /// `host:port`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Talking {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A client of the service, behind a gateway.
pub struct Talker {
    grpc: tonic::client::Grpc<Channel>,
    key: String,
}

impl Talker {
    /// With the first key of the gateway.
    pub async fn of(gateway: &TestGateway) -> Self {
        let channel = Channel::from_shared(format!("http://{}", gateway.address)).unwrap();
        let channel = channel.timeout(PATIENCE).connect().await.unwrap();
        Self {
            grpc: tonic::client::Grpc::new(channel),
            key: gateway.key().to_owned(),
        }
    }

    /// The same with another key.
    pub fn with_key(mut self, key: &str) -> Self {
        self.key = key.to_owned();
        self
    }

    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let value: MetadataValue<_> = format!("Bearer {}", self.key).parse().unwrap();
        request.metadata_mut().insert("authorization", value);
        request
    }

    pub async fn greet(&mut self, name: &str) -> Result<Response<String>, Status> {
        let request = self.request(name.to_owned());
        self.call(request, "/tests.Talk/Greet").await
    }

    /// Any call with one text and one answer.
    pub async fn call(&mut self, request: Request<String>, path: &'static str) -> Result<Response<String>, Status> {
        self.grpc.ready().await.unwrap();
        let path = PathAndQuery::from_static(path);
        self.grpc.unary(request, path, Codec::default()).await
    }

    pub async fn count(&mut self, to: &str) -> Result<Response<Streaming<String>>, Status> {
        self.grpc.ready().await.unwrap();
        let (request, path) = (
            self.request(to.to_owned()),
            PathAndQuery::from_static("/tests.Talk/Count"),
        );
        self.grpc.server_streaming(request, path, Codec::default()).await
    }

    pub async fn join(
        &mut self,
        texts: impl Stream<Item = String> + Send + 'static,
    ) -> Result<Response<String>, Status> {
        self.grpc.ready().await.unwrap();
        let (request, path) = (self.request(texts), PathAndQuery::from_static("/tests.Talk/Join"));
        self.grpc.client_streaming(request, path, Codec::default()).await
    }

    pub async fn echo(
        &mut self,
        texts: impl Stream<Item = String> + Send + 'static,
    ) -> Result<Response<Streaming<String>>, Status> {
        self.grpc.ready().await.unwrap();
        let (request, path) = (self.request(texts), PathAndQuery::from_static("/tests.Talk/Echo"));
        self.grpc.streaming(request, path, Codec::default()).await
    }
}
