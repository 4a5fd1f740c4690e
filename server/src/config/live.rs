//! The configuration of a running gateway, and what a SIGHUP may change of it.

use super::layers::{Loaded, Problem, build};
use super::{Config, keys::Key};
use arc_swap::ArcSwap;
use std::ops::Deref;
use std::sync::Arc;

/// The configuration as of the start or the last SIGHUP. Reads like a `&Config`, for the price of one atomic load; a
/// value that belongs together with another is read from one reference (`let proxy = &app.config.proxy`).
#[derive(Clone)]
pub struct LiveConfig(Arc<ArcSwap<&'static Config>>);

/// What a reload did.
pub struct Reloaded {
    /// The configuration from now on.
    pub loaded: Loaded,
    /// Keys that changed.
    pub changed: Vec<&'static Key>,
    /// Keys that differ in the file but need a restart; they keep their old values.
    pub need_restart: Vec<&'static Key>,
}

impl LiveConfig {
    /// Starts with this configuration.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(keep(config))))
    }

    /// From now on this configuration.
    pub fn replace(&self, config: Config) {
        self.0.store(Arc::new(keep(config)));
    }
}

impl Deref for LiveConfig {
    type Target = Config;

    fn deref(&self) -> &Config {
        **self.0.load()
    }
}

impl From<Config> for LiveConfig {
    fn from(config: Config) -> Self {
        Self::new(config)
    }
}

/// Takes from a newly read configuration what can change while running.
///
/// # Errors
/// When old and new values do not fit together.
pub fn reload(now: &Loaded, read: Loaded) -> Result<Reloaded, Problem> {
    let (changed, need_restart): (Vec<&'static Key>, Vec<_>) = read.changes(now).into_iter().partition(|key| key.live);
    let mut given = read.given;
    for key in &need_restart {
        match now.given.get(key.path) {
            Some(value) => given.insert(key.path, value.clone()),
            None => given.remove(key.path),
        };
    }
    let config = build(&given)?;
    Ok(Reloaded {
        loaded: Loaded { config, given },
        changed,
        need_restart,
    })
}

/// Kept for ever: about a kilobyte for each SIGHUP, so that readers hold plain references and no request pays for it.
fn keep(config: Config) -> &'static Config {
    Box::leak(Box::new(config))
}
