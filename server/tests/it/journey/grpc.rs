//! gRPC through the gateway, with tonic at both ends: every way of streaming, and errors that its clients understand.

use crate::support::calls::{Talker, Talking};
use crate::support::gateway::TestGateway;
use crate::support::modern::Authority;
use rstest::rstest;
use serde_json::json;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

async fn to(server: &Talking) -> TestGateway {
    TestGateway::builder()
        .route(json!({"target_host": server.host(), "target_protocol": "h2c"}))
        .start()
        .await
}

#[tokio::test]
async fn a_unary_call_passes_with_its_metadata_and_status() {
    let server = Talking::start().await;
    let gateway = to(&server).await;
    let mut talker = Talker::of(&gateway).await;
    let mut request = talker.request("Ada".to_owned());
    request.metadata_mut().insert("x-carried", "along".parse().unwrap());
    let answer = talker.call(request, "/tests.Talk/Greet").await.unwrap();
    assert_eq!(answer.metadata().get("x-carried").unwrap(), "along");
    assert_eq!(answer.into_inner(), "Hello, Ada");
    let refused = talker.greet("").await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.message(), "a name, please: 100 % – whoever");
    let unknown = talker.request(String::new());
    let unknown = talker.call(unknown, "/tests.Talk/Nothing").await.unwrap_err();
    assert_eq!(unknown.code(), Code::Unimplemented);
    (0..3).for_each(|_| gateway.count_request());
    gateway.finish().await;
}

#[tokio::test]
async fn a_server_streams_and_its_error_in_the_middle_arrives() {
    let server = Talking::start().await;
    let gateway = to(&server).await;
    let mut talker = Talker::of(&gateway).await;
    let mut numbers = talker.count("50").await.unwrap().into_inner();
    for expected in 1..=50 {
        assert_eq!(numbers.message().await.unwrap(), Some(expected.to_string()));
    }
    assert_eq!(numbers.message().await.unwrap(), None);
    let mut numbers = talker.count("1000").await.unwrap().into_inner();
    for _ in 0..3 {
        assert!(numbers.message().await.unwrap().is_some());
    }
    let lost = numbers.message().await.unwrap_err();
    assert_eq!((lost.code(), lost.message()), (Code::DataLoss, "lost count"));
    (0..2).for_each(|_| gateway.count_request());
    gateway.finish().await;
}

#[tokio::test]
async fn a_client_streams() {
    let server = Talking::start().await;
    let gateway = to(&server).await;
    let mut talker = Talker::of(&gateway).await;
    let texts: Vec<String> = (0..1000).map(|n| format!("{n},")).collect();
    let whole = texts.concat();
    assert_eq!(
        talker.join(tokio_stream::iter(texts)).await.unwrap().into_inner(),
        whole
    );
    gateway.count_request();
    gateway.finish().await;
}

#[tokio::test]
async fn both_stream_at_once_each_waiting_for_the_other() {
    let server = Talking::start().await;
    let gateway = to(&server).await;
    let mut talker = Talker::of(&gateway).await;
    let (say, said) = mpsc::channel(1);
    // The answer's head is here before anything was said.
    let mut heard = talker.echo(ReceiverStream::new(said)).await.unwrap().into_inner();
    for n in 0..20 {
        say.send(format!("{n}")).await.unwrap();
        assert_eq!(heard.message().await.unwrap(), Some(format!("<{n}>")));
    }
    drop(say);
    assert_eq!(heard.message().await.unwrap(), None);
    gateway.count_request();
    gateway.finish().await;
}

#[tokio::test]
async fn a_call_that_streams_both_ways_may_be_silent_for_as_long_as_the_route_says() {
    let server = Talking::start().await;
    let gateway = TestGateway::builder()
        .route(json!({"target_host": server.host(), "target_protocol": "h2c", "timeout": 3}))
        .config(|config| config.server.body_timeout_seconds = 1)
        .start()
        .await;
    let mut talker = Talker::of(&gateway).await;
    let (say, said) = mpsc::channel(1);
    let mut heard = talker.echo(ReceiverStream::new(said)).await.unwrap().into_inner();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    say.send("still here".to_owned()).await.unwrap();
    assert_eq!(heard.message().await.unwrap(), Some("<still here>".to_owned()));
    let broken = heard.message().await.unwrap_err();
    assert_ne!(broken.code(), Code::Ok);
    gateway.count_request();
    let record = gateway.record().await;
    assert_eq!(record.item.outcome, Some(fastgate_shared::audit_log::Outcome::Timeout));
    gateway.finish().await;
}

#[tokio::test]
async fn a_call_over_tls_passes_from_the_first_one_on() {
    let authority = Authority::new("Calls");
    let server = Talking::start_with_tls(authority.server("127.0.0.1", &["h2"])).await;
    let gateway = TestGateway::builder()
        .route(json!({"target_host": server.host(), "target_protocol": "https", "tls_ca": authority.pem()}))
        .start()
        .await;
    let mut talker = Talker::of(&gateway).await;
    for _ in 0..2 {
        assert_eq!(talker.greet("Ada").await.unwrap().into_inner(), "Hello, Ada");
        gateway.count_request();
    }
    gateway.finish().await;
}

#[rstest]
#[case::no_upstream("/tests.Talk/Greet", Code::Unavailable, 502)]
#[case::no_route("/other.Service/Call", Code::Unimplemented, 404)]
#[tokio::test]
async fn the_gateways_own_errors_are_grpc_errors(#[case] path: &'static str, #[case] code: Code, #[case] status: u16) {
    let gateway = TestGateway::builder()
        .route(json!({
            "match_path": "/tests.Talk/*", "target_host": "127.0.0.1:1", "target_protocol": "h2c", "retry_count": 0,
        }))
        .start()
        .await;
    let mut talker = Talker::of(&gateway).await;
    let request = talker.request("Ada".to_owned());
    let refused = talker.call(request, path).await.unwrap_err();
    assert_eq!(refused.code(), code, "{refused:?}");
    assert!(refused.metadata().contains_key("x-request-id"));
    gateway.count_request();
    let record = gateway.record().await;
    assert_eq!(
        record.item.status_code,
        Some(status),
        "the record has the status of HTTP"
    );
    assert_eq!(
        record.item.error_message.as_deref().unwrap_or_default(),
        refused.message()
    );
    gateway.finish().await;
}

#[tokio::test]
async fn a_stranger_is_unauthenticated_and_a_fast_caller_is_slowed_down() {
    let server = Talking::start().await;
    let gateway = TestGateway::builder()
        .route(json!({"target_host": server.host(), "target_protocol": "h2c"}))
        .key(json!({"rate_limit": 1}))
        .start()
        .await;
    let mut stranger = Talker::of(&gateway).await.with_key("fg_unknown");
    assert_eq!(stranger.greet("Eve").await.unwrap_err().code(), Code::Unauthenticated);
    let mut talker = Talker::of(&gateway).await;
    talker.greet("Ada").await.unwrap();
    let slowed = talker.greet("Ada").await.unwrap_err();
    assert_eq!(slowed.code(), Code::ResourceExhausted);
    assert!(slowed.metadata().contains_key("retry-after"));
    (0..3).for_each(|_| gateway.count_request());
    gateway.finish().await;
}
