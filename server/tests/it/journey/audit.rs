//! Stage 8: one record a request, whatever its end, and no secret in it.

use crate::support::gateway::TestGateway;
use crate::support::upstream::{Act, Upstream, answer, stream};
use fastgate::audit_log::live::News;
use fastgate::config::Capture;
use futures_util::StreamExt as _;
use http::Method;
use rstest::rstest;
use serde_json::json;
use std::time::Duration;

const JSON: &str = "Content-Type: application/json";

#[tokio::test]
async fn a_record_tells_who_asked_what_of_whom_and_how_long_it_took() {
    let body = r#"{"model":"gpt-4o-2024","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7}}"#;
    let upstream = Upstream::doing([answer("200 OK", &[JSON], body)]);
    let gateway = TestGateway::builder()
        .route(json!({"route_name": "chat", "match_path": "/v1/**", "target_host": upstream.host()}))
        .key(json!({"source_path": "team-a"}))
        .start()
        .await;
    let request = json!({"model": "gpt-4o", "messages": []});
    gateway
        .post("/v1/chat/completions?x=1", &request)
        .header("user-agent", "tests/1")
        .send()
        .await
        .text()
        .await;
    let record = gateway.record().await;
    let item = &record.item;
    assert_eq!(item.source_path.as_deref(), Some("team-a"));
    assert!(item.key_preview.as_deref().unwrap().contains('…'));
    assert_eq!(item.route_name.as_deref(), Some("chat"));
    assert_eq!(item.route_id.as_deref(), Some(gateway.routes[0].route_id.as_str()));
    assert_eq!(
        (item.method.as_str(), item.path.as_str()),
        ("POST", "/v1/chat/completions?x=1")
    );
    assert_eq!(
        item.target_url.as_deref(),
        Some(format!("http://{}/v1/chat/completions?x=1", upstream.host()).as_str())
    );
    assert_eq!(item.status_code, Some(200));
    assert_eq!(item.outcome.unwrap().as_str(), "ok");
    assert_eq!(item.model.as_deref(), Some("gpt-4o-2024"));
    assert_eq!((item.prompt_tokens, item.completion_tokens), (Some(11), Some(7)));
    assert_eq!(item.request_size, request.to_string().len() as u64);
    assert_eq!(item.response_size, body.len() as u64);
    assert_eq!(item.user_agent.as_deref(), Some("tests/1"));
    assert_eq!(item.ip_address, "127.0.0.1");
    assert!(!item.is_stream && item.stream_chunks == 0);
    assert_eq!(item.error_message, None);
    let (first, last) = (item.first_response_time.unwrap(), item.response_time.unwrap());
    assert!(item.request_time <= first && first <= last);
    assert!(item.gateway_ms.unwrap() <= item.ttfb_ms.unwrap());
    assert!(item.ttfb_ms.unwrap() <= item.response_time_ms.unwrap());
    assert_eq!(record.attempts.len(), 1);
    assert_eq!(record.attempts[0].target, format!("http://{}", upstream.host()));
    assert!(record.match_reason.unwrap().contains("/v1/**"));
    assert_eq!(
        record.request_body, None,
        "bodies of what went well are not kept by default"
    );
    gateway.finish().await;
}

#[tokio::test]
async fn every_refusal_is_recorded_with_its_reason() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "/v1/**", "target_host": upstream.host()}))
        .key(json!({"permissions": ["chat"], "rate_limit": 1}))
        .start()
        .await;
    gateway
        .stranger(Method::GET, "/v1/x")
        .header("x-source-path", "batch")
        .send()
        .await;
    gateway.get("/nowhere").send().await;
    gateway.get("/v1/x").send().await;
    gateway.get("/v1/chat/completions").send().await;
    gateway.get("/v1/chat/completions").send().await;
    let records = gateway.records(5).await;
    let seen: Vec<(u16, &str, bool)> = records
        .iter()
        .map(|record| {
            let item = &record.item;
            (
                item.status_code.unwrap(),
                item.outcome.unwrap().as_str(),
                item.error_message.is_some(),
            )
        })
        .collect();
    let expected = [
        (401, "rejected", true),
        (404, "rejected", true),
        (403, "rejected", true),
        (200, "ok", false),
        (429, "rejected", true),
    ];
    assert_eq!(seen, expected);
    assert_eq!(
        records[0].item.source_path.as_deref(),
        Some("batch"),
        "without a key the header says"
    );
    assert_eq!(records[1].item.source_path.as_deref(), Some("tests"));
    assert!(records[1].match_reason.as_deref().unwrap().contains("no active route"));
    for refused in [&records[2], &records[4]] {
        let item = &refused.item;
        assert!(item.route_id.is_some() && item.route_name.is_some() && refused.match_reason.is_some());
    }
    gateway.finish().await;
}

#[rstest]
#[case::unknown_key("/v1/x", false)]
#[case::no_route("/nowhere", true)]
#[case::no_permission("/v1/embeddings", true)]
#[case::answered("/v1/chat/completions", true)]
#[tokio::test]
async fn watchers_hear_of_each_request_from_its_start(#[case] path: &str, #[case] with_key: bool) {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "/v1/**", "target_host": upstream.host()}))
        .key(json!({"permissions": ["chat"]}))
        .start()
        .await;
    let events = gateway.app.audit.live.subscribe(None);
    if with_key {
        gateway.get(path).send().await;
    } else {
        gateway.stranger(Method::GET, path).send().await;
    }
    let kinds = events.filter_map(|news| {
        std::future::ready(match news {
            News::Event(event) => Some(event.kind.as_str()),
            News::Missed => None,
        })
    });
    let heard: Vec<&str> = kinds.take(3).collect().await;
    assert_eq!(heard, ["start", "first_byte", "end"]);
    gateway.finish().await;
}

#[tokio::test]
async fn usage_of_a_stream_is_read_without_holding_it_back() {
    let (feed, act) = stream("text/event-stream; charset=utf-8");
    let upstream = Upstream::doing([act]);
    let gateway = TestGateway::to(upstream.host()).await;
    let mut answer = gateway
        .post("/v1/chat/completions", &json!({"model": "asked", "stream": true}))
        .send()
        .await;
    // A chunk is not an event.
    for chunk in [
        "data: {\"model\":\"answered\",\"usa",
        "ge\":null}\n\ndata: {\"usage\":{\"prompt_tokens\":5,",
        "\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
    ] {
        feed.chunk(chunk).await;
        assert_eq!(answer.piece().await.unwrap().unwrap(), chunk);
    }
    feed.end().await;
    assert!(answer.piece().await.is_none());
    let item = gateway.record().await.item;
    assert_eq!(item.model.as_deref(), Some("answered"));
    assert_eq!((item.prompt_tokens, item.completion_tokens), (Some(5), Some(2)));
    assert!(item.is_stream);
    assert_eq!(item.stream_chunks, 3);
    gateway.finish().await;
}

#[rstest]
#[case::errors_of_an_error(Capture::Errors, "500 Oops", true)]
#[case::errors_of_a_success(Capture::Errors, "200 OK", false)]
#[case::all(Capture::All, "200 OK", true)]
#[case::none(Capture::None, "500 Oops", false)]
#[tokio::test]
async fn bodies_are_kept_as_configured(#[case] capture: Capture, #[case] status: &str, #[case] kept: bool) {
    let upstream = Upstream::doing([answer(status, &[JSON], r#"{"answer":"here"}"#)]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .config(|config| config.audit.capture = capture)
        .start()
        .await;
    gateway
        .post("/", &json!({"question": "where"}))
        .send()
        .await
        .text()
        .await;
    let record = gateway.record().await;
    assert_eq!(
        record.request_body.as_deref(),
        kept.then_some(r#"{"question":"where"}"#)
    );
    assert_eq!(record.response_body.as_deref(), kept.then_some(r#"{"answer":"here"}"#));
    gateway.finish().await;
}

#[tokio::test]
async fn bodies_are_cut_and_only_text_is_kept() {
    let upstream = Upstream::doing([answer("500 Oops", &[], "\u{0}\u{1}binary")]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .config(|config| config.audit.max_body_bytes = 5)
        .start()
        .await;
    gateway
        .call(Method::POST, "/")
        .body("abcdéfgh")
        .send()
        .await
        .text()
        .await;
    let record = gateway.record().await;
    assert_eq!(
        record.request_body.as_deref(),
        Some("abcd"),
        "not in the middle of a character"
    );
    assert_eq!(record.response_body, None);
    gateway.finish().await;
}

#[tokio::test]
async fn no_secret_is_in_any_record() {
    let echoed = r#"{"headers":{"Authorization":"Bearer canary-upstream"},"deep":[{"Access_Token":"canary-nested"}],
        "message":"Incorrect API key provided: canary-upstream","cut":{"client_secret":"canary-cut"#;
    let cookie = "Set-Cookie: session=canary-cookie";
    let debug = "X-Debug: got canary-upstream, canary-target";
    let upstream = Upstream::doing([answer("500 Oops", &[JSON, cookie, debug], echoed)]);
    let gateway = TestGateway::builder()
        .route(json!({
            "target_host": upstream.host(),
            "target_path": "/x?key=canary-target",
            "add_headers": {"Authorization": "Bearer canary-upstream", "X-Upstream-Key": "canary-header"},
        }))
        .config(|config| config.audit.capture = Capture::All)
        .start()
        .await;
    // Clients may know an upstream's credential from elsewhere.
    let body = json!({"password": "canary-password", "a": {"API_KEY": ["canary-list"]}, "b": "canary-upstream"});
    let path = format!(
        "/x/{}?token=canary-query&q=canary-upstream&access_token=canary-access",
        gateway.key()
    );
    gateway
        .post(&path, &body)
        .header("proxy-authorization", "Basic canary-proxy")
        .header("cookie", "a=canary-jar")
        .header("x-known", "is canary-header")
        .header("x-csrf-token", "canary-csrf")
        .header("referer", "http://h/?token=canary-referer")
        .header("user-agent", format!("agent {}", gateway.key()))
        .send()
        .await
        .text()
        .await;
    assert!(
        upstream.only().contains("canary-upstream"),
        "the upstream gets its credential"
    );
    let record = gateway.record().await;
    let text = format!("{record:?}");
    assert!(!text.contains("canary"), "{text}");
    assert_eq!(
        record.item.path,
        "/x/[redacted]?token=[redacted]&q=[redacted]&access_token=[redacted]"
    );
    gateway.assert_nowhere(&["canary-"]);
    gateway.finish().await;
}

#[tokio::test]
async fn a_request_that_lasts_shows_in_the_log_from_its_start() {
    let upstream = Upstream::doing([Act::Hang]);
    let gateway = TestGateway::to(upstream.host()).await;
    let call = gateway.get("/slow");
    let shown = async {
        while gateway.stored().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    call.leave_when(shown).await;
    assert_eq!(gateway.record().await.item.status_code, Some(499));
    gateway.finish().await;
}

#[tokio::test]
async fn what_the_gateway_cuts_off_at_its_end_was_interrupted() {
    let upstream = Upstream::doing([Act::Hang]);
    let (feed, act) = stream("text/event-stream");
    upstream.then(act);
    let gateway = TestGateway::to(upstream.host()).await;
    let waiting = async {
        let calls = gateway.get("/hangs").try_send();
        let cut = async {
            upstream.has_seen(1).await;
            let mut streaming = gateway.get("/streams").send().await;
            gateway.cut_off().await;
            assert!(streaming.piece().await.unwrap().is_err());
        };
        tokio::join!(calls, cut).0
    };
    assert!(waiting.await.is_err(), "no answer is made up");
    drop(feed);
    for record in gateway.records(2).await {
        assert_eq!(
            record.item.outcome.unwrap().as_str(),
            "interrupted",
            "{}",
            record.item.path
        );
    }
    gateway.finish().await;
}

#[tokio::test]
async fn a_thousand_clients_that_leave_leave_nothing_behind() {
    let upstream = Upstream::doing((0..1000).map(|_| Act::Hang));
    let gateway = TestGateway::to(upstream.host()).await;
    for round in 1..=10 {
        let calls = (0..100).map(|_| gateway.get("/").leave_when(upstream.has_seen(round * 100)));
        futures_util::future::join_all(calls).await;
    }
    gateway
        .until("nobody is in flight", |app| app.audit.live.in_flight() == 0)
        .await;
    gateway.finish().await;
}
