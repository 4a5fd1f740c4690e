//! Copies of the embedded database, made while it is in use: `fastgate backup`, and by itself before tables are changed.
//! A copy is whole or not there, and for its owner's eyes only. PostgreSQL has tools of its own.

use super::connect::{self, Connector, Target};
use super::{DbConnection, DbError, OpenError, execute_batch};
use crate::config;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why there is no copy; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Not the embedded database.
    #[error(
        "the database is PostgreSQL: back it up with its own tools, for example `pg_dump --format=custom --file=FILE URL`"
    )]
    Postgres,
    /// There is nothing to copy.
    #[error("there is no database at {0}")]
    Nothing(PathBuf),
    /// Something is there already.
    #[error("{0} exists; a backup never takes the place of another file")]
    Exists(PathBuf),
    /// The copy cannot be written.
    #[error("cannot write {path}: {source}")]
    File {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database cannot be read, or there is no room for the copy.
    #[error("the database cannot be copied: {}", .0.cause())]
    Database(#[from] DbError),
}

/// Copies the configured database into a new file, as of one moment; gateways go on reading and writing. Returns the copy's
/// bytes. Blocks.
///
/// # Errors
/// See [`BackupError`].
pub fn write(config: &config::Database, file: &Path) -> Result<u64, BackupError> {
    let target = Target::of(config)?;
    let Target::Sqlite(database) = &target else {
        return Err(BackupError::Postgres);
    };
    if !database.exists() {
        return Err(BackupError::Nothing(database.clone()));
    }
    connect::prepare(&target)?;
    let mut open = Connector::new(target.clone()).establish()?;
    copy(&mut open.connection, file)
}

/// Copies the database of this connection before its tables are changed, into `<file>.before-<migration>`, and keeps the
/// newest `keep` of such copies. One that is there already, from a try that failed later, is as good.
///
/// # Errors
/// See [`BackupError`].
pub(super) fn before_migration(
    connection: &mut DbConnection,
    database: &Path,
    migration: &str,
    keep: usize,
) -> Result<Option<PathBuf>, BackupError> {
    if keep == 0 {
        return Ok(None);
    }
    let mut name = database.as_os_str().to_owned();
    name.push(".before-");
    let begin = name.clone();
    name.push(migration);
    let file = PathBuf::from(name);
    match copy(connection, &file) {
        Ok(_) | Err(BackupError::Exists(_)) => {}
        Err(error) => return Err(error),
    }
    forget_older(Path::new(&begin), keep);
    Ok(Some(file))
}

fn copy(connection: &mut DbConnection, file: &Path) -> Result<u64, BackupError> {
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let failed = |source| BackupError::File {
        path: file.to_owned(),
        source,
    };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // Made empty and for its owner only; SQLite writes into an empty file as into a new one.
    let part = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let place = part.path().to_str().ok_or_else(|| {
        failed(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the path has characters that are not UTF-8",
        ))
    })?;
    let statement = format!("VACUUM INTO '{}'", place.replace('\'', "''"));
    execute_batch(connection, &statement).map_err(DbError::from)?;
    let bytes = part.as_file().metadata().map_err(failed)?.len();
    part.as_file().sync_all().map_err(failed)?;
    part.persist_noclobber(file).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(file.to_owned()),
        _ => failed(error.error),
    })?;
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed)?;
    Ok(bytes)
}

/// Migrations are named by their time, so that names sort by age. What cannot be removed stays.
fn forget_older(begin: &Path, keep: usize) {
    let folder = begin.parent().filter(|folder| !folder.as_os_str().is_empty());
    let (Ok(entries), Some(prefix)) = (
        fs::read_dir(folder.unwrap_or(Path::new("."))),
        begin.file_name().and_then(|name| name.to_str()),
    ) else {
        return;
    };
    let mut copies: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| is_copy(name, prefix)))
        .map(|entry| entry.path())
        .collect();
    copies.sort();
    let surplus = copies.len().saturating_sub(keep);
    for old in &copies[..surplus] {
        if let Err(error) = fs::remove_file(old) {
            tracing::warn!(%error, file = %old.display(), "An old copy of the database was not removed");
        }
    }
}

/// Whether this is the name of a copy, and not of a file that SQLite puts beside one that is open.
fn is_copy(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|migration| migration.bytes().all(|byte| byte.is_ascii_digit()))
}
