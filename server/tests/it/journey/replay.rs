//! A recorded request that an administrator sends again: through the same stages, with a key that is named and not shown.

use crate::support::gateway::TestGateway;
use crate::support::upstream::{Upstream, answer};
use fastgate::config::Capture;
use fastgate_shared::audit_log::LogRecord;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// A gateway that keeps all bodies, and the record of one request that went well.
async fn with_record(upstream: &Upstream, key: Value) -> (TestGateway, LogRecord) {
    let gateway = TestGateway::builder()
        .config(|config| config.audit.capture = Capture::All)
        .route(json!({
            "match_path": "/v1/**", "target_host": upstream.host(),
            "add_headers": {"X-Api-Key": "upstream-credential-1"},
        }))
        .key(key)
        .start()
        .await;
    gateway
        .post("/v1/chat/completions?x=1", &json!({"model": "a"}))
        .header("x-custom", "kept")
        .send()
        .await
        .text()
        .await;
    let record = gateway.record().await;
    (gateway, record)
}

fn path(record: &LogRecord) -> String {
    format!("/admin/logs/{}/replay", record.item.id)
}

/// Sends it again, and counts the record that this makes.
async fn replay(gateway: &TestGateway, record: &LogRecord, edits: Value) -> Value {
    gateway.count_request();
    let answer = gateway.admin(Method::POST, &path(record)).json(&edits).send().await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.json().await
}

/// The fields that are refused.
async fn refused(gateway: &TestGateway, record: &LogRecord, edits: Value) -> Vec<String> {
    let answer = gateway.admin(Method::POST, &path(record)).json(&edits).send().await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let problem = answer.json().await;
    let errors = problem["errors"].as_array().unwrap().iter();
    errors
        .map(|error| error["field"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn it_goes_as_it_was_with_its_own_key_and_its_record_says_what_it_is() {
    let upstream = Upstream::start();
    let (gateway, record) = with_record(&upstream, json!({"permissions": ["chat"], "source_path": "team"})).await;
    let allowed = replay(&gateway, &record, json!({})).await;
    assert_eq!(allowed["status_code"], 200);
    let seen = upstream.seen().pop().unwrap();
    assert_eq!(seen.line, "POST /v1/chat/completions?x=1 HTTP/1.1");
    assert_eq!(seen.header("x-custom"), "kept");
    assert_eq!(seen.header("x-api-key"), "upstream-credential-1");
    assert_eq!(seen.body, br#"{"model":"a"}"#);
    assert!(!allowed.to_string().contains("upstream-credential-1"), "{allowed}");
    let forbidden = replay(&gateway, &record, json!({"path": "/v1/embeddings"})).await;
    assert_eq!(forbidden["status_code"], 403, "the key may not do more than before");
    let records = gateway.records(3).await;
    let replayed = &records[1];
    assert_eq!(replayed.item.id, allowed["log_id"].as_str().unwrap());
    assert_eq!(replayed.item.source_path.as_deref(), Some("team"));
    assert_eq!(replayed.item.key_id, record.item.key_id);
    let origin = replayed.replay.as_ref().unwrap();
    assert_eq!(origin.of.as_ref(), Some(&record.item.id));
    assert!(origin.by.contains("token"), "{}", origin.by);
    assert_eq!(record.replay, None);
    // The gateway does not read a large body of what it refuses by the head.
    let large = json!({"a": "x".repeat(200_000)});
    gateway.post("/v1/files", &large).send().await.text().await;
    let unread = gateway.records(4).await.pop().unwrap();
    assert_eq!(refused(&gateway, &unread, json!({})).await, ["body"]);
    gateway.finish().await;
}

#[tokio::test]
async fn edits_change_what_is_sent_and_the_answer_is_shown_up_to_a_limit() {
    let long = "x".repeat(100_000);
    let upstream = Upstream::doing([
        answer("200 OK", &[], "first"),
        answer("201 Created", &["X-A: 1"], &long),
    ]);
    let (gateway, record) = with_record(&upstream, json!({})).await;
    let edits = json!({
        "method": "PUT", "path": "/v1/other", "body": "edited",
        "headers": [["x-a", "1"], ["x-a", "2"], ["authorization", format!("Bearer {}", gateway.key())]],
    });
    let answered = replay(&gateway, &record, edits).await;
    assert_eq!(answered["status_code"], 201);
    assert_eq!(answered["response_size"], 100_000);
    assert_eq!(answered["truncated"], true);
    assert_eq!(answered["response_body"].as_str().unwrap().len(), 64 << 10);
    assert!(
        answered["response_headers"]
            .as_array()
            .unwrap()
            .contains(&json!(["x-a", "1"]))
    );
    let seen = upstream.seen().pop().unwrap();
    assert_eq!(
        (seen.line.as_str(), seen.body.as_slice()),
        ("PUT /v1/other HTTP/1.1", b"edited".as_slice())
    );
    assert_eq!(seen.header("x-a"), "1 | 2");
    assert!(!seen.contains(gateway.key()) && !seen.has("x-custom"));
    gateway.finish().await;
}

#[tokio::test]
async fn what_the_record_does_not_know_is_asked_for() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .config(|config| config.audit.capture = Capture::None)
        .route(json!({"target_host": upstream.host()}))
        .start()
        .await;
    gateway
        .post("/a?api_key=hidden", &json!({"a": 1}))
        .header("cookie", "session=hidden")
        .send()
        .await
        .text()
        .await;
    let record = gateway.record().await;
    let draft = gateway.admin(Method::GET, &path(&record)).send().await.json().await;
    assert_eq!(draft["gaps"], json!(["body", "path", "headers"]));
    assert_eq!(draft["missing_headers"], json!(["cookie"]));
    assert_eq!(refused(&gateway, &record, json!({})).await, ["body", "path", "headers"]);
    let wrong = json!({"method": "A B", "path": "x", "headers": [["a b", ""]], "body": "", "key_id": "nobody"});
    assert_eq!(
        refused(&gateway, &record, wrong).await,
        ["method", "path", "headers", "key_id"]
    );
    let whole = json!({"path": "/a", "headers": [], "body": "{}"});
    assert_eq!(replay(&gateway, &record, whole).await["status_code"], 200);
    let stranger = json!({"path": "/a", "headers": [], "body": "{}", "key_id": ""});
    assert_eq!(replay(&gateway, &record, stranger).await["status_code"], 401);
    gateway.finish().await;
}
