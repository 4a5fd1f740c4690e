//! Upstreams that speak HTTP/2, TLS, or both, and tell what they saw in JSON.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::json;
use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What an answer consists of.
pub type Answer = Response<UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>>;
type Answering = Arc<dyn Fn(Request<Incoming>) -> BoxFuture<'static, Answer> + Send + Sync>;

/// A modern upstream on a port of its own.
pub struct Modern {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

/// How one answers.
#[derive(Clone, Default)]
pub struct Manner {
    tls: Option<Arc<ServerConfig>>,
    answering: Option<Answering>,
    max_streams: Option<u32>,
}

impl Manner {
    /// With TLS.
    pub fn tls(mut self, config: ServerConfig) -> Self {
        self.tls = Some(Arc::new(config));
        self
    }

    /// With these answers instead of an echo.
    pub fn answering<F: Future<Output = Answer> + Send + 'static>(
        mut self,
        answer: impl Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    ) -> Self {
        self.answering = Some(Arc::new(move |request| Box::pin(answer(request))));
        self
    }

    /// With so many streams at once on a connection.
    pub fn max_streams(mut self, streams: u32) -> Self {
        self.max_streams = Some(streams);
        self
    }

    /// On a free port.
    pub async fn start(self) -> Modern {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                let manner = self.clone();
                tokio::spawn(async move {
                    match manner.tls.clone() {
                        None => manner.serve(stream, number, None).await,
                        Some(tls) => {
                            if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                                let session = stream.get_ref().1;
                                let name = session.server_name().map(str::to_owned);
                                let shown = session.peer_certificates().map_or(0, <[_]>::len);
                                manner.serve(stream, number, Some((name, shown))).await;
                            }
                        }
                    }
                });
            }
        });
        Modern {
            address,
            connections,
            serving,
        }
    }

    async fn serve(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        number: usize,
        tls: Option<(Option<String>, usize)>,
    ) {
        let answering = self.answering.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let (answering, tls) = (answering.clone(), tls.clone());
            async move {
                Ok::<_, Infallible>(match answering {
                    Some(answering) => answering(request).await,
                    None => echo(request, number, tls).await,
                })
            }
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http2().max_concurrent_streams(self.max_streams);
        // How it ended is seen by the other side.
        let _ = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .await;
    }
}

async fn echo(request: Request<Incoming>, number: usize, tls: Option<(Option<String>, usize)>) -> Answer {
    let (head, body) = request.into_parts();
    let collected = body.collect().await;
    let (body, trailers) = match collected {
        Ok(collected) => {
            let trailers = collected.trailers().cloned();
            (collected.to_bytes(), trailers)
        }
        Err(_) => (Bytes::new(), None),
    };
    let fields = |headers: &http::HeaderMap| -> Vec<(String, String)> {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect()
    };
    let seen = json!({
        "version": format!("{:?}", head.version),
        "method": head.method.as_str(),
        "uri": head.uri.to_string(),
        "headers": fields(&head.headers),
        "body": String::from_utf8_lossy(&body),
        "trailers": trailers.as_ref().map(fields),
        "connection": number,
        "server_name": tls.as_ref().and_then(|(name, _)| name.clone()),
        "client_certificates": tls.map(|(_, shown)| shown),
    });
    answer(seen.to_string())
}

/// 200 with this body.
pub fn answer(body: impl Into<Bytes>) -> Answer {
    Response::new(Full::new(body.into()).map_err(Into::into).boxed_unsync())
}

impl Modern {
    /// `host:port`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Modern {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// An authority that signs what a test needs.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its certificate, as PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a name or address and its key, as PEM.
    pub fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// A server with a certificate for this name or address, that speaks these protocols.
    pub fn server(&self, name: &str, alpn: &[&str]) -> ServerConfig {
        self.server_for(name, alpn, None)
    }

    /// As [`Authority::server`], for clients that show a certificate of that authority.
    pub fn server_for(&self, name: &str, alpn: &[&str], clients: Option<&Self>) -> ServerConfig {
        use rustls::pki_types::pem::PemObject as _;
        use rustls::pki_types::{CertificateDer, PrivateKeyDer};
        let (certificate, key) = self.sign(name);
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.0.der().clone()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }
}
