//! `GET /admin/logs/histogram`: how many requests there were over time, by the class of their status.

use super::query::{self, LogParams};
use crate::admin::auth::{Administrator, Viewer};
use crate::admin::openapi::LOGS;
use crate::admin::page::Query;
use crate::admin::problem::Problem;
use crate::app::App;
use crate::audit_log::record::{instant, milliseconds};
use crate::db::logs::{self as stored, Times};
use axum::Json;
use axum::extract::State;
use fastgate_shared::audit_log::LogHistogram;
use fastgate_shared::problem::Problem as ProblemDocument;
use jiff::Timestamp;
use std::sync::Arc;
use utoipa::IntoParams;

/// Requests that are counted at most; the newest. It bounds what one look costs.
const MAX_COUNTED: i64 = 50_000;
const BUCKETS: u64 = 48;

/// How the range is divided; for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "the query string is read by name, so that every unknown parameter can be refused"
)]
struct HistogramParams {
    /// Buckets, 1–200, 48 by default.
    buckets: Option<u64>,
}

/// Count requests over time.
///
/// The same filters as the list. The range goes from `start_time`, else from the oldest request, to `end_time`, else to now. The
/// newest 50,000 requests are counted; `complete` is false where there are more, and the range then begins with the oldest
/// counted one.
#[utoipa::path(get, path = "/admin/logs/histogram", tag = LOGS, params(LogParams, HistogramParams),
    responses((status = 200, body = LogHistogram), (status = 422, body = ProblemDocument)))]
pub async fn histogram(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    mut asked: Query,
) -> Result<Json<LogHistogram>, Problem> {
    let filter = query::take_filter(&mut asked);
    let buckets = asked.take_number("buckets", 1..=200).unwrap_or(BUCKETS);
    asked.finish(&query::known(&["buckets"]))?;
    let range = filter.range();
    let found = app
        .db
        .read(move |connection| stored::times(connection, &filter, MAX_COUNTED + 1));
    let now = Timestamp::now().as_microsecond();
    Ok(Json(count(found.await?, range, now, buckets)))
}

/// Puts requests, the newest first, into buckets.
fn count(
    Times { mut found, all }: Times,
    (start, end): (Option<i64>, Option<i64>),
    now: i64,
    buckets: u64,
) -> LogHistogram {
    let complete = all && found.len() as i64 <= MAX_COUNTED;
    found.truncate(MAX_COUNTED as usize);
    let oldest = found.last().map_or(now, |(time, _)| *time);
    let start = start.filter(|_| complete).unwrap_or(oldest);
    let newest = found.first().map_or(start, |(time, _)| *time);
    // An end in the future would leave the right half empty.
    let end = end.unwrap_or(now).min(now).max(newest).max(start);
    let width = ((end - start) as u64 / buckets + 1).max(1);
    let mut counts = vec![[0; 6]; buckets as usize];
    for (time, status) in &found {
        let at = (time - start).max(0) as u64 / width;
        let class = status.and_then(|status| usize::try_from(status / 100).ok());
        if let Some(bucket) = counts.get_mut(at as usize) {
            bucket[class.filter(|class| *class < 6).unwrap_or(0)] += 1;
        }
    }
    LogHistogram {
        start: instant(start),
        bucket_ms: milliseconds(width as i64),
        buckets: counts,
        counted: found.len() as u64,
        complete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(found: Vec<(i64, Option<i32>)>) -> Times {
        Times { found, all: true }
    }

    #[test]
    fn requests_fall_into_the_bucket_of_their_start_and_class() {
        let found = vec![(99, None), (50, Some(503)), (49, Some(200)), (0, Some(404))];
        let counted = count(all(found), (Some(0), Some(99)), 1_000, 2);
        assert_eq!(counted.buckets, [[0, 0, 1, 0, 1, 0], [1, 0, 0, 0, 0, 1]]);
        assert_eq!((counted.start, counted.bucket_ms), (instant(0), 0.05));
        assert_eq!((counted.counted, counted.complete), (4, true));
    }

    #[test]
    fn without_a_range_it_goes_from_the_oldest_to_now() {
        let counted = count(all(vec![(90, Some(200)), (80, Some(200))]), (None, None), 100, 4);
        assert_eq!(counted.start, instant(80));
        let of_class: Vec<u64> = counted.buckets.iter().map(|bucket| bucket[2]).collect();
        assert_eq!(of_class, [1, 1, 0, 0]);
        let nothing = count(all(Vec::new()), (None, None), 100, 4);
        assert_eq!((nothing.counted, nothing.buckets.len()), (0, 4));
    }
}
