//! Stage 4: what a key may do, and how often.

use crate::support::gateway::TestGateway;
use crate::support::upstream::Upstream;
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[case::empty(&[], "/v1/anything", true)]
#[case::star(&["*"], "/v1/anything", true)]
#[case::chat(&["chat"], "/v1/chat/completions", true)]
#[case::chat_other(&["chat"], "/v1/embeddings", false)]
#[case::completions(&["completions"], "/v1/completions", true)]
#[case::completions_are_not_chat(&["completions"], "/v1/chat/completions", false)]
#[case::models(&["models.list"], "/v1/models/gpt-4o", true)]
#[case::route(&["route:main"], "/v1/x", true)]
#[case::other_route(&["route:other"], "/v1/x", false)]
#[case::path(&["path:/v1/*"], "/v1/x", true)]
#[case::other_path(&["path:/v2/*"], "/v1/x", false)]
#[case::one_of_several(&["embeddings", "chat.completions"], "/v1/chat/completions", true)]
#[tokio::test]
async fn at_least_one_entry_must_allow_a_request(
    #[case] permissions: &[&str],
    #[case] path: &str,
    #[case] allowed: bool,
) {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"route_name": "main", "target_host": upstream.host()}))
        .key(json!({"permissions": permissions}))
        .start()
        .await;
    let answer = gateway.get(path).send().await;
    if allowed {
        assert_eq!(answer.status, 200);
    } else {
        let (kind, code, _) = answer.refusal(403).await;
        assert_eq!(
            (kind.as_str(), code.as_str()),
            ("permission_error", "permission_denied")
        );
        assert_eq!(upstream.seen().len(), 0);
    }
    gateway.finish().await;
}

#[tokio::test]
async fn an_operation_is_what_the_upstream_gets() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "/ask", "target_host": upstream.host(), "target_path": "/v1/chat/completions"}))
        .route(json!({"match_path": "/x/chat/completions", "target_host": upstream.host(), "target_path": "/delete"}))
        .key(json!({"permissions": ["chat"]}))
        .start()
        .await;
    assert_eq!(gateway.get("/ask").send().await.status, 200);
    assert_eq!(gateway.get("/x/chat/completions").send().await.status, 403);
    gateway.finish().await;
}

#[rstest]
#[case(json!({"model": "gpt-4o-mini"}), 200)]
#[case(json!({"model": "o3"}), 403)]
#[case(json!({}), 403)]
#[tokio::test]
async fn models_narrow(#[case] body: Value, #[case] status: u16) {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .key(json!({"permissions": ["chat", "model:gpt-4o*"]}))
        .start()
        .await;
    assert_eq!(gateway.post("/v1/chat/completions", &body).send().await.status, status);
    assert_eq!(gateway.post("/v1/embeddings", &body).send().await.status, 403);
    gateway.finish().await;
}

#[tokio::test]
async fn what_the_key_lacks_is_in_the_record_and_not_in_the_answer() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"route_name": "main", "target_host": upstream.host()}))
        .key(json!({"permissions": ["chat", "model:gpt-4o*"]}))
        .start()
        .await;
    let asked = [
        ("/v1/embeddings", "`embeddings`, `route:main`"),
        ("/v1/chat/completions", "for the model `o3`"),
    ];
    for (count, (path, lacks)) in (1..).zip(asked) {
        let answer = gateway.post(path, &json!({"model": "o3"})).send().await;
        let (_, _, message) = answer.refusal(403).await;
        assert_eq!(message, "The API key has no permission for this request.");
        let record = gateway.records(count).await.pop().unwrap();
        let told = record.item.error_message.unwrap();
        assert!(told.contains(lacks), "{told}");
    }
    gateway.finish().await;
}

#[tokio::test]
async fn over_the_limit_of_a_key_the_answer_is_429_and_says_when_to_come_back() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "/v1/**", "target_host": upstream.host()}))
        .key(json!({"rate_limit": 2, "permissions": ["chat"]}))
        .start()
        .await;
    let chat = "/v1/chat/completions";
    // Neither of these takes a token.
    assert_eq!(gateway.get("/nowhere").send().await.status, 404);
    assert_eq!(gateway.get("/v1/embeddings").send().await.status, 403);
    assert_eq!(gateway.get(chat).send().await.status, 200);
    assert_eq!(gateway.get(chat).send().await.status, 200);
    let answer = gateway.get(chat).send().await;
    assert_eq!(answer.header("ratelimit-limit"), "2");
    assert_eq!(answer.header("ratelimit-remaining"), "0");
    let seconds = |name: &str| answer.header(name).parse::<u64>().unwrap();
    assert!((1..=30).contains(&seconds("retry-after")));
    assert!((30..=60).contains(&seconds("ratelimit-reset")));
    let (kind, code, _) = answer.refusal(429).await;
    assert_eq!(
        (kind.as_str(), code.as_str()),
        ("rate_limit_error", "rate_limit_exceeded")
    );
    assert_eq!(upstream.seen().len(), 2);
    let record = gateway.records(5).await.pop().unwrap();
    let (told, preview) = (record.item.error_message.unwrap(), record.item.key_preview.unwrap());
    let whose = format!("The API key `tests` ({preview}) has used up its limit of 2 requests per minute.");
    assert!(told.starts_with(&whose), "{told}");
    gateway.finish().await;
}

#[tokio::test]
async fn a_route_has_a_limit_of_its_own_for_all_who_use_it() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"route_name": "main", "target_host": upstream.host(), "rate_limit": 1, "auth": "none"}))
        .start()
        .await;
    assert_eq!(gateway.get("/").send().await.status, 200);
    let (_, _, message) = gateway.stranger(Method::GET, "/").send().await.refusal(429).await;
    assert!(!message.contains("main"), "{message}");
    let told = gateway.records(2).await.pop().unwrap().item.error_message.unwrap();
    let whose = "The route `main` has used up its limit of 1 requests per minute.";
    assert!(told.starts_with(whose), "{told}");
    gateway.finish().await;
}

#[tokio::test]
async fn limits_can_be_switched_off() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "rate_limit": 1}))
        .key(json!({"rate_limit": 1}))
        .config(|config| config.rate_limiting.enabled = false)
        .start()
        .await;
    for _ in 0..3 {
        assert_eq!(gateway.get("/").send().await.status, 200);
    }
    gateway.finish().await;
}

#[tokio::test]
async fn a_limit_is_exact_also_when_many_ask_at_once() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .key(json!({"rate_limit": 10}))
        .start()
        .await;
    let answers = futures_util::future::join_all((0..40).map(|_| gateway.get("/").send())).await;
    let passed = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(passed, 10);
    assert_eq!(upstream.seen().len(), 10);
    gateway.finish().await;
}
