//! The filters of the log, read from a query string. What they mean is in `db/logs`.

use crate::admin::page::Query;
use crate::db::logs::{self, LogPage, LogQuery, MAX_LIMIT, Order};
use crate::db::{DbConnection, DbError, DbResult};
use fastgate_shared::audit_log::{LogFilter, LogItem};
use fastgate_shared::page::CursorPage;
use utoipa::IntoParams;

/// Every filter.
const FILTERS: [&str; 14] = [
    "start_time",
    "end_time",
    "status_code",
    "method",
    "path",
    "route_id",
    "key_id",
    "source_path",
    "model",
    "is_stream",
    "min_ms",
    "has_error",
    "request_id",
    "ip_address",
];

/// The filters; for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "the query string is read by name, so that every unknown parameter can be refused"
)]
pub struct LogParams {
    /// From this time on: RFC 3339, a naive time (read as UTC) or a bare date.
    start_time: Option<String>,
    /// Up to and including this time; a bare date means its end.
    end_time: Option<String>,
    /// `200`, `4xx` or `400-499`.
    status_code: Option<String>,
    /// Request method, in any case.
    method: Option<String>,
    /// A part of the path, or a pattern with `*` or `{name}` for any characters.
    path: Option<String>,
    /// UUID of a route.
    route_id: Option<String>,
    /// UUID of a key.
    key_id: Option<String>,
    /// Whole source path.
    source_path: Option<String>,
    /// Whole name of a model.
    model: Option<String>,
    /// Whether the response was a stream.
    is_stream: Option<bool>,
    /// Milliseconds that the request took at least.
    min_ms: Option<f64>,
    /// True: status ≥ 400 or an error message; false: neither.
    has_error: Option<bool>,
    /// Whole `X-Request-Id`.
    request_id: Option<String>,
    /// Address of the client.
    ip_address: Option<String>,
}

/// Takes the filters out; those that make no sense are remembered as refused.
pub fn take_filter(asked: &mut Query) -> LogQuery {
    let mut take = |name: &str| asked.take(name);
    let filter = LogFilter {
        start_time: take("start_time"),
        end_time: take("end_time"),
        status_code: take("status_code"),
        method: take("method"),
        path: take("path"),
        route_id: take("route_id"),
        key_id: take("key_id"),
        source_path: take("source_path"),
        model: take("model"),
        is_stream: take("is_stream"),
        min_ms: take("min_ms"),
        has_error: take("has_error"),
        request_id: take("request_id"),
        ip_address: take("ip_address"),
    };
    or_refuse(asked, LogQuery::parse(&filter))
}

/// Takes `order`, `limit` and `cursor` out.
pub fn take_page(asked: &mut Query) -> LogPage {
    let (order, limit, cursor) = (asked.take("order"), asked.take("limit"), asked.take("cursor"));
    let page = LogPage::parse(order.as_deref(), limit.as_deref(), cursor.as_deref());
    or_refuse(asked, page)
}

/// Takes `order` out.
pub fn take_order(asked: &mut Query) -> Order {
    let order = asked.take("order");
    or_refuse(asked, LogPage::parse(order.as_deref(), None, None)).order
}

/// The page that begins after `skip` records; `order` and `limit` are as in the query string, and were accepted.
///
/// # Errors
/// When the database cannot be read.
pub fn page_after(
    connection: &mut DbConnection,
    filter: &LogQuery,
    (order, limit): (Option<&str>, u64),
    skip: u64,
) -> DbResult<CursorPage<LogItem>> {
    let mut cursor = None;
    let mut left = skip;
    while left > 0 {
        let step = left.min(MAX_LIMIT);
        let passed = logs::page(connection, filter, &accepted(order, step, cursor.as_deref())?)?;
        cursor = passed.next_cursor;
        if cursor.is_none() {
            // Nothing is left; the total is the same.
            return Ok(CursorPage {
                items: Vec::new(),
                next_cursor: None,
                ..passed
            });
        }
        // Less than asked for, where the time for a page was up.
        left -= passed.items.len() as u64;
    }
    logs::page(connection, filter, &accepted(order, limit, cursor.as_deref())?)
}

fn accepted(order: Option<&str>, limit: u64, cursor: Option<&str>) -> DbResult<LogPage> {
    LogPage::parse(order, Some(&limit.to_string()), cursor)
        .map_err(|_| DbError::Internal("the log refused its own cursor".to_owned()))
}

/// The filters and further parameters.
pub fn known(further: &[&'static str]) -> Vec<&'static str> {
    FILTERS.iter().chain(further).copied().collect()
}

fn or_refuse<T: Default>(asked: &mut Query, read: Result<T, Vec<fastgate_shared::problem::FieldError>>) -> T {
    read.unwrap_or_else(|errors| {
        for error in errors {
            asked.refuse(error.field, error.message);
        }
        T::default()
    })
}
