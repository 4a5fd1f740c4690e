//! Certificates made for one test, and clients that trust only them.

use super::gateway::{PATIENCE, TestGateway};
use fastgate::config::CertificateFiles;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate with its key.
pub struct Made {
    pub der: CertificateDer<'static>,
    pub files: CertificateFiles,
}

/// Makes a certificate for these names and writes it and its key, in the place of those that are there.
pub fn make(folder: &Path, file: &str, names: &[&str]) -> Made {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let files = CertificateFiles {
        cert: folder.join(format!("{file}.pem")),
        key: folder.join(format!("{file}.key")),
    };
    std::fs::write(&files.cert, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    Made {
        der: made.cert.der().clone(),
        files,
    }
}

/// A client that trusts these certificates and offers these protocols.
#[derive(Clone)]
pub struct TlsClient(Arc<ClientConfig>);

impl TlsClient {
    pub fn trusting<'a>(made: impl IntoIterator<Item = &'a Made>, protocols: &[&str]) -> Self {
        let mut roots = RootCertStore::empty();
        for one in made {
            roots.add(one.der.clone()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self(Arc::new(config))
    }

    /// Connects to the gateway by this name.
    pub async fn connect(&self, gateway: &TestGateway, name: &str) -> io::Result<TlsStream<TcpStream>> {
        self.connect_to(gateway.address, name).await
    }

    /// Connects to this address by this name.
    pub async fn connect_to(&self, address: SocketAddr, name: &str) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        self.over(stream, name).await
    }

    /// The handshake on a stream.
    pub async fn over<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, name: &str) -> io::Result<TlsStream<S>> {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let handshake = TlsConnector::from(self.0.clone()).connect(name, stream);
        timeout(PATIENCE, handshake).await.expect("a handshake in time")
    }
}

/// The certificate that the other end has shown.
pub fn shown<S>(stream: &TlsStream<S>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

/// Sends these bytes and reads to the end of the connection.
pub async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, bytes: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // What came before a reset has been read.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("the connection's end in time");
    String::from_utf8_lossy(&answer).into_owned()
}
