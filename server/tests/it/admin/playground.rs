//! A request that an administrator writes in the playground: sent through the proxy's stages with a key that is named, and
//! its answer as it comes.

use crate::support::client::Answer;
use crate::support::gateway::TestGateway;
use crate::support::upstream::{Act, Upstream, answer, stream};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// How long the gateway may take to let go of an upstream (contract: Streaming).
const LET_GO: Duration = Duration::from_millis(250);

/// Events of an answer, as they come.
struct Events {
    answer: Answer,
    text: String,
}

impl Events {
    /// The next event: its name and its data.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let mut lines = event.lines();
                    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                };
                // A comment keeps the connection.
                let read = field("event").map(|name| {
                    let data = serde_json::from_str(field("data").unwrap()).unwrap();
                    (name.to_owned(), data)
                });
                self.text = rest.to_owned();
                match read {
                    Some(read) => return Some(read),
                    None => continue,
                }
            }
            let piece = self.answer.piece().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }

    async fn expect(&mut self, name: &str) -> Value {
        let (got, data) = self.next().await.expect("another event");
        assert_eq!(got, name, "{data}");
        data
    }

    /// The text up to the end, and the end.
    async fn rest(mut self) -> (String, Value) {
        let mut text = String::new();
        loop {
            let (name, data) = self.next().await.expect("an end");
            if name == "end" {
                assert!(self.next().await.is_none(), "nothing comes after the end");
                return (text, data);
            }
            assert_eq!(name, "chunk");
            text.push_str(data["text"].as_str().unwrap_or_default());
        }
    }
}

async fn key_id(gateway: &TestGateway) -> String {
    let keys = gateway.admin(Method::GET, "/admin/keys").send().await.json().await;
    keys[0]["key_id"].as_str().unwrap().to_owned()
}

/// Sends it, and counts the record that this makes.
async fn send(gateway: &TestGateway, asked: Value) -> Events {
    gateway.count_request();
    let call = gateway.admin(Method::POST, "/admin/playground").json(&asked);
    let answer = call.send().await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let text = String::new();
    Events { answer, text }
}

#[tokio::test]
async fn the_answer_comes_piece_by_piece_and_the_record_says_who_asked() {
    let (feed, act) = stream("text/event-stream");
    let upstream = Upstream::doing([act]);
    let gateway = TestGateway::builder()
        .route(json!({"route_name": "Chat", "match_path": "/v1/**", "target_host": upstream.host()}))
        .key(json!({"permissions": ["chat"], "source_path": "team"}))
        .start()
        .await;
    let body = r#"{"model":"m"}"#;
    let asked = json!({
        "path": "/v1/chat/completions?x=1", "body": body, "key_id": key_id(&gateway).await,
        "headers": [["x-custom", "kept"], ["connection", "x-custom"], ["accept-encoding", "gzip"]],
    });
    let mut events = send(&gateway, asked).await;
    let head = events.expect("head").await;
    assert_eq!(
        (&head["status_code"], &head["route_name"]),
        (&json!(200), &json!("Chat"))
    );
    // The piece is there while the upstream has not ended.
    feed.chunk("data: {\"choices\":[]}\n\n").await;
    let chunk = events.expect("chunk").await;
    assert_eq!(
        chunk,
        json!({"text": "data: {\"choices\":[]}\n\n", "response_size": 22})
    );
    feed.chunk("data: {\"model\":\"m-2\",\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":20}}\n\n")
        .await;
    feed.end().await;
    let (_, end) = events.rest().await;
    assert_eq!((&end["model"], &end["prompt_tokens"]), (&json!("m-2"), &json!(7)));
    assert_eq!(
        (&end["completion_tokens"], &end["stream_chunks"]),
        (&json!(20), &json!(2))
    );
    assert_eq!(
        (&end["error_message"], &end["truncated"]),
        (&json!(null), &json!(false))
    );
    let seen = upstream.only();
    assert_eq!(seen.line, "POST /v1/chat/completions?x=1 HTTP/1.1");
    assert_eq!(
        (seen.header("x-custom").as_str(), seen.body.as_slice()),
        ("kept", body.as_bytes())
    );
    assert!(!seen.has("accept-encoding"));
    let record = gateway.record().await;
    assert_eq!(
        (&json!(record.item.id), &json!(record.item.request_id)),
        (&head["log_id"], &head["request_id"])
    );
    assert_eq!(record.item.source_path.as_deref(), Some("team"));
    assert_eq!(record.item.completion_tokens, Some(20));
    let origin = record.replay.unwrap();
    assert_eq!(origin.of, None);
    assert!(origin.by.contains("admin token"), "{}", origin.by);
    gateway.finish().await;
}

#[tokio::test]
async fn the_key_may_do_no_more_than_for_its_owner() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "/v1/**", "target_host": upstream.host()}))
        .key(json!({"permissions": ["chat"], "rate_limit": 1}))
        .start()
        .await;
    let key_id = key_id(&gateway).await;
    let status = async |asked: Value| {
        let mut events = send(&gateway, asked).await;
        let status = events.expect("head").await["status_code"].as_u64().unwrap();
        (status, events.rest().await.0)
    };
    let (forbidden, text) = status(json!({"path": "/v1/embeddings", "key_id": key_id})).await;
    assert!(
        forbidden == 403 && text.contains("permission_error"),
        "{forbidden} {text}"
    );
    let chat = json!({"method": "PUT", "path": "/v1/chat/completions", "key_id": key_id});
    assert_eq!(status(chat.clone()).await.0, 200);
    assert_eq!(status(chat).await.0, 429);
    assert_eq!(status(json!({"path": "/v1/chat/completions"})).await.0, 401);
    assert_eq!(upstream.only().line, "PUT /v1/chat/completions HTTP/1.1");
    gateway.finish().await;
}

#[tokio::test]
async fn who_leaves_cancels_the_upstream() {
    let (feed, streaming) = stream("text/plain");
    let upstream = Upstream::doing([Act::Hang, streaming]);
    let gateway = TestGateway::to(upstream.host()).await;
    let asked = json!({"path": "/slow", "key_id": key_id(&gateway).await});
    let before_the_head = send(&gateway, asked.clone()).await;
    upstream.sees("the request", |seen| seen.complete).await;
    before_the_head.answer.leave();
    assert!(upstream.is_left().await < LET_GO);
    let first = gateway.record().await;
    assert_eq!(
        (first.item.status_code, first.item.outcome.unwrap().as_str()),
        (Some(499), "client_closed")
    );

    let mut in_the_middle = send(&gateway, asked).await;
    in_the_middle.expect("head").await;
    feed.chunk("piece").await;
    in_the_middle.expect("chunk").await;
    in_the_middle.answer.leave();
    let second = gateway.records(2).await.pop().unwrap();
    assert_eq!(
        (second.item.status_code, second.item.outcome.unwrap().as_str()),
        (Some(200), "client_closed")
    );
    gateway.finish().await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_says_why_and_shows_no_credential_of_the_route() {
    let (feed, act) = stream("text/plain");
    let upstream = Upstream::doing([act, answer("200 OK", &["X-Echo: upstream-credential-1"], "\u{0}\u{1}")]);
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "add_headers": {"X-Api-Key": "upstream-credential-1"}}))
        .start()
        .await;
    let asked = json!({"path": "/echo", "key_id": key_id(&gateway).await});
    let mut events = send(&gateway, asked.clone()).await;
    events.expect("head").await;
    feed.chunk("you sent upstream-cred").await;
    feed.chunk("ential-1, ups").await;
    feed.break_off();
    let (text, end) = events.rest().await;
    assert_eq!(text, "you sent [redacted], ups");
    assert!(!end["error_message"].as_str().unwrap().is_empty());
    let mut events = send(&gateway, asked).await;
    let head = events.expect("head").await;
    assert!(!head.to_string().contains("upstream-credential-1"), "{head}");
    let (text, end) = events.rest().await;
    assert_eq!(
        (text.as_str(), &end["response_size"]),
        ("", &json!(2)),
        "bytes are counted, not shown"
    );
    gateway.records(2).await;
    gateway.finish().await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_field_by_field() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let call = || gateway.admin(Method::POST, "/admin/playground");
    let refused = async |asked: Value| {
        let answer = call().json(&asked).send().await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let problem = answer.json().await;
        let errors = problem["errors"].as_array().unwrap().iter();
        errors
            .map(|error| error["field"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let wrong = json!({"method": "A B", "path": "x", "headers": [["a b", ""]], "key_id": "nobody"});
    assert_eq!(refused(wrong).await, ["method", "path", "headers", "key_id"]);
    assert_eq!(refused(json!({"path": 1, "url": "/"})).await, ["url", "path"]);
    assert_eq!(refused(json!({})).await, ["path"]);
    assert_eq!(call().send().await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let stranger = gateway.stranger(Method::POST, "/admin/playground").unrecorded();
    let asked = json!({"path": "/"});
    assert_eq!(stranger.json(&asked).send().await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(upstream.requests(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn what_a_key_lacks_is_known_before_anything_is_sent() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"route_name": "main", "target_host": upstream.host()}))
        .start()
        .await;
    let chat = "/v1/chat/completions";
    let call = async |path: &str, body: Value| -> Value {
        let call = gateway.admin(Method::POST, path).json(&body);
        call.send().await.json().await
    };
    let cases = [
        (
            json!({"permissions": ["embeddings"]}),
            json!("The API key lacks a permission: `chat`, `route:main` or a `path:` that takes this request."),
        ),
        (
            json!({"permissions": ["model:gpt-4o*"]}),
            json!("The API key lacks a permission for the model `o3`."),
        ),
        (json!({"permissions": ["route:main"]}), Value::Null),
        (json!({"is_active": false}), json!("The API key is disabled.")),
        (
            json!({"expires_at": "2020-01-01T00:00:00Z"}),
            json!("The API key has expired."),
        ),
    ];
    for (mut fields, refusal) in cases {
        fields["source_path"] = json!("asks");
        let created = call("/admin/keys", fields).await;
        let asked = json!({"method": "POST", "path": chat, "body": {"model": "o3"}, "key_id": created["key_id"]});
        let told = call("/admin/routes/match", asked).await;
        assert_eq!(told["refusal"], refusal);
        assert_eq!(told["candidates"][0]["matched"], true);
    }
    let asked = json!({"path": chat, "key_id": "00000000-0000-0000-0000-000000000000"});
    let told = call("/admin/routes/match", asked).await;
    assert_eq!(told["refusal"], "The API key is not valid.");
    assert!(upstream.seen().is_empty());
    gateway.finish().await;
}
