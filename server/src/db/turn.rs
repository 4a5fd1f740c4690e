//! Whose turn it is to write. SQLite takes one writer at a time, and who finds it taken looks again after 1, 2, 5, 10, 15, 20,
//! 25, 25 … ms, without a place in a line: while others write often, one can look in vain many times although nobody wrote
//! in between. Inside of this process writers therefore stand in line, and each begins when the one before has ended. Those of
//! other processes are waited for as SQLite does it, by who has the turn.

use super::{DbError, DbResult};
use parking_lot::{FairMutex, FairMutexGuard};
use std::time::Duration;

/// How long a turn is waited for: as long as SQLite waits for another process (`busy_timeout`).
const PATIENCE: Duration = Duration::from_secs(5);

/// The line of one database's writers.
#[derive(Default)]
pub(super) struct Turn(FairMutex<()>);

impl Turn {
    /// Waits until all who came before have written.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when one of them takes too long.
    pub(super) fn take(&self) -> DbResult<FairMutexGuard<'_, ()>> {
        self.0
            .try_lock_for(PATIENCE)
            .ok_or_else(|| DbError::Unavailable("another writer of this process takes too long".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::sync_channel;
    use std::thread;

    #[test]
    fn who_wants_to_write_again_comes_after_who_waits() {
        let turn = Turn::default();
        let written = AtomicUsize::new(0);
        let (first, waits) = sync_channel(1);
        thread::scope(|scope| {
            let held = turn.take().unwrap();
            scope.spawn(|| {
                first.send(()).unwrap();
                let _turn = turn.take().unwrap();
                written.fetch_add(1, Ordering::SeqCst);
            });
            waits.recv().unwrap();
            // It is about to wait, and there is no way to see that it does: this one goes on taking turns until it had one.
            drop(held);
            while written.load(Ordering::SeqCst) == 0 {
                drop(turn.take().unwrap());
            }
        });
        assert_eq!(written.load(Ordering::SeqCst), 1);
    }
}
