//! The "top" lists of a summary.

use super::super::types::count;
use super::super::{DbConnection, DbResult, keys};
use super::range::Part;
use super::sums::Columns;
use crate::audit_log::rollup::OTHER;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use fastgate_shared::metrics::TopEntry;
use std::collections::HashMap;
use std::fmt::Write as _;

/// Entries of a list.
const TOP: usize = 10;

#[derive(QueryableByName)]
struct PathSum {
    #[diesel(sql_type = Text)]
    path: String,
    #[diesel(sql_type = BigInt)]
    requests: i64,
    #[diesel(sql_type = BigInt)]
    errors: i64,
}

/// What was counted so far, by id.
#[derive(Default)]
pub(super) struct Tops(HashMap<String, TopEntry>);

impl Tops {
    /// The empty text is "none" and is not listed.
    pub(super) fn add(&mut self, id: &str, name: &str, row: &Columns) {
        if id.is_empty() || id == OTHER {
            return;
        }
        if !self.0.contains_key(id) {
            let entry = TopEntry {
                name: String::new(),
                id: Some(id.to_owned()),
                count: 0,
                errors: 0,
            };
            self.0.insert(id.to_owned(), entry);
        }
        let Some(entry) = self.0.get_mut(id) else { return };
        // Rows come in the order of time: the last name stays.
        if !name.is_empty() && entry.name != name {
            name.clone_into(&mut entry.name);
        }
        entry.count += count(row.requests);
        entry.errors += count(row.errors);
    }

    pub(super) fn first(self, with_id: bool) -> Vec<TopEntry> {
        let mut entries: Vec<TopEntry> = self.0.into_values().collect();
        entries.sort_unstable_by(|one, two| {
            let ties = || (&one.name, &one.id).cmp(&(&two.name, &two.id));
            two.count.cmp(&one.count).then_with(ties)
        });
        entries.truncate(TOP);
        if !with_id {
            entries.iter_mut().for_each(|entry| entry.id = None);
        }
        entries
    }

    /// Of keys: their names come from the table of keys.
    pub(super) fn first_keys(self, connection: &mut DbConnection) -> DbResult<Vec<TopEntry>> {
        let mut entries = self.first(true);
        let ids: Vec<&str> = entries.iter().filter_map(|entry| entry.id.as_deref()).collect();
        let names = keys::labels(connection, &ids)?;
        for entry in &mut entries {
            entry.name = key_label(&names, entry.id.as_deref().unwrap_or_default());
        }
        Ok(entries)
    }
}

/// How a key is called: its name, its preview, or the beginning of its id when it was deleted.
pub(super) fn key_label(labels: &HashMap<String, String>, key_id: &str) -> String {
    labels
        .get(key_id)
        .cloned()
        .unwrap_or_else(|| key_id.get(..8).unwrap_or(key_id).to_owned())
}

/// The most used paths.
pub(super) fn paths(connection: &mut DbConnection, parts: &[Part]) -> DbResult<Vec<TopEntry>> {
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql =
        "SELECT path, CAST(SUM(requests) AS BIGINT) AS requests, CAST(SUM(errors) AS BIGINT) AS errors FROM ("
            .to_owned();
    for (index, part) in parts.iter().enumerate() {
        // Joined by OR, the parts would be looked for in the whole table.
        let union = if index > 0 { " UNION ALL " } else { "" };
        // Numbers only: nothing of a client gets into the text.
        let (length, from, to) = (part.length, part.from, part.to);
        let _ = write!(
            sql,
            "{union}SELECT path, requests, errors FROM path_rollups WHERE span = {length} AND start >= {from} AND start < {to}"
        );
    }
    let _ = write!(
        sql,
        ") AS parts WHERE path <> '{OTHER}' GROUP BY path ORDER BY 2 DESC, 1 LIMIT {TOP}"
    );
    let sums: Vec<PathSum> = diesel::sql_query(sql).load(connection)?;
    Ok(sums
        .into_iter()
        .map(|sum| TopEntry {
            name: sum.path,
            id: None,
            count: count(sum.requests),
            errors: count(sum.errors),
        })
        .collect())
}
