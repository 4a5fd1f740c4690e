//! What can go wrong with the database, in the terms of its callers. Nothing here shows SQL to a client: `Display` is
//! for clients, the cause goes to the log.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// Result of a query.
pub type DbResult<T> = Result<T, DbError>;

/// Why a query failed. The texts in the variants are for the log.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// There is no such row.
    #[error("not found")]
    NotFound,
    /// Another row has the same unique value.
    #[error("another entry has the same unique value")]
    Conflict,
    /// The database cannot be used now: unreachable, locked, full or read-only. Trying later can help.
    #[error("the database is unavailable")]
    Unavailable(String),
    /// What was to be written is encrypted with a key that was rotated meanwhile.
    #[error("the encryption key was rotated; send the gateway a SIGHUP, or restart it")]
    KeyRotated,
    /// A row cannot be read or written; trying later does not help.
    #[error("the database failed")]
    Internal(String),
}

impl DbError {
    /// The cause in one line, for the log.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::NotFound | Self::Conflict | Self::KeyRotated => self.to_string(),
            Self::Unavailable(cause) | Self::Internal(cause) => cause.escape_debug().to_string(),
        }
    }

    /// Whether there is no room on the disk.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let full = ["database or disk is full", "No space left on device", "disk I/O error"];
        matches!(self, Self::Unavailable(cause) if full.iter().any(|known| cause.contains(known)))
    }

    /// Whether the same query can succeed later.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<DieselError> for DbError {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::NotFound => Self::NotFound,
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Self::Conflict,
            DieselError::DatabaseError(
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::ReadOnlyTransaction,
                _,
            )
            | DieselError::BrokenTransactionManager => Self::Unavailable(error.to_string()),
            DieselError::DatabaseError(_, information) if is_temporary(information.message()) => {
                Self::Unavailable(error.to_string())
            }
            _ => Self::Internal(error.to_string()),
        }
    }
}

impl From<diesel::r2d2::PoolError> for DbError {
    fn from(error: diesel::r2d2::PoolError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<diesel::ConnectionError> for DbError {
    fn from(error: diesel::ConnectionError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<serde_json::Error> for DbError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(format!("a stored JSON text cannot be read: {error}"))
    }
}

/// SQLite's and PostgreSQL's states that pass, and those of a damaged file, which an operator may replace; diesel has no kind for them, so their fixed texts are compared
/// (`sqlite3_errstr`, and PostgreSQL's messages of the classes 53, 57 and 08).
fn is_temporary(message: &str) -> bool {
    [
        "database is locked",
        "database table is locked",
        "database or disk is full",
        "disk I/O error",
        "unable to open database file",
        "attempt to write a readonly database",
        "database disk image is malformed",
        "file is not a database",
        "No space left on device",
        "terminating connection",
        "the database system is",
        "server closed the connection",
        "could not connect",
        "connection to server",
        "no connection to the server",
        "canceling statement due to",
        "deadlock detected",
        "too many clients",
        "out of memory",
    ]
    .iter()
    .any(|known| message.contains(known))
}
