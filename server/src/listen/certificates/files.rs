//! Certificates and keys as files hold them: read, parsed, and checked to belong together.

use super::validity::not_after;
use crate::config::Tls;
use jiff::Timestamp;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use webpki::EndEntityCert;
use zeroize::Zeroizing;

/// Bytes that are read of a file; a chain of certificates has some thousand.
const MAX_BYTES: u64 = 1 << 20;

/// A certificate that can be shown to clients.
pub struct Certificate {
    /// Where it comes from.
    pub file: PathBuf,
    /// The DNS names in it, in lower case, wildcards among them.
    pub names: Vec<String>,
    /// It, those above it, and its key.
    pub key: Arc<CertifiedKey>,
    /// When it ends.
    pub expires: Timestamp,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// One of its files.
    #[error("{key} = {file:?} cannot be used: {reason}")]
    File {
        /// The key of the configuration.
        key: String,
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: FileError,
    },
    /// TLS itself.
    #[error("TLS cannot be set up: {0}")]
    SetUp(#[from] rustls::Error),
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// It is not PEM.
    #[error("it is not PEM: {0}")]
    Pem(pem::Error),
    /// It holds no certificate.
    #[error("there is no certificate in it")]
    NoCertificate,
    /// It holds no private key.
    #[error("there is no private key in it")]
    NoKey,
    /// The certificate is not one.
    #[error("the certificate cannot be read: {0}")]
    Malformed(String),
    /// The key is not one, or another's.
    #[error("the key does not serve: {0}")]
    Key(rustls::Error),
}

/// By what a change of files is noticed: size, time and number of each.
pub type Fingerprint = Vec<(PathBuf, Option<(u64, SystemTime, u64)>)>;

/// How the files look now.
pub fn fingerprint(tls: &Tls) -> Fingerprint {
    let look = |file: &Path| {
        let found = std::fs::metadata(file).ok()?;
        Some((found.len(), found.modified().ok()?, found.ino()))
    };
    tls.pairs()
        .flat_map(|(_, files)| [files.cert, files.key])
        .map(|file| {
            let looks = look(&file);
            (file, looks)
        })
        .collect()
}

/// Reads all certificates, the default first.
///
/// # Errors
/// The first that cannot be used.
pub fn read_all(tls: &Tls) -> Result<Vec<Certificate>, CertificateError> {
    tls.pairs()
        .map(|(path, files)| {
            let fail = |name: &str, file: &Path, reason| CertificateError::File {
                key: format!("{path}.{name}"),
                file: file.to_owned(),
                reason,
            };
            let chain = read_chain(&files.cert).map_err(|reason| fail("cert", &files.cert, reason))?;
            let (names, expires) = look_into(&chain[0]).map_err(|reason| fail("cert", &files.cert, reason))?;
            let key = read_key(&files.key, chain).map_err(|reason| fail("key", &files.key, reason))?;
            Ok(Certificate {
                file: files.cert,
                names,
                key: Arc::new(key),
                expires,
            })
        })
        .collect()
}

/// At least one certificate.
fn read_chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let text = read(file)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(FileError::Pem)?;
    if chain.is_empty() {
        Err(FileError::NoCertificate)
    } else {
        Ok(chain)
    }
}

fn read_key(file: &Path, chain: Vec<CertificateDer<'static>>) -> Result<CertifiedKey, FileError> {
    let text = read(file)?;
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound => FileError::NoKey,
        error => FileError::Pem(error),
    })?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(FileError::Key)
}

/// The names, and the end.
fn look_into(certificate: &CertificateDer<'_>) -> Result<(Vec<String>, Timestamp), FileError> {
    let parsed = EndEntityCert::try_from(certificate).map_err(|error| FileError::Malformed(error.to_string()))?;
    let names = parsed.valid_dns_names().map(str::to_ascii_lowercase).collect();
    let expires = not_after(certificate).ok_or_else(|| FileError::Malformed("no time of its end".to_owned()))?;
    Ok((names, expires))
}

/// The file's text, which is wiped from memory afterwards.
fn read(file: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(Vec::new());
    File::open(file)?.take(MAX_BYTES).read_to_end(&mut text)?;
    Ok(text)
}
