//! Upstreams: connections to them, which one to try, when to try again, and how long to wait.
//!
//! The gatekeeper of the HTTP client: nothing else in the gateway sends a proxied request. What a request looks like is
//! not decided here, but in `message`.

pub mod balance;
pub mod client;
pub mod failure;
pub mod own_calls;
pub mod retry;

pub use client::UpstreamClient;
pub use failure::Failure;
pub use own_calls::OwnCalls;
