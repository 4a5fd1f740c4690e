//! The gateway's own calls: tests of routes now, health probes later. Proxied requests never go this way: this client
//! reads URLs its own way and takes one deadline for the whole.

use super::client::tls_config;
use http::{HeaderMap, Method, StatusCode};
use std::time::{Duration, Instant};

/// The client of the gateway's own calls. Cheap to clone.
///
/// No redirects are followed, no proxy environment variable is read, nothing is decompressed.
#[derive(Clone, Debug)]
pub struct OwnCalls(reqwest::Client);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error("the client of the gateway's own calls cannot be set up: {0}")]
pub struct SetUpError(String);

/// What is sent.
#[derive(Debug)]
pub struct Call {
    /// Method.
    pub method: Method,
    /// `http(s)://host[:port]/path?query`.
    pub url: String,
    /// Header fields, `Host` included.
    pub headers: HeaderMap,
    /// Body; empty for none.
    pub body: Vec<u8>,
    /// For everything from connecting to the body's last byte.
    pub deadline: Duration,
    /// Bytes of the body that are read at most.
    pub max_body_bytes: usize,
}

/// What came of it. Without a status no answer came; with a status and an error, the answer broke off.
#[derive(Debug, Default)]
pub struct Reply {
    /// Status of the answer.
    pub status: Option<StatusCode>,
    /// Its header fields.
    pub headers: HeaderMap,
    /// The beginning of its body.
    pub body: Vec<u8>,
    /// From the start to the answer's head.
    pub ttfb: Option<Duration>,
    /// From the start to the last byte that was read.
    pub total: Duration,
    /// What went wrong, without the URL.
    pub error: Option<String>,
}

impl OwnCalls {
    /// Makes the client.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(connect_timeout: Duration) -> Result<Self, SetUpError> {
        let tls = tls_config().map_err(|error| SetUpError(error.to_string()))?;
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(connect_timeout)
            // A test shall tell what connecting costs and whether it works now.
            .pool_max_idle_per_host(0)
            .build()
            .map(Self)
            .map_err(|error| SetUpError(error.to_string()))
    }

    /// Makes a call.
    pub async fn send(&self, call: Call) -> Reply {
        let started = Instant::now();
        let request = self
            .0
            .request(call.method, call.url)
            .headers(call.headers)
            .body(call.body)
            .timeout(call.deadline);
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                return Reply {
                    total: started.elapsed(),
                    error: Some(describe(error, call.deadline)),
                    ..Reply::default()
                };
            }
        };
        let mut reply = Reply {
            status: Some(response.status()),
            headers: std::mem::take(response.headers_mut()),
            ttfb: Some(started.elapsed()),
            ..Reply::default()
        };
        while reply.body.len() < call.max_body_bytes {
            match response.chunk().await {
                Ok(Some(chunk)) => reply.body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => {
                    reply.error = Some(describe(error, call.deadline));
                    break;
                }
            }
        }
        reply.body.truncate(call.max_body_bytes);
        reply.total = started.elapsed();
        reply
    }
}

/// The error and its innermost cause. The URL may hold credentials and is left out.
fn describe(error: reqwest::Error, deadline: Duration) -> String {
    if error.is_timeout() && !error.is_connect() {
        return format!("no answer within {} s", deadline.as_secs());
    }
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let cause = cause.to_string();
    let what = if error.is_connect() { "cannot connect" } else { "failed" };
    format!("{what}: {}", cause.escape_debug())
}
