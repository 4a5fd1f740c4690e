//! Which events are logged, changeable while running. Reading takes no lock.

use arc_swap::ArcSwap;
use std::sync::Arc;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;

/// Lets through what the current targets say.
pub struct LevelFilterLayer(Arc<ArcSwap<Targets>>);

/// Changes what a [`LevelFilterLayer`] lets through.
#[derive(Clone)]
pub struct LevelControl(Arc<ArcSwap<Targets>>);

/// A filter and its control.
#[must_use]
pub fn filter(targets: Targets) -> (LevelFilterLayer, LevelControl) {
    let shared = Arc::new(ArcSwap::from_pointee(targets));
    (LevelFilterLayer(shared.clone()), LevelControl(shared))
}

impl LevelControl {
    /// From now on these targets.
    pub fn set(&self, targets: Targets) {
        self.0.store(Arc::new(targets));
        tracing::callsite::rebuild_interest_cache();
    }
}

impl LevelFilterLayer {
    fn lets_through(&self, metadata: &Metadata<'_>) -> bool {
        self.0.load().would_enable(metadata.target(), metadata.level())
    }
}

impl<S: Subscriber> Layer<S> for LevelFilterLayer {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.lets_through(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.lets_through(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Layer::<S>::max_level_hint(self.0.load().as_ref())
    }
}
