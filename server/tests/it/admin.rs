//! The admin door, resource by resource.

mod access;
mod keys;
mod routes;
mod session;
