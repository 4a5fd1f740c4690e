//! The admin door, resource by resource.

mod access;
mod keys;
mod logs;
mod metrics;
mod route_test;
mod routes;
mod session;
