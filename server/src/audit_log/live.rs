//! What is going on right now: the requests in flight, and the events that watchers of the log get.
//!
//! Everything comes from memory; the database is not asked. Without a watcher no event is made.

use super::record::Record;
use fastgate_shared::audit_log::{LiveEventKind, LogItem, Outcome};
use futures_util::Stream;
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

/// After this long a request shows in the log although it has not ended (contract: Audit log).
pub const SHOWN_AFTER: Duration = Duration::from_secs(1);
/// Events that a watcher may lag behind, and that a returning one can catch up on.
const HISTORY: usize = 2048;
const SHARDS: usize = 16;

/// Something happened to a request.
#[derive(Debug)]
pub struct LiveEvent {
    /// Rises by one with each event of this process.
    pub id: u64,
    /// What happened.
    pub kind: LiveEventKind,
    /// The record so far.
    pub item: LogItem,
}

/// A request in flight. The proxy writes it, watchers read it.
#[derive(Debug)]
pub struct InFlight {
    id: i64,
    started: Instant,
    record: Mutex<Option<Box<Record>>>,
    response_size: AtomicU64,
    stream_chunks: AtomicU64,
    shown: AtomicBool,
    progress_shown: AtomicU64,
}

/// The requests in flight and their watchers.
#[derive(Debug)]
pub struct Live {
    shards: [Mutex<HashMap<i64, Arc<InFlight>>>; SHARDS],
    count: AtomicUsize,
    /// The gateway ends before the requests that are left.
    cut_off: AtomicBool,
    watchers: Arc<Watchers>,
    events: broadcast::Sender<Arc<LiveEvent>>,
    history: Mutex<History>,
}

#[derive(Debug, Default)]
struct History {
    last_id: u64,
    events: VecDeque<Arc<LiveEvent>>,
}

impl InFlight {
    /// Changes the record; nothing happens once the request has ended.
    pub fn update(&self, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.record.lock().as_mut() {
            change(record);
        }
    }

    /// A piece of the response went to the client.
    pub fn grew(&self, bytes: u64, chunks: u64) {
        self.response_size.fetch_add(bytes, Ordering::Relaxed);
        self.stream_chunks.store(chunks, Ordering::Relaxed);
    }

    /// When the request's head had arrived.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Takes the record out at the request's end.
    fn take(&self) -> Option<Box<Record>> {
        let mut record = self.record.lock().take()?;
        self.write_counts(&mut record);
        Some(record)
    }

    fn copy(&self) -> Option<Box<Record>> {
        let mut record = self.record.lock().clone()?;
        self.write_counts(&mut record);
        Some(record)
    }

    fn write_counts(&self, record: &mut Record) {
        record.response_size = self.response_size.load(Ordering::Relaxed);
        record.stream_chunks = self.stream_chunks.load(Ordering::Relaxed);
    }
}

impl Default for Live {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            count: AtomicUsize::new(0),
            cut_off: AtomicBool::new(false),
            watchers: Arc::default(),
            events: broadcast::channel(HISTORY).0,
            history: Mutex::default(),
        }
    }
}

impl Live {
    /// A request begins.
    #[must_use]
    pub fn enter(&self, record: Box<Record>, started: Instant) -> Arc<InFlight> {
        let entry = Arc::new(InFlight {
            id: record.id,
            started,
            record: Mutex::new(Some(record)),
            response_size: AtomicU64::new(0),
            stream_chunks: AtomicU64::new(0),
            shown: AtomicBool::new(false),
            progress_shown: AtomicU64::new(0),
        });
        self.shard(entry.id).lock().insert(entry.id, entry.clone());
        self.count.fetch_add(1, Ordering::Relaxed);
        entry
    }

    /// A request ended: it leaves the registry and hands out its record. `None` when it had left before.
    #[must_use]
    pub fn leave(&self, entry: &InFlight) -> Option<Box<Record>> {
        self.shard(entry.id).lock().remove(&entry.id)?;
        self.count.fetch_sub(1, Ordering::Relaxed);
        entry.take()
    }

    /// Requests in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// The requests that are left are cut off: whatever breaks off from now on is not their clients' doing.
    pub fn cut_off(&self) {
        self.cut_off.store(true, Ordering::Relaxed);
    }

    /// What to call the end of a request that broke off.
    #[must_use]
    pub fn broken_off(&self) -> Outcome {
        if self.cut_off.load(Ordering::Relaxed) {
            Outcome::Interrupted
        } else {
            Outcome::ClientClosed
        }
    }

    /// Whether anybody looks; events need not be made otherwise.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.watchers.looking.load(Ordering::Relaxed)
    }

    /// Tells the watchers what happened to a request in flight.
    pub fn tell(&self, kind: LiveEventKind, entry: &InFlight) {
        if self.is_watched()
            && let Some(record) = entry.copy()
        {
            self.publish(kind, record.item());
        }
    }

    /// Tells the watchers that a request ended.
    pub fn tell_end(&self, record: &Record) {
        if self.is_watched() {
            self.publish(LiveEventKind::End, record.item());
        }
    }

    /// Looks through the requests in flight: those that have just lasted for [`SHOWN_AFTER`] go to `show`, watchers
    /// hear of those that grew. To be called a few times a second.
    pub fn sweep(&self, now: Instant, mut show: impl FnMut(Box<Record>)) {
        self.watchers.rest(now);
        let watched = self.is_watched();
        for shard in &self.shards {
            let entries: Vec<Arc<InFlight>> = shard
                .lock()
                .values()
                .filter(|entry| watched || !entry.shown.load(Ordering::Relaxed))
                .filter(|entry| now.saturating_duration_since(entry.started) >= SHOWN_AFTER)
                .cloned()
                .collect();
            for entry in entries {
                if !entry.shown.swap(true, Ordering::Relaxed)
                    && let Some(record) = entry.copy()
                {
                    show(record);
                }
                let size = entry.response_size.load(Ordering::Relaxed);
                if watched && entry.progress_shown.swap(size, Ordering::Relaxed) != size {
                    self.tell(LiveEventKind::Progress, &entry);
                }
            }
        }
    }

    /// Events from now on; with `after`, first those that followed it and are still remembered. A watcher that lags
    /// too far behind misses events.
    pub fn subscribe(&self, after: Option<u64>) -> impl Stream<Item = Arc<LiveEvent>> + Send + use<> {
        let watching = Watching::new(&self.watchers);
        // Under one lock, so that no event falls between the remembered and the coming ones.
        let (missed, receiver) = {
            let history = self.history.lock();
            let missed = after.map_or_else(Vec::new, |after| {
                // A number from before a restart is larger than any of this process: then all is new.
                let after = if after > history.last_id { 0 } else { after };
                history
                    .events
                    .iter()
                    .filter(|event| event.id > after)
                    .cloned()
                    .collect()
            });
            (missed, self.events.subscribe())
        };
        let state = (missed.into_iter(), receiver, watching);
        futures_util::stream::unfold(state, |(mut missed, mut receiver, watching)| async move {
            if let Some(event) = missed.next() {
                return Some((event, (missed, receiver, watching)));
            }
            loop {
                match receiver.recv().await {
                    Ok(event) => return Some((event, (missed, receiver, watching))),
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        })
    }

    fn publish(&self, kind: LiveEventKind, item: LogItem) {
        let mut history = self.history.lock();
        history.last_id += 1;
        let event = Arc::new(LiveEvent {
            id: history.last_id,
            kind,
            item,
        });
        if history.events.len() == HISTORY {
            history.events.pop_front();
        }
        history.events.push_back(event.clone());
        // Without a receiver at this moment there is nobody to tell.
        let _ = self.events.send(event);
    }

    fn shard(&self, id: i64) -> &Mutex<HashMap<i64, Arc<InFlight>>> {
        &self.shards[id.unsigned_abs() as usize % SHARDS]
    }
}

/// Who looks. Events go on being made for a while after the last watcher left, so that one whose connection broke can
/// catch up.
#[derive(Debug, Default)]
struct Watchers {
    looking: AtomicBool,
    count: AtomicUsize,
    last_left: Mutex<Option<Instant>>,
}

/// How long events are still made when nobody looks any more.
const LINGER: Duration = Duration::from_secs(60);

impl Watchers {
    fn rest(&self, now: Instant) {
        if self.looking.load(Ordering::Relaxed) && self.count.load(Ordering::Relaxed) == 0 {
            let left = *self.last_left.lock();
            if left.is_some_and(|left| now.saturating_duration_since(left) > LINGER) {
                self.looking.store(false, Ordering::Relaxed);
            }
        }
    }
}

/// Counts a watcher until it is dropped.
struct Watching(Arc<Watchers>);

impl Watching {
    fn new(watchers: &Arc<Watchers>) -> Self {
        watchers.count.fetch_add(1, Ordering::Relaxed);
        watchers.looking.store(true, Ordering::Relaxed);
        Self(watchers.clone())
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        *self.0.last_left.lock() = Some(Instant::now());
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}
