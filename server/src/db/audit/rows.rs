//! Records as rows, and back into what the roll-ups need.

use super::super::DbResult;
use super::super::schema::{audit_details, audit_records};
use super::super::types::{clean, count, integer};
use crate::audit_log::record::Record;
use crate::audit_log::rollup::{Sample, origin_of};
use crate::client::address_text;
use diesel::prelude::*;
use std::borrow::Cow;

/// A row of `audit_records`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_records, treat_none_as_default_value = false)]
pub struct RecordRow<'a> {
    pub id: i64,
    pub writer: i64,
    pub request_id: Cow<'a, str>,
    pub source_path: Option<Cow<'a, str>>,
    pub key_id: Option<Cow<'a, str>>,
    pub key_preview: Option<Cow<'a, str>>,
    pub route_id: Option<Cow<'a, str>>,
    pub route_name: Option<Cow<'a, str>>,
    pub method: Cow<'a, str>,
    pub path: Cow<'a, str>,
    pub target_url: Option<Cow<'a, str>>,
    pub status_code: Option<i32>,
    pub outcome: Option<Cow<'a, str>>,
    pub request_time: i64,
    pub first_response_time: Option<i64>,
    pub response_time: Option<i64>,
    pub duration_us: Option<i64>,
    pub ttfb_us: Option<i64>,
    pub gateway_us: Option<i64>,
    pub request_size: i64,
    pub response_size: i64,
    pub user_agent: Option<Cow<'a, str>>,
    pub ip_address: Cow<'a, str>,
    pub is_stream: bool,
    pub stream_chunks: i64,
    pub model: Option<Cow<'a, str>>,
    pub prompt_tokens: Option<i64>,
    pub completion_tokens: Option<i64>,
    pub error_message: Option<Cow<'a, str>>,
    pub has_error: bool,
}

/// A row of `audit_details`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_details, treat_none_as_default_value = false)]
pub struct DetailRow<'a> {
    pub id: i64,
    pub request_headers: Cow<'a, str>,
    pub request_body: Option<Cow<'a, str>>,
    pub response_headers: Cow<'a, str>,
    pub response_body: Option<Cow<'a, str>>,
    pub attempts: Cow<'a, str>,
    pub match_reason: Option<Cow<'a, str>>,
    pub replay: Option<Cow<'a, str>>,
}

/// Whether a record is shown as an error (contract: `has_error`).
#[must_use]
pub fn has_error(status_code: Option<u16>, error_message: Option<&str>) -> bool {
    status_code.is_some_and(|status| status >= 400) || error_message.is_some()
}

impl<'a> RecordRow<'a> {
    pub fn of(record: &'a Record, writer: i64) -> Self {
        let text = |text: Option<&'a str>| text.map(clean);
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
            outcome: record.outcome.map(|outcome| outcome.as_str().into()),
            request_time: record.request_time,
            first_response_time: record.first_response_time,
            response_time: record.response_time,
            duration_us: record.duration_us,
            ttfb_us: record.ttfb_us,
            gateway_us: record.gateway_us,
            request_size: integer(record.request_size),
            response_size: integer(record.response_size),
            user_agent: text(record.user_agent.as_deref()),
            ip_address: address_text(record.ip_address).into(),
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
            upstream: self.target_url.as_deref().and_then(origin_of),
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

impl<'a> DetailRow<'a> {
    pub fn of(record: &'a Record) -> DbResult<Self> {
        let text = |text: Option<&'a str>| text.map(clean);
        Ok(Self {
            id: record.id,
            request_headers: record.request_headers.as_json().into(),
            request_body: text(record.request_body.as_deref()),
            response_headers: record.response_headers.as_json().into(),
            response_body: text(record.response_body.as_deref()),
            // JSON escapes what no database takes.
            attempts: serde_json::to_string(&record.attempts)?.into(),
            match_reason: text(record.match_reason.as_deref()),
            replay: match &record.replay {
                Some(replay) => Some(serde_json::to_string(replay)?.into()),
                None => None,
            },
        })
    }
}
