//! What the dashboard reads is what the server would.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde_json::json;

use super::*;
use crate::api_key::{ApiKey, CreatedApiKey};
use crate::audit_log::{LogHistogram, LogItem, LogRecord};
use crate::changes::Change;
use crate::metrics::{GroupedMetrics, MetricsSummary};
use crate::page::CursorPage;
use crate::problem::Problem;
use crate::route::{Route, RouteDefinition, RouteTestResult};
use crate::session::{SessionInfo, SignInRefusal};
use crate::upstream::UpstreamStatus;

/// The server's way of reading is the measure.
fn read_alike<T: FromJson + DeserializeOwned + PartialEq + Debug>(value: &Value) {
    let servers: T = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(from_value::<T>(value), Ok(servers));
}

fn route() -> Value {
    json!({
        "route_id": "0b2f", "route_name": "Chat", "match_path": "/v1/*", "target_host": "api.example.com",
        "target_protocol": "https", "created_at": "2026-11-23T12:03:26.481Z", "updated_at": "2026-11-23T12:03:26Z",
        "match_headers": {"x-team": "a"}, "add_headers": null, "add_body_fields": {"temperature": 0.5},
        "targets": [{"host": "one.example.com", "weight": 3}, {"host": "two.example.com", "protocol": "http"}],
        "health_check": {"path": "/health", "expect_status": "2xx"}, "circuit_breaker": {},
        "cors": {"allow_origins": ["https://a.example"], "allow_credentials": false, "max_age_seconds": 60}, "balance": "client_hash", "timeout": null,
    })
}

fn item() -> Value {
    json!({
        "id": "1942342342342342", "request_id": "r1", "source_path": null, "key_id": "k", "key_preview": "fg_A…z",
        "route_id": "0b2f", "route_name": "Chat", "method": "POST", "path": "/v1/chat?x=1", "target_url": null,
        "status_code": 502, "outcome": "upstream_error", "request_time": "2026-11-23T12:03:26.481007Z",
        "first_response_time": null, "response_time": "2026-11-23T12:03:27Z", "created_at": "2026-11-23T12:03:26.481007Z",
        "response_time_ms": 519.125, "ttfb_ms": null, "gateway_ms": 0.25, "request_size": 400, "response_size": 12_000_000_000_u64,
        "user_agent": "curl/8", "ip_address": "::1", "is_stream": true, "stream_chunks": 7, "model": "gpt-4o",
        "prompt_tokens": 12, "completion_tokens": null, "error_message": "refused",
    })
}

#[test]
fn routes_are_read_as_the_server_reads_them() {
    read_alike::<Route>(&route());
    read_alike::<RouteDefinition>(&json!({"route_name": "", "match_path": "", "target_protocol": "http"}));
    read_alike::<RouteTestResult>(&json!({
        "success": false, "matched": true, "target_url": "https://a/", "status_code": 503, "response_time_ms": 1,
        "ttfb_ms": null, "error_message": null, "response_headers": [["a", "1"], ["a", "2"]], "response_body": "no",
    }));
    read_alike::<UpstreamStatus>(&upstream());
}

fn upstream() -> Value {
    json!({
        "route_id": "0b2f", "route_name": "Chat", "target": "https://a", "weight": 1, "state": "half_open",
        "health": {"status": "unhealthy", "since": "2026-11-23T12:00:00Z", "last_probe": null, "last_ms": 3, "last_error": "x"},
        "circuit": {"state": "half_open", "open_until": null}, "cooling_until": null, "in_flight": 2, "attempts": 9,
        "failures": 1, "latency_ms": null,
    })
}

#[test]
fn keys_are_read_as_the_server_reads_them() {
    let key = json!({
        "key_id": "k", "key_preview": "fg_A…z", "source_path": "team", "name": null, "permissions": null, "rate_limit": 60,
        "expires_at": "2030-12-31T23:59:59Z", "usage_count": 12, "last_used_at": null, "created_at": "2026-11-23T12:00:00Z",
    });
    read_alike::<ApiKey>(&key);
    let mut created = key.clone();
    created["key_value"] = json!("fg_secret");
    let created: CreatedApiKey = from_value(&created).unwrap();
    assert_eq!(created.key_value, "fg_secret");
    assert_eq!(Ok(created.key), from_value::<ApiKey>(&key));
}

#[test]
fn the_log_is_read_as_the_server_reads_it() {
    read_alike::<CursorPage<LogItem>>(&json!({"items": [item()], "next_cursor": null, "total": 1}));
    read_alike::<CursorPage<LogItem>>(
        &json!({"items": [], "next_cursor": "eA", "total": 10_000, "total_is_lower_bound": true}),
    );
    let mut record = item();
    let details = json!({
        "request_headers": [["accept", "*/*"]], "request_body": "{}", "response_headers": [], "response_body": null,
        "attempts": [], "match_reason": "because", "replay": {"of": "1", "by": "session"},
    });
    record
        .as_object_mut()
        .unwrap()
        .extend(details.as_object().unwrap().clone());
    read_alike::<LogRecord>(&record);
}

#[test]
fn a_problem_is_read_with_its_conflict_or_without() {
    let plain = json!({"status": 422, "title": "Unprocessable", "detail": "no", "errors": [{"field": "name", "message": "is empty"}]});
    read_alike::<Problem>(&plain);
    let mut conflict = json!({"status": 409, "title": "Conflict", "request_id": "r"});
    let members = json!({
        "current": {"a": 1}, "etag": "\"7\"", "changed": [{"field": "a", "before": 0, "after": 1}],
        "changed_at": "2026-11-23T12:00:00Z", "changed_by": {"kind": "admin_token", "id": null, "address": "::1"},
    });
    conflict
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    read_alike::<Problem>(&conflict);
}

#[test]
fn what_does_not_fit_is_told_by_its_name() {
    let read = |change: fn(&mut Value)| {
        let mut value = item();
        change(&mut value);
        from_value::<LogItem>(&value).unwrap_err()
    };
    assert_eq!(
        read(|item| item["outcome"] = json!("odd")),
        "`outcome` is not a known word"
    );
    assert_eq!(
        read(|item| item["status_code"] = json!(70_000)),
        "`status_code` is not a number of this size"
    );
    assert_eq!(
        read(|item| item["request_time"] = json!("noon")),
        "`request_time` is not a point in time"
    );
    assert_eq!(read(|item| item["path"] = json!(null)), "`path` is not a text");
    assert_eq!(from_text::<LogItem>("[]").unwrap_err(), "`id` is not in an object");
    assert!(from_text::<LogItem>("{").unwrap_err().starts_with("EOF while parsing"));
}

#[test]
fn figures_are_read_as_the_server_reads_them() {
    read_alike::<LogHistogram>(&json!({
        "start": "2026-11-23T12:00:00Z", "bucket_ms": 60000, "buckets": [[0, 1, 2, 3, 4, 5]], "counted": 15, "complete": true,
    }));
    let short = json!({
        "start": "2026-11-23T12:00:00Z", "bucket_ms": 60000, "buckets": [[0, 1]], "counted": 15, "complete": true,
    });
    assert!(from_value::<LogHistogram>(&short).is_err());
    assert!(from_value::<MetricsSummary>(&json!({})).is_err());
    assert!(from_value::<GroupedMetrics>(&json!({"span": "minute"})).is_err());
    assert!(from_value::<Change>(&json!(null)).is_err());
}

#[test]
fn a_sign_in_is_read_as_the_server_writes_it() {
    let info = json!({
        "role": "operator", "name": "night shift",
        "created_at": "2026-11-23T12:00:00Z", "expires_at": "2026-11-24T12:00:00Z", "version": "0.3.0", "proxy_origin": "",
    });
    read_alike::<Option<SessionInfo>>(&json!(null));
    read_alike::<Option<SessionInfo>>(&info);
    read_alike::<Result<SessionInfo, SignInRefusal>>(&json!({ "Ok": info }));
    for refusal in [
        SignInRefusal::WrongToken,
        SignInRefusal::Throttled { retry_after_seconds: 7 },
        SignInRefusal::InsecureOrigin,
        SignInRefusal::Unavailable {
            message: "away".to_owned(),
        },
    ] {
        let refused: Result<SessionInfo, SignInRefusal> = Err(refusal);
        read_alike::<Result<SessionInfo, SignInRefusal>>(&serde_json::to_value(refused).unwrap());
    }
}
