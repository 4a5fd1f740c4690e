//! Stage 3: which route takes a request.

use crate::support::gateway::TestGateway;
use crate::support::upstream::{Upstream, answer};
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

#[tokio::test]
async fn paths_match_by_the_table_of_the_contract() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        .start()
        .await;
    let route_id = &gateway.routes[0].route_id;
    let table: [(&str, &[&str], &[&str]); 9] = [
        (
            "/exact/path",
            &["/exact/path", "/ex%61ct/path"],
            &["/exact/path/", "/Exact/path", "/exact"],
        ),
        ("/v1/*", &["/v1/chat", "/v1/chat/completions"], &["/v1", "/v10/x"]),
        ("/v2*", &["/v2", "/v2/chat/completions", "/v2beta"], &["/v3"]),
        ("/api/v2/**", &["/api/v2/user/profile", "/api/v2"], &["/api/v20"]),
        ("/a/*/c", &["/a/b/c"], &["/a/c", "/a/b/b/c"]),
        ("/a/**/z", &["/a/z", "/a/b/z", "/a/b/c/z"], &["/a/b"]),
        ("/user/{id}", &["/user/1"], &["/user/1/x", "/user/", "/user"]),
        ("/f/{rest:path}", &["/f/a", "/f/a/b"], &["/f/", "/f"]),
        ("*.json", &["/a.json", "/a/b.json"], &["/a.jsonx"]),
    ];
    for (pattern, matching, other) in table {
        gateway
            .change_route(route_id, json!({"match_path": pattern, "target_host": upstream.host()}))
            .await;
        for path in matching {
            assert_eq!(gateway.get(path).send().await.status, 200, "{pattern} takes {path}");
            let line = upstream.seen().last().unwrap().line.clone();
            assert_eq!(line, format!("GET {path} HTTP/1.1"), "in the client's own spelling");
        }
        for path in other {
            assert_eq!(gateway.get(path).send().await.status, 404, "{pattern} leaves {path}");
        }
    }
    gateway.finish().await;
}

#[tokio::test]
async fn methods_match_by_name_in_any_case_and_any_takes_all() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "/some", "match_method": "post, Get", "target_host": upstream.host()}))
        .route(json!({"match_path": "/any", "match_method": "any", "target_host": upstream.host()}))
        .start()
        .await;
    for (method, path, status) in [
        ("GET", "/some", 200),
        ("POST", "/some", 200),
        ("PUT", "/some", 404),
        ("HEAD", "/some", 404),
        ("HEAD", "/any", 200),
        ("DELETE", "/any", 200),
        ("OPTIONS", "/any", 200),
        ("PROPFIND", "/any", 200),
    ] {
        let method: Method = method.parse().unwrap();
        assert_eq!(
            gateway.call(method.clone(), path).send().await.status,
            status,
            "{method} {path}"
        );
    }
    gateway.finish().await;
}

#[tokio::test]
async fn header_conditions_must_all_fit() {
    let upstream = Upstream::start();
    let rules = json!({"X-Tenant": "Acme", "User-Agent": "regex:^curl/[78]"});
    let gateway = TestGateway::builder()
        .route(json!({"match_headers": rules, "target_host": upstream.host()}))
        .start()
        .await;
    let ask = |tenant: &'static str, agent: &'static str| {
        gateway
            .get("/")
            .header("x-tenant", tenant)
            .header("user-agent", agent)
            .send()
    };
    assert_eq!(ask("ACME", "CURL/8.1").await.status, 200);
    assert_eq!(ask("acme corp", "curl/8.1").await.status, 404);
    assert_eq!(ask("acme", "wget/1").await.status, 404);
    assert_eq!(gateway.get("/").header("x-tenant", "acme").send().await.status, 404);
    gateway.finish().await;
}

#[rstest]
#[case::short_form(json!({"model": "qwen3"}), json!({"model": "qwen3", "x": 1}), true)]
#[case::short_form_other(json!({"model": "qwen3"}), json!({"model": "qwen3-8b"}), false)]
#[case::short_form_missing(json!({"model": "qwen3"}), json!({"a": 1}), false)]
#[case::dotted(json!({"user.tier": "pro"}), json!({"user": {"tier": "pro"}}), true)]
#[case::numbers(json!({"n": 1}), json!({"n": 1.0}), true)]
#[case::schema(json!({"properties": {"stream": {"const": true}}, "required": ["stream"]}), json!({"stream": true}), true)]
#[case::schema_other(json!({"properties": {"stream": {"const": true}}}), json!({"stream": false}), false)]
#[case::type_as_a_field(json!({"type": "chat"}), json!({"type": "chat"}), true)]
#[tokio::test]
async fn bodies_match_by_both_forms(#[case] rule: Value, #[case] body: Value, #[case] matches: bool) {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"match_body_schema": rule, "target_host": upstream.host()}))
        .start()
        .await;
    let status = gateway.post("/", &body).send().await.status;
    assert_eq!(status, if matches { 200 } else { 404 });
    if matches {
        assert_eq!(upstream.only().body, body.to_string().into_bytes());
    }
    gateway.finish().await;
}

#[tokio::test]
async fn a_body_is_json_whatever_its_type_says_but_never_under_an_encoding() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"match_body_schema": {"a": 1}, "target_host": upstream.host()}))
        .start()
        .await;
    let ask = |body: &'static str| gateway.call(Method::POST, "/").body(body);
    assert_eq!(
        ask(r#"{"a":1}"#)
            .header("content-type", "text/plain")
            .send()
            .await
            .status,
        200
    );
    assert_eq!(ask("a=1").send().await.status, 404);
    assert_eq!(ask("").send().await.status, 404);
    assert_eq!(
        ask(r#"{"a":1}"#).header("content-encoding", "gzip").send().await.status,
        404
    );
    gateway.finish().await;
}

#[tokio::test]
async fn two_routes_by_model_share_a_path() {
    let (qwen, other) = (Upstream::start(), Upstream::start());
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "/v2*", "match_method": "POST", "priority": 40,
            "match_body_schema": {"model": "mckj/Qwen3-30B-A3B"},
            "target_host": qwen.host(), "target_path": "/v1/chat/completions"}))
        .route(json!({"match_path": "/v2*", "match_method": "POST", "priority": 80,
            "target_host": other.host(), "target_path": "/v1/chat/completions"}))
        .start()
        .await;
    let path = "/v2/chat/completions";
    gateway.post(path, &json!({"model": "mckj/Qwen3-30B-A3B"})).send().await;
    gateway.post(path, &json!({"model": "gpt-4o"})).send().await;
    assert_eq!(qwen.only().body, br#"{"model":"mckj/Qwen3-30B-A3B"}"#);
    assert_eq!(other.only().body, br#"{"model":"gpt-4o"}"#);
    assert_eq!(qwen.only().line, "POST /v1/chat/completions HTTP/1.1");
    gateway.finish().await;
}

#[tokio::test]
async fn the_lowest_priority_number_wins_then_the_more_specific_path_then_the_older_route() {
    let ups: Vec<Upstream> = (0..4).map(|_| Upstream::start()).collect();
    let route = |index: usize, path: &str, priority: u16| json!({"match_path": path, "priority": priority, "target_host": ups[index].host()});
    // Not quite the same match: otherwise the two would share.
    let mut younger = route(3, "/v1/chat", 100);
    younger["match_method"] = "GET".into();
    let gateway = TestGateway::builder()
        .route(route(0, "/**", 50))
        .route(route(1, "/v1/*", 100))
        .route(route(2, "/v1/chat", 100))
        .route(younger)
        .start()
        .await;
    gateway.get("/v1/chat").send().await;
    assert_eq!(ups[0].seen().len(), 1);
    gateway
        .change_route(&gateway.routes[0].route_id, route(0, "/**", 200))
        .await;
    gateway.get("/v1/chat").send().await;
    assert_eq!(ups[2].seen().len(), 1);
    let seen: Vec<usize> = ups.iter().map(|up| up.seen().len()).collect();
    assert_eq!(seen, [1, 0, 1, 0]);
    gateway.finish().await;
}

#[tokio::test]
async fn a_route_that_is_switched_off_takes_nothing_and_one_in_flight_is_not_disturbed() {
    let upstream = Upstream::start();
    let (feed, act) = crate::support::upstream::stream("text/event-stream");
    upstream.then(act);
    let gateway = TestGateway::to(upstream.host()).await;
    let mut running = gateway.get("/").send().await;
    gateway
        .change_route(
            &gateway.routes[0].route_id,
            json!({"is_active": false, "target_host": upstream.host()}),
        )
        .await;
    assert_eq!(gateway.get("/").send().await.status, 404);
    feed.chunk("data: still here\n\n").await;
    assert_eq!(running.piece().await.unwrap().unwrap(), "data: still here\n\n");
    feed.end().await;
    assert!(running.piece().await.is_none());
    gateway.finish().await;
}

#[rstest]
#[case::schema(json!({"match_body_schema": {"a": 1}}), true)]
#[case::body_fields(json!({"add_body_fields": {"a": 1}}), true)]
#[case::nothing(json!({}), false)]
#[tokio::test]
async fn a_body_over_the_limit_is_refused_only_where_it_must_be_read(
    #[case] mut route: Value,
    #[case] must_be_read: bool,
    #[values(true, false)] announced: bool,
) {
    let upstream = Upstream::start();
    route["target_host"] = upstream.host().into();
    let gateway = TestGateway::builder()
        .route(route)
        .config(|config| config.proxy.max_match_body_bytes = 1000)
        .start()
        .await;
    let body = "x".repeat(1001);
    let answer = if announced {
        gateway.call(Method::POST, "/").body(body.clone()).send().await
    } else {
        let (call, pieces) = gateway.call(Method::POST, "/").pieces();
        let sending = async {
            // A refused body is not read to its end.
            let _ = pieces.send(body.clone().into()).await;
            drop(pieces);
        };
        tokio::join!(call.send(), sending).0
    };
    if must_be_read {
        let (kind, code, _) = answer.refusal(413).await;
        assert_eq!(
            (kind.as_str(), code.as_str()),
            ("invalid_request_error", "body_too_large")
        );
        assert_eq!(upstream.seen().len(), 0);
    } else {
        assert_eq!(answer.status, 200);
        assert_eq!(upstream.only().body.len(), body.len());
    }
    gateway.finish().await;
}

#[tokio::test]
async fn an_encoded_body_of_any_size_streams_past_rules_that_it_cannot_fit() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"priority": 1, "match_body_schema": {"a": 1}, "target_host": "127.0.0.1:1"}))
        .route(json!({"priority": 2, "target_host": upstream.host()}))
        .config(|config| config.proxy.max_match_body_bytes = 10)
        .start()
        .await;
    let call = gateway
        .call(Method::POST, "/")
        .header("content-encoding", "br")
        .body("x".repeat(500));
    assert_eq!(call.send().await.status, 200);
    assert_eq!(upstream.only().body.len(), 500);
    gateway.finish().await;
}

#[tokio::test]
async fn a_status_from_the_upstream_is_no_verdict_about_routes() {
    let (first, second) = (Upstream::doing([answer("404 Not Found", &[], "no")]), Upstream::start());
    let gateway = TestGateway::builder()
        .route(json!({"priority": 1, "target_host": first.host()}))
        .route(json!({"priority": 2, "target_host": second.host()}))
        .start()
        .await;
    let answer = gateway.get("/").send().await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.text().await, "no");
    assert_eq!(second.seen().len(), 0);
    gateway.finish().await;
}
