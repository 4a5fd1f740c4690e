//! The configuration: what can be set, where each value comes from, and what is refused.
//!
//! `sections` are the values as the rooms read them, `keys` is the one table of names, allowed values and descriptions,
//! `layers` puts flags over the environment over the file over the defaults, `live` swaps values at a SIGHUP.
//! This is the only place that reads environment variables.

pub mod chinese;
#[cfg(test)]
mod docs;
pub mod keys;
pub mod layers;
mod listener;
pub mod live;
mod oidc;
mod sections;
#[cfg(test)]
mod tests;
pub mod values;

pub use layers::{Loaded, Problem, Problems, Sources};
pub use listener::{CertificateFiles, ProxyProtocol, Tls};
pub use live::LiveConfig;
pub use sections::*;

/// What the program was built for, such as `x86_64-linux`.
#[must_use]
pub fn platform() -> String {
    format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)
}
