//! `GET /admin/logs/export`: the log as a file of any size, read and written piece by piece.

mod cells;
mod xlsx;

use super::query::{self, LogParams};
use crate::admin::auth::{Administrator, Viewer};
use crate::admin::openapi::LOGS;
use crate::admin::page::Query;
use crate::admin::problem::{Problem, shorten};
use crate::app::App;
use crate::db::DbResult;
use crate::db::logs as stored;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use fastgate_shared::audit_log::LogRecord;
use fastgate_shared::problem::Problem as ProblemDocument;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use http::{HeaderValue, header};
use jiff::Timestamp;
use std::sync::Arc;
use utoipa::IntoParams;

/// What lists show of a record: the columns unless `fields` says otherwise.
const LISTED: [&str; 29] = [
    "id",
    "request_id",
    "source_path",
    "key_id",
    "key_preview",
    "route_id",
    "route_name",
    "method",
    "path",
    "target_url",
    "status_code",
    "outcome",
    "request_time",
    "first_response_time",
    "response_time",
    "created_at",
    "response_time_ms",
    "ttfb_ms",
    "gateway_ms",
    "request_size",
    "response_size",
    "user_agent",
    "ip_address",
    "is_stream",
    "stream_chunks",
    "model",
    "prompt_tokens",
    "completion_tokens",
    "error_message",
];
/// What is kept apart and read only when asked for.
const DETAILS: [&str; 7] = [
    "request_headers",
    "request_body",
    "response_headers",
    "response_body",
    "attempts",
    "match_reason",
    "replay",
];

/// A piece of a file, or what went wrong while the file was on its way.
type Pieces = BoxStream<'static, Result<Bytes, axum::BoxError>>;

/// Records as they come from the database.
type Records = BoxStream<'static, DbResult<Vec<LogRecord>>>;

/// Parameters of the export; for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "the query string is read by name, so that every unknown parameter can be refused"
)]
struct ExportParams {
    /// `csv` (the default), `json`, `ndjson` or `xlsx`.
    format: Option<String>,
    /// Names of fields, separated by commas, in the order of the columns; all of the list's by default.
    fields: Option<String>,
    /// `desc` (newest first, the default) or `asc`.
    order: Option<String>,
    /// Records at most, from the first in that order on; no bound by default.
    limit: Option<u64>,
}

/// How the file is written.
#[derive(Clone, Copy)]
enum Format {
    Csv,
    Json,
    Ndjson,
    Xlsx,
}

/// Export the log as a file.
///
/// Streamed, of any size. Cells that a spreadsheet would take for a formula begin with `'` in csv and xlsx.
#[utoipa::path(get, path = "/admin/logs/export", tag = LOGS, params(LogParams, ExportParams),
    responses(
        (status = 200, description = "The file", content((String = "text/csv"), (String = "application/json"),
            (String = "application/x-ndjson"),
            (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = 422, body = ProblemDocument)))]
pub async fn export(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    mut asked: Query,
) -> Result<Response, Problem> {
    let filter = query::take_filter(&mut asked);
    let order = query::take_order(&mut asked);
    let format = take_format(&mut asked);
    let fields = take_fields(&mut asked);
    let limit = asked.take_number("limit", 1..=u64::from(u32::MAX));
    asked.finish(&query::known(&["format", "fields", "order", "limit"]))?;
    let details = fields.iter().any(|field| DETAILS.contains(field));
    let records = stored::export(app.db.clone(), filter, order, details).boxed();
    let records = match limit {
        Some(limit) => first(limit, records),
        None => records,
    };
    // The first records are read before the answer begins, so that a database that is away is told by a status.
    let mut records = records.peekable();
    if let Some(Err(_)) = std::pin::Pin::new(&mut records).peek().await
        && let Some(Err(error)) = records.next().await
    {
        return Err(error.into());
    }
    let records = records.boxed();
    let pieces = match format {
        Format::Csv => csv(fields, records),
        Format::Json => json(fields, records),
        Format::Ndjson => ndjson(fields, records),
        Format::Xlsx => xlsx::write(&app, fields, records).await?,
    };
    let name = format!(
        "fastgate-logs-{}.{}",
        Timestamp::now().strftime("%Y%m%dT%H%M%SZ"),
        format.extension()
    );
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).map_err(Problem::internal)?;
    let head = [
        (header::CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((head, Body::from_stream(pieces)).into_response())
}

/// The first `limit` records.
fn first(limit: u64, records: Records) -> Records {
    let cut = records.scan(limit, |left, mut chunk| {
        if *left == 0 {
            return std::future::ready(None);
        }
        if let Ok(rows) = &mut chunk {
            rows.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= rows.len() as u64;
        }
        std::future::ready(Some(chunk))
    });
    cut.boxed()
}

impl Format {
    const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Xlsx => "xlsx",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

fn take_format(asked: &mut Query) -> Format {
    let text = asked.take("format").unwrap_or_else(|| "csv".to_owned());
    match text.to_ascii_lowercase().as_str() {
        "csv" => Format::Csv,
        "json" => Format::Json,
        "ndjson" | "jsonl" => Format::Ndjson,
        "xlsx" => Format::Xlsx,
        _ => {
            let shown = shorten(&text.escape_debug().to_string());
            asked.refuse("format", format!("is `{shown}`; allowed is csv, json, ndjson or xlsx"));
            Format::Csv
        }
    }
}

fn take_fields(asked: &mut Query) -> Vec<&'static str> {
    let Some(text) = asked.take("fields") else {
        return LISTED.to_vec();
    };
    let mut fields = Vec::new();
    let mut unknown = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match LISTED.iter().chain(&DETAILS).find(|known| **known == name) {
            Some(known) if fields.contains(known) => {}
            Some(known) => fields.push(*known),
            None => unknown.push(shorten(&name.escape_debug().to_string())),
        }
    }
    if !unknown.is_empty() || fields.is_empty() {
        let known: Vec<&str> = LISTED.iter().chain(&DETAILS).copied().collect();
        let what = if unknown.is_empty() {
            "names no field".to_owned()
        } else {
            format!("names {}", unknown.join(", "))
        };
        asked.refuse("fields", format!("{what}; known are {}", known.join(", ")));
    }
    fields
}

fn csv(fields: Vec<&'static str>, records: Records) -> Pieces {
    let head = csv_lines(std::iter::once(fields.iter().map(ToString::to_string).collect()));
    let lines = records.map(move |chunk| {
        let rows = chunk.map_err(boxed)?;
        csv_lines(rows.iter().map(|record| {
            let values = cells::values(record, &fields);
            values.into_iter().map(cells::text).collect()
        }))
    });
    stream::once(std::future::ready(head)).chain(lines).boxed()
}

fn csv_lines(rows: impl Iterator<Item = Vec<String>>) -> Result<Bytes, axum::BoxError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(&row)?;
    }
    Ok(writer.into_inner()?.into())
}

fn ndjson(fields: Vec<&'static str>, records: Records) -> Pieces {
    let lines = records.map(move |chunk| {
        let mut text = Vec::new();
        for record in &chunk.map_err(boxed)? {
            serde_json::to_writer(&mut text, &cells::object(record, &fields))?;
            text.push(b'\n');
        }
        Ok(Bytes::from(text))
    });
    lines.boxed()
}

fn json(fields: Vec<&'static str>, records: Records) -> Pieces {
    let mut first = true;
    let items = records.map(move |chunk| {
        let mut text = Vec::new();
        for record in &chunk.map_err(boxed)? {
            text.extend_from_slice(if first { b"\n" } else { b",\n" });
            first = false;
            serde_json::to_writer(&mut text, &cells::object(record, &fields))?;
        }
        Ok(Bytes::from(text))
    });
    let once = |text: &'static str| stream::once(std::future::ready(Ok(Bytes::from_static(text.as_bytes()))));
    once("[").chain(items).chain(once("\n]\n")).boxed()
}

/// The database went away while the file was on its way: the connection is closed without a clean end.
fn boxed(error: crate::db::DbError) -> axum::BoxError {
    tracing::error!(error = %error.cause(), "an export broke off");
    error.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fastgate_shared::audit_log::Replay;

    #[test]
    fn every_field_of_a_record_has_a_name_here_and_no_other() {
        let record = LogRecord {
            replay: Some(Replay {
                of: Some("1".to_owned()),
                by: "admin token".to_owned(),
            }),
            ..cells::tests::record()
        };
        let value = serde_json::to_value(&record).unwrap();
        let mut there: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let mut named: Vec<&str> = LISTED.iter().chain(&DETAILS).copied().collect();
        there.sort_unstable();
        named.sort_unstable();
        assert_eq!(there, named);
    }
}
