//! The gateway from outside: real routers, real databases, real sockets where they matter.

mod admin;
mod program;
mod support;
