//! The type that makes one code base of two databases.

#![allow(missing_docs, reason = "diesel's derive makes public items without documentation")]

use diesel::{PgConnection, SqliteConnection};

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum DbConnection {
    /// The embedded database.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
}
