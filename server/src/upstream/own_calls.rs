//! The gateway's own calls: tests of routes, health probes. Proxied requests never go this way: this client
//! reads URLs its own way and takes one deadline for the whole.

use super::connect::Dial;
use super::host::UpstreamHost;
use super::resolve::Resolver;
use fastgate_shared::route::Protocol;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What is sent.
#[derive(Debug)]
pub struct Call {
    /// Method.
    pub method: Method,
    /// Path and query.
    pub path_and_query: String,
    /// Header fields; `Host` is set when it is sent.
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

impl UpstreamHost {
    /// Makes a call of the gateway's own.
    ///
    /// No redirects are followed, no proxy environment variable is read, nothing is decompressed, and the connection is a
    /// new one: a test shall tell what connecting costs and whether it works now.
    pub async fn call(&self, mut call: Call) -> Reply {
        let started = Instant::now();
        let failed = |error: String| Reply {
            total: started.elapsed(),
            error: Some(error),
            ..Reply::default()
        };
        let Dial { resolver, .. } = self.pools.dial();
        // An address that is written out never comes to the resolver.
        if let Err(refused) = resolver.check_literal(self.authority.host()) {
            return failed(format!("cannot connect: {refused}, which no upstream may have"));
        }
        let client = match self.own_client() {
            Ok(client) => client,
            Err(error) => return failed(describe(error, call.deadline)),
        };
        call.headers.remove(header::HOST);
        // HTTP/2 has none; the library adds one from the URL where it is needed. Where the URL names another host, that would
        // be the wrong one.
        if self.stands_in().is_some() {
            let host = HeaderValue::from_str(self.authority.as_str());
            call.headers.extend(host.map(|host| (header::HOST, host)));
        }
        let request = client
            .request(call.method, self.url(&call.path_and_query))
            .headers(call.headers)
            .body(call.body)
            .timeout(call.deadline);
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return failed(describe(error, call.deadline)),
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

    /// Opens a connection and closes it again, without a word.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub async fn connect(&self) -> Result<(), String> {
        let Dial { resolver, limit, .. } = self.pools.dial();
        let usual = if self.protocol == Protocol::Https { 443 } else { 80 };
        let port = self.authority.port_u16().unwrap_or(usual);
        let connecting = async {
            let addresses = resolver.resolve(self.authority.host()).await;
            let addresses = addresses.map_err(|error| error.to_string())?.into_iter();
            let sockets: Vec<_> = addresses.map(|ip| SocketAddr::new(ip, port)).collect();
            let connected = tokio::net::TcpStream::connect(&*sockets).await;
            connected.map(drop).map_err(|error| error.to_string())
        };
        let connected = tokio::time::timeout(*limit, connecting).await;
        let connected = connected.unwrap_or_else(|_| Err("connecting took too long".to_owned()));
        connected.map_err(|error| format!("cannot connect: {}", error.escape_debug()))
    }

    /// The URL as the calling library gets it. It takes the name for TLS from there, so that another name than the host's
    /// stands in its place; where it leads, [`Redirected`] knows.
    fn url(&self, path_and_query: &str) -> String {
        let scheme = match self.protocol {
            Protocol::Https => "https",
            Protocol::Http | Protocol::H2c => "http",
        };
        match (self.stands_in(), self.authority.port_u16()) {
            (Some(name), Some(port)) => format!("{scheme}://{name}:{port}{path_and_query}"),
            (Some(name), None) => format!("{scheme}://{name}{path_and_query}"),
            (None, _) => format!("{scheme}://{}{path_and_query}", self.authority),
        }
    }

    /// The name that stands in the URL instead of the host's.
    fn stands_in(&self) -> Option<&str> {
        let name = self.pools.tls().server_name.as_deref();
        name.filter(|_| self.protocol == Protocol::Https)
    }

    fn own_client(&self) -> Result<&reqwest::Client, reqwest::Error> {
        if let Some(client) = self.own.get() {
            return Ok(client);
        }
        let Dial { resolver, limit, .. } = self.pools.dial();
        let tls = self.pools.tls();
        let mut config = tls.config.clone();
        // The library would take the other name for the host over HTTP/2.
        if self.stands_in().is_none() {
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(*limit)
            .dns_resolver(Redirected {
                resolver: resolver.clone(),
                instead: self.stands_in().map(|_| self.authority.host().to_owned()),
            })
            .pool_max_idle_per_host(0);
        if self.protocol == Protocol::H2c {
            builder = builder.http2_prior_knowledge();
        }
        let client = builder.build()?;
        Ok(self.own.get_or_init(|| client))
    }
}

/// Resolves names as for proxied requests; all to the addresses of one host when the URL names another.
pub(super) struct Redirected {
    resolver: Resolver,
    instead: Option<String>,
}

impl Redirected {
    /// Each name leads to its own addresses.
    pub(super) fn nowhere(resolver: Resolver) -> Self {
        Self {
            resolver,
            instead: None,
        }
    }
}

impl Resolve for Redirected {
    fn resolve(&self, name: Name) -> Resolving {
        let host = self.instead.clone().unwrap_or_else(|| name.as_str().to_owned());
        let resolver = self.resolver.clone();
        Box::pin(async move {
            let addresses = resolver.resolve(&host).await?;
            let sockets = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(sockets) as Addrs)
        })
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
