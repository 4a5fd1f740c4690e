//! The configuration of a running gateway, and what a SIGHUP may change of it.

use super::layers::{Entry, Loaded, Origin, Problem, build, entries};
use super::{Config, keys::Key};
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

/// The configuration as of the start or the last SIGHUP. Reads like a `&Config`, for the price of one atomic load; a
/// value that belongs together with another is read from one reference (`let proxy = &app.config.proxy`).
#[derive(Clone)]
pub struct LiveConfig(Arc<ArcSwap<&'static Held>>);

/// The values, and where those that are no defaults come from.
struct Held {
    config: Config,
    origins: BTreeMap<&'static str, Origin>,
}

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
    /// Starts with this configuration, whose values come from nowhere.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let origins = BTreeMap::new();
        Self(Arc::new(ArcSwap::from_pointee(keep(Held { config, origins }))))
    }

    /// Starts with what was read.
    #[must_use]
    pub fn of(loaded: &Loaded) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(keep(Held::of(loaded)))))
    }

    /// From now on this configuration.
    pub fn replace(&self, loaded: &Loaded) {
        self.0.store(Arc::new(keep(Held::of(loaded))));
    }

    /// Every key with its value and origin, in the table's order; secrets are hidden.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let held = self.0.load();
        let origin = |path: &str| held.origins.get(path).cloned().unwrap_or(Origin::Default);
        entries(&held.config, origin)
    }
}

impl Held {
    fn of(loaded: &Loaded) -> Self {
        let origins = loaded.given.iter().map(|(path, (_, origin))| (*path, origin.clone()));
        Self {
            config: loaded.config.clone(),
            origins: origins.collect(),
        }
    }
}

impl Deref for LiveConfig {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.0.load().config
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
fn keep(held: Held) -> &'static Held {
    Box::leak(Box::new(held))
}
