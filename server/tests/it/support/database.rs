//! An empty database of either kind, gone after the test.

use super::postgres;
use fastgate::config;
use fastgate::db::{Db, Dialect};
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
