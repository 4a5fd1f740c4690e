//! Lines on their way to a file or a terminal: collected in memory, and written by a thread of their own a moment later.
//! A request waits for no disk, and wakes that thread for the first line of a moment only, not for each.

use parking_lot::Mutex;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Thread};
use std::time::Duration;

/// How long lines are collected.
const COLLECT: Duration = Duration::from_millis(20);
/// Bytes that may wait. When a disk or terminal does not keep up, further lines are dropped: a request never waits.
const MAX_WAITING: usize = 8 * 1024 * 1024;
/// Bytes of memory that are kept for the next lines.
const KEPT: usize = 256 * 1024;
/// How long the end of the process waits for a disk or terminal.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Takes lines.
pub struct Collected {
    shared: Arc<Shared>,
    thread: Thread,
}

/// Writes what waits when it is dropped.
pub struct CollectedGuard {
    shared: Arc<Shared>,
    thread: Thread,
    done: Receiver<()>,
}

struct Shared {
    waiting: Mutex<Vec<u8>>,
    ended: AtomicBool,
}

impl Collected {
    /// Starts the thread that writes to `writer`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(name: &str, writer: impl Write + Send + 'static) -> io::Result<(Self, CollectedGuard)> {
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let (finished, done) = sync_channel(1);
        let read = shared.clone();
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || write_until_ended(&read, writer, &finished))?
            .thread()
            .clone();
        let guard = CollectedGuard {
            shared: shared.clone(),
            thread: thread.clone(),
            done,
        };
        Ok((Self { shared, thread }, guard))
    }
}

impl Collected {
    /// Takes a whole line; waits for nothing.
    pub fn write(&self, line: &[u8]) {
        let mut waiting = self.shared.waiting.lock();
        let is_first = waiting.is_empty();
        if waiting.len() + line.len() <= MAX_WAITING {
            waiting.extend_from_slice(line);
        }
        drop(waiting);
        if is_first {
            self.thread.unpark();
        }
    }
}

impl Drop for CollectedGuard {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        self.thread.unpark();
        // Neither a stuck terminal nor a thread that is gone keeps the process from ending.
        let _in_time = self.done.recv_timeout(LAST_LINES);
    }
}

fn write_until_ended(shared: &Shared, mut writer: impl Write, finished: &SyncSender<()>) {
    let mut lines = Vec::new();
    loop {
        // Read before the lines are taken: what was logged before the end is written.
        let ended = shared.ended.load(Ordering::Acquire);
        std::mem::swap(&mut lines, &mut *shared.waiting.lock());
        if !lines.is_empty() {
            // Nobody is left to be told where the log cannot be written.
            let _ = writer.write_all(&lines).and_then(|()| writer.flush());
            lines.clear();
            lines.shrink_to(KEPT);
        }
        if ended {
            // The guard may have stopped waiting.
            let _ = finished.try_send(());
            return;
        }
        if shared.waiting.lock().is_empty() {
            thread::park();
        }
        // Not parked: each first line leaves a wake-up behind, which would end the collecting at once.
        if !shared.ended.load(Ordering::Acquire) {
            thread::sleep(COLLECT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Collected, MAX_WAITING};
    use std::io::{self, Write};
    use std::sync::mpsc::{Receiver, sync_channel};
    use std::sync::{Arc, Mutex};
    use std::thread;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(lines)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_of_every_thread_is_written_whole_before_the_guard_is_gone() {
        let written = Written::default();
        let (lines, guard) = Collected::start("test", written.clone()).unwrap();
        thread::scope(|scope| {
            for name in 0..4 {
                let lines = &lines;
                scope.spawn(move || {
                    for n in 0..1_000 {
                        lines.write(format!("{name} {n}\n").as_bytes());
                    }
                });
            }
        });
        drop(guard);
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 4_000);
        for name in 0..4 {
            let of_one: Vec<_> = text
                .lines()
                .filter(|line| line.starts_with(&format!("{name} ")))
                .collect();
            let expected: Vec<_> = (0..1_000).map(|n| format!("{name} {n}")).collect();
            assert_eq!(of_one, expected, "in the order in which its thread wrote them");
        }
    }

    /// A terminal that takes nothing before it is told to.
    struct Stuck(Receiver<()>, Written);

    impl Write for Stuck {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            let _told = self.0.recv();
            self.1.write(lines)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_terminal_costs_lines_and_bounded_memory_but_no_waiting() {
        let (go_on, told) = sync_channel(0);
        let written = Written::default();
        let (lines, guard) = Collected::start("test", Stuck(told, written.clone())).unwrap();
        let line = [b'x'; 64 * 1024];
        for _ in 0..(3 * MAX_WAITING / line.len()) {
            lines.write(&line);
        }
        assert!(lines.shared.waiting.lock().len() <= MAX_WAITING);
        drop(go_on);
        drop(guard);
        let written = written.0.lock().unwrap().len();
        assert!(written > 0 && written <= 2 * MAX_WAITING, "{written}");
    }
}
