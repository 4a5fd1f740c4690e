//! The gateway from outside: real routers, real databases (each test of the storage on both), real sockets where they
//! matter. One binary, so that it links once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod admin;
mod architecture;
mod corpus;
mod discretion;
mod faults;
mod journey;
mod migrations;
mod program;
mod storage;
mod support;
