//! M-FastGate, the gateway behind the executable `fastgate`.
//!
//! The tour: `main` → doors (`health`, `ui`, `admin`, `proxy`) → [`app::App`] → rooms → [`config`].

pub mod admin;
pub mod admin_token;
pub mod api_keys;
pub mod app;
pub mod audit_log;
pub mod body;
pub mod cli;
pub mod client;
pub mod commands;
pub mod concurrency;
pub mod config;
pub mod db;
pub mod doors;
pub mod health;
pub mod history;
pub mod kept;
pub mod listen;
pub mod message;
pub mod oidc;
pub mod permissions;
pub mod private_memory;
pub mod proxy;
pub mod rate_limit;
pub mod request_id;
pub mod routing;
pub mod secrets;
pub mod serve;
pub mod shutdown;
pub mod snapshot;
pub mod telemetry;
pub mod ui;
pub mod upstream;
pub mod workers;
