//! Stage 6: how the targets of a route, and routes alike, share requests (contract: Load sharing and failover).

use crate::support::gateway::TestGateway;
use crate::support::upstream::{Act, Upstream, answer};
use futures_util::{StreamExt as _, stream};
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn upstreams(count: usize) -> Vec<Upstream> {
    (0..count).map(|_| Upstream::start()).collect()
}

fn targets(upstreams: &[Upstream]) -> Value {
    upstreams.iter().map(|up| json!({"host": up.host()})).collect()
}

fn seen(upstreams: &[Upstream]) -> Vec<usize> {
    upstreams.iter().map(|up| up.seen().len()).collect()
}

#[rstest]
#[case("power_of_two")]
#[case("round_robin")]
#[case("least_loaded")]
#[tokio::test]
async fn targets_share_by_weight(#[case] balance: &str) {
    let ups = upstreams(3);
    let weighted: Value = ups
        .iter()
        .zip([6, 3, 1])
        .map(|(up, weight)| json!({"host": up.host(), "weight": weight}))
        .collect();
    let gateway = TestGateway::builder()
        .route(json!({"targets": weighted, "balance": balance}))
        .start()
        .await;
    for _ in 0..200 {
        assert_eq!(gateway.get("/").send().await.status, 200);
    }
    for (seen, wanted) in seen(&ups).into_iter().zip([120, 60, 20]) {
        assert!(usize::abs_diff(seen, wanted) <= 4, "{seen} of {wanted}");
    }
    gateway.finish().await;
}

#[tokio::test]
async fn a_busy_target_is_passed_over() {
    let (busy, idle) = (Upstream::doing([Act::Hang]), Upstream::start());
    let gateway = TestGateway::builder()
        .route(json!({"targets": [{"host": busy.host()}, {"host": idle.host(), "weight": 0}]}))
        .start()
        .await;
    let waiting = async {
        busy.has_seen(1).await;
        let both = json!({"targets": [{"host": busy.host()}, {"host": idle.host()}]});
        gateway.change_route(&gateway.routes[0].route_id, both).await;
        for _ in 0..10 {
            assert_eq!(gateway.get("/").send().await.status, 200);
        }
    };
    gateway.get("/").leave_when(waiting).await;
    assert_eq!(
        (busy.seen().len(), idle.seen().len()),
        (1, 10),
        "it is busy, whatever else changed"
    );
    gateway.finish().await;
}

#[rstest]
#[case::by_key(json!(null))]
#[case::by_header(json!("header:X-Session"))]
#[tokio::test]
async fn a_client_stays_with_its_target_and_only_the_lost_ones_move(#[case] hash_on: Value) {
    let ups = upstreams(3);
    let mut builder =
        TestGateway::builder().route(json!({"targets": targets(&ups), "balance": "client_hash", "hash_on": hash_on}));
    for _ in 0..30 {
        builder = builder.key(json!({}));
    }
    let gateway = builder.start().await;
    let by_key = hash_on.is_null();
    let ask = async |client: usize| {
        let key = gateway.key_at(if by_key { client } else { 0 });
        let call = gateway.stranger(Method::GET, "/").key(key);
        let answer = call.header("x-session", format!("session {client}")).send().await;
        assert_eq!(answer.status, 200);
    };
    let place = async |client: usize| {
        let before = seen(&ups);
        ask(client).await;
        let after = seen(&ups);
        (0..3).find(|index| before[*index] != after[*index]).unwrap()
    };
    let mut first = Vec::new();
    for client in 0..30 {
        first.push(place(client).await);
    }
    for (client, first) in first.iter().enumerate() {
        assert_eq!(place(client).await, *first, "client {client}");
    }
    assert!((0..3).all(|index| first.contains(&index)), "{first:?}");
    let left = json!({"targets": targets(&ups[..2]), "balance": "client_hash", "hash_on": hash_on});
    gateway.change_route(&gateway.routes[0].route_id, left).await;
    for (client, first) in first.iter().enumerate() {
        let now = place(client).await;
        assert!(now == *first || *first == 2, "client {client}");
    }
    gateway.finish().await;
}

#[tokio::test]
async fn routes_alike_share_and_what_follows_is_that_of_the_chosen_one() {
    let ups = upstreams(3);
    let route = |index: usize, priority: u16| {
        json!({"route_name": format!("r{index}"), "match_path": "/v1/*", "match_method": "post, get", "priority": priority,
            "target_host": ups[index].host(), "add_headers": {"X-Route": format!("r{index}")}})
    };
    let mut second = route(1, 50);
    second["match_method"] = "GET,POST".into();
    second["add_body_fields"] = json!({"second": true});
    let gateway = TestGateway::builder()
        .route(route(0, 50))
        .route(second)
        .route(route(2, 60))
        .start()
        .await;
    for _ in 0..20 {
        assert_eq!(gateway.post("/v1/x", &json!({"a": 1})).send().await.status, 200);
    }
    let got = seen(&ups);
    assert!(
        (8..=12).contains(&got[0]) && (8..=12).contains(&got[1]) && got[2] == 0,
        "{got:?}"
    );
    assert!(ups[0].seen().iter().all(|seen| seen.body == br#"{"a":1}"#));
    assert!(
        ups[1]
            .seen()
            .iter()
            .all(|seen| seen.body == br#"{"a":1,"second":true}"#)
    );
    for record in gateway.records(20).await {
        let name = record.item.route_name.unwrap();
        let upstream = &ups[usize::from(name == "r1")];
        assert_eq!(record.attempts[0].target, format!("http://{}", upstream.host()));
    }
    gateway.finish().await;
}

#[tokio::test]
async fn a_key_that_may_use_one_of_the_routes_alike_gets_that_one() {
    let ups = upstreams(2);
    let gateway = TestGateway::builder()
        .route(json!({"route_name": "a", "target_host": ups[0].host()}))
        .route(json!({"route_name": "b", "target_host": ups[1].host()}))
        .key(json!({"permissions": ["route:b"]}))
        .key(json!({"permissions": ["route:c"]}))
        .start()
        .await;
    for _ in 0..6 {
        assert_eq!(gateway.get("/").send().await.status, 200);
    }
    assert_eq!(seen(&ups), [0, 6]);
    let call = gateway.stranger(Method::GET, "/").key(gateway.key_at(1));
    assert_eq!(call.send().await.status, 403);
    gateway.finish().await;
}

#[tokio::test]
async fn a_route_alike_stands_in_without_an_error() {
    let (down, up) = (Upstream::down(), Upstream::start());
    let gateway = TestGateway::builder()
        .route(json!({"target_host": down.host()}))
        .route(json!({"target_host": up.host()}))
        .start()
        .await;
    for _ in 0..8 {
        assert_eq!(gateway.post("/", &json!({})).send().await.status, 200);
    }
    assert_eq!(up.seen().len(), 8);
    gateway.finish().await;
}

#[tokio::test]
async fn a_target_that_asks_for_it_is_left_alone_while_another_is_there() {
    let busy = || answer("429 Too Many Requests", &["Retry-After: 30"], "slow");
    let (limited, other) = (Upstream::doing([busy(), busy()]), Upstream::start());
    let gateway = TestGateway::builder()
        .route(json!({"targets": [{"host": limited.host(), "weight": 1000}, {"host": other.host()}]}))
        .start()
        .await;
    for _ in 0..5 {
        assert_eq!(gateway.post("/", &json!({})).send().await.status, 200);
    }
    assert_eq!((limited.seen().len(), other.seen().len()), (1, 5));
    gateway.finish().await;
}

#[tokio::test]
async fn when_all_ask_to_be_left_alone_the_client_hears_them_and_nobody_else() {
    let busy = |text: &str| answer("429 Too Many Requests", &["Retry-After: 30"], text);
    let ups = [
        Upstream::doing([busy("first"), busy("third")]),
        Upstream::doing([busy("second"), busy("third")]),
    ];
    let gateway = TestGateway::builder()
        .route(json!({"targets": targets(&ups), "balance": "round_robin"}))
        .start()
        .await;
    for text in ["second", "third"] {
        let answer = gateway.get("/").send().await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "30"));
        assert_eq!(answer.text().await, text);
    }
    let attempts: Vec<usize> = gateway
        .records(2)
        .await
        .iter()
        .map(|record| record.attempts.len())
        .collect();
    assert_eq!(attempts, [2, 1], "nobody is asked who would rather not be");
    gateway.finish().await;
}

#[tokio::test]
async fn one_refuses_one_hangs_one_is_busy_every_other_time_and_clients_notice_nothing() {
    let acts = (0..400).map(|n| match n % 2 {
        0 => Act::Echo,
        _ => answer("503 Service Unavailable", &[], "busy"),
    });
    let ups = [
        Upstream::down(),
        Upstream::doing((0..100).map(|_| Act::Hang)),
        Upstream::doing(acts),
    ];
    let gateway = TestGateway::builder()
        .route(json!({"targets": targets(&ups), "timeout": 1, "retry_count": 10}))
        .start()
        .await;
    let started = Instant::now();
    // As many as the retry budget heals: every second answer of the only target left is a refusal.
    let gets = stream::iter(0..16).map(async |_| gateway.get("/").send().await.status.as_u16());
    let statuses: Vec<u16> = gets.buffer_unordered(2).collect().await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert!(
        started.elapsed() < Duration::from_secs(8),
        "those that do not answer leave rotation"
    );
    // What an upstream may have seen is not repeated: a POST that hangs is 504, and nobody else hears of it.
    let posts = stream::iter(0..6).map(async |n| {
        let answer = gateway.post("/", &json!({"post": n})).send().await;
        (n, answer.status.as_u16())
    });
    let posts: Vec<(i32, u16)> = posts.buffer_unordered(4).collect().await;
    for (n, status) in posts {
        let body = format!("{{\"post\":{n}}}").into_bytes();
        let times = |up: &Upstream| up.seen().iter().filter(|seen| seen.body == body).count();
        match status {
            200 => assert_eq!(times(&ups[1]), 0, "post {n}"),
            504 => assert_eq!((times(&ups[1]), times(&ups[2])), (1, 0), "post {n}"),
            other => panic!("post {n}: {other}"),
        }
    }
    gateway.finish().await;
}

#[tokio::test]
async fn a_target_that_dies_under_load_costs_no_idempotent_request() {
    let mut ups = upstreams(3);
    let gateway = TestGateway::builder()
        .route(json!({"targets": targets(&ups)}))
        .start()
        .await;
    let ask = async |count: usize| {
        let gets = stream::iter(0..count).map(async |_| gateway.get("/").send().await.status.as_u16());
        let statuses: Vec<u16> = gets.buffer_unordered(16).collect().await;
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    };
    ask(300).await;
    let mut dying = ups.pop().unwrap();
    // In the middle of the load, with requests on its connections.
    let kill = async {
        dying.has_seen(dying.seen().len() + 20).await;
        dying.go_down();
    };
    tokio::join!(ask(600), kill);
    ask(100).await;
    assert!(seen(&ups).iter().all(|seen| *seen > 300), "{:?}", seen(&ups));
    gateway.finish().await;
}
