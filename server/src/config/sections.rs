//! One struct for each section of the file, with its defaults. What a value may be is in `config/keys.rs`, where a value
//! comes from in `config/layers.rs`.

use super::listener::{ProxyProtocol, Tls};
pub use super::oidc::{Oidc, OidcRoles};
use ipnet::IpNet;
use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// What is shown in place of a secret.
pub(super) const HIDDEN: &str = "(set, not shown)";

/// Everything that can be configured.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `server.*`.
    pub server: Server,
    /// `database.*`.
    pub database: Database,
    /// `proxy.*`.
    pub proxy: Proxy,
    /// `security.*`.
    pub security: Security,
    /// `oidc.*`.
    pub oidc: Oidc,
    /// `rate_limiting.*`.
    pub rate_limiting: RateLimiting,
    /// `logging.*`.
    pub logging: Logging,
    /// `audit.*`.
    pub audit: Audit,
    /// `changes.*`.
    pub changes: Changes,
    /// `metrics.*`.
    pub metrics: Metrics,
}

/// `server.*`: the listener and the life of the process.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address to listen on.
    pub host: IpAddr,
    /// Port to listen on; 0 lets the system choose (for tests).
    pub port: u16,
    /// Second listener for everything but the proxy and `/health*`.
    pub admin_port: Option<u16>,
    /// Networks whose `X-Forwarded-*` fields are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether connections from these begin with a PROXY header.
    pub proxy_protocol: ProxyProtocol,
    /// `server.tls.*`.
    pub tls: Tls,
    /// Seconds between "not ready" and the end of accepting, 0–3600.
    pub shutdown_delay_seconds: u64,
    /// Seconds that requests in flight get to end, 0–3600.
    pub drain_seconds: u64,
    /// Seconds for a request's head, and for silence after connecting, 1–3600.
    pub header_timeout_seconds: u64,
    /// Seconds of silence between two pieces of a request's body, 1–3600.
    pub body_timeout_seconds: u64,
    /// Seconds that an idle keep-alive connection is kept, 1–3600.
    pub keep_alive_seconds: u64,
    /// Bytes of a request's head at most, 8192–1048576.
    pub max_header_bytes: usize,
    /// Connections at once, 1–1000000.
    pub max_connections: usize,
    /// Threads that carry connections, 1–256; null = one for each core.
    pub worker_threads: Option<NonZeroUsize>,
}

/// `database.*`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// File of the embedded database; parent folders are created.
    pub sqlite_path: PathBuf,
    /// `postgres://…` instead of SQLite.
    #[serde(serialize_with = "hidden")]
    pub url: Option<SecretString>,
    /// Connections for reading and administration, 1–64.
    pub pool_size: u32,
    /// Copies of the embedded database from before updates that are kept, 0–100.
    pub migration_backups: usize,
}

/// `proxy.*`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxy {
    /// Seconds for connect + response headers, then for each silence, 1–3600; routes may say otherwise.
    pub timeout: u32,
    /// Seconds for connecting, 1–300.
    pub connect_timeout: u32,
    /// Seconds for resolving an upstream's name, as part of connecting, 1–60.
    pub dns_timeout: u32,
    /// Further attempts after the first, 0–10; routes may say otherwise.
    pub max_retries: u32,
    /// False: a response's end waits until its audit record is on disk.
    pub async_audit: bool,
    /// Bytes of a request's body that are buffered for matching and for another attempt.
    pub max_match_body_bytes: usize,
    /// Seconds that an idle upstream connection is kept, 1–3600.
    pub pool_idle_seconds: u64,
    /// Idle upstream connections for each host, 0–10000.
    pub pool_max_idle_per_host: usize,
    /// Header fields of an upstream's response, 64–4096.
    pub max_response_headers: usize,
    /// Seconds in which nothing goes through a tunnel, 1–86400.
    pub tunnel_idle_seconds: u64,
    /// Requests in flight at once, 1–1000000; null = no bound.
    pub max_concurrency: Option<u32>,
    /// Seconds that a request waits for a place under a bound, 0–300.
    pub queue_seconds: u64,
    /// Requests that wait for one bound at most, 0–100000.
    pub queue_requests: usize,
}

/// `security.*`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Security {
    /// The administrator's token, 16 characters at least; generated at the first start when absent.
    #[serde(serialize_with = "hidden")]
    pub admin_token: Option<SecretString>,
    /// What API keys begin with: 1–16 letters, digits, `_` or `-`.
    pub key_prefix: String,
    /// Days after which new keys expire, 1–36500; null = never.
    pub default_expiry_days: Option<u32>,
    /// Accept the admin token as `?token=`.
    pub allow_query_token: bool,
    /// Allow the session cookie over plain HTTP from other machines.
    pub allow_insecure_cookie: bool,
    /// Minutes without use after which a session ends, 1–43200.
    pub session_idle_minutes: u32,
    /// Hours after which a session ends, 1–8760.
    pub session_max_hours: u32,
    /// 64 hex digits that encrypt stored upstream credentials; a key file beside the database when absent.
    #[serde(serialize_with = "hidden")]
    pub master_key: Option<SecretString>,
    /// Networks of upstreams that are connected to although their addresses are link-local or otherwise refused.
    pub allow_upstream_networks: Vec<IpNet>,
}

/// `rate_limiting.*`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimiting {
    /// False switches all limits off.
    pub enabled: bool,
    /// Limit of keys that have none of their own, requests per minute.
    pub default_requests_per_minute: Option<u32>,
}

/// Format of the log on disk and on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// Readable text.
    Text,
}

/// `logging.*`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logging {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a tracing filter.
    pub level: String,
    /// Format of the file; stderr gets text.
    pub format: LogFormat,
    /// Today's file; older days carry their date. Empty = no file.
    pub file: PathBuf,
    /// Files kept, 1–3650.
    pub keep_files: usize,
}

/// Which bodies the audit log keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Capture {
    /// None.
    None,
    /// Those of requests that ended with status ≥ 400 or an error.
    #[default]
    Errors,
    /// All.
    All,
}

/// What happens when the audit queue is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFull {
    /// The record is dropped and counted as lost.
    #[default]
    Drop,
    /// The request waits.
    Block,
}

/// `audit.*`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// What a full queue does.
    pub on_full: OnFull,
    /// Which bodies are kept.
    pub capture: Capture,
    /// Bytes kept of each body, 0–1048576.
    pub max_body_bytes: usize,
    /// Names of JSON and query fields whose values are redacted, ignoring case.
    pub redact_fields: Vec<String>,
    /// Bytes of records that may wait for the writer, 1048576–1073741824.
    pub queue_bytes: usize,
    /// Bytes of records that may wait on disk while the database does not take them; 0 = none.
    pub spill_bytes: u64,
    /// Days that records are kept, 1–36500.
    pub max_age_days: u32,
    /// Bytes of records that are kept; the oldest go first.
    pub max_bytes: u64,
}

/// `changes.*`: the history of keys, routes and stored settings.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Changes {
    /// Changes that are kept, 100–1000000.
    pub keep: u64,
}

/// `metrics.*`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// `/metrics` is open to everyone, not only to loopback.
    pub public: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            host: IpAddr::from([127, 0, 0, 1]),
            port: 8000,
            admin_port: None,
            trusted_proxies: Vec::new(),
            proxy_protocol: ProxyProtocol::Off,
            tls: Tls::default(),
            shutdown_delay_seconds: 0,
            drain_seconds: 30,
            header_timeout_seconds: 10,
            body_timeout_seconds: 30,
            keep_alive_seconds: 75,
            max_header_bytes: 65_536,
            max_connections: 20_000,
            worker_threads: None,
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self {
            sqlite_path: PathBuf::from("data/fastgate.db"),
            url: None,
            pool_size: 4,
            migration_backups: 3,
        }
    }
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            timeout: 30,
            connect_timeout: 5,
            dns_timeout: 2,
            max_retries: 3,
            async_audit: true,
            max_match_body_bytes: 10 << 20,
            pool_idle_seconds: 90,
            pool_max_idle_per_host: 512,
            max_response_headers: 256,
            tunnel_idle_seconds: 3600,
            max_concurrency: None,
            queue_seconds: 1,
            queue_requests: 1000,
        }
    }
}

impl Default for Security {
    fn default() -> Self {
        Self {
            admin_token: None,
            key_prefix: "fg_".to_owned(),
            default_expiry_days: None,
            allow_query_token: true,
            allow_insecure_cookie: false,
            session_idle_minutes: 12 * 60,
            session_max_hours: 7 * 24,
            master_key: None,
            allow_upstream_networks: Vec::new(),
        }
    }
}

impl Default for RateLimiting {
    fn default() -> Self {
        Self {
            enabled: true,
            default_requests_per_minute: None,
        }
    }
}

impl Default for Logging {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Json,
            file: PathBuf::from("logs/fastgate.log"),
            keep_files: 14,
        }
    }
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            on_full: OnFull::Drop,
            capture: Capture::Errors,
            max_body_bytes: 16 << 10,
            redact_fields: [
                "password",
                "secret",
                "token",
                "api_key",
                "apikey",
                "authorization",
                "access_token",
                "refresh_token",
                "client_secret",
            ]
            .map(str::to_owned)
            .to_vec(),
            queue_bytes: 64 << 20,
            spill_bytes: 256 << 20,
            max_age_days: 30,
            max_bytes: 5 << 30,
        }
    }
}

impl Default for Changes {
    fn default() -> Self {
        Self { keep: 10_000 }
    }
}

/// Whether there is a value, never which.
pub(super) fn hidden<S: Serializer>(secret: &Option<SecretString>, to: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| HIDDEN).serialize(to)
}
