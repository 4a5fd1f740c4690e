//! Made-up audit records.

use fastgate::app::App;
use fastgate::audit_log::header_text::HeaderText;
use fastgate::audit_log::record::Record;
use fastgate_shared::audit_log::Outcome;
use http::Method;
use jiff::Timestamp;

/// A request that ended just now, 20 ms after its start.
pub fn record(app: &App, path: &str, status: u16) -> Box<Record> {
    let end = Timestamp::now().as_microsecond();
    let start = end - 20_000;
    Box::new(Record {
        id: app.audit.next_id(),
        request_id: "made-up".into(),
        source_path: Some("source".into()),
        key_id: None,
        key_preview: None,
        route_id: None,
        route_name: None,
        method: Method::POST,
        path: path.to_owned(),
        path_only_len: path.find('?').unwrap_or(path.len()),
        target_url: None,
        status_code: Some(status),
        outcome: Some(Outcome::Ok),
        request_time: start,
        first_response_time: Some(start + 10_000),
        response_time: Some(end),
        duration_us: Some(20_000),
        ttfb_us: Some(10_000),
        gateway_us: Some(100),
        request_size: 10,
        response_size: 20,
        user_agent: None,
        ip_address: [127, 0, 0, 1].into(),
        is_stream: false,
        stream_chunks: 0,
        model: None,
        prompt_tokens: None,
        completion_tokens: None,
        error_message: None,
        request_headers: HeaderText::default(),
        response_headers: HeaderText::default(),
        request_body: None,
        response_body: None,
        attempts: Vec::new(),
        match_reason: None,
        replay: None,
    })
}

/// Writes a record to disk.
pub async fn store(app: &App, record: Box<Record>) {
    app.audit.ended_durably(record).await;
}
