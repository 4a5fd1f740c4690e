//! Upstreams: connections to them, which one to try, when to try again, and how long to wait.
//!
//! The gatekeeper of the HTTP client: nothing else in the gateway sends a proxied request. What a request looks like is
//! not decided here, but in `message`.
//!
//! `client` knows every upstream that routes name, `host` is one of them, `http1` its connections without TLS, `pools` the
//! client library's for TLS, HTTP/2 and upgrades; `connect` makes one: through `resolve`, past `address`, with `tls`.

pub mod address;
pub mod balance;
pub mod budget;
pub mod circuit;
pub mod client;
pub mod connect;
pub mod failure;
pub mod health;
pub mod host;
pub mod http1;
pub mod interim;
pub mod overview;
pub mod own_calls;
pub mod pools;
pub mod provider;
pub mod remote;
pub mod resolve;
pub mod retry;
pub mod targets;
pub mod tls;

pub use client::UpstreamClient;
pub use failure::Failure;
pub use health::HealthChecks;
pub use host::{UpstreamBody, UpstreamHost};
pub use targets::Targets;
