//! From the queue to the tables: batches, crashes, a database that is away.

use super::{audit_log, noon, record};
use crate::support::database::TestDatabase;
use fastgate::audit_log::AuditLog;
use fastgate::audit_log::record::Record;
use fastgate::config::{self, OnFull};
use fastgate::db::keys::{self, StoredKey};
use fastgate::db::logs::{self, LogPage, LogQuery};
use fastgate::db::metrics::{self, MetricsRange};
use fastgate::db::{Db, Dialect, migrate};
use fastgate_shared::api_key::{ApiKey, ApiKeyDefinition};
use fastgate_shared::audit_log::{LogItem, Outcome};
use rstest::rstest;

async fn items(db: &Db) -> Vec<LogItem> {
    db.read(|connection| logs::page(connection, &LogQuery::default(), &LogPage::default()))
        .await
        .unwrap()
        .items
}

/// Up to a thousand.
async fn all(db: &Db) -> Vec<LogItem> {
    let mut page = LogPage::default();
    page.limit = 1_000;
    let read = move |connection: &mut _| logs::page(connection, &LogQuery::default(), &page);
    db.read(read).await.unwrap().items
}

async fn total(db: &Db) -> u64 {
    metrics::summary(db, MetricsRange::default(), noon())
        .await
        .unwrap()
        .total_requests
}

fn in_flight(number: i64) -> Box<Record> {
    Box::new(Record {
        status_code: None,
        outcome: None,
        first_response_time: None,
        response_time: None,
        duration_us: None,
        ttfb_us: None,
        ..*record(number)
    })
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn a_record_comes_back_whole(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    let record = record(1);
    let (id, item) = (record.id.to_string(), record.item());
    audit.ended_durably(record).await;
    assert_eq!((audit.depth(), audit.depth_bytes(), audit.lost()), (0, 0, 0));
    let found = database
        .db
        .read(move |connection| logs::get(connection, &id))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.item, item);
    let headers = [("accept", "text/plain"), ("x-twice", "1"), ("x-twice", "2")];
    assert_eq!(
        found.request_headers,
        headers.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(found.request_body.as_deref(), Some("{\"a\":1}"));
    assert_eq!(found.response_body.as_deref(), Some("NUL \u{fffd} and ünï"));
    assert_eq!(found.attempts[0].target, "http://upstream");
    assert_eq!(found.match_reason.as_deref(), Some("it fits"));
    let origin = found.replay.unwrap();
    assert_eq!((origin.of.as_deref(), origin.by.as_str()), (Some("7"), "admin token"));
    for unknown in ["1", "x", "-1", "99999999999999999999"] {
        assert!(
            database
                .db
                .read(move |connection| logs::get(connection, unknown))
                .await
                .unwrap()
                .is_none()
        );
    }
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn a_long_request_shows_from_its_start_and_ends_once(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    audit.started(in_flight(1));
    audit.flush().await;
    let shown = items(&database.db).await;
    assert_eq!((shown.len(), shown[0].outcome, shown[0].status_code), (1, None, None));
    assert_eq!(total(&database.db).await, 0, "statistics count what ended");
    audit.ended(record(1));
    audit.flush().await;
    let ended = items(&database.db).await;
    assert_eq!((ended.len(), ended[0].outcome), (1, Some(Outcome::Ok)));
    assert_eq!(total(&database.db).await, 1);
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn a_start_that_comes_late_does_not_undo_the_end(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    audit.ended(record(1));
    audit.started(in_flight(1));
    audit.flush().await;
    audit.started(in_flight(1));
    audit.flush().await;
    let ended = items(&database.db).await;
    assert_eq!((ended.len(), ended[0].outcome), (1, Some(Outcome::Ok)));
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn what_a_crash_cut_off_is_interrupted_at_the_next_start(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    audit.started(in_flight(1));
    audit.ended(record(2));
    audit.flush().await;
    drop(audit);
    let _next = audit_log(&database.db).await;
    let found = items(&database.db).await;
    let outcomes: Vec<_> = found.iter().map(|item| item.outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Ok), Some(Outcome::Interrupted)]);
    assert!(found[1].error_message.is_some());
    assert_eq!(total(&database.db).await, 2);
    let _again = audit_log(&database.db).await;
    assert_eq!(total(&database.db).await, 2, "it is counted once");
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn a_keys_use_is_counted(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let key = StoredKey {
        key: ApiKey {
            key_id: "key".to_owned(),
            key_preview: String::new(),
            definition: ApiKeyDefinition::default(),
            usage_count: 0,
            last_used_at: None,
            previous_valid_until: None,
            created_at: noon(),
        },
        hash: [1; 32],
        previous: None,
    };
    database
        .db
        .write(move |connection| keys::insert(connection, &key))
        .await
        .unwrap();
    let audit = audit_log(&database.db).await;
    for number in [1, 3, 2] {
        audit.ended(record(number));
    }
    audit.flush().await;
    let key = database
        .db
        .read(|connection| keys::get(connection, "key"))
        .await
        .unwrap()
        .key;
    assert_eq!(key.usage_count, 3);
    assert_eq!(
        key.last_used_at.unwrap().as_microsecond(),
        noon().as_microsecond() + 3_000_000
    );
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn nothing_is_lost_by_flushing_a_burst(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    for number in 0..3_000 {
        audit.ended(record(number));
    }
    audit.flush().await;
    assert_eq!((audit.lost(), audit.depth(), audit.depth_bytes()), (0, 0, 0));
    assert_eq!(total(&database.db).await, 3_000);
    let page = database
        .db
        .read(|connection| logs::page(connection, &LogQuery::default(), &LogPage::default()))
        .await
        .unwrap();
    assert_eq!(page.total, 3_000);
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn a_record_that_is_there_already_is_neither_lost_nor_doubled(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    audit.ended_durably(record(1)).await;
    audit.ended(record(1));
    audit.ended(record(2));
    audit.flush().await;
    assert_eq!(audit.lost(), 0);
    assert_eq!(items(&database.db).await.len(), 2);
}

/// Holds the database's write lock until it is dropped.
fn lock(database: &TestDatabase) -> impl Drop + use<> {
    struct Locked(Option<(std::sync::mpsc::SyncSender<()>, std::thread::JoinHandle<()>)>);
    impl Drop for Locked {
        fn drop(&mut self) {
            if let Some((end, thread)) = self.0.take() {
                drop(end);
                thread.join().unwrap();
            }
        }
    }
    let mut connection = database.db.connect().unwrap();
    let (end, ended) = std::sync::mpsc::sync_channel::<()>(0);
    let (locked, is_locked) = std::sync::mpsc::sync_channel::<()>(0);
    let thread = std::thread::spawn(move || {
        fastgate::db::transaction(&mut connection, |_| {
            locked.send(()).unwrap();
            ended.recv().ok();
            Ok::<_, fastgate::db::DbError>(())
        })
        .unwrap();
    });
    is_locked.recv().unwrap();
    Locked(Some((end, thread)))
}

#[tokio::test]
async fn while_the_database_is_locked_records_wait_and_what_does_not_fit_is_counted() {
    let database = TestDatabase::new(Dialect::Sqlite);
    let limits = config::Audit {
        queue_bytes: 20 * record(1).size(),
        spill_bytes: 0,
        ..config::Audit::default()
    };
    let audit = AuditLog::open(&database.db, &limits).await.unwrap();
    let locked = lock(&database);
    for number in 0..50 {
        audit.ended(record(number));
    }
    assert_eq!((audit.depth(), audit.lost()), (20, 30));
    assert!(audit.depth_bytes() <= limits.queue_bytes);
    drop(locked);
    audit.flush().await;
    assert_eq!(items(&database.db).await.len(), 20);
    assert_eq!(total(&database.db).await, 20, "statistics equal records");
}

/// A queue for 40 records, so that it is half full early.
fn narrow() -> config::Audit {
    config::Audit {
        queue_bytes: 40 * record(1).size(),
        ..config::Audit::default()
    }
}

/// Hands records over one by one, each when there is room.
async fn hand_over(audit: &AuditLog, numbers: std::ops::Range<i64>) {
    for number in numbers {
        while audit.depth() > 30 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        audit.ended(record(number));
    }
}

#[tokio::test]
async fn what_the_queue_has_no_room_for_waits_on_disk_and_comes_in_later() {
    let database = TestDatabase::new(Dialect::Sqlite);
    let audit = AuditLog::open(&database.db, &narrow()).await.unwrap();
    let locked = lock(&database);
    hand_over(&audit, 0..500).await;
    assert_eq!(audit.lost(), 0);
    assert!(audit.spilled().0 > 400, "{:?}", audit.spilled());
    // What is in the file is on disk: nobody needs to wait for the database.
    audit.flush().await;
    assert_eq!(items(&database.db).await.len(), 0);
    drop(locked);
    while audit.spilled().0 > 0 || audit.depth() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    assert_eq!((all(&database.db).await.len(), audit.lost()), (500, 0));
    assert_eq!(total(&database.db).await, 500, "statistics equal records");
    assert!(
        !database.db.beside(".spill").exists(),
        "the file goes with the last record"
    );
}

#[tokio::test]
async fn what_waited_on_disk_when_the_process_ended_comes_in_at_the_next_start_and_only_once() {
    // The file is another database's: the threads that filled it may still bring it in there.
    let filled = TestDatabase::new(Dialect::Sqlite);
    let kept = filled.db.beside(".spill").with_extension("kept");
    {
        let audit = AuditLog::open(&filled.db, &narrow()).await.unwrap();
        let _locked = lock(&filled);
        audit.started(in_flight(900));
        hand_over(&audit, 0..100).await;
        audit.flush().await;
        std::fs::copy(filled.db.beside(".spill"), &kept).unwrap();
    }
    let database = TestDatabase::new(Dialect::Sqlite);
    let path = database.db.beside(".spill");
    {
        let audit = AuditLog::open(&database.db, &narrow()).await.unwrap();
        audit.started(in_flight(7));
        audit.flush().await;
    }
    for _ in 0..2 {
        std::fs::copy(&kept, &path).unwrap();
        let audit = AuditLog::open(&database.db, &narrow()).await.unwrap();
        assert_eq!(audit.lost(), 0);
        assert!(!path.exists());
    }
    let outcomes = all(&database.db).await;
    assert_eq!(outcomes.len(), 101);
    let interrupted: Vec<_> = outcomes
        .iter()
        .filter(|item| item.outcome == Some(Outcome::Interrupted))
        .collect();
    assert_eq!(interrupted.len(), 1, "the one that had no end");
    assert_eq!(interrupted[0].request_id, "request-900");
    assert_eq!(total(&database.db).await, 101, "statistics equal records");
}

#[tokio::test]
async fn with_on_full_block_nothing_is_lost() {
    let database = TestDatabase::new(Dialect::Sqlite);
    let limits = config::Audit {
        queue_bytes: 5 * record(1).size(),
        on_full: OnFull::Block,
        ..config::Audit::default()
    };
    let audit = AuditLog::open(&database.db, &limits).await.unwrap();
    let locked = lock(&database);
    let mut stored: Vec<_> = (0..30).map(|number| audit.ended_durably(record(number))).collect();
    // Whoever does not wait loses nothing.
    stored.truncate(10);
    drop(locked);
    for on_disk in stored {
        on_disk.await;
    }
    // Those nobody waits for still look for room; each look is at most 50 ms apart.
    while items(&database.db).await.len() < 30 {
        tokio::task::yield_now().await;
    }
    assert_eq!(audit.lost(), 0);
}

#[tokio::test]
async fn records_wait_while_the_file_is_away() {
    let database = TestDatabase::new(Dialect::Sqlite);
    let audit = audit_log(&database.db).await;
    audit.ended_durably(record(1)).await;
    let (path, away) = (
        &database.config.sqlite_path,
        database.config.sqlite_path.with_extension("away"),
    );
    std::fs::rename(path, &away).unwrap();
    let stored = audit.ended_durably(record(2));
    assert!(database.db.ping().await.is_err());
    assert_eq!((audit.depth() + audit.spilled().0, audit.lost()), (1, 0));
    assert!(!path.exists(), "no empty file took its place");
    std::fs::rename(&away, path).unwrap();
    stored.await;
    // On disk may mean: in the file beside the database.
    while items(&database.db).await.len() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn what_the_database_refuses_for_good_is_lost_and_blocks_nothing(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    migrate::revert_all(&mut database.db.connect().unwrap()).unwrap();
    for number in 0..3 {
        audit.ended(record(number));
    }
    audit.flush().await;
    assert_eq!((audit.depth(), audit.lost()), (0, 3));
    migrate::apply(&mut database.db.connect().unwrap(), "here").unwrap();
    audit.ended_durably(record(4)).await;
    assert_eq!(total(&database.db).await, 1);
}
