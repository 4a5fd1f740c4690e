//! Bounds the silence between two pieces of a response.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// Bounds the silence between two frames. The timer is set only while nothing comes, and moved only when it fires.
pub struct IdleTimeout {
    limit: Duration,
    last: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

impl IdleTimeout {
    /// Silences of at most `limit`, from now on.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self {
            limit,
            last: Instant::now(),
            timer: None,
        }
    }

    /// A piece came.
    pub fn touch(&mut self) {
        self.last = Instant::now();
    }

    /// Ready after too long a silence. One that comes from a request that is still on its way, as `request_quiet_since`
    /// tells, does not count.
    pub fn poll(&mut self, cx: &mut Context<'_>, request_quiet_since: impl Fn() -> Option<Instant>) -> Poll<()> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(self.last + self.limit)));
        // The timer alone can be held off: it waits while the task has used up its turn, as with a flood that says nothing.
        while Instant::now() >= timer.deadline() || timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let deadline = self.last.max(request_quiet_since().unwrap_or(now)) + self.limit;
            if deadline <= now {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    #[tokio::test]
    async fn a_task_that_has_used_up_its_turn_hears_of_a_silence_all_the_same() {
        let mut idle = IdleTimeout::new(Duration::from_millis(10));
        std::future::poll_fn(|cx| {
            assert!(idle.poll(cx, || None).is_pending());
            std::thread::sleep(Duration::from_millis(20));
            while pin!(tokio::task::consume_budget()).poll(cx).is_ready() {}
            let quiet_since = Instant::now() - Duration::from_millis(20);
            assert!(idle.poll(cx, || Some(quiet_since)).is_ready());
            Poll::Ready(())
        })
        .await;
        let mut touched = IdleTimeout::new(Duration::from_millis(10));
        std::thread::sleep(Duration::from_millis(20));
        touched.touch();
        std::future::poll_fn(|cx| {
            assert!(touched.poll(cx, || None).is_pending());
            Poll::Ready(())
        })
        .await;
    }
}
