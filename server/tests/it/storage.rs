//! The queries, each on both databases.

mod audit;
mod checkpoints;
mod corruption;
mod grouped;
mod keys;
mod logs;
mod metrics;
mod paging;
mod plans;
mod retention;
mod rotation;
mod routes;
mod sessions;

use fastgate::audit_log::AuditLog;
use fastgate::audit_log::header_text::HeaderText;
use fastgate::audit_log::record::Record;
use fastgate::config;
use fastgate::db::Db;
use fastgate_shared::audit_log::{Attempt, AttemptPhase, Outcome, Replay};
use http::Method;
use jiff::Timestamp;

/// 2030-06-15 12:30:00 UTC.
pub fn noon() -> Timestamp {
    "2030-06-15T12:30:00Z".parse().unwrap()
}

pub async fn audit_log(db: &Db) -> AuditLog {
    AuditLog::open(db, &config::Audit::default()).await.unwrap()
}

/// A request that took 100 ms and went well, `number` seconds after [`noon`].
pub fn record(number: i64) -> Box<Record> {
    let request_time = noon().as_microsecond() + number * 1_000_000;
    let mut headers = HeaderText::default();
    for (name, value) in [("accept", "text/plain"), ("x-twice", "1"), ("x-twice", "2")] {
        headers.push(&name.parse().unwrap(), value);
    }
    Box::new(Record {
        id: (request_time / 1000) << 20 | 7,
        request_id: format!("request-{number}").into(),
        source_path: Some("app".into()),
        key_id: Some("key".into()),
        key_preview: Some("fg_Ab…9xYz".into()),
        route_id: Some("route".into()),
        route_name: Some("Route".into()),
        method: Method::POST,
        path: "/v1/chat/completions?x=1".to_owned(),
        path_only_len: 20,
        target_url: Some("http://upstream/v1/chat/completions?x=1".to_owned()),
        status_code: Some(200),
        outcome: Some(Outcome::Ok),
        request_time,
        first_response_time: Some(request_time + 40_000),
        response_time: Some(request_time + 100_000),
        duration_us: Some(100_000),
        ttfb_us: Some(40_000),
        gateway_us: Some(300),
        request_size: 10,
        response_size: 1_000,
        user_agent: Some("test".to_owned()),
        ip_address: [127, 0, 0, 1].into(),
        is_stream: false,
        stream_chunks: 0,
        model: Some("qwen3".to_owned()),
        prompt_tokens: Some(5),
        completion_tokens: Some(6),
        error_message: None,
        request_headers: headers.clone(),
        response_headers: headers,
        request_body: Some("{\"a\":1}".to_owned()),
        response_body: Some("NUL \0 and ünï".to_owned()),
        attempts: vec![Attempt {
            attempt: 1,
            target: "http://upstream".to_owned(),
            route_name: None,
            phase: Some(AttemptPhase::ResponseHead),
            status_code: Some(200),
            error: None,
            ms: 99.5,
        }],
        match_reason: Some("it fits".into()),
        replay: Some(Box::new(Replay {
            of: Some("7".to_owned()),
            by: "admin token".to_owned(),
        })),
    })
}
