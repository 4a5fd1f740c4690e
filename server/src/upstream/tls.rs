//! TLS towards upstreams: which certificates are believed, which one is shown. Compiled when a route is saved and when it
//! is loaded; equal settings are known by their digest, so that only equal ones share connections.

use fastgate_shared::problem::FieldError;
use fastgate_shared::route::RouteDefinition;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Names a setting of TLS without telling it.
pub type TlsDigest = [u8; 32];

/// How TLS is spoken with the upstreams of a route.
#[derive(Clone)]
pub struct TlsSettings {
    /// Believed and shown certificates; no protocol (ALPN) is offered yet.
    pub config: ClientConfig,
    /// Name that the certificate must have instead of the target's host.
    pub server_name: Option<String>,
}

/// Whether a route says anything about TLS, and what, as a digest. All zero for one that says nothing.
#[must_use]
pub fn digest(route: &RouteDefinition) -> TlsDigest {
    let texts = [
        &route.tls_ca,
        &route.tls_client_cert,
        &route.tls_client_key,
        &route.tls_server_name,
    ];
    if !route.tls_skip_verify && texts.iter().all(|text| text.is_none()) {
        return TlsDigest::default();
    }
    let mut hash = Sha256::new();
    hash.update([u8::from(route.tls_skip_verify)]);
    for text in texts {
        hash.update([u8::from(text.is_some())]);
        let text = text.as_deref().unwrap_or_default();
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

impl TlsSettings {
    /// What a route says. `machine` is what holds where it says nothing.
    ///
    /// # Errors
    /// For each field whose PEM text cannot be used.
    pub fn compile(route: &RouteDefinition, machine: &Arc<RootCertStore>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut refuse = |field: &str, why: String| errors.push(FieldError::new(field, why));
        let roots = match &route.tls_ca {
            Some(text) => authorities(text).map(Arc::new),
            None => Ok(machine.clone()),
        };
        let roots = roots.map_err(|why| refuse("tls_ca", why)).ok();
        let certificates = route.tls_client_cert.as_deref().map(certificates).transpose();
        let certificates = certificates
            .map_err(|why| refuse("tls_client_cert", why))
            .ok()
            .flatten();
        let key = route.tls_client_key.as_deref().map(private_key).transpose();
        let key = key.map_err(|why| refuse("tls_client_key", why)).ok().flatten();
        let name = route.tls_server_name.clone();
        if let Some(Err(_)) = name.clone().map(ServerName::try_from) {
            refuse("tls_server_name", "is not a host name".to_owned());
        }
        let (Some(roots), []) = (roots, &*errors) else {
            return Err(errors);
        };
        let builder = builder().with_root_certificates(roots);
        let mut config = match (certificates, key) {
            (Some(certificates), Some(key)) => {
                let unfit = |error| vec![FieldError::new("tls_client_key", describe_unfit(&error))];
                builder.with_client_auth_cert(certificates, key).map_err(unfit)?
            }
            _ => builder.with_no_client_auth(),
        };
        if route.tls_skip_verify {
            let any = AnyCertificate(config.crypto_provider().clone());
            config.dangerous().set_certificate_verifier(Arc::new(any));
        }
        Ok(Self {
            config,
            server_name: name,
        })
    }
}

fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider speaks TLS 1.2 and 1.3")
}

/// TLS that believes these authorities and shows no certificate.
#[must_use]
pub fn machine_settings(roots: Arc<RootCertStore>) -> ClientConfig {
    builder().with_root_certificates(roots).with_no_client_auth()
}

/// The machine's trusted certificates, so that a company's own authority is believed; Mozilla's where the machine has
/// none (a minimal container).
#[must_use]
pub fn root_certificates() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err("holds no certificate (PEM)".to_owned()),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(format!("is no PEM text that can be read: {error}")),
    }
}

fn authorities(text: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for (index, certificate) in certificates(text)?.into_iter().enumerate() {
        roots
            .add(certificate)
            .map_err(|error| format!("holds as number {} no certificate that can be used: {error}", index + 1))?;
    }
    Ok(roots)
}

fn private_key(text: &str) -> Result<PrivateKeyDer<'static>, String> {
    // The library's error is not repeated: it could hold a piece of the key.
    PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|_| "holds no private key (PEM; PKCS #8, PKCS #1 or SEC 1, not encrypted)".to_owned())
}

fn describe_unfit(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InconsistentKeys(_) => "does not belong to the certificate in `tls_client_cert`".to_owned(),
        error => format!("cannot be used with the certificate in `tls_client_cert`: {error}"),
    }
}

/// Believes any certificate (`tls_skip_verify`); only that the other side has the key to it is still seen.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
