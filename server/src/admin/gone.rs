//! What is asked for is not there: the 404, which tells of what the history saw deleted by whom and when. Who edits an object
//! that somebody else deleted learns what became of it.

use super::problem::Problem;
use crate::app::{App, ChangeError};
use crate::db::{DbError, changes};
use fastgate_shared::changes::{ChangeAction, ChangedKind, Deletion};

/// The error about a key or a route.
pub async fn about(app: &App, kind: ChangedKind, id: &str, error: ChangeError) -> Problem {
    let is_missing = matches!(error, ChangeError::Db(DbError::NotFound));
    let problem = Problem::about(kind.as_str(), id, error);
    if !is_missing {
        return problem;
    }
    let id = id.to_owned();
    let last = app
        .db
        .read(move |connection| changes::last_of(connection, kind, &id, None))
        .await;
    match last {
        Ok(Some(last)) if last.action == ChangeAction::Deleted => problem.deleted(Deletion {
            at: last.time,
            by: Some(last.author),
        }),
        // The history keeps so many changes and no more; the 404 is true without it, too.
        _ => problem,
    }
}
