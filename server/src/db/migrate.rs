//! Brings the tables up to date. The steps are SQL files in `migrations/`, the same names for both databases, and are
//! part of the executable. All pending steps run in one transaction under a lock, so that of several processes that
//! start at once one migrates and the others wait.

use super::connect::{self, Connector, OpenError, Target};
use super::{DbConnection, Dialect, backup, execute_batch, transaction};
use crate::config;
use diesel::backend::Backend;
use diesel::migration::MigrationSource;
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

/// An arbitrary number that only this program uses for its advisory lock.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7310013370231)";

/// What earlier versions had SQLite find out about how values are spread; outdated, it misleads (ADR 36).
const STATISTICS: &str = "DROP TABLE IF EXISTS sqlite_stat1; DROP TABLE IF EXISTS sqlite_stat4;";

/// The tables that a new database does not have.
const OTHER_TABLES: [&str; 2] = [
    "SELECT COUNT(*) AS count FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
    "SELECT COUNT(*) AS count FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'",
];
const MIGRATION_TABLE: [&str; 2] = [
    "SELECT COUNT(*) AS count FROM sqlite_master WHERE type = 'table' AND name = '__diesel_schema_migrations'",
    "SELECT COUNT(*) AS count FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = '__diesel_schema_migrations'",
];

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Why migrating failed, before the place is known.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Query(#[from] diesel::result::Error),
    #[error("{0}")]
    Step(String),
    #[error("it holds tables of another program")]
    Foreign,
    #[error("unknown migration {0}")]
    Newer(String),
}

/// Runs the pending steps on the configured database and returns their versions; none when it is up to date. Makes the
/// embedded database when there is none.
///
/// # Errors
/// See [`OpenError`]; a step that fails leaves the database as it was.
pub fn run(config: &config::Database) -> Result<Vec<String>, OpenError> {
    let target = Target::of(config)?;
    let place = target.place();
    connect::prepare(&target)?;
    let open = Connector::new(target).establish().map_err(|error| {
        let cause = error.cause();
        // SQLite says so on the first statement when the head of the file makes no sense.
        if cause.contains("not a database") || cause.contains("malformed") {
            return OpenError::Damaged {
                place: place.clone(),
                cause,
            };
        }
        OpenError::Unreachable {
            place: place.clone(),
            cause,
        }
    })?;
    let mut connection = open.connection;
    connect::check(&mut connection, &place)?;
    if config.url.is_none() {
        back_up(&mut connection, config, &place)?;
    }
    apply(&mut connection, &place)
}

/// A database that is in use and about to be changed is copied first.
fn back_up(connection: &mut DbConnection, config: &config::Database, place: &str) -> Result<(), OpenError> {
    let failed = |cause: String| OpenError::Backup {
        place: place.to_owned(),
        cause,
    };
    let DbConnection::Sqlite(_) = connection else {
        return Ok(());
    };
    if !has_history(connection).map_err(|error| failed(error.to_string()))? {
        return Ok(());
    }
    let DbConnection::Sqlite(inner) = connection else {
        return Ok(());
    };
    let pending = inner
        .pending_migrations(SQLITE)
        .map_err(|error| failed(error.to_string()))?;
    let Some(first) = pending.first().map(|step| step.name().version().to_string()) else {
        return Ok(());
    };
    let copied = backup::before_migration(connection, &config.sqlite_path, &first, config.migration_backups);
    if let Some(file) = copied.map_err(|error| failed(error.to_string()))? {
        tracing::info!(file = %file.display(), "The database was copied before its tables are changed");
    }
    Ok(())
}

/// Runs the pending steps on a connection; `place` is for the error texts.
///
/// # Errors
/// See [`run`].
pub fn apply(connection: &mut DbConnection, place: &str) -> Result<Vec<String>, OpenError> {
    transaction(connection, |connection| {
        if connection.dialect() == Dialect::Postgres {
            execute_batch(connection, LOCK)?;
        }
        if !has_history(connection)? && count(connection, OTHER_TABLES)? > 0 {
            return Err(Failure::Foreign);
        }
        if connection.dialect() == Dialect::Sqlite {
            execute_batch(connection, STATISTICS)?;
        }
        match connection {
            DbConnection::Sqlite(inner) => forward(inner, SQLITE),
            DbConnection::Postgres(inner) => forward(inner, POSTGRES),
        }
    })
    .map_err(|failure| {
        let place = place.to_owned();
        match failure {
            Failure::Foreign => OpenError::Foreign { place },
            Failure::Newer(migration) => OpenError::Newer { place, migration },
            other => OpenError::Migration {
                place,
                cause: other.to_string().escape_debug().to_string(),
            },
        }
    })
}

/// Takes every step back: all data are lost. For tests of the steps.
///
/// # Errors
/// What failed; the database is as it was.
pub fn revert_all(connection: &mut DbConnection) -> Result<(), String> {
    transaction(connection, |connection| {
        match connection {
            DbConnection::Sqlite(inner) => inner.revert_all_migrations(SQLITE).map(drop),
            DbConnection::Postgres(inner) => inner.revert_all_migrations(POSTGRES).map(drop),
        }
        .map_err(|error| Failure::Step(error.to_string()))
    })
    .map_err(|failure| failure.to_string())
}

/// Takes the last step back: what it brought is lost. For tests of updates.
///
/// # Errors
/// What failed; the database is as it was.
pub fn revert_last(connection: &mut DbConnection) -> Result<(), String> {
    let step = |error: Box<dyn std::error::Error + Send + Sync>| error.to_string();
    match connection {
        DbConnection::Sqlite(inner) => inner.revert_last_migration(SQLITE).map(drop).map_err(step),
        DbConnection::Postgres(inner) => inner.revert_last_migration(POSTGRES).map(drop).map_err(step),
    }
}

fn has_history(connection: &mut DbConnection) -> Result<bool, Failure> {
    Ok(count(connection, MIGRATION_TABLE)? > 0)
}

fn count(connection: &mut DbConnection, queries: [&str; 2]) -> Result<i64, Failure> {
    let sql = match connection.dialect() {
        Dialect::Sqlite => queries[0],
        Dialect::Postgres => queries[1],
    };
    Ok(sql_query(sql).get_result::<Count>(connection)?.count)
}

fn forward<C, B>(connection: &mut C, steps: EmbeddedMigrations) -> Result<Vec<String>, Failure>
where
    C: MigrationHarness<B>,
    B: Backend,
{
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| Failure::Step(error.to_string());
    let known: Vec<String> = MigrationSource::<B>::migrations(&steps)
        .map_err(failed)?
        .iter()
        .map(|step| step.name().version().to_string())
        .collect();
    let applied = connection.applied_migrations().map_err(failed)?;
    if let Some(unknown) = applied
        .iter()
        .map(ToString::to_string)
        .find(|step| !known.contains(step))
    {
        return Err(Failure::Newer(unknown));
    }
    let done = connection.run_pending_migrations(steps).map_err(failed)?;
    Ok(done.iter().map(ToString::to_string).collect())
}
