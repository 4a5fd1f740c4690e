//! The threads that carry connections. Each has a runtime of its own, and a connection stays where it began: its requests,
//! and the connections to upstreams that they use, are woken, run and freed on one thread, without locks that other
//! threads wait for. What is carried there is not known here.
//!
//! Work beside the requests (signals, retention, probes) is on the main runtime, database calls are on threads of their own.

use std::cell::Cell;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

thread_local! {
    /// The number of this thread among the workers; 0 on threads that are none.
    static NUMBER: Cell<usize> = const { Cell::new(0) };
}

/// The running workers. They end when this is dropped; what is still carried then is cut off.
#[derive(Debug)]
pub struct Workers {
    runtimes: Vec<Handle>,
    next: AtomicUsize,
    end: CancellationToken,
}

/// One value for each worker, used by that worker alone: a pool that no other thread contends for.
#[derive(Debug)]
pub struct PerWorker<T>(Box<[T]>);

impl Workers {
    /// Starts `count` workers; without a count as many as the machine has cores.
    ///
    /// # Errors
    /// When the system gives no thread or no descriptor.
    pub fn start(count: Option<NonZeroUsize>) -> io::Result<Self> {
        let count = count.or_else(|| thread::available_parallelism().ok());
        let count = count.unwrap_or(NonZeroUsize::MIN).get();
        let mut workers = Self {
            runtimes: Vec::with_capacity(count),
            next: AtomicUsize::new(0),
            end: CancellationToken::new(),
        };
        for number in 0..count {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            workers.runtimes.push(runtime.handle().clone());
            let end = workers.end.clone();
            thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
                NUMBER.set(number);
                runtime.block_on(end.cancelled());
                // A database call that hangs must not keep the process from ending.
                runtime.shutdown_background();
            })?;
        }
        Ok(workers)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.runtimes.len()
    }

    /// The worker for the next connection: they take turns.
    #[must_use]
    pub fn next(&self) -> &Handle {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        &self.runtimes[turn % self.runtimes.len()]
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

impl<T> PerWorker<T> {
    /// Makes a value for each of `count` workers.
    #[must_use]
    pub fn new(count: usize, make: impl FnMut() -> T) -> Self {
        Self(std::iter::repeat_with(make).take(count.max(1)).collect())
    }

    /// The value of the worker that asks; on a thread that is no worker, the first one.
    #[must_use]
    pub fn here(&self) -> &T {
        self.0.get(NUMBER.get()).unwrap_or(&self.0[0])
    }
}

#[cfg(test)]
mod tests {
    use super::{PerWorker, Workers};
    use std::num::NonZeroUsize;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, mpsc};
    use std::thread;

    #[test]
    fn each_worker_has_a_thread_and_a_value_of_its_own_and_they_take_turns() {
        let workers = Workers::start(NonZeroUsize::new(3)).unwrap();
        let made = AtomicUsize::new(0);
        let values = Arc::new(PerWorker::new(workers.count(), || made.fetch_add(1, Ordering::Relaxed)));
        let (told, heard) = mpsc::sync_channel(6);
        for _ in 0..6 {
            let (values, told) = (values.clone(), told.clone());
            workers.next().spawn(async move {
                told.send((thread::current().name().map(str::to_owned), *values.here()))
                    .unwrap();
            });
        }
        let mut seen: Vec<_> = heard.iter().take(6).collect();
        seen.sort();
        let expected: Vec<_> = (0..6).map(|n| (Some(format!("worker-{}", n / 2)), n / 2)).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_thread_that_is_no_worker_has_the_first_value() {
        assert_eq!(*PerWorker::new(2, || 7).here(), 7);
        assert_eq!(*PerWorker::new(0, || 7).here(), 7, "there is always one");
    }

    #[test]
    fn what_is_carried_when_the_workers_end_is_cut_off() {
        let workers = Workers::start(NonZeroUsize::new(1)).unwrap();
        let (alive, gone) = mpsc::sync_channel::<()>(0);
        workers.next().spawn(async move {
            let _alive = alive;
            std::future::pending::<()>().await;
        });
        drop(workers);
        assert!(gone.recv().is_err(), "the task was dropped");
    }
}
