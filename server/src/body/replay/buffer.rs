//! Reading a body whole, before it is sent or while an attempt has it: only one of the two is woken by the client, so that
//! the attempt waits for what this reads.

use super::{BufferError, NO_ATTEMPT, ReplayBody};
use bytes::Bytes;
use std::collections::VecDeque;

/// The gateway reads the body itself, until this is dropped.
struct Buffering<'a>(&'a ReplayBody);

impl Drop for Buffering<'_> {
    fn drop(&mut self) {
        let mut shared = self.0.0.lock();
        shared.is_buffering = false;
        shared.wake_reader();
    }
}

impl ReplayBody {
    /// Reads the body to its end and hands out its bytes; it can still be sent afterwards, and an attempt that has begun
    /// goes on with what it has not sent.
    ///
    /// # Errors
    /// When it is over the limit, or the client fails.
    pub async fn buffer(&self) -> Result<Bytes, BufferError> {
        let limit = {
            let mut shared = self.0.lock();
            let is_large = shared.announced.is_some_and(|length| length > shared.limit as u64);
            if is_large || shared.gone {
                return Err(BufferError::TooLarge { limit: shared.limit });
            }
            shared.is_buffering = true;
            shared.limit
        };
        let _buffering = Buffering(self);
        loop {
            let step = std::future::poll_fn(|cx| self.0.lock().poll_source(cx)).await;
            match step {
                Some(Ok(_)) if self.0.lock().gone => return Err(BufferError::TooLarge { limit }),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => break,
            }
        }
        let mut shared = self.0.lock();
        let whole = match shared.frames.len() {
            0 | 1 => shared.frames.front().cloned().unwrap_or_default(),
            _ => Bytes::from(shared.frames.make_contiguous().concat()),
        };
        // Which frames an attempt has sent is told by their number.
        if shared.attempt == NO_ATTEMPT && shared.frames.len() > 1 {
            shared.frames = VecDeque::from([whole.clone()]);
        }
        shared.announced = Some(shared.kept as u64);
        Ok(whole)
    }
}
