//! `/admin/logs`.

use fastgate_shared::audit_log::{LogFilter, LogItem, LogRecord};
use fastgate_shared::page::CursorPage;

use crate::api::{self, Answer};

/// Rows of one page of the requests list.
const PAGE_ROWS: u32 = 50;

/// One page of the log, newest first; `cursor` of the page before continues it.
pub async fn list(filter: &LogFilter, cursor: Option<&str>) -> Answer<CursorPage<LogItem>> {
    let mut url = api::with_query("/admin/logs", filter);
    url.push(if url.contains('?') { '&' } else { '?' });
    url.push_str(&format!("limit={PAGE_ROWS}"));
    if let Some(cursor) = cursor {
        url.push_str("&cursor=");
        url.push_str(&String::from(js_sys::encode_uri_component(cursor)));
    }
    api::get(&url).await
}

/// The newest requests that failed.
pub async fn recent_errors(rows: u32) -> Answer<CursorPage<LogItem>> {
    api::get(&format!("/admin/logs?has_error=true&limit={rows}")).await
}

/// A whole record.
pub async fn record(log_id: &str) -> Answer<LogRecord> {
    api::get(&format!("/admin/logs/{log_id}")).await
}

/// Where the live view listens.
pub fn stream_url(filter: &LogFilter) -> String {
    api::with_query("/admin/logs/stream", filter)
}

/// Whether any request ever reached an upstream and got its answer.
pub async fn any_answered() -> Answer<bool> {
    let page: CursorPage<LogItem> = api::get("/admin/logs?status_code=100-399&limit=1").await?;
    Ok(!page.items.is_empty())
}
