//! The way of interim responses (1xx) to a client of HTTP/1.1. The server library knows one response to a request, so they
//! go past it: the request puts them in here, and the connection's stream takes them out when the library has nothing left
//! to write. What they say is not known here.

use parking_lot::Mutex;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Waker};

/// Bytes that may wait for a client that does not read.
const ROOM: usize = 64 << 10;

/// One connection's outlet. It is used by one request at a time: HTTP/1.1 answers them one after the other.
#[derive(Debug, Default)]
pub struct Outlet {
    /// Something may wait; all that a connection without interim responses ever looks at.
    filled: AtomicBool,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    heads: Vec<u8>,
    waker: Option<Waker>,
}

impl Outlet {
    /// Adds whole heads, in their order; to be called by the task that carries the connection, which then writes them. Heads
    /// for which there is no room are dropped: no final response hangs on them.
    pub fn put(&self, heads: &[u8]) {
        let mut waiting = self.waiting.lock();
        if waiting.heads.len() + heads.len() <= ROOM {
            waiting.heads.extend_from_slice(heads);
            self.filled.store(!waiting.heads.is_empty(), Ordering::Release);
        }
    }

    /// Resolves when the stream has taken what was put in, so that it leaves before whatever the library writes next.
    pub async fn taken(&self) {
        poll_fn(|cx| {
            if !self.filled.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            let mut waiting = self.waiting.lock();
            if waiting.heads.is_empty() {
                return Poll::Ready(());
            }
            waiting.waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// What waits, for the stream. It must write all of it before anything else.
    pub fn take(&self) -> Option<Vec<u8>> {
        if !self.filled.load(Ordering::Acquire) {
            return None;
        }
        let mut waiting = self.waiting.lock();
        self.filled.store(false, Ordering::Release);
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
        Some(std::mem::take(&mut waiting.heads))
    }

    /// The request has its final response: what was not taken is dropped, since it must not come after that.
    pub fn close(&self) {
        drop(self.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[test]
    fn heads_leave_together_in_their_order_and_once() {
        let outlet = Outlet::default();
        assert_eq!(outlet.take(), None);
        outlet.put(b"one ");
        outlet.put(b"two");
        assert_eq!(outlet.take(), Some(b"one two".to_vec()));
        assert_eq!(outlet.take(), None);
    }

    #[test]
    fn who_waits_is_woken_when_they_are_taken() {
        let outlet = Outlet::default();
        assert_eq!(outlet.taken().now_or_never(), Some(()), "nothing waits");
        outlet.put(b"one");
        let mut taken = std::pin::pin!(outlet.taken());
        assert_eq!(taken.as_mut().now_or_never(), None);
        drop(outlet.take());
        assert_eq!(taken.now_or_never(), Some(()));
    }

    #[test]
    fn what_is_not_taken_before_the_final_response_is_dropped() {
        let outlet = Outlet::default();
        outlet.put(b"late");
        outlet.close();
        assert_eq!(outlet.take(), None);
    }

    #[test]
    fn heads_that_nobody_reads_are_dropped_whole() {
        let outlet = Outlet::default();
        outlet.put(&vec![b'a'; ROOM]);
        outlet.put(b"b");
        assert_eq!(outlet.take().map(|heads| heads.len()), Some(ROOM));
    }
}
