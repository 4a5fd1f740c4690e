//! A record as the spill file keeps it: every field, under its own name.

use super::super::header_text::HeaderText;
use super::super::record::Record;
use fastgate_shared::audit_log::{Attempt, Outcome, Replay};
use http::Method;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::net::IpAddr;

/// See [`Record`].
#[derive(Serialize, Deserialize)]
pub struct Kept<'a> {
    id: i64,
    request_id: Cow<'a, str>,
    source_path: Option<Cow<'a, str>>,
    key_id: Option<Cow<'a, str>>,
    key_preview: Option<Cow<'a, str>>,
    route_id: Option<Cow<'a, str>>,
    route_name: Option<Cow<'a, str>>,
    method: Cow<'a, str>,
    path: Cow<'a, str>,
    path_only_len: usize,
    target_url: Option<Cow<'a, str>>,
    status_code: Option<u16>,
    outcome: Option<Outcome>,
    request_time: i64,
    first_response_time: Option<i64>,
    response_time: Option<i64>,
    duration_us: Option<i64>,
    ttfb_us: Option<i64>,
    gateway_us: Option<i64>,
    request_size: u64,
    response_size: u64,
    user_agent: Option<Cow<'a, str>>,
    ip_address: IpAddr,
    is_stream: bool,
    stream_chunks: u64,
    model: Option<Cow<'a, str>>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    error_message: Option<Cow<'a, str>>,
    request_headers: Cow<'a, str>,
    response_headers: Cow<'a, str>,
    request_body: Option<Cow<'a, str>>,
    response_body: Option<Cow<'a, str>>,
    attempts: Cow<'a, [Attempt]>,
    match_reason: Option<Cow<'a, str>>,
    replay: Option<Cow<'a, Replay>>,
}

impl<'a> Kept<'a> {
    /// Lends the record's texts.
    pub fn of(record: &'a Record) -> Self {
        let text = |text: &'a Option<String>| text.as_deref().map(Cow::Borrowed);
        let shared = |text: &'a Option<std::sync::Arc<str>>| text.as_deref().map(Cow::Borrowed);
        Self {
            id: record.id,
            request_id: Cow::Borrowed(&record.request_id),
            source_path: shared(&record.source_path),
            key_id: shared(&record.key_id),
            key_preview: shared(&record.key_preview),
            route_id: shared(&record.route_id),
            route_name: shared(&record.route_name),
            method: Cow::Borrowed(record.method.as_str()),
            path: Cow::Borrowed(&record.path),
            path_only_len: record.path_only_len,
            target_url: text(&record.target_url),
            status_code: record.status_code,
            outcome: record.outcome,
            request_time: record.request_time,
            first_response_time: record.first_response_time,
            response_time: record.response_time,
            duration_us: record.duration_us,
            ttfb_us: record.ttfb_us,
            gateway_us: record.gateway_us,
            request_size: record.request_size,
            response_size: record.response_size,
            user_agent: text(&record.user_agent),
            ip_address: record.ip_address,
            is_stream: record.is_stream,
            stream_chunks: record.stream_chunks,
            model: text(&record.model),
            prompt_tokens: record.prompt_tokens,
            completion_tokens: record.completion_tokens,
            error_message: text(&record.error_message),
            request_headers: Cow::Borrowed(record.request_headers.as_json()),
            response_headers: Cow::Borrowed(record.response_headers.as_json()),
            request_body: text(&record.request_body),
            response_body: text(&record.response_body),
            attempts: Cow::Borrowed(&record.attempts),
            match_reason: shared(&record.match_reason),
            replay: record.replay.as_deref().map(Cow::Borrowed),
        }
    }

    /// The record; none if a field holds what none may.
    pub fn into_record(self) -> Option<Record> {
        if !self.path.is_char_boundary(self.path_only_len) {
            return None;
        }
        Some(Record {
            id: self.id,
            request_id: self.request_id.into(),
            source_path: self.source_path.map(Into::into),
            key_id: self.key_id.map(Into::into),
            key_preview: self.key_preview.map(Into::into),
            route_id: self.route_id.map(Into::into),
            route_name: self.route_name.map(Into::into),
            method: Method::from_bytes(self.method.as_bytes()).ok()?,
            path: self.path.into_owned(),
            path_only_len: self.path_only_len,
            target_url: self.target_url.map(Cow::into_owned),
            status_code: self.status_code,
            outcome: self.outcome,
            request_time: self.request_time,
            first_response_time: self.first_response_time,
            response_time: self.response_time,
            duration_us: self.duration_us,
            ttfb_us: self.ttfb_us,
            gateway_us: self.gateway_us,
            request_size: self.request_size,
            response_size: self.response_size,
            user_agent: self.user_agent.map(Cow::into_owned),
            ip_address: self.ip_address,
            is_stream: self.is_stream,
            stream_chunks: self.stream_chunks,
            model: self.model.map(Cow::into_owned),
            prompt_tokens: self.prompt_tokens,
            completion_tokens: self.completion_tokens,
            error_message: self.error_message.map(Cow::into_owned),
            request_headers: HeaderText::from_json(self.request_headers.into_owned())?,
            response_headers: HeaderText::from_json(self.response_headers.into_owned())?,
            request_body: self.request_body.map(Cow::into_owned),
            response_body: self.response_body.map(Cow::into_owned),
            attempts: self.attempts.into_owned(),
            match_reason: self.match_reason.map(Into::into),
            replay: self.replay.map(|replay| Box::new(replay.into_owned())),
        })
    }
}
