//! The admin door, resource by resource.

mod access;
mod both_databases;
mod changes;
mod configuration;
mod identity;
mod key_usage;
mod keys;
mod logs;
mod metrics;
mod playground;
mod route_match;
mod route_test;
mod routes;
mod session;
mod settings;
mod tokens;
mod upstreams;
mod use_cases;
