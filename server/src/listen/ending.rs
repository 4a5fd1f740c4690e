//! Tells each connection that the gateway ends, for next to nothing while it does not.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Context;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture, WaitForCancellationFutureOwned};

/// Whether the connections of a listener are to end.
#[derive(Clone, Default)]
pub struct Ending {
    begun: Arc<AtomicBool>,
    told: CancellationToken,
}

/// One connection's watch for the end.
pub struct EndWatch {
    begun: Arc<AtomicBool>,
    /// Gone once the connection was told.
    wait: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    registered: bool,
}

impl Ending {
    /// Tells all connections.
    pub fn begin(&self) {
        self.begun.store(true, Ordering::Release);
        self.told.cancel();
    }

    /// Resolves when the end has begun.
    pub fn begun(&self) -> WaitForCancellationFuture<'_> {
        self.told.cancelled()
    }

    /// For a connection that is always polled by the same task.
    #[must_use]
    pub fn watch(&self) -> EndWatch {
        EndWatch {
            begun: self.begun.clone(),
            wait: Some(Box::pin(self.told.clone().cancelled_owned())),
            registered: false,
        }
    }
}

impl EndWatch {
    /// True once, when the end begins. The task is registered by the first call; later ones only look at the flag,
    /// since asking the token takes a lock that all connections share.
    pub fn has_begun(&mut self, cx: &mut Context<'_>) -> bool {
        if self.registered && !self.begun.load(Ordering::Acquire) {
            return false;
        }
        self.registered = true;
        let begun = self.wait.as_mut().is_some_and(|wait| wait.as_mut().poll(cx).is_ready());
        if begun {
            self.wait = None;
        }
        begun
    }
}
