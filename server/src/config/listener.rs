//! What can be set of TLS and the PROXY protocol, and how the values of the listener must fit together.

use super::Config;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `server.tls.*`. Without any certificate the listeners speak plain HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// File of the certificate and those above it (PEM).
    pub cert: Option<PathBuf>,
    /// File of its private key (PEM).
    pub key: Option<PathBuf>,
    /// Further certificates, which clients choose by name.
    pub certificates: Vec<CertificateFiles>,
}

/// A certificate of `server.tls.certificates`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFiles {
    /// File of the certificate and those above it (PEM).
    pub cert: PathBuf,
    /// File of its private key (PEM).
    pub key: PathBuf,
}

/// `server.proxy_protocol`: whether connections from `server.trusted_proxies` begin with a PROXY header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyProtocol {
    /// None does.
    #[default]
    Off,
    /// Some do.
    Optional,
    /// All do; one that does not is closed.
    Required,
}

impl Tls {
    /// Whether the listeners speak TLS.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.pairs().next().is_some()
    }

    /// All certificates, the default first, each with the key of the configuration that names it.
    pub fn pairs(&self) -> impl Iterator<Item = (String, CertificateFiles)> {
        let first = self.cert.clone().zip(self.key.clone());
        let first = first.map(|(cert, key)| ("server.tls".to_owned(), CertificateFiles { cert, key }));
        let more = self.certificates.iter().cloned().enumerate();
        first
            .into_iter()
            .chain(more.map(|(at, files)| (format!("server.tls.certificates[{at}]"), files)))
    }
}

/// What values of the listener contradict each other: the key, its value, and what is wrong.
pub(super) fn contradiction(config: &Config) -> Option<(&'static str, Option<String>, &'static str)> {
    let server = &config.server;
    if server.port != 0 && server.admin_port == Some(server.port) {
        let value = Some(server.port.to_string());
        return Some(("server.admin_port", value, "must differ from server.port"));
    }
    match (&server.tls.cert, &server.tls.key) {
        (Some(_), None) => return Some(("server.tls.key", None, "must be given together with server.tls.cert")),
        (None, Some(_)) => return Some(("server.tls.cert", None, "must be given together with server.tls.key")),
        _ => {}
    }
    if server.proxy_protocol != ProxyProtocol::Off && server.trusted_proxies.is_empty() {
        let what = "needs server.trusted_proxies, since a PROXY header is read from these only";
        return Some(("server.proxy_protocol", None, what));
    }
    None
}
