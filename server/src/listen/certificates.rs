//! The listener's certificates: which one a client gets, and how new ones take their place while connections go on. Files
//! are read in `certificates/files.rs`.

mod files;
mod validity;

pub use files::CertificateError;

use crate::config::{LiveConfig, Loaded, Tls};
use crate::telemetry::figures;
use arc_swap::ArcSwapOption;
use files::{Certificate, Fingerprint, fingerprint, read_all};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// From when on the log warns that a certificate ends.
const WARN_BEFORE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How often it does.
const WARN_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// The certificates in force. Cheap to clone; all clones change together.
#[derive(Clone)]
pub struct Certificates(Arc<Shared>);

struct Shared {
    acceptor: TlsAcceptor,
    choice: Arc<Choice>,
    seen: Mutex<Seen>,
}

/// What was read last.
#[derive(Default)]
struct Seen {
    fingerprint: Fingerprint,
    /// Why it was refused, if it was.
    refused: Option<String>,
    warned: Option<Timestamp>,
}

/// Answers which certificate a client gets.
#[derive(Default)]
struct Choice(ArcSwapOption<Table>);

/// Certificates by the names in them.
struct Table {
    default: Arc<CertifiedKey>,
    by_name: HashMap<String, Arc<CertifiedKey>>,
    all: Vec<Certificate>,
}

/// A configuration whose certificates can be used.
///
/// # Errors
/// One line that names the key and the file.
pub fn checked(loaded: Loaded) -> Result<Loaded, String> {
    match read_all(&loaded.config.server.tls) {
        Ok(_) => Ok(loaded),
        Err(error) => Err(error.to_string()),
    }
}

impl Certificates {
    /// Reads them; without any the listener speaks plain HTTP.
    ///
    /// # Errors
    /// The first that cannot be used.
    pub fn load(tls: &Tls) -> Result<Self, CertificateError> {
        let choice = Arc::new(Choice::default());
        let certificates = Self(Arc::new(Shared {
            acceptor: acceptor(choice.clone())?,
            choice,
            seen: Mutex::default(),
        }));
        let read_before = fingerprint(tls);
        certificates.put_in_force(read_all(tls)?);
        certificates.0.seen.lock().fingerprint = read_before;
        Ok(certificates)
    }

    /// What makes a connection one of TLS; `None` when the listener speaks plain HTTP.
    #[must_use]
    pub fn acceptor(&self) -> Option<&TlsAcceptor> {
        self.0.choice.0.load().is_some().then_some(&self.0.acceptor)
    }

    /// Reads them again, whether or not they look changed. Connections go on with what they have.
    pub async fn reload(&self, tls: &Tls) {
        self.look(tls, true).await;
    }

    /// Looks at the files every few seconds, for ever, and warns of those that end soon.
    pub async fn watch(self, config: LiveConfig) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.look(&config.server.tls, false).await;
            self.warn(Timestamp::now());
        }
    }

    async fn look(&self, tls: &Tls, in_any_case: bool) {
        let (certificates, tls) = (self.clone(), tls.clone());
        // A task that breaks off leaves everything as it was.
        let _ = tokio::task::spawn_blocking(move || certificates.read_again(&tls, in_any_case)).await;
    }

    /// What cannot be used changes nothing, and is said once for each change.
    fn read_again(&self, tls: &Tls, in_any_case: bool) {
        let fingerprint = fingerprint(tls);
        let mut seen = self.0.seen.lock();
        let changed = seen.fingerprint != fingerprint;
        if !changed && seen.refused.is_none() && !in_any_case {
            return;
        }
        seen.fingerprint = fingerprint;
        match read_all(tls) {
            Ok(all) => {
                seen.refused = None;
                seen.warned = None;
                let expires = all.iter().map(|one| one.expires).min();
                if !all.is_empty() {
                    tracing::info!(
                        certificates = all.len(),
                        expires = expires.map(tracing::field::display),
                        "Certificates read"
                    );
                }
                self.put_in_force(all);
            }
            Err(error) => {
                let error = error.to_string();
                if changed || in_any_case || seen.refused.as_ref() != Some(&error) {
                    tracing::error!(error, "Certificate refused; those in force stay");
                }
                seen.refused = Some(error);
            }
        }
    }

    fn put_in_force(&self, all: Vec<Certificate>) {
        if let Some(expires) = all.iter().map(|one| one.expires).min() {
            figures().certificate_expires(expires.as_second());
        }
        self.0.choice.0.store(Table::new(all).map(Arc::new));
    }

    fn warn(&self, now: Timestamp) {
        let table = self.0.choice.0.load();
        let Some(table) = table.as_ref() else { return };
        let mut seen = self.0.seen.lock();
        if seen.warned.is_some_and(|warned| now < warned + WARN_EVERY) {
            return;
        }
        for one in &table.all {
            if one.expires < now + WARN_BEFORE {
                seen.warned = Some(now);
                let (file, expires) = (one.file.display(), one.expires);
                tracing::warn!(%file, %expires, "A certificate ends soon, or has ended");
            }
        }
    }
}

/// TLS 1.2 and 1.3, HTTP/2 and 1.1; tickets let clients come back without a whole handshake.
fn acceptor(choice: Arc<Choice>) -> Result<TlsAcceptor, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(choice);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl Table {
    /// The first is for names that none has; of several with the same name the first counts.
    fn new(all: Vec<Certificate>) -> Option<Self> {
        let default = all.first()?.key.clone();
        let mut by_name = HashMap::new();
        for one in &all {
            for name in &one.names {
                by_name.entry(name.clone()).or_insert_with(|| one.key.clone());
            }
        }
        Some(Self { default, by_name, all })
    }

    /// By the name itself, else by a wildcard for its first label (RFC 6125 section 6.4.3), else the default.
    fn key_for(&self, name: Option<&str>) -> Arc<CertifiedKey> {
        let Some(name) = name.map(|name| name.trim_end_matches('.').to_ascii_lowercase()) else {
            return self.default.clone();
        };
        let wildcard = || self.by_name.get(&format!("*.{}", name.split_once('.')?.1));
        let found = self.by_name.get(&name).or_else(wildcard);
        found.unwrap_or(&self.default).clone()
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load().as_ref().map(|table| table.key_for(client.server_name()))
    }
}

impl fmt::Debug for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Choice")
    }
}

#[cfg(test)]
mod tests;
