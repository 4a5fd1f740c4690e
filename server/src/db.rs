//! The database: SQLite inside, or PostgreSQL. STUB: the storage room fills it.

/// The handle: a pool of connections, used from blocking threads.
#[derive(Clone)]
pub struct Db {}
