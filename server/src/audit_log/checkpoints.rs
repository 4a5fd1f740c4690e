//! Moves SQLite's write-ahead log into its file beside those who write. Left to SQLite, the writer whose commit made the log
//! long enough does it, and with it the response or the administrator that waits for this commit; and not once only: where
//! there is always somebody who writes while the log is being moved, it is never moved to its end, is therefore not begun
//! anew, and from then on each commit moves what there is. So what little is left in the end is moved while nobody writes.

use crate::db::upkeep::Log;
use crate::db::{Db, DbResult, Dialect, upkeep};
use std::time::Duration;

/// How often it is looked how long the log is.
const EVERY: Duration = Duration::from_millis(250);
/// The same after little was moved: each time the disk has to confirm the file.
const AT_REST: Duration = Duration::from_millis(500);
/// From this length on it is moved, bytes: what is changed again and again is then moved once.
const LENGTH: u64 = 4 << 20;
/// Less than this is little, pages of 4 KiB.
const LITTLE: u64 = LENGTH / 4096;
/// From this length on it is moved to its end, pages. Writers would move it at 16,000.
const LONG: u64 = 4_000;
/// How often it is moved beside writers until nothing new came meanwhile. Else it is tried again a little later.
const TIMES: usize = 8;

/// Runs until it is dropped. What fails is tried again; after 64 MiB SQLite does it by itself.
pub async fn run(db: Db) {
    if db.dialect() != Dialect::Sqlite {
        return;
    }
    let file = db.beside("-wal");
    let mut moved_at = None;
    let mut moved = Log::default();
    let mut pause = EVERY;
    loop {
        tokio::time::sleep(pause).await;
        let Ok(found) = tokio::fs::metadata(&file).await else {
            continue;
        };
        // Once all is moved it is written from its beginning again and keeps its length: the time tells whether it was.
        let written_at = found.modified().ok();
        if found.len() < LENGTH || written_at == moved_at {
            continue;
        }
        match move_log(&db).await {
            Ok(log) => {
                let grew = log.pages.checked_sub(moved.pages).unwrap_or(log.pages);
                pause = if grew < LITTLE { AT_REST } else { EVERY };
                (moved_at, moved) = (written_at, log);
            }
            Err(error) => tracing::debug!(cause = error.cause(), "The write-ahead log was not moved"),
        }
    }
}

/// Moves the log, and when it is long to its end, unless somebody reads what it held before: who writes next begins it anew.
///
/// # Errors
/// When the database cannot be read now, or a writer takes too long.
pub async fn move_log(db: &Db) -> DbResult<Log> {
    let _alone = db.upkeep().await;
    let mut log = db.read(upkeep::checkpoint).await?;
    for _ in 0..TIMES {
        if log.pages < LONG {
            return Ok(log);
        }
        // SQLite has the disk confirm the file, which takes longest, once nothing came while it moved; and tells how long the
        // log was before. So nothing new means that the file is confirmed, and that next to nothing is left.
        let before = log;
        log = db.read(upkeep::checkpoint).await?;
        if log.pages == before.pages && log.rest == 0 {
            return db.in_turn(upkeep::checkpoint).await;
        }
    }
    Ok(log)
}
