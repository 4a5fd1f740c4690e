//! The database: SQLite inside the process, or PostgreSQL, behind one handle and one set of queries.
//!
//! [`Db`] hands connections to closures on blocking threads; the modules below hold the queries, as plain functions of a
//! connection, one module for each table. The request path never comes here: it reads the snapshot. The audit log's
//! writer has a connection of its own ([`Db::connect`]). Diesel is used in this room only.

pub mod admin_events;
pub mod admin_tokens;
pub mod audit;
pub mod backup;
pub mod changes;
mod connect;
mod connection;
mod error;
pub mod keys;
pub mod logs;
pub mod metrics;
pub mod migrate;
pub mod routes;
mod schema;
pub mod sessions;
pub mod settings;
pub mod storage;
mod turn;
mod types;
pub mod upkeep;

pub use connect::{Connector, OpenConnection, OpenError};
pub use connection::DbConnection;
pub use error::{DbError, DbResult};

use crate::config;
use connect::{Pool, Target};
use diesel::connection::{AnsiTransactionManager, Connection, SimpleConnection, TransactionManager};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::spawn_blocking;

/// No query of administration takes this long; a database that does not answer in time counts as unavailable.
const DEADLINE: Duration = Duration::from_secs(40);
/// How long a readiness probe waits for the database.
const PING_DEADLINE: Duration = Duration::from_secs(2);

/// Which database it is, where the two differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded database.
    Sqlite,
    /// A server.
    Postgres,
}

/// The handle: a pool of connections, used from blocking threads. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
    /// `database.sqlite_path`, also where the database is a server.
    path: Arc<Path>,
    /// Who has it does upkeep: see [`Db::upkeep`].
    upkeep: Arc<Mutex<()>>,
}

/// Runs the same diesel expression on the inner connection of either kind. Needed for what diesel's common dialect lacks
/// (`ON CONFLICT`).
macro_rules! on_inner {
    ($connection:expr, $inner:ident => $expression:expr) => {
        match $connection {
            $crate::db::DbConnection::Sqlite($inner) => $expression,
            $crate::db::DbConnection::Postgres($inner) => $expression,
        }
    };
}
pub(crate) use on_inner;

impl Db {
    /// Opens the database, creating the embedded one when there is none, and brings its tables up to date.
    /// Blocks: call it before serving, or on a blocking thread.
    ///
    /// # Errors
    /// When the database cannot be reached, is damaged, is of a newer version, or belongs to another program. A damaged
    /// file is never replaced by an empty one.
    pub fn open(config: &config::Database) -> Result<Self, OpenError> {
        let target = Target::of(config)?;
        connect::prepare(&target)?;
        migrate::run(config)?;
        Ok(Self {
            pool: connect::pool(target, config.pool_size),
            path: config.sqlite_path.as_path().into(),
            upkeep: Arc::default(),
        })
    }

    /// Reads with a pooled connection on a blocking thread.
    ///
    /// # Errors
    /// What `work` returns, or [`DbError::Unavailable`].
    pub async fn read<T, F>(&self, work: F) -> DbResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> DbResult<T> + Send + 'static,
    {
        let pool = self.pool.clone();
        self.within(DEADLINE, move || work(&mut pool.get()?.connection)).await
    }

    /// Runs `work` in one transaction (on SQLite one that takes the write lock at once) and commits it unless it fails.
    ///
    /// # Errors
    /// What `work` returns, or [`DbError::Unavailable`].
    pub async fn write<T, F>(&self, work: F) -> DbResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> DbResult<T> + Send + 'static,
    {
        let pool = self.pool.clone();
        self.within(DEADLINE, move || pool.get()?.write(work)).await
    }

    /// As [`Db::write`], for upkeep, which is simply done again when the power failed meanwhile: SQLite does not have the disk
    /// confirm it, which would take longer than the work and hold up whoever writes next.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn write_unconfirmed<T, F>(&self, work: F) -> DbResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> DbResult<T> + Send + 'static,
    {
        let pool = self.pool.clone();
        let _alone = self.upkeep().await;
        self.within(DEADLINE, move || {
            pool.get()?.in_turn(|connection| {
                connect::confirm_commits(connection, false)?;
                let result = transaction(connection, work);
                connect::confirm_commits(connection, true)?;
                result
            })
        })
        .await
    }

    /// Waits until no other upkeep is done, and keeps others from it: what is deleted writes more than all clients together,
    /// and SQLite's log is moved to its end only where little is written meanwhile.
    pub async fn upkeep(&self) -> MutexGuard<'_, ()> {
        self.upkeep.lock().await
    }

    /// Runs `work`, which is no transaction, while nobody else of this process writes into SQLite.
    ///
    /// # Errors
    /// What `work` returns, or [`DbError::Unavailable`].
    pub async fn in_turn<T, F>(&self, work: F) -> DbResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> DbResult<T> + Send + 'static,
    {
        let pool = self.pool.clone();
        self.within(DEADLINE, move || pool.get()?.in_turn(work)).await
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when none comes within two seconds.
    pub async fn ping(&self) -> DbResult<()> {
        let pool = self.pool.clone();
        self.within(PING_DEADLINE, move || {
            let connection = &mut pool.get_timeout(PING_DEADLINE)?.connection;
            // Touches the file or the server; `SELECT 1` would not touch the file.
            settings::get(connection, "ping").map(drop)
        })
        .await
    }

    /// Which database it is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.connector().dialect()
    }

    /// The file beside the embedded database whose name ends so; with a server, where the embedded one would be.
    #[must_use]
    pub fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.path.as_os_str().to_owned();
        path.push(suffix);
        path.into()
    }

    /// A connection outside of the pool, for a thread that keeps it.
    ///
    /// # Errors
    /// [`DbError::Unavailable`].
    pub fn connect(&self) -> DbResult<DbConnection> {
        Ok(self.connector().establish()?.connection)
    }

    /// Hands out connections like the pool's, also after this handle is gone.
    #[must_use]
    pub fn connector(&self) -> Connector {
        self.pool.connector()
    }

    async fn within<T, F>(&self, deadline: Duration, work: F) -> DbResult<T>
    where
        T: Send + 'static,
        F: FnOnce() -> DbResult<T> + Send + 'static,
    {
        match tokio::time::timeout(deadline, spawn_blocking(work)).await {
            Ok(Ok(result)) => result,
            Ok(Err(panicked)) => Err(DbError::Internal(format!("a query panicked: {panicked}"))),
            Err(_) => Err(DbError::Unavailable("it does not answer in time".to_owned())),
        }
    }
}

impl DbConnection {
    /// Which database it is.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }
}

/// Runs `work` in a transaction: committed when it succeeds, else rolled back. Not nestable.
///
/// # Errors
/// What `work` returns, or that of the commit.
pub fn transaction<T, E>(
    connection: &mut DbConnection,
    work: impl FnOnce(&mut DbConnection) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<diesel::result::Error>,
{
    type Transactions = <DbConnection as Connection>::TransactionManager;
    match connection {
        // A deferred transaction that turns from reading to writing can fail at once instead of waiting its turn.
        DbConnection::Sqlite(inner) => AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN IMMEDIATE")?,
        DbConnection::Postgres(inner) => AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN")?,
    }
    match work(connection) {
        Ok(value) => {
            Transactions::commit_transaction(connection)?;
            Ok(value)
        }
        Err(error) => {
            // A rollback that fails leaves a connection that counts as broken and is not used again.
            drop(Transactions::rollback_transaction(connection));
            Err(error)
        }
    }
}

/// SQLite leaves what was replaced in the file until something else takes its place: on this connection no more.
///
/// # Errors
/// See [`DbError`].
pub fn overwrite_what_is_replaced(connection: &mut DbConnection) -> DbResult<()> {
    match connection.dialect() {
        Dialect::Sqlite => Ok(execute_batch(connection, "PRAGMA secure_delete = ON")?),
        Dialect::Postgres => Ok(()),
    }
}

/// Moves SQLite's log into the file and empties it, unless somebody reads: then that happens a little later by itself.
pub fn empty_write_ahead_log(connection: &mut DbConnection) {
    if connection.dialect() == Dialect::Sqlite
        && let Err(error) = execute_batch(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
    {
        tracing::debug!(%error, "The write-ahead log was not emptied");
    }
}

/// Runs statements without results.
fn execute_batch(connection: &mut DbConnection, sql: &str) -> diesel::QueryResult<()> {
    connection.batch_execute(sql)
}

#[cfg(test)]
mod tests;
