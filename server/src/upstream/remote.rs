//! Calls of another gateway's admin interface, for the commands that work on a running gateway. Nothing on the request path
//! comes here.

use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use std::time::Duration;

/// For everything from connecting to the last byte of the answer.
const DEADLINE: Duration = Duration::from_secs(120);

/// A running gateway, as its administrator sees it.
pub struct Remote {
    client: reqwest::Client,
    base: String,
    token: SecretString,
}

/// What it answered.
#[derive(Debug)]
pub struct RemoteAnswer {
    /// Status.
    pub status: StatusCode,
    /// Body as text.
    pub body: String,
}

impl Remote {
    /// The gateway at `base` (`https://host:port`), with its admin token.
    ///
    /// # Errors
    /// When TLS or the client cannot be set up.
    pub fn new(base: &str, token: SecretString) -> Result<Self, String> {
        let machine = Arc::new(super::tls::root_certificates());
        let tls = super::tls::machine_settings(machine);
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(DEADLINE)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            client,
            base: base.trim_end_matches('/').to_owned(),
            token,
        })
    }

    /// Calls a path below `/admin`; the body is sent as YAML.
    ///
    /// # Errors
    /// When no answer comes. The text does not hold the token.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: String,
        if_match: Option<&str>,
    ) -> Result<RemoteAnswer, String> {
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", self.token.expose_secret()))
            .map_err(|_| "the admin token has characters that no header field may have".to_owned())?;
        authorization.set_sensitive(true);
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, authorization)
            .header(header::CONTENT_TYPE, "application/yaml")
            .body(body);
        if let Some(etag) = if_match {
            request = request.header(HeaderName::from_static("if-match"), etag);
        }
        let answer = request.send().await.map_err(|error| self.describe(error))?;
        let status = answer.status();
        let body = answer.text().await.map_err(|error| self.describe(error))?;
        Ok(RemoteAnswer { status, body })
    }

    fn describe(&self, error: reqwest::Error) -> String {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        format!("no answer from {}: {}", self.base, cause.to_string().escape_debug())
    }
}
