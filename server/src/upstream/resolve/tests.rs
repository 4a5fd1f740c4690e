//! Names over time, with a resolver that answers when the test wants. Time is tokio's paused clock.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Answers with what the test puts here: addresses, a failure, or nothing at all.
#[derive(Default)]
struct Script {
    answer: Mutex<Answer>,
    asked: AtomicUsize,
}

#[derive(Clone, Default)]
enum Answer {
    Addresses(Vec<IpAddr>),
    #[default]
    Nothing,
    Silence,
}

impl Lookup for Script {
    fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.lock().clone();
        Box::pin(async move {
            match answer {
                Answer::Addresses(addresses) => Ok(addresses),
                Answer::Nothing => Err(io::Error::other("no such name")),
                Answer::Silence => std::future::pending().await,
            }
        })
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn scripted(answer: Answer) -> (Arc<Script>, Resolver) {
    let script = Arc::new(Script::default());
    *script.answer.lock() = answer;
    let resolver = Resolver::new(script.clone(), Arc::default(), Duration::from_secs(2));
    (script, resolver)
}

fn known(address: &str) -> (Arc<Script>, Resolver) {
    scripted(Answer::Addresses(vec![ip(address)]))
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_fresh_answer_is_not_asked_for_again() {
    let (script, resolver) = known("10.0.0.1");
    for _ in 0..3 {
        assert_eq!(resolver.resolve("model.internal").await.unwrap(), [ip("10.0.0.1")]);
        pass(9).await;
    }
    assert_eq!(script.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn an_older_answer_is_used_and_renewed_meanwhile() {
    let (script, resolver) = known("10.0.0.1");
    resolver.resolve("model.internal").await.unwrap();
    *script.answer.lock() = Answer::Addresses(vec![ip("10.0.0.2")]);
    pass(31).await;
    assert_eq!(resolver.resolve("model.internal").await.unwrap(), [ip("10.0.0.1")]);
    pass(1).await;
    assert_eq!(resolver.resolve("model.internal").await.unwrap(), [ip("10.0.0.2")]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_long_ago_is_not_used_when_there_is_another() {
    let (script, resolver) = known("10.0.0.1");
    resolver.resolve("model.internal").await.unwrap();
    *script.answer.lock() = Answer::Addresses(vec![ip("10.0.0.2")]);
    pass(3600).await;
    assert_eq!(resolver.resolve("model.internal").await.unwrap(), [ip("10.0.0.2")]);
}

#[tokio::test(start_paused = true)]
async fn the_last_good_answer_serves_on_while_nobody_knows_another() {
    let (script, resolver) = known("10.0.0.1");
    resolver.resolve("model.internal").await.unwrap();
    *script.answer.lock() = Answer::Nothing;
    pass(3600).await;
    assert_eq!(resolver.resolve("model.internal").await.unwrap(), [ip("10.0.0.1")]);
}

#[tokio::test(start_paused = true)]
async fn the_last_good_answer_serves_on_while_nobody_answers_and_only_the_first_waits() {
    let (script, resolver) = known("10.0.0.1");
    resolver.resolve("model.internal").await.unwrap();
    *script.answer.lock() = Answer::Silence;
    pass(3600).await;
    let started = Instant::now();
    assert_eq!(resolver.resolve("model.internal").await.unwrap(), [ip("10.0.0.1")]);
    assert_eq!(started.elapsed(), Duration::from_secs(2));
    assert_eq!(resolver.resolve("model.internal").await.unwrap(), [ip("10.0.0.1")]);
    assert_eq!(started.elapsed(), Duration::from_secs(2));
    assert_eq!(script.asked.load(Ordering::SeqCst), 2, "one question hangs, not many");
}

#[tokio::test(start_paused = true)]
async fn a_name_without_an_address_is_not_asked_for_at_once_again() {
    let (script, resolver) = scripted(Answer::Nothing);
    for _ in 0..3 {
        let error = resolver.resolve("no.such").await.unwrap_err();
        assert!(matches!(error, ResolveError::NoAddress));
    }
    assert_eq!(script.asked.load(Ordering::SeqCst), 1);
    *script.answer.lock() = Answer::Addresses(vec![ip("10.0.0.1")]);
    pass(4).await;
    assert_eq!(resolver.resolve("no.such").await.unwrap(), [ip("10.0.0.1")]);
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_at_once_ask_once() {
    let (script, resolver) = known("10.0.0.1");
    let all = (0..50).map(|_| resolver.resolve("model.internal"));
    let found = futures_util::future::join_all(all).await;
    assert!(found.into_iter().all(|found| found.is_ok()));
    assert_eq!(script.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_leads_to_a_refused_place_is_refused() {
    let (_, resolver) = known("169.254.169.254");
    let error = resolver.resolve("innocent.example").await.unwrap_err();
    assert!(matches!(error, ResolveError::Refused(_)));
}

#[tokio::test(start_paused = true)]
async fn of_several_addresses_those_that_may_be_used_are_kept_in_order() {
    let answer = ["10.0.0.1", "::ffff:169.254.169.254", "10.0.0.2"].map(ip).to_vec();
    let (_, resolver) = scripted(Answer::Addresses(answer));
    let found = resolver.resolve("several.example").await.unwrap();
    assert_eq!(found, [ip("10.0.0.1"), ip("10.0.0.2")]);
}

#[tokio::test(start_paused = true)]
async fn an_address_in_another_spelling_is_not_asked_for() {
    let (script, resolver) = known("10.0.0.1");
    assert_eq!(resolver.resolve("2130706433").await.unwrap(), [ip("127.0.0.1")]);
    assert!(resolver.resolve("0xa9fea9fe").await.is_err());
    assert_eq!(script.asked.load(Ordering::SeqCst), 0);
}
