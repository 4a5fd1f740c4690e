//! Opening connections: where the database is, what each connection is told first, and the checks before a file is
//! trusted. Tables and migrations are not here.

use super::turn::Turn;
use super::{DbConnection, DbError, DbResult, Dialect, execute_batch, transaction};
use crate::config;
use diesel::r2d2::{self, ManageConnection, NopErrorHandler, PooledConnection, R2D2Connection};
use diesel::result::Error as DieselError;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use secrecy::{ExposeSecret, SecretString};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long an administrator's request waits for a free connection.
const CHECKOUT: Duration = Duration::from_secs(5);

/// What every connection to SQLite is told. `auto_vacuum` holds for a new file only, and has to come before the first
/// table. `FULL` costs under a millisecond for each batch and keeps what was committed also when the power fails.
/// Batches change the same pages again and again: moving them into the file in large portions moves them less often. That is
/// done beside the writers (`audit_log::checkpoints`); where it does not keep up, each writer does it that finds the log longer than
/// 64 MiB.
const SQLITE_SETTINGS: &str = "
    PRAGMA busy_timeout = 5000;
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 16000;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA case_sensitive_like = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA journal_size_limit = 67108864;
";

/// What every connection to PostgreSQL is told: nothing may hang for ever.
const POSTGRES_SETTINGS: &str = "
    SET statement_timeout = '30s';
    SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '60s';
";

/// Whether SQLite waits at each commit of this connection until the disk has it. The file stays whole either way.
pub(super) fn confirm_commits(connection: &mut DbConnection, confirm: bool) -> DbResult<()> {
    match (connection.dialect(), confirm) {
        (Dialect::Sqlite, true) => execute_batch(connection, "PRAGMA synchronous = FULL")?,
        (Dialect::Sqlite, false) => execute_batch(connection, "PRAGMA synchronous = NORMAL")?,
        (Dialect::Postgres, _) => {}
    }
    Ok(())
}

/// Why the database cannot be opened. The texts name the place and say what to do; they are for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or the file cannot be made or read.
    #[error(
        "cannot use {path} for the database: {source}; check database.sqlite_path and the permissions of its folder"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The configuration names something that is no database.
    #[error("{0}")]
    Configuration(String),
    /// No connection.
    #[error("cannot reach the database {place}: {cause}")]
    Unreachable {
        /// File, or server without credentials.
        place: String,
        /// What the library said.
        cause: String,
    },
    /// The file is not there, but others show that it was.
    #[error(
        "the database {path} is gone, but {beside} shows that it was used; nothing was changed. Restore a backup of it, or move that file away too to start with an empty one"
    )]
    Gone {
        /// The file.
        path: PathBuf,
        /// The file beside it.
        beside: PathBuf,
    },
    /// The file is damaged.
    #[error(
        "the database {place} is damaged ({cause}); nothing was changed. Restore a backup of the file, or move it (and its -wal and -shm neighbours) away to start with an empty one"
    )]
    Damaged {
        /// File or server.
        place: String,
        /// What was found.
        cause: String,
    },
    /// Something else's tables are in it.
    #[error(
        "the database {place} holds tables of another program (or of M-FastGate 0.2); nothing was changed. Move the file away or set database.sqlite_path (database.url) to a new place"
    )]
    Foreign {
        /// File or server.
        place: String,
    },
    /// A newer version of the program wrote it.
    #[error(
        "the database {place} was made by a newer version of fastgate (it has the migration {migration}, which this version does not know); start that version, or restore a backup from before the update"
    )]
    Newer {
        /// File or server.
        place: String,
        /// The first unknown migration.
        migration: String,
    },
    /// There is no copy of what is about to be changed.
    #[error(
        "cannot copy the database {place} before its tables are brought up to date: {cause}; nothing was changed. Make room, or set database.migration_backups to 0 and make a backup yourself"
    )]
    Backup {
        /// The file.
        place: String,
        /// What failed.
        cause: String,
    },
    /// A migration failed; it was rolled back.
    #[error("cannot bring the tables of the database {place} up to date: {cause}; nothing was changed")]
    Migration {
        /// File or server.
        place: String,
        /// What failed.
        cause: String,
    },
}

/// Where the database is.
#[derive(Clone)]
pub(super) enum Target {
    /// A file.
    Sqlite(PathBuf),
    /// A server; the URL may hold a password.
    Postgres(SecretString),
}

/// Opens connections; the pool's manager, and the audit writer's source of its own connection.
#[derive(Clone)]
pub struct Connector {
    target: Arc<Target>,
    /// Of SQLite; a server knows better who waits.
    turn: Option<Arc<Turn>>,
}

/// A connection, and which file it is of.
pub struct OpenConnection {
    /// The connection.
    pub connection: DbConnection,
    file: Option<FileId>,
    turn: Option<Arc<Turn>>,
}

/// Device and number of a file: stays with a file that is renamed or deleted, unlike its path.
type FileId = (u64, u64);

/// The pool, together with the connector that it was made of.
#[derive(Clone)]
pub(super) struct Pool {
    pool: r2d2::Pool<Connector>,
    connector: Connector,
}

impl Target {
    pub(super) fn of(config: &config::Database) -> Result<Self, OpenError> {
        let Some(url) = &config.url else {
            return Ok(Self::Sqlite(config.sqlite_path.clone()));
        };
        let text = url.expose_secret();
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.clone()));
        }
        Err(OpenError::Configuration(
            "database.url has an unknown scheme; allowed is postgres://user:password@host:port/name; for SQLite set database.sqlite_path instead"
                .to_owned(),
        ))
    }

    /// File, or host and name of the server's database without user and password.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(url) => {
                let url = url.expose_secret();
                let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
                let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
                format!("postgres://{}", rest.split('?').next().unwrap_or_default())
            }
        }
    }
}

/// Folders are made, and a file that exists is looked at before SQLite gets to write into it.
pub(super) fn prepare(target: &Target) -> Result<(), OpenError> {
    let Target::Sqlite(path) = target else {
        return Ok(());
    };
    let failed = |source| OpenError::File {
        path: path.clone(),
        source,
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match sign_of_use(path) {
            // Or another process made both since.
            Some(beside) if !path.exists() => Err(OpenError::Gone {
                path: path.clone(),
                beside,
            }),
            Some(_) => Ok(()),
            None => create_private(path).map_err(failed),
        },
        Err(error) => Err(failed(error)),
        Ok(file) => check_header(path, file).map_err(failed)?,
    }
}

/// Hashes of keys and encrypted credentials are for the owner's eyes only. SQLite gives `-wal` and `-shm` the same mode.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // Another process that starts at the same moment was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// A file beside the database that is there only when there were data: SQLite's log, the key of stored credentials, audit
/// records that wait.
fn sign_of_use(path: &Path) -> Option<PathBuf> {
    ["-wal", ".key", ".spill"].into_iter().find_map(|suffix| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        fs::metadata(&beside)
            .is_ok_and(|found| found.len() > 0)
            .then(|| beside.into())
    })
}

fn check_header(path: &Path, mut file: fs::File) -> io::Result<Result<(), OpenError>> {
    const MAGIC: &[u8; 16] = b"SQLite format 3\0";
    let damaged = |cause: &str| {
        Ok(Err(OpenError::Damaged {
            place: path.display().to_string(),
            cause: cause.to_owned(),
        }))
    };
    let mut head = Vec::with_capacity(MAGIC.len());
    let length = file.metadata()?.len();
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head)?;
    if length == 0 {
        // An empty file is a fresh start, unless something beside it says that there were data.
        return if sign_of_use(path).is_some() {
            damaged("it is empty, but the files beside it show that it was used")
        } else {
            Ok(Ok(()))
        };
    }
    if head != MAGIC {
        return damaged("it does not begin like an SQLite file");
    }
    Ok(Ok(()))
}

impl Connector {
    pub(super) fn new(target: Target) -> Self {
        Self {
            turn: matches!(target, Target::Sqlite(_)).then(Arc::default),
            target: Arc::new(target),
        }
    }

    /// Which database it is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match *self.target {
            Target::Sqlite(_) => Dialect::Sqlite,
            Target::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Opens a connection and sets it up.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] with the cause.
    pub fn establish(&self) -> DbResult<OpenConnection> {
        match &*self.target {
            Target::Sqlite(path) => {
                let text = path.to_str().ok_or_else(|| {
                    DbError::Unavailable("database.sqlite_path has characters that are not UTF-8".to_owned())
                })?;
                let file = Some(file_id(path)?);
                // Opening must never make a file: an empty one would let nobody in, and lose what the old one held.
                let escaped = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
                let authority = if path.is_absolute() { "//" } else { "" };
                let uri = format!("file:{authority}{escaped}?mode=rw");
                let mut connection = DbConnection::Sqlite(SqliteConnection::establish(&uri)?);
                execute_batch(&mut connection, SQLITE_SETTINGS)?;
                Ok(OpenConnection {
                    connection,
                    file,
                    turn: self.turn.clone(),
                })
            }
            Target::Postgres(url) => {
                let mut connection = DbConnection::Postgres(PgConnection::establish(&with_deadline(url))?);
                execute_batch(&mut connection, POSTGRES_SETTINGS)?;
                Ok(OpenConnection {
                    connection,
                    file: None,
                    turn: None,
                })
            }
        }
    }
}

impl OpenConnection {
    /// Runs `work` in one transaction, when it is its turn.
    ///
    /// # Errors
    /// What `work` returns, or [`DbError::Unavailable`].
    pub fn write<T>(&mut self, work: impl FnOnce(&mut DbConnection) -> DbResult<T>) -> DbResult<T> {
        self.in_turn(|connection| transaction(connection, work))
    }

    /// Runs `work` while nobody else of this process writes.
    pub(super) fn in_turn<T>(&mut self, work: impl FnOnce(&mut DbConnection) -> DbResult<T>) -> DbResult<T> {
        let _turn = self.turn.as_deref().map(Turn::take).transpose()?;
        work(&mut self.connection)
    }

    /// Whether the file is still where the connection found it. After its file was deleted SQLite goes on as if nothing
    /// had happened, and everything that is written is lost at the end of the process.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when it is gone or another one.
    pub fn check_file(&self, connector: &Connector) -> DbResult<()> {
        match (&*connector.target, self.file) {
            (Target::Sqlite(path), Some(file)) if file_id(path)? != file => Err(DbError::Unavailable(format!(
                "{}: the file was replaced while it was in use",
                path.display()
            ))),
            _ => Ok(()),
        }
    }
}

fn file_id(path: &Path) -> DbResult<FileId> {
    let found = fs::metadata(path).map_err(|error| DbError::Unavailable(format!("{}: {error}", path.display())))?;
    #[cfg(unix)]
    let id = {
        use std::os::unix::fs::MetadataExt;
        (found.dev(), found.ino())
    };
    #[cfg(not(unix))]
    let id = (0, u64::from(found.is_file()));
    Ok(id)
}

/// libpq waits for minutes by default.
fn with_deadline(url: &SecretString) -> String {
    let url = url.expose_secret();
    if url.contains("connect_timeout=") {
        return url.to_owned();
    }
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}connect_timeout=5&tcp_user_timeout=20000&fallback_application_name=fastgate")
}

impl ManageConnection for Connector {
    type Connection = OpenConnection;
    type Error = DbError;

    fn connect(&self) -> DbResult<OpenConnection> {
        self.establish()
    }

    fn is_valid(&self, open: &mut OpenConnection) -> DbResult<()> {
        open.check_file(self)?;
        open.connection.ping().map_err(DbError::from)
    }

    fn has_broken(&self, open: &mut OpenConnection) -> bool {
        // A closure that panicked may have left a transaction open.
        std::thread::panicking() || open.connection.is_broken()
    }
}

impl Pool {
    pub(super) fn get(&self) -> DbResult<PooledConnection<Connector>> {
        Ok(self.pool.get()?)
    }

    pub(super) fn get_timeout(&self, timeout: Duration) -> DbResult<PooledConnection<Connector>> {
        Ok(self.pool.get_timeout(timeout)?)
    }

    pub(super) fn connector(&self) -> Connector {
        self.connector.clone()
    }
}

/// Connects when first asked to.
pub(super) fn pool(target: Target, size: u32) -> Pool {
    let connector = Connector::new(target);
    let pool = r2d2::Pool::builder()
        .max_size(size.max(1))
        .min_idle(Some(1))
        .connection_timeout(CHECKOUT)
        .error_handler(Box::new(NopErrorHandler))
        .build_unchecked(connector.clone());
    Pool { pool, connector }
}

/// Asks SQLite whether the file is sound, as far as that is quick: the schema, and the tables that decide who gets in.
/// The audit log is not read through, it may be large; what is damaged there fails when it is read or written.
pub(super) fn check(connection: &mut DbConnection, place: &str) -> Result<(), OpenError> {
    #[derive(QueryableByName)]
    struct Finding {
        #[diesel(sql_type = Text)]
        finding: String,
    }
    let DbConnection::Sqlite(connection) = connection else {
        return Ok(());
    };
    let damaged = |cause: String| OpenError::Damaged {
        place: place.to_owned(),
        cause: cause.escape_debug().to_string(),
    };
    let broken = |error: DieselError| damaged(error.to_string());
    let tables: Vec<Finding> = sql_query(
        "SELECT name AS finding FROM sqlite_master WHERE type = 'table' AND name IN ('api_keys', 'routes', 'sessions', 'settings')",
    )
    .load(connection)
    .map_err(broken)?;
    for table in tables {
        let findings: Vec<Finding> = sql_query(format!(
            "SELECT quick_check AS finding FROM pragma_quick_check('{}')",
            table.finding
        ))
        .load(connection)
        .map_err(broken)?;
        if let Some(bad) = findings.into_iter().find(|found| found.finding != "ok") {
            return Err(damaged(format!("table {}: {}", table.finding, bad.finding)));
        }
    }
    Ok(())
}
