//! Records as rows, and back into what the roll-ups need.

use super::super::DbResult;
use super::super::schema::{audit_details, audit_records};
use super::super::types::{clean, count, integer};
use crate::audit_log::record::Record;
use crate::audit_log::rollup::Sample;
use diesel::prelude::*;
use http::HeaderMap;
use std::fmt::Write as _;

/// A row of `audit_records`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_records, treat_none_as_default_value = false)]
pub struct RecordRow {
    pub id: i64,
    pub writer: i64,
    pub request_id: String,
    pub source_path: Option<String>,
    pub key_id: Option<String>,
    pub key_preview: Option<String>,
    pub route_id: Option<String>,
    pub route_name: Option<String>,
    pub method: String,
    pub path: String,
    pub target_url: Option<String>,
    pub status_code: Option<i32>,
    pub outcome: Option<String>,
    pub request_time: i64,
    pub first_response_time: Option<i64>,
    pub response_time: Option<i64>,
    pub duration_us: Option<i64>,
    pub ttfb_us: Option<i64>,
    pub gateway_us: Option<i64>,
    pub request_size: i64,
    pub response_size: i64,
    pub user_agent: Option<String>,
    pub ip_address: String,
    pub is_stream: bool,
    pub stream_chunks: i64,
    pub model: Option<String>,
    pub prompt_tokens: Option<i64>,
    pub completion_tokens: Option<i64>,
    pub error_message: Option<String>,
    pub has_error: bool,
}

/// A row of `audit_details`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_details, treat_none_as_default_value = false)]
pub struct DetailRow {
    pub id: i64,
    pub request_headers: String,
    pub request_body: Option<String>,
    pub response_headers: String,
    pub response_body: Option<String>,
    pub attempts: String,
    pub match_reason: Option<String>,
}

/// Whether a record is shown as an error (contract: `has_error`).
#[must_use]
pub fn has_error(status_code: Option<u16>, error_message: Option<&str>) -> bool {
    status_code.is_some_and(|status| status >= 400) || error_message.is_some()
}

impl RecordRow {
    pub fn of(record: &Record, writer: i64) -> Self {
        let text = |text: Option<&str>| text.map(clean);
        Self {
            id: record.id,
            writer,
            request_id: clean(&record.request_id),
            source_path: text(record.source_path.as_deref()),
            key_id: text(record.key_id.as_deref()),
            key_preview: text(record.key_preview.as_deref()),
            route_id: text(record.route_id.as_deref()),
            route_name: text(record.route_name.as_deref()),
            method: clean(record.method.as_str()),
            path: clean(&record.path),
            target_url: text(record.target_url.as_deref()),
            status_code: record.status_code.map(i32::from),
            outcome: record.outcome.map(|outcome| outcome.as_str().to_owned()),
            request_time: record.request_time,
            first_response_time: record.first_response_time,
            response_time: record.response_time,
            duration_us: record.duration_us,
            ttfb_us: record.ttfb_us,
            gateway_us: record.gateway_us,
            request_size: integer(record.request_size),
            response_size: integer(record.response_size),
            user_agent: text(record.user_agent.as_deref()),
            ip_address: record.ip_address.to_string(),
            is_stream: record.is_stream,
            stream_chunks: integer(record.stream_chunks),
            model: text(record.model.as_deref()),
            prompt_tokens: record.prompt_tokens.map(integer),
            completion_tokens: record.completion_tokens.map(integer),
            error_message: text(record.error_message.as_deref()),
            has_error: has_error(record.status_code, record.error_message.as_deref()),
        }
    }

    pub fn sample(&self) -> Sample<'_> {
        Sample {
            at: self.response_time.unwrap_or(self.request_time),
            key_id: self.key_id.as_deref(),
            source_path: self.source_path.as_deref(),
            route_id: self.route_id.as_deref(),
            route_name: self.route_name.as_deref(),
            model: self.model.as_deref(),
            path: self.path.split('?').next().unwrap_or_default(),
            status_code: self.status_code.and_then(|status| u16::try_from(status).ok()),
            // It was interrupted.
            is_error: true,
            duration_us: self.duration_us,
            ttfb_us: self.ttfb_us,
            bytes_in: count(self.request_size),
            bytes_out: count(self.response_size),
            prompt_tokens: self.prompt_tokens.map_or(0, count),
            completion_tokens: self.completion_tokens.map_or(0, count),
        }
    }
}

impl DetailRow {
    pub fn of(record: &Record) -> DbResult<Self> {
        let text = |text: Option<&str>| text.map(clean);
        Ok(Self {
            id: record.id,
            request_headers: headers_as_json(&record.request_headers),
            request_body: text(record.request_body.as_deref()),
            response_headers: headers_as_json(&record.response_headers),
            response_body: text(record.response_body.as_deref()),
            attempts: clean(&serde_json::to_string(&record.attempts)?),
            match_reason: text(record.match_reason.as_deref()),
        })
    }
}

/// `[["name","value"],…]` in order. Bytes that are not UTF-8 become `\u{fffd}`.
fn headers_as_json(headers: &HeaderMap) -> String {
    let mut json = String::with_capacity(2 + headers.len() * 48);
    json.push('[');
    for (name, value) in headers {
        if json.len() > 1 {
            json.push(',');
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        // Writing to a String cannot fail, nor can a text fail to be JSON.
        let value = serde_json::to_string(&*value).unwrap_or_else(|_| "\"\"".to_owned());
        let _ = write!(json, "[\"{name}\",{value}]");
    }
    json.push(']');
    json
}
