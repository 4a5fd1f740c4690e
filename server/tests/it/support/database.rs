//! An empty database of either kind, gone after the test; and a lock that keeps writers out of one.

use super::postgres;
use fastgate::config;
use fastgate::db::{self, Db, DbError, Dialect};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use tempfile::TempDir;

/// A database of one test.
pub struct TestDatabase {
    /// Where it is.
    pub config: config::Database,
    /// Its handle; the tables are there.
    pub db: Db,
    _folder: TempDir,
}

/// The configuration of a database without tables. The folder lives as long as the test keeps it.
pub fn empty(dialect: Dialect) -> (config::Database, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config = config::Database {
        sqlite_path: folder.path().join("fastgate.db"),
        url: (dialect == Dialect::Postgres).then(|| postgres::new_database().into()),
        ..config::Database::default()
    };
    (config, folder)
}

impl TestDatabase {
    /// A database with all tables.
    pub fn new(dialect: Dialect) -> Self {
        let (config, folder) = empty(dialect);
        let db = Db::open(&config).unwrap();
        assert_eq!(db.dialect(), dialect);
        Self {
            config,
            db,
            _folder: folder,
        }
    }
}

/// Holds the write lock until it is dropped.
pub struct WriteLock(Option<(SyncSender<()>, JoinHandle<()>)>);

impl WriteLock {
    /// Takes it on a connection of its own.
    pub fn of(database: &config::Database) -> Self {
        let mut connection = Db::open(database).unwrap().connect().unwrap();
        let (end, ended) = sync_channel::<()>(0);
        let (locked, is_locked) = sync_channel::<()>(0);
        let thread = thread::spawn(move || {
            // A busy database gives the lock only now and then.
            let held = loop {
                let hold = db::transaction(&mut connection, |_| {
                    locked.send(()).unwrap();
                    ended.recv().ok();
                    Ok::<_, DbError>(())
                });
                match hold {
                    Err(error) if error.is_temporary() => {}
                    held => break held,
                }
            };
            held.unwrap();
        });
        is_locked.recv().unwrap();
        Self(Some((end, thread)))
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.0.take() {
            drop(end);
            thread.join().unwrap();
        }
    }
}
