//! The doors that are not the proxy, as one router over a fresh database, called without a socket.

use axum::Router;
use axum::body::Body;
use fastgate::app::App;
use fastgate::client::{ClientAddress, TrustedProxies};
use fastgate::config::{Config, LiveConfig};
use fastgate::db::Dialect;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::net::IpAddr;
use std::sync::Arc;
use tempfile::TempDir;
use tower::ServiceExt as _;

/// The admin token of every test.
pub const TOKEN: &str = "fga_the-token-of-all-tests";

/// The doors and the gateway behind them.
pub struct Admin {
    pub app: Arc<App>,
    router: Router,
    folder: TempDir,
}

/// What a call answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Admin {
    /// With the default configuration.
    pub async fn open() -> Self {
        Self::with(|_| ()).await
    }

    /// With a changed configuration.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(Dialect::Sqlite, change).await
    }

    /// Over a database of this kind, with a changed configuration.
    pub async fn on(dialect: Dialect, change: impl FnOnce(&mut Config)) -> Self {
        let (database, folder) = super::database::empty(dialect);
        let mut config = Config {
            database,
            ..Config::default()
        };
        change(&mut config);
        config.security.admin_token = Some(TOKEN.into());
        let started = App::start(LiveConfig::new(config)).await.unwrap();
        let app = started.app;
        Self {
            router: fastgate::doors::router(app.clone()),
            app,
            folder,
        }
    }

    /// The bytes of the database's files.
    pub fn database_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        bytes
    }

    /// Sends a request as it is, from this machine.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        self.send_from([127, 0, 0, 1].into(), request).await
    }

    /// Sends a request as it is, from this address.
    pub async fn send_from(&self, ip: IpAddr, mut request: Request<Body>) -> Answer {
        let peer = TrustedProxies::default().peer(ip);
        request.extensions_mut().insert(ClientAddress { peer, ip });
        let response = self.respond(request).await;
        let (head, body) = response.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    /// The response itself, for bodies that have no end.
    pub async fn respond(&self, mut request: Request<Body>) -> http::Response<Body> {
        if request.extensions().get::<ClientAddress>().is_none() {
            let ip = IpAddr::from([127, 0, 0, 1]);
            let peer = TrustedProxies::default().peer(ip);
            request.extensions_mut().insert(ClientAddress { peer, ip });
        }
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// As [`Self::respond`], with the admin token.
    pub async fn stream(&self, path: &str, headers: &[(&str, &str)]) -> http::Response<Body> {
        let mut request = Request::get(path).header("authorization", format!("Bearer {TOKEN}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.respond(request.body(Body::empty()).unwrap()).await
    }

    /// A call with the admin token; a null body is none.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = match body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {TOKEN}"))
            .body(body)
            .unwrap();
        self.send(request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path, body).await
    }
}

impl Answer {
    /// The body as JSON, after a look at the status.
    #[track_caller]
    pub fn json(&self, expected: u16) -> Value {
        let text = self.text(expected);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The body as text, after a look at the status.
    #[track_caller]
    pub fn text(&self, expected: u16) -> String {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        assert_eq!(self.status.as_u16(), expected, "{text}");
        text
    }

    /// The fields that were refused, after a look at status and type.
    #[track_caller]
    pub fn refused(&self) -> Vec<String> {
        let problem = self.json(422);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        errors
            .iter()
            .map(|error| error["field"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A header field as text; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
