//! Which values of a dimension had the most requests in a range, and what they are called. Counted by the database: only
//! what is shown leaves it.

use super::super::types::count;
use super::super::{DbConnection, DbResult, keys};
use super::range::Part;
use super::sums;
use crate::audit_log::rollup::{Dimension, OTHER};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use fastgate_shared::metrics::TopEntry;
use std::collections::HashMap;
use std::fmt::Write as _;

/// Entries of a list.
const TOP: usize = 10;

/// A value, and its requests in a range.
#[derive(QueryableByName)]
pub(super) struct Rank {
    #[diesel(sql_type = Text)]
    pub(super) value: String,
    #[diesel(sql_type = BigInt)]
    pub(super) requests: i64,
    #[diesel(sql_type = BigInt)]
    errors: i64,
    /// How many values there are, "none" not among them.
    #[diesel(sql_type = BigInt)]
    values: i64,
}

/// The values of a dimension that had the most requests, the busiest first; not those beyond a span's bound.
pub(super) fn busiest(
    connection: &mut DbConnection,
    dimension: Dimension,
    parts: &[Part],
    most: usize,
) -> DbResult<Vec<Rank>> {
    let which = format!("dimension = {} AND ", dimension.number());
    ranked(connection, ("rollups", "value", &which), parts, most)
}

fn ranked(
    connection: &mut DbConnection,
    (table, column, which): (&str, &str, &str),
    parts: &[Part],
    most: usize,
) -> DbResult<Vec<Rank>> {
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = "SELECT value, CAST(SUM(requests) AS BIGINT) AS requests, CAST(SUM(errors) AS BIGINT) AS errors, \
         COUNT(*) FILTER (WHERE value <> '') OVER () AS \"values\" FROM ("
        .to_owned();
    for (index, part) in parts.iter().enumerate() {
        // Joined by OR, the parts would be looked for in the whole table.
        let union = if index > 0 { " UNION ALL " } else { "" };
        // Numbers only: nothing of a client gets into the text.
        let (length, from, to) = (part.length, part.from, part.to);
        let _ = write!(
            sql,
            "{union}SELECT {column} AS value, requests, errors FROM {table} WHERE {which}span = {length} \
             AND start >= {from} AND start < {to}"
        );
    }
    let _ = write!(
        sql,
        ") AS parts WHERE value <> '{OTHER}' GROUP BY value ORDER BY 2 DESC, 1 LIMIT {most}"
    );
    Ok(diesel::sql_query(sql).load(connection)?)
}

/// The top list of a dimension, without "none".
pub(super) fn top(connection: &mut DbConnection, dimension: Dimension, parts: &[Part]) -> DbResult<Vec<TopEntry>> {
    Ok(top_of_all(connection, dimension, parts)?.0)
}

/// As [`top`], with how many values there are in all.
pub(super) fn top_of_all(
    connection: &mut DbConnection,
    dimension: Dimension,
    parts: &[Part],
) -> DbResult<(Vec<TopEntry>, u64)> {
    // One more, for "none" may be among them.
    let mut ranks = busiest(connection, dimension, parts, TOP + 1)?;
    let values = count(ranks.first().map_or(0, |rank| rank.values));
    ranks.retain(|rank| !rank.value.is_empty());
    ranks.truncate(TOP);
    let names = names(connection, dimension, parts, &ranks)?;
    let with_id = matches!(dimension, Dimension::Route | Dimension::Key);
    let entries = ranks.into_iter().map(|rank| TopEntry {
        name: names.get(&rank.value).unwrap_or(&rank.value).clone(),
        count: count(rank.requests),
        errors: count(rank.errors),
        id: with_id.then_some(rank.value),
    });
    Ok((entries.collect(), values))
}

/// A span, and how many values had requests in it.
#[derive(QueryableByName)]
struct Spread {
    #[diesel(sql_type = BigInt)]
    start: i64,
    #[diesel(sql_type = BigInt)]
    values: i64,
}

/// How many different values of a dimension had requests in each span of a part, "none" not among them.
pub(super) fn different(connection: &mut DbConnection, dimension: Dimension, part: Part) -> DbResult<Vec<(i64, u64)>> {
    // Numbers only. Segments of one span may have the same value.
    let (length, from, to, dimension) = (part.length, part.from, part.to, dimension.number());
    let sql = format!(
        "SELECT start, COUNT(DISTINCT value) AS \"values\" FROM rollups WHERE span = {length} AND dimension = {dimension} \
         AND start >= {from} AND start < {to} AND value <> '' GROUP BY start"
    );
    let rows: Vec<Spread> = diesel::sql_query(sql).load(connection)?;
    Ok(rows.into_iter().map(|row| (row.start, count(row.values))).collect())
}

/// The most used paths.
pub(super) fn paths(connection: &mut DbConnection, parts: &[Part]) -> DbResult<Vec<TopEntry>> {
    let ranks = ranked(connection, ("path_rollups", "path", ""), parts, TOP)?;
    let entries = ranks.into_iter().map(|rank| TopEntry {
        name: rank.value,
        id: None,
        count: count(rank.requests),
        errors: count(rank.errors),
    });
    Ok(entries.collect())
}

/// What these are called where it is not by their value: routes as they were called last, keys by the table of keys.
pub(super) fn names(
    connection: &mut DbConnection,
    dimension: Dimension,
    parts: &[Part],
    ranks: &[Rank],
) -> DbResult<HashMap<String, String>> {
    let ids: Vec<&str> = ranks.iter().map(|rank| rank.value.as_str()).collect();
    match dimension {
        Dimension::Key => {
            let labels = keys::labels(connection, &ids)?;
            let known = ids.iter().filter(|id| !id.is_empty());
            Ok(known.map(|id| ((*id).to_owned(), key_label(&labels, id))).collect())
        }
        Dimension::Route => {
            let mut names = HashMap::new();
            for part in parts.iter().rev() {
                let unnamed: Vec<&str> = ids.iter().copied().filter(|id| !names.contains_key(*id)).collect();
                if unnamed.is_empty() {
                    break;
                }
                let rows = sums::load_of(connection, *part, dimension, &unnamed)?;
                // In the order of time: the last name stays.
                names.extend(rows.into_iter().map(|row| (row.value, row.name)));
            }
            names.retain(|_, name: &mut String| !name.is_empty());
            Ok(names)
        }
        _ => Ok(HashMap::new()),
    }
}

/// How a key is called: its name, its preview, or the beginning of its id when it was deleted.
fn key_label(labels: &HashMap<String, String>, key_id: &str) -> String {
    labels
        .get(key_id)
        .cloned()
        .unwrap_or_else(|| key_id.get(..8).unwrap_or(key_id).to_owned())
}
