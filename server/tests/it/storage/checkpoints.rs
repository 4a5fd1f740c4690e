//! Moving SQLite's write-ahead log into its file, and commits that need not be confirmed.

use crate::support::database::TestDatabase;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use fastgate::audit_log::checkpoints;
use fastgate::db::{Db, DbConnection, DbError, Dialect, settings, upkeep};
use std::fs;
use std::time::{Duration, Instant};

/// So many bytes in one commit.
async fn write_much(db: &Db, bytes: usize) {
    let value = "x".repeat(bytes);
    db.write(move |connection| settings::set(connection, "much", &value))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_long_log_is_moved_into_the_file_while_nobody_writes() {
    let database = TestDatabase::new(Dialect::Sqlite);
    let file = database.db.beside("");
    let length = move || fs::metadata(&file).unwrap().len();
    write_much(&database.db, 6_000_000).await;
    assert!(length() < 1_000_000, "SQLite does not do it by itself yet");
    let moving = tokio::spawn(checkpoints::run(database.db.clone()));
    let begun = Instant::now();
    while length() < 6_000_000 {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "the file has {} bytes",
            length()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    moving.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_log_is_begun_anew_although_somebody_writes_all_the_while() {
    let database = TestDatabase::new(Dialect::Sqlite);
    let db = database.db.clone();
    let writing = tokio::spawn({
        let db = db.clone();
        async move {
            for number in 0.. {
                let value = format!("{number}");
                db.write(move |connection| settings::set(connection, "often", &value))
                    .await
                    .unwrap();
            }
        }
    });
    write_much(&db, 20_000_000).await;
    let longest = db.read(upkeep::checkpoint).await.unwrap().pages;
    assert!(longest > 4_000, "{longest} pages");
    let begun = Instant::now();
    // Each commit makes it longer, unless it is begun anew.
    while checkpoints::move_log(&db).await.unwrap().pages >= longest {
        assert!(begun.elapsed() < Duration::from_secs(20), "it is never begun anew");
    }
    writing.abort();
}

/// What `PRAGMA synchronous` says: 1 is `NORMAL`, 2 is `FULL`.
fn synchronous(connection: &mut DbConnection) -> i32 {
    #[derive(QueryableByName)]
    struct Synchronous {
        #[diesel(sql_type = Integer)]
        synchronous: i32,
    }
    let DbConnection::Sqlite(inner) = connection else {
        panic!("of SQLite")
    };
    let found: Synchronous = diesel::sql_query("SELECT synchronous FROM pragma_synchronous")
        .get_result(inner)
        .unwrap();
    found.synchronous
}

#[tokio::test]
async fn only_what_can_be_done_again_is_committed_without_the_disks_confirmation() {
    let database = TestDatabase::new(Dialect::Sqlite);
    let db = &database.db;
    let work = |connection: &mut DbConnection| Ok(synchronous(connection));
    assert_eq!(db.write_unconfirmed(work).await.unwrap(), 1);
    let failing = |_: &mut DbConnection| Err::<(), _>(DbError::Internal("refused".to_owned()));
    db.write_unconfirmed(failing).await.unwrap_err();
    // Each connection of the pool that was used is as before.
    for _ in 0..20 {
        assert_eq!(db.write(work).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn what_was_written_unconfirmed_is_there() {
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let database = TestDatabase::new(dialect);
        let write = |connection: &mut DbConnection| settings::set(connection, "a", "1");
        database.db.write_unconfirmed(write).await.unwrap();
        let read = |connection: &mut DbConnection| settings::get(connection, "a");
        assert_eq!(database.db.read(read).await.unwrap().as_deref(), Some("1"));
    }
}
