//! What is going on right now: the requests in flight, and the events that watchers of the log get.
//!
//! Everything comes from memory; the database is not asked. Without a watcher no event is made. What is kept of one
//! request is in `live/in_flight.rs`, who looks in `live/watchers.rs`.

mod in_flight;
mod watchers;

use super::record::Record;
use fastgate_shared::audit_log::{LiveEventKind, LogItem, Outcome};
use futures_util::Stream;
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;
use watchers::{Watchers, Watching};

pub use in_flight::InFlight;

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

/// What a watcher hears.
#[derive(Clone, Debug)]
pub enum News {
    /// Something happened.
    Event(Arc<LiveEvent>),
    /// Events are missing from here on back: what the watcher knows of the requests in flight may be old.
    Missed,
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

impl History {
    /// What a watcher that comes back has to hear first.
    fn since(&self, after: Option<u64>) -> Vec<News> {
        let Some(after) = after else {
            return vec![News::Missed];
        };
        // A number from before a restart is larger than any of this process: then all is new.
        let (after, restarted) = if after > self.last_id {
            (0, true)
        } else {
            (after, false)
        };
        let oldest = self.events.front().map_or(self.last_id + 1, |event| event.id);
        let missed = (restarted || oldest > after + 1).then_some(News::Missed);
        let events = self.events.iter().filter(|event| event.id > after);
        missed.into_iter().chain(events.cloned().map(News::Event)).collect()
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
        let entry = Arc::new(InFlight::new(record, started));
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

    /// Cancels a request in flight; its upstream is not asked any further, and its record says so. `false` when none with
    /// this number is in flight here.
    pub fn cancel(&self, id: i64) -> bool {
        let entry = self.shard(id).lock().get(&id).cloned();
        entry.map(|entry| entry.cancel()).is_some()
    }

    /// The record so far of a request in flight.
    #[must_use]
    pub fn record(&self, id: i64) -> Option<Box<Record>> {
        let entry = self.shard(id).lock().get(&id).cloned();
        entry?.copy()
    }

    /// The requests in flight, the newest first.
    #[must_use]
    pub fn items(&self) -> Vec<LogItem> {
        let mut records: Vec<Box<Record>> = Vec::new();
        for shard in &self.shards {
            let entries: Vec<Arc<InFlight>> = shard.lock().values().cloned().collect();
            records.extend(entries.iter().filter_map(|entry| entry.copy()));
        }
        records.sort_unstable_by_key(|record| std::cmp::Reverse(record.id));
        records.iter().map(|record| record.item()).collect()
    }

    /// Whether anybody looks; events need not be made otherwise.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.watchers.are_looking()
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
                let size = entry.size();
                if watched && entry.progress_shown.swap(size, Ordering::Relaxed) != size {
                    self.tell(LiveEventKind::Progress, &entry);
                }
            }
        }
    }

    /// Events from now on; with `after`, first those that followed it and are still remembered. Where events are missing, at
    /// the start or because the watcher lags too far behind, it is told so.
    pub fn subscribe(&self, after: Option<u64>) -> impl Stream<Item = News> + Send + use<> {
        let watching = Watching::new(&self.watchers);
        // Under one lock, so that no event falls between the remembered and the coming ones.
        let (remembered, receiver) = {
            let history = self.history.lock();
            (history.since(after), self.events.subscribe())
        };
        let state = (remembered.into_iter(), receiver, watching);
        futures_util::stream::unfold(state, |(mut remembered, mut receiver, watching)| async move {
            let news = match remembered.next() {
                Some(news) => news,
                None => match receiver.recv().await {
                    Ok(event) => News::Event(event),
                    Err(broadcast::error::RecvError::Lagged(_)) => News::Missed,
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
            };
            Some((news, (remembered, receiver, watching)))
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
