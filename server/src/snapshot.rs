//! One immutable picture of everything that the request path must know. Admin writes make a new one and swap it in;
//! a request in flight keeps the one that it started with.

use crate::api_keys::KeyRing;
use crate::routing::RouteTable;
use arc_swap::{ArcSwap, Guard};
use std::sync::Arc;

/// Routes and keys, compiled.
#[derive(Default)]
pub struct Snapshot {
    /// Active routes in matching order.
    pub routes: Arc<RouteTable>,
    /// API keys by hash.
    pub keys: KeyRing,
}

/// Holds the current [`Snapshot`]. Reading takes no lock.
#[derive(Default)]
pub struct SnapshotCell(ArcSwap<Snapshot>);

impl SnapshotCell {
    /// The current snapshot.
    pub fn load(&self) -> Guard<Arc<Snapshot>> {
        self.0.load()
    }

    /// The current snapshot, to be held over an `await`.
    pub fn load_full(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }

    /// Swaps in other routes.
    pub fn replace_routes(&self, routes: Arc<RouteTable>) {
        self.0.rcu(|now| Snapshot {
            routes: routes.clone(),
            keys: now.keys.clone(),
        });
    }

    /// Swaps in another key ring, made from the current one.
    pub fn update_keys(&self, change: impl Fn(&KeyRing) -> KeyRing) {
        self.0.rcu(|now| Snapshot {
            routes: now.routes.clone(),
            keys: change(&now.keys),
        });
    }
}
