//! `/admin/logs`.

use fastgate_shared::audit_log::{
    LogExplanation, LogFilter, LogHistogram, LogItem, LogRecord, ReplayDraft, ReplayRequest, ReplayResult,
};
use fastgate_shared::page::CursorPage;
use fastgate_shared::problem::Problem;

use crate::api::{self, Answer, Method};

/// Rows of one page of the requests list.
const PAGE_ROWS: usize = 50;
/// How often it is looked further for the rows of one page: seconds at most, then the reader decides.
const MOST_STEPS: u32 = 20;

/// One page of the log, newest first; `cursor` of the page before continues it. Where no index leads to what is asked for,
/// an answer ends when its time is up: what the page lacks is then looked for further on.
pub async fn list(filter: &LogFilter, cursor: Option<&str>) -> Answer<CursorPage<LogItem>> {
    let mut page = step(filter, cursor).await?;
    for _ in 0..MOST_STEPS {
        let Some(next) = page.next_cursor.as_deref().filter(|_| page.items.len() < PAGE_ROWS) else {
            break;
        };
        let further = step(filter, Some(next)).await?;
        page.items.extend(further.items);
        page.next_cursor = further.next_cursor;
        page.total = page.total.max(page.items.len() as u64);
    }
    if page.next_cursor.is_none() && cursor.is_none() {
        page.total_is_lower_bound = false;
    }
    Ok(page)
}

async fn step(filter: &LogFilter, cursor: Option<&str>) -> Answer<CursorPage<LogItem>> {
    let mut url = api::with_query("/admin/logs", filter);
    url.push(if url.contains('?') { '&' } else { '?' });
    url.push_str(&format!("limit={PAGE_ROWS}"));
    if let Some(cursor) = cursor {
        url.push_str("&cursor=");
        url.push_str(&String::from(js_sys::encode_uri_component(cursor)));
    }
    api::get(&url).await
}

/// Why a filter is refused, if it is.
pub async fn refusal(filter: &LogFilter) -> Option<Problem> {
    step(filter, None).await.err()
}

/// The newest requests that failed.
pub async fn recent_errors(rows: u32) -> Answer<CursorPage<LogItem>> {
    api::get(&format!("/admin/logs?has_error=true&limit={rows}")).await
}

/// A whole record.
pub async fn record(log_id: &str) -> Answer<LogRecord> {
    api::get(&format!("/admin/logs/{log_id}")).await
}

/// Why a recorded request went where it went.
pub async fn explanation(log_id: &str) -> Answer<LogExplanation> {
    api::get(&format!("/admin/logs/{log_id}/explanation")).await
}

/// What would be sent again.
pub async fn replay_draft(log_id: &str) -> Answer<ReplayDraft> {
    api::get(&format!("/admin/logs/{log_id}/replay")).await
}

/// Sends a recorded request again.
pub async fn replay(log_id: &str, request: &ReplayRequest) -> Answer<ReplayResult> {
    api::send(Method::POST, &format!("/admin/logs/{log_id}/replay"), request).await
}

/// The requests of the filter over time.
pub async fn histogram(filter: &LogFilter) -> Answer<LogHistogram> {
    api::get(&api::with_query("/admin/logs/histogram", filter)).await
}

/// Where a file of what the filter leaves comes from.
pub fn export_url(filter: &LogFilter, format: &str) -> String {
    let url = api::with_query("/admin/logs/export", filter);
    let joined = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joined}format={format}")
}

/// Where the live view listens; it begins with what is in flight.
pub fn stream_url(filter: &LogFilter) -> String {
    let url = api::with_query("/admin/logs/stream", filter);
    let joined = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joined}in_flight=true")
}

/// Ends a request in flight.
pub async fn cancel(log_id: &str) -> Answer<()> {
    api::act(&format!("/admin/logs/{log_id}/cancel")).await
}

/// Whether any request ever reached an upstream and got its answer.
pub async fn any_answered() -> Answer<bool> {
    let page: CursorPage<LogItem> = api::get("/admin/logs?status_code=100-399&limit=1").await?;
    Ok(!page.items.is_empty())
}
