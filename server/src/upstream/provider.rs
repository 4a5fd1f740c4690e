//! Calls of the identity provider: JSON in both directions, one deadline, no redirects, no proxy of the environment, bounded
//! answers. Certificates are judged by the machine's authorities, addresses by the rules that hold for upstreams: what the
//! provider's document names could lead anywhere.

use super::own_calls::Redirected;
use super::resolve::Resolver;
use http::header;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// For everything from connecting to the last byte of the answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of an answer at most.
const MAX_BYTES: usize = 1 << 20;

/// The way to the provider.
pub struct ProviderCalls {
    client: reqwest::Client,
    resolver: Resolver,
}

impl ProviderCalls {
    /// Sets the client up. `resolver` knows the addresses of names, and which of them are connected to.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(resolver: Resolver) -> Result<Self, String> {
        let machine = Arc::new(super::tls::root_certificates());
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(super::tls::machine_settings(machine))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .dns_resolver(Redirected::nowhere(resolver.clone()))
            .timeout(DEADLINE)
            .build();
        let client = client.map_err(|error| error.to_string())?;
        Ok(Self { client, resolver })
    }

    /// An address that is written out never comes to the resolver.
    fn check(&self, url: &str) -> Result<(), String> {
        let url = reqwest::Url::parse(url).map_err(|error| format!("no URL: {error}"))?;
        self.resolver
            .check_literal(url.host_str().unwrap_or_default())
            .map_err(|refused| format!("no call: its address is {refused}"))
    }

    /// Reads a document.
    ///
    /// # Errors
    /// Why there is none, without the URL.
    pub async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, String> {
        self.check(url)?;
        read(self.client.get(url).header(header::ACCEPT, "application/json")).await
    }

    /// Sends a form; with a secret as the client's password (RFC 6749 section 2.3.1).
    ///
    /// # Errors
    /// Why there is no answer to read, without what was sent.
    pub async fn post<T: DeserializeOwned>(
        &self,
        url: &str,
        form: &[(&str, &str)],
        client: (&str, Option<&SecretString>),
    ) -> Result<T, String> {
        let body = serde_urlencoded::to_string(form).map_err(|error| error.to_string())?;
        self.check(url)?;
        let mut request = self
            .client
            .post(url)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        if let (id, Some(secret)) = client {
            let encoded = |text: &str| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
            };
            request = request.basic_auth(encoded(id), Some(encoded(secret.expose_secret())));
        }
        read(request).await
    }
}

async fn read<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, String> {
    let mut response = request.send().await.map_err(describe)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(describe)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BYTES {
            return Err(format!("the answer is over {MAX_BYTES} bytes"));
        }
    }
    if !status.is_success() {
        // RFC 6749 section 5.2: a word for programs; its sentence may repeat what was sent.
        let told: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
        let word = told
            .as_ref()
            .and_then(|told| told["error"].as_str())
            .unwrap_or("no reason");
        return Err(format!(
            "it answered {}: {}",
            status.as_u16(),
            word.escape_debug().take(80).collect::<String>()
        ));
    }
    serde_json::from_slice(&body).map_err(|error| format!("its answer cannot be read: {error}"))
}

fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    format!("no answer: {}", cause.to_string().escape_debug())
}
