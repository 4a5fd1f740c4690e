//! Keeping the database small and quick: what retention deletes, and what is given back to the system. When and how much is
//! decided by `audit_log::retention`.

use super::schema::{audit_details, audit_records};
use super::{DbConnection, DbError, DbResult, execute_batch};
use crate::audit_log::rollup::Dimension;
use diesel::prelude::*;

/// Deletes up to `limit` of the oldest records with numbers below `before`; returns how many.
///
/// # Errors
/// See [`super::DbError`].
pub fn delete_oldest(connection: &mut DbConnection, before: i64, limit: i64) -> DbResult<usize> {
    let ids: Vec<i64> = audit_records::table
        .filter(audit_records::id.lt(before))
        .order(audit_records::id)
        .limit(limit)
        .select(audit_records::id)
        .load(connection)?;
    let Some(last) = ids.last() else {
        return Ok(0);
    };
    diesel::delete(audit_details::table.filter(audit_details::id.le(*last))).execute(connection)?;
    Ok(diesel::delete(audit_records::table.filter(audit_records::id.le(*last))).execute(connection)?)
}

/// Deletes up to `limit` rows of roll-ups of this length and each dimension, and of those by path, that began before `before`;
/// returns how many.
///
/// # Errors
/// See [`super::DbError`].
pub fn delete_rollups(connection: &mut DbConnection, length: i32, before: i64, limit: i64) -> DbResult<usize> {
    let mut deleted = 0;
    for sql in rollup_deletions(length, before, limit) {
        deleted += diesel::sql_query(sql).execute(connection)?;
    }
    Ok(deleted)
}

/// The statements of [`delete_rollups`]. By whole keys, and by one dimension each: what is old stands together then.
fn rollup_deletions(length: i32, before: i64, limit: i64) -> impl Iterator<Item = String> {
    // Numbers only: nothing of a client gets into the text.
    let delete = move |table: &str, key: &str, of: &str| {
        format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE span = {length}{of} AND start < {before} \
             ORDER BY {key} LIMIT {limit})"
        )
    };
    let by_dimension = Dimension::ALL.into_iter().map(move |dimension| {
        let of = format!(" AND dimension = {}", dimension.number());
        delete("rollups", "span, dimension, start, segment, value", &of)
    });
    by_dimension.chain([delete("path_rollups", "span, start, segment, path", "")])
}

/// How many records there are.
///
/// # Errors
/// See [`super::DbError`].
pub fn count(connection: &mut DbConnection) -> DbResult<u64> {
    let total: i64 = audit_records::table.count().get_result(connection)?;
    Ok(super::types::count(total))
}

/// As [`count`]; so many are counted at most.
///
/// # Errors
/// See [`super::DbError`].
pub fn count_up_to(connection: &mut DbConnection, most: u64) -> DbResult<u64> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        found: i64,
    }
    let sql = format!("SELECT COUNT(*) AS found FROM (SELECT id FROM audit_records ORDER BY id LIMIT {most}) AS first");
    let Found { found } = diesel::sql_query(sql).get_result(connection)?;
    Ok(super::types::count(found))
}

/// Bytes that the database takes, without what is free inside of it.
///
/// # Errors
/// See [`super::DbError`].
pub fn used_bytes(connection: &mut DbConnection) -> DbResult<u64> {
    #[derive(QueryableByName)]
    struct Bytes {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        bytes: i64,
    }
    let sql = match connection {
        DbConnection::Sqlite(_) => {
            "SELECT (page_count - freelist_count) * page_size AS bytes
             FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
        }
        // Rows that were deleted still take room until they are vacuumed; they do not count.
        DbConnection::Postgres(_) => {
            "SELECT COALESCE(SUM(pg_total_relation_size(relid)
                 * (n_live_tup + 1)::float8 / (n_live_tup + n_dead_tup + 1)), 0)::bigint AS bytes
             FROM pg_stat_user_tables
             WHERE schemaname = current_schema() AND relname IN ('audit_records', 'audit_details')"
        }
    };
    let found: Bytes = diesel::sql_query(sql).get_result(connection)?;
    Ok(u64::try_from(found.bytes).unwrap_or(0))
}

/// Gives up to `pages` free pages of an SQLite file back to the system; PostgreSQL does this by itself.
///
/// # Errors
/// See [`super::DbError`].
pub fn shrink(connection: &mut DbConnection, pages: i64) -> DbResult<()> {
    if let DbConnection::Sqlite(_) = connection {
        execute_batch(connection, &format!("PRAGMA incremental_vacuum({pages})"))?;
    }
    Ok(())
}

/// Free pages inside of an SQLite file; 0 with PostgreSQL, which reuses and gives back by itself.
///
/// # Errors
/// See [`super::DbError`].
pub fn free_pages(connection: &mut DbConnection) -> DbResult<u64> {
    #[derive(QueryableByName)]
    struct Pages {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        pages: i64,
    }
    let DbConnection::Sqlite(inner) = connection else {
        return Ok(0);
    };
    let found: Pages =
        diesel::sql_query("SELECT freelist_count AS pages FROM pragma_freelist_count").get_result(inner)?;
    Ok(super::types::count(found.pages))
}

/// SQLite's log after it was moved, in pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// What it holds, since it was last begun anew.
    pub pages: u64,
    /// What of it is not in the file yet.
    pub rest: u64,
}

/// Moves what was committed from SQLite's log into the file, as far as nobody reads it there. Holds nobody up.
///
/// # Errors
/// See [`super::DbError`].
pub fn checkpoint(connection: &mut DbConnection) -> DbResult<Log> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        busy: i32,
        #[diesel(sql_type = diesel::sql_types::Integer)]
        log: i32,
        #[diesel(sql_type = diesel::sql_types::Integer)]
        checkpointed: i32,
    }
    let DbConnection::Sqlite(inner) = connection else {
        return Ok(Log::default());
    };
    let found: Found = diesel::sql_query("PRAGMA wal_checkpoint(PASSIVE)").get_result(inner)?;
    if found.busy != 0 {
        return Err(DbError::Unavailable(
            "another connection moves the write-ahead log".to_owned(),
        ));
    }
    let pages = super::types::count(found.log.into());
    let moved = super::types::count(found.checkpointed.into());
    Ok(Log {
        pages,
        rest: pages.saturating_sub(moved),
    })
}
