//! The admin door, resource by resource.

mod access;
mod both_databases;
mod keys;
mod logs;
mod metrics;
mod route_test;
mod routes;
mod session;
mod use_cases;
