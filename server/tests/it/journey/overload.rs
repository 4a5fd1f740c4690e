//! Too many requests at once: who waits, who is turned away, and that no place is ever lost.

use crate::support::client::{Answer, Raw};
use crate::support::gateway::TestGateway;
use crate::support::upstream::{Act, Feed, Upstream, answer, stream, switch_to};
use fastgate::config::Config;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// One request at once, as this route, key or configuration says, and one that is in.
async fn full(route: Value, key: Value, config: impl FnOnce(&mut Config)) -> (TestGateway, Upstream, Answer, Feed) {
    let (feed, act) = stream("text/plain");
    let upstream = Upstream::doing([act]);
    let mut fields = json!({"target_host": upstream.host()});
    fields
        .as_object_mut()
        .unwrap()
        .extend(route.as_object().unwrap().clone());
    let gateway = TestGateway::builder()
        .route(fields)
        .key(key)
        .config(config)
        .start()
        .await;
    let mut first = gateway.get("/first").send().await;
    feed.chunk("begun").await;
    assert_eq!(first.piece().await.unwrap().unwrap(), "begun");
    (gateway, upstream, first, feed)
}

#[rstest]
#[case::of_a_route(json!({"route_name": "main", "max_concurrency": 1}), None, "The route `main`")]
#[case::of_the_gateway(json!({}), Some(1), "The gateway")]
#[tokio::test]
async fn over_the_bound_one_waits_and_is_turned_away_in_the_end(
    #[case] route: Value,
    #[case] whole: Option<u32>,
    #[case] whose: &str,
) {
    let (gateway, upstream, first, feed) = full(route, json!({}), |config| {
        config.proxy.max_concurrency = whole;
    })
    .await;
    let started = Instant::now();
    let refused = gateway.get("/second").send().await;
    assert_eq!(refused.header("retry-after"), "1");
    let (kind, code, _) = refused.refusal(503).await;
    assert_eq!((kind.as_str(), code.as_str()), ("rate_limit_error", "overloaded"));
    assert!(started.elapsed() >= Duration::from_millis(950), "it waited");
    assert_eq!(upstream.seen().len(), 1);
    feed.end().await;
    first.text().await;
    assert_eq!(gateway.get("/third").send().await.status, 200);
    let records = gateway.records(3).await;
    let refused = records
        .iter()
        .find(|record| record.item.status_code == Some(503))
        .unwrap();
    assert_eq!(refused.item.outcome.unwrap().as_str(), "rejected");
    assert!(refused.item.route_id.is_some());
    assert!(refused.item.gateway_ms.unwrap() >= 950.0, "the gateway made it wait");
    let told = refused.item.error_message.as_ref().unwrap();
    let full = format!("{whose} already has 1 requests in flight, its limit. Try again in 1 s.");
    assert_eq!(*told, full);
    gateway.finish().await;
}

#[tokio::test]
async fn who_waits_gets_the_place_that_becomes_free() {
    let (gateway, upstream, first, feed) = full(json!({"max_concurrency": 1}), json!({}), |config| {
        config.proxy.queue_seconds = 30;
    })
    .await;
    let (second, ()) = tokio::join!(gateway.get("/second").send(), async {
        let bound = gateway.app.snapshot.load().routes.all_in_order()[0]
            .bound
            .clone()
            .unwrap();
        gateway.until("the second one waits", |_| bound.waiting() == 1).await;
        assert_eq!(upstream.seen().len(), 1);
        feed.end().await;
        first.text().await;
    });
    assert_eq!(second.status, 200);
    gateway.finish().await;
}

#[rstest]
#[case::no_waiting(0, 1000)]
#[case::no_room_to_wait(30, 0)]
#[tokio::test]
async fn without_a_queue_one_is_turned_away_at_once(#[case] seconds: u64, #[case] room: usize) {
    let (gateway, _upstream, first, feed) = full(json!({"max_concurrency": 1}), json!({}), |config| {
        config.proxy.queue_seconds = seconds;
        config.proxy.queue_requests = room;
    })
    .await;
    let started = Instant::now();
    gateway.get("/second").send().await.refusal(503).await;
    assert!(started.elapsed() < Duration::from_millis(500));
    feed.end().await;
    first.text().await;
    gateway.finish().await;
}

#[tokio::test]
async fn a_key_over_its_bound_hears_so_at_once_and_loses_no_token() {
    let key = json!({"max_concurrency": 1, "rate_limit": 2});
    let (gateway, _upstream, first, feed) = full(json!({}), key, |_| {}).await;
    let started = Instant::now();
    for _ in 0..3 {
        let refused = gateway.get("/second").send().await;
        assert_eq!(refused.header("retry-after"), "1");
        let (kind, code, _) = refused.refusal(429).await;
        assert_eq!(
            (kind.as_str(), code.as_str()),
            ("rate_limit_error", "too_many_concurrent_requests")
        );
    }
    assert!(started.elapsed() < Duration::from_millis(900));
    let other = gateway.add_key(json!({"max_concurrency": 1})).await;
    assert_eq!(gateway.get("/other").key(&other).send().await.status, 200);
    feed.end().await;
    first.text().await;
    assert_eq!(gateway.get("/third").send().await.status, 200);
    let records = gateway.records(6).await;
    let told = records.iter().filter_map(|record| record.item.error_message.as_deref());
    let of_key =
        |told: &str| told.starts_with("The API key `tests` (") && told.ends_with("1 requests in flight, its limit.");
    assert_eq!(told.filter(|told| of_key(told)).count(), 3);
    gateway.finish().await;
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_leaves_the_queue_and_a_record() {
    let (gateway, upstream, first, feed) = full(json!({"max_concurrency": 1}), json!({}), |config| {
        config.proxy.queue_seconds = 30;
    })
    .await;
    let bound = gateway.app.snapshot.load().routes.all_in_order()[0]
        .bound
        .clone()
        .unwrap();
    let waits = gateway.until("it waits", |_| bound.waiting() == 1);
    gateway.post("/second", &json!({"a": 1})).leave_when(waits).await;
    let left = Instant::now();
    gateway.until("nobody waits", |_| bound.waiting() == 0).await;
    assert!(left.elapsed() < Duration::from_millis(250));
    feed.end().await;
    first.text().await;
    let records = gateway.records(2).await;
    let left = records.iter().find(|record| record.item.method == "POST").unwrap();
    assert_eq!(left.item.status_code, Some(499));
    assert_eq!(left.item.outcome.unwrap().as_str(), "client_closed");
    assert_eq!(upstream.seen().len(), 1);
    gateway.finish().await;
}

#[rstest]
#[case::to_a_higher_bound(json!(2))]
#[case::to_none(Value::Null)]
#[tokio::test]
async fn who_waits_is_let_in_by_a_change_of_the_route(#[case] bound: Value) {
    let (gateway, upstream, first, feed) = full(json!({"max_concurrency": 1}), json!({}), |config| {
        config.proxy.queue_seconds = 30;
    })
    .await;
    let waits = async {
        let bound_in_use = gateway.app.snapshot().routes.all_in_order()[0].bound.clone().unwrap();
        gateway.until("it waits", |_| bound_in_use.waiting() == 1).await;
        let changed = json!({"target_host": upstream.host(), "max_concurrency": bound});
        gateway.change_route(&gateway.routes[0].route_id, changed).await;
    };
    let (second, ()) = tokio::join!(gateway.get("/second").send(), waits);
    assert_eq!(second.status, 200, "while the first one is still in");
    feed.end().await;
    first.text().await;
    gateway.finish().await;
}

#[tokio::test]
async fn a_change_of_the_route_forgets_nobody_who_is_in() {
    let (gateway, upstream, first, feed) = full(json!({"max_concurrency": 1}), json!({}), |config| {
        config.proxy.queue_seconds = 0;
    })
    .await;
    let id = gateway.routes[0].route_id.clone();
    let with = |bound: Value| json!({"target_host": upstream.host(), "max_concurrency": bound});
    gateway.change_route(&id, with(json!(1))).await;
    gateway.get("/second").send().await.refusal(503).await;
    gateway.change_route(&id, with(json!(2))).await;
    assert_eq!(gateway.get("/third").send().await.status, 200);
    gateway.change_route(&id, with(Value::Null)).await;
    assert_eq!(gateway.get("/fourth").send().await.status, 200);
    gateway.change_route(&id, with(json!(1))).await;
    gateway.get("/fifth").send().await.refusal(503).await;
    feed.end().await;
    first.text().await;
    gateway.finish().await;
}

#[tokio::test]
async fn a_route_in_reserve_has_its_bound_as_well_and_a_tunnel_holds_its_place() {
    let (down, reserve) = (Upstream::down(), Upstream::doing([switch_to("websocket")]));
    let gateway = TestGateway::builder()
        .route(json!({"target_host": down.host(), "priority": 1}))
        .route(json!({"target_host": reserve.host(), "priority": 2, "max_concurrency": 1}))
        .start()
        .await;
    gateway.count_request();
    let mut raw = Raw::connect(&gateway).await;
    raw.send(format!(
        "GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        gateway.key()
    ))
    .await;
    raw.read_until("101").await;
    let refused = gateway.get("/second").send().await;
    assert!(refused.status.is_server_error(), "{}", refused.status);
    assert_eq!(reserve.seen().len(), 1);
    raw.end().await;
    raw.read_to_end().await;
    gateway
        .until("the tunnel has ended", |app| app.audit.live.in_flight() == 0)
        .await;
    assert_eq!(gateway.get("/third").send().await.status, 200);
    gateway.finish().await;
}

/// Sends a request of one of five kinds, and leaves as soon as the upstream has seen it.
async fn come_and_leave(gateway: &TestGateway, upstream: &Upstream, n: usize) {
    let part = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all";
    let (act, line, rest) = match n % 5 {
        0 => (Act::Hang, "GET /hang", "\r\n"),
        1 => (Act::Answer(part.to_owned()), "GET /part", "\r\n"),
        2 => (Act::Hang, "POST /body", "Content-Length: 100\r\n\r\nnot all"),
        3 => (
            switch_to("a"),
            "GET /tunnel",
            "Connection: Upgrade\r\nUpgrade: a\r\n\r\n",
        ),
        _ => (answer("200 OK", &[], "ok"), "GET /quick", "\r\n"),
    };
    upstream.then(act);
    gateway.count_request();
    let mut raw = Raw::connect(gateway).await;
    let key = gateway.key();
    raw.send(format!("{line} HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\n{rest}"))
        .await;
    gateway.until("it is seen", |_| upstream.requests() > n).await;
    raw.reset();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_thousand_who_left_every_place_is_free() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "max_concurrency": 3, "retry_count": 0}))
        .key(json!({"max_concurrency": 1000}))
        .config(|config| {
            config.proxy.max_concurrency = Some(1000);
            config.proxy.queue_seconds = 30;
        })
        .start()
        .await;
    for n in 0..1000 {
        come_and_leave(&gateway, &upstream, n).await;
    }
    gateway
        .until("nobody is in flight", |app| app.audit.live.in_flight() == 0)
        .await;
    let snapshot = gateway.app.snapshot.load_full();
    let bound = snapshot.routes.all_in_order()[0].bound.clone().unwrap();
    assert_eq!((bound.inside(), bound.waiting()), (0, 0));
    let whole = gateway.app.concurrency.for_all(Some(1000)).unwrap();
    assert_eq!((whole.inside(), whole.waiting()), (0, 0));
    let key = snapshot.keys.lookup(gateway.key(), jiff::Timestamp::now()).unwrap();
    assert_eq!(key.bound.as_ref().unwrap().inside(), 0);
    gateway.records(1000).await;
    gateway.finish().await;
}
