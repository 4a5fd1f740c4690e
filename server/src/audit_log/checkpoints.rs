//! Moves SQLite's write-ahead log into its file beside those who write. Left to SQLite, the writer whose commit made the log
//! long enough does it, and with it the response or the administrator that waits for this commit.

use crate::db::{Db, Dialect, upkeep};
use std::time::Duration;

/// How often it is looked how long the log is.
const EVERY: Duration = Duration::from_millis(250);
/// From this length on it is moved, bytes: what is changed again and again is then moved once.
const LENGTH: u64 = 4 << 20;

/// Runs until it is dropped. What fails is tried again; after 64 MiB SQLite does it by itself.
pub async fn run(db: Db) {
    if db.dialect() != Dialect::Sqlite {
        return;
    }
    let log = db.beside("-wal");
    let mut moved_at = None;
    let mut timer = tokio::time::interval(EVERY);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        let Ok(found) = tokio::fs::metadata(&log).await else {
            continue;
        };
        // Once all is moved it is written from its beginning again and keeps its length: the time tells whether it was.
        let written_at = found.modified().ok();
        if found.len() < LENGTH || written_at == moved_at {
            continue;
        }
        match db.read(upkeep::checkpoint).await {
            Ok(()) => moved_at = written_at,
            Err(error) => tracing::debug!(cause = error.cause(), "The write-ahead log was not moved"),
        }
    }
}
