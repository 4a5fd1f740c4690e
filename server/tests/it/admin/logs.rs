//! `/admin/logs`: pages, single records, files and events.

use crate::support::admin::Admin;
use crate::support::record::{record, store};
use fastgate_shared::audit_log::LiveEventKind;
use futures_util::StreamExt as _;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Instant;

/// Three records: a good one, a stream, and a refusal with a formula in its `User-Agent`.
async fn with_three() -> Admin {
    let admin = Admin::open().await;
    for (path, status, change) in [
        ("/v1/models", 200, None),
        ("/v1/chat/completions?x=1", 200, Some("stream")),
        ("/nowhere", 404, Some("formula")),
    ] {
        let mut record = record(&admin.app, path, status);
        match change {
            Some("stream") => {
                record.is_stream = true;
                record.model = Some("qwen3".to_owned());
                record.request_headers.push(&"x-a".parse().unwrap(), "b");
                record.request_body = Some("{\"model\":\"qwen3\"}".to_owned());
                record.match_reason = Some("path /v1/* matched".into());
            }
            Some(_) => {
                record.user_agent = Some("=HYPERLINK(\"http://evil\")".to_owned());
                record.error_message = Some("no route".to_owned());
            }
            None => {}
        }
        store(&admin.app, record).await;
    }
    admin
}

fn paths(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["path"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_page_shows_the_newest_first_and_leads_to_the_next() {
    let admin = with_three().await;
    let page = admin.get("/admin/logs?limit=2&order=desc").await.json(200);
    assert_eq!(paths(&page), ["/nowhere", "/v1/chat/completions?x=1"]);
    assert_eq!(page["total"], 3);
    assert_eq!(page["items"][1]["status_code"], 200);
    assert!(page["items"][1]["response_time_ms"].is_number());
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = admin
        .get(&format!("/admin/logs?limit=2&order=desc&cursor={cursor}"))
        .await
        .json(200);
    assert_eq!(paths(&next), ["/v1/models"]);
    assert_eq!(next["next_cursor"], Value::Null);
    let oldest = admin.get("/admin/logs?order=asc&limit=1").await.json(200);
    assert_eq!(paths(&oldest), ["/v1/models"]);
    let skipped = admin.get("/admin/logs?skip=1&limit=1").await.json(200);
    assert_eq!(paths(&skipped), ["/v1/chat/completions?x=1"]);
    let beyond = admin.get("/admin/logs?skip=5&order=asc").await.json(200);
    assert_eq!((&beyond["items"], &beyond["total"]), (&json!([]), &json!(3)));
    let both = format!("/admin/logs?skip=1&cursor={cursor}");
    assert_eq!(admin.get(&both).await.refused(), ["skip"]);
}

#[rstest]
#[case("status_code=200&is_stream=true&start_time=2024-01-01&end_time=2099-01-31", &["/v1/chat/completions?x=1"])]
#[case("status_code=4xx", &["/nowhere"])]
#[case("status_code=200-299&model=qwen3", &["/v1/chat/completions?x=1"])]
#[case("has_error=true", &["/nowhere"])]
#[case("path=/v1/*&method=post", &["/v1/chat/completions?x=1", "/v1/models"])]
#[case("path=nowhere", &["/nowhere"])]
#[case("end_time=2024-01-01", &[])]
#[case("ip_address=192.0.2.1", &[])]
#[case("status_code=&model=", &["/nowhere", "/v1/chat/completions?x=1", "/v1/models"])]
#[tokio::test]
async fn filters_narrow_the_list(#[case] query: &str, #[case] expected: &[&str]) {
    let admin = with_three().await;
    let page = admin.get(&format!("/admin/logs?{query}")).await.json(200);
    assert_eq!(paths(&page), expected);
}

#[tokio::test]
async fn refused_filters_are_all_named() {
    let admin = Admin::open().await;
    let answer = admin
        .get("/admin/logs?status_code=ok&start_time=soon&limit=0&cursor=x&modle=a")
        .await;
    let mut refused = answer.refused();
    refused.sort();
    assert_eq!(refused, ["cursor", "limit", "modle", "start_time", "status_code"]);
    let mut refused = admin
        .get("/admin/logs/export?format=pdf&fields=path,pth")
        .await
        .refused();
    refused.sort();
    assert_eq!(refused, ["fields", "format"]);
}

#[tokio::test]
async fn a_record_is_shown_whole() {
    let admin = with_three().await;
    let page = admin.get("/admin/logs?is_stream=true").await.json(200);
    let id = page["items"][0]["id"].as_str().unwrap();
    let record = admin.get(&format!("/admin/logs/{id}")).await.json(200);
    assert_eq!(record["request_headers"], json!([["x-a", "b"]]));
    assert_eq!(record["request_body"], "{\"model\":\"qwen3\"}");
    assert_eq!(record["match_reason"], "path /v1/* matched");
    assert_eq!(record["attempts"], json!([]));
    admin.get("/admin/logs/1").await.json(404);
    admin.get("/admin/logs/what").await.json(404);
}

#[tokio::test]
async fn a_csv_export_has_the_named_columns_and_no_formula() {
    let admin = with_three().await;
    let answer = admin
        .get("/admin/logs/export?format=csv&fields=method,path,status_code,user_agent&order=asc")
        .await;
    insta::assert_snapshot!(answer.text(200), @r#"
    method,path,status_code,user_agent
    POST,/v1/models,200,
    POST,/v1/chat/completions?x=1,200,
    POST,/nowhere,404,"'=HYPERLINK(""http://evil"")"
    "#);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let disposition = answer.header("content-disposition");
    assert!(disposition.starts_with("attachment; filename=\"fastgate-logs-") && disposition.ends_with(".csv\""));
}

#[tokio::test]
async fn json_exports_hold_the_same_records() {
    let admin = with_three().await;
    let query = "fields=path,request_headers&order=asc";
    let list = admin
        .get(&format!("/admin/logs/export?format=json&{query}"))
        .await
        .json(200);
    let lines = admin
        .get(&format!("/admin/logs/export?format=ndjson&{query}"))
        .await
        .text(200);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(list, Value::from(lines));
    assert_eq!(
        list[1],
        json!({"path": "/v1/chat/completions?x=1", "request_headers": [["x-a", "b"]]})
    );
    let none = admin
        .get("/admin/logs/export?format=json&end_time=2024-01-01")
        .await
        .json(200);
    assert_eq!(none, json!([]));
}

#[tokio::test]
async fn an_export_is_read_in_pieces_to_its_end() {
    let admin = Admin::open().await;
    for _ in 0..1_201 {
        admin.app.audit.ended(record(&admin.app, "/a", 200));
    }
    admin.app.audit.flush().await;
    let csv = admin.get("/admin/logs/export?fields=id").await.text(200);
    let mut ids: Vec<&str> = csv.lines().skip(1).collect();
    assert_eq!(ids.len(), 1_201);
    ids.dedup();
    assert_eq!(ids.len(), 1_201);
    for (limit, expected) in [(1, 1), (500, 500), (777, 777), (5_000, 1_201)] {
        let csv = admin.get(&format!("/admin/logs/export?fields=id&limit={limit}")).await;
        let text = csv.text(200);
        assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), ids[..expected], "{limit}");
    }
    assert_eq!(admin.get("/admin/logs/export?limit=0").await.refused(), ["limit"]);
}

#[tokio::test]
async fn an_excel_export_is_a_workbook_without_formulas() {
    let admin = with_three().await;
    let answer = admin
        .get("/admin/logs/export?format=xlsx&fields=status_code,user_agent")
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.starts_with(b"PK"), "a zip file");
    assert!(answer.header("content-disposition").ends_with(".xlsx\""));
}

#[tokio::test]
async fn watchers_hear_of_requests_and_catch_up_after_a_break() {
    let admin = Admin::open().await;
    let response = admin.stream("/admin/logs/stream?path=/v1/*", &[]).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let live = &admin.app.audit.live;
    let entry = live.enter(record(&admin.app, "/v1/a", 200), Instant::now());
    live.tell(LiveEventKind::Start, &entry);
    live.tell_end(&record(&admin.app, "/other", 200));
    live.tell_end(&live.leave(&entry).unwrap());

    let mut body = response.into_body().into_data_stream();
    let mut heard = String::new();
    while !heard.contains("event: end") {
        heard.push_str(std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap());
    }
    let events: Vec<&str> = heard.lines().filter(|line| line.starts_with("event:")).collect();
    assert_eq!(events, ["event: start", "event: end"]);
    let ids: Vec<&str> = heard.lines().filter(|line| line.starts_with("id:")).collect();
    assert_eq!(ids, ["id: 1", "id: 3"]);
    drop(body);

    let response = admin.stream("/admin/logs/stream", &[("last-event-id", "2")]).await;
    let first = response.into_body().into_data_stream().next().await.unwrap().unwrap();
    let first = String::from_utf8(first.to_vec()).unwrap();
    assert!(
        first.contains("id: 3") && first.contains("\"path\":\"/v1/a\""),
        "{first}"
    );
}

/// The names of the events in this text, and what one of them carries.
fn told(text: &str) -> Vec<(String, Value)> {
    let events = text.split("\n\n").filter(|event| event.contains("event:"));
    let line = |event: &str, name: &str| {
        let mut lines = event.lines().filter_map(|line| line.strip_prefix(name));
        lines.next().unwrap_or_default().trim().to_owned()
    };
    events
        .map(|event| {
            (
                line(event, "event:"),
                serde_json::from_str(&line(event, "data:")).unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_watcher_that_asks_for_it_is_told_what_is_in_flight_and_what_leaves_its_filter() {
    let admin = Admin::open().await;
    let live = &admin.app.audit.live;
    let entered = |path: &str| {
        let mut record = record(&admin.app, path, 200);
        record.status_code = None;
        record.outcome = None;
        live.enter(record, Instant::now())
    };
    let (good, bad) = (entered("/good"), entered("/bad"));
    let ends = |entry: &fastgate::audit_log::live::InFlight, status: u16| {
        let mut record = live.leave(entry).unwrap();
        record.status_code = Some(status);
        live.tell_end(&record);
    };
    let response = admin
        .stream("/admin/logs/stream?has_error=false&in_flight=true", &[])
        .await;
    let mut body = response.into_body().into_data_stream();
    let mut heard = String::new();
    while !heard.contains("event: in_flight") {
        heard.push_str(std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap());
    }
    ends(&bad, 500);
    ends(&good, 200);
    while !heard.contains("event: end") {
        heard.push_str(std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap());
    }
    let events = told(&heard);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["in_flight", "leave", "end"]);
    let paths: Vec<&str> = events[0]
        .1
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["/bad", "/good"], "the newest first");
    assert_eq!(
        (&events[1].1["path"], &events[2].1["path"]),
        (&json!("/bad"), &json!("/good"))
    );
    assert_eq!(
        admin.get("/admin/logs/stream?in_flight=yes").await.refused(),
        ["in_flight"]
    );
}

#[tokio::test]
async fn a_draining_gateway_ends_its_event_streams() {
    let admin = Admin::open().await;
    let response = admin.stream("/admin/logs/stream", &[]).await;
    admin.app.draining.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(response.into_body().into_data_stream().next().await.is_none());
}
