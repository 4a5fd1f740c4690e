//! Places that no request is sent to: link-local addresses, metadata services and the like, in whatever way a target
//! leads there.

use crate::support::admin::Admin;
use crate::support::gateway::TestGateway;
use crate::support::names::Names;
use crate::support::upstream::{Upstream, answer};
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[case::as_it_is("169.254.169.254")]
#[case::with_a_port("169.254.169.254:8080")]
#[case::decimal("2852039166")]
#[case::octal("0251.0376.0251.0376:80")]
#[case::hexadecimal("0xa9fea9fe")]
#[case::mapped("[::ffff:169.254.169.254]")]
#[case::nat64("[64:ff9b::a9fe:a9fe]")]
#[case::link_local("[fe80::1]:80")]
#[case::by_name("metadata.example")]
#[case::by_name_mapped("mapped.example")]
#[tokio::test]
async fn a_target_that_leads_to_a_metadata_service_is_not_connected_to(#[case] host: &str) {
    let names = Names::default()
        .with("metadata.example", &["169.254.169.254"])
        .with("mapped.example", &["::ffff:a9fe:a9fe", "fd00:ec2::254"]);
    let gateway = TestGateway::builder()
        .names(names)
        .route(json!({"target_host": host, "retry_count": 3}))
        .start()
        .await;
    let (kind, code, message) = gateway.get("/").send().await.refusal(502).await;
    assert_eq!((&*kind, &*code), ("upstream_error", "upstream_unreachable"));
    assert!(
        !message.contains("169.254") && !message.contains("example"),
        "{message}"
    );
    let record = gateway.record().await;
    assert_eq!(record.attempts.len(), 1, "the same target is not tried again");
    assert_eq!(record.attempts[0].error.as_deref(), Some("address_refused"));
    gateway.finish().await;
}

#[tokio::test]
async fn another_target_stands_in_for_a_refused_one() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"priority": 1, "target_host": "169.254.169.254"}))
        .route(json!({"priority": 2, "target_host": upstream.host()}))
        .start()
        .await;
    assert_eq!(gateway.post("/", &json!({"a": 1})).send().await.status, 200);
    gateway.finish().await;
}

#[tokio::test]
async fn a_redirect_to_a_refused_place_goes_to_the_client_and_is_not_followed() {
    let place = "http://169.254.169.254/latest/meta-data";
    let upstream = Upstream::doing([answer("302 Found", &[&format!("Location: {place}")], "")]);
    let gateway = TestGateway::to(upstream.host()).await;
    let answer = gateway.get("/").send().await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, place));
    gateway.finish().await;
}

#[rstest]
#[case::literal(json!({"target_host": "169.254.169.254"}), &["target_host"])]
#[case::decimal(json!({"target_host": "2852039166:80"}), &["target_host"])]
#[case::mapped(json!({"target_host": "[::ffff:a9fe:a9fe]"}), &["target_host"])]
#[case::one_of_several(json!({"targets": [{"host": "10.0.0.1"}, {"host": "0xa9fea9fe"}]}), &["targets[1].host"])]
#[case::unspecified(json!({"target_host": "0.0.0.0:8080"}), &["target_host"])]
#[tokio::test]
async fn a_refused_address_is_not_saved(#[case] mut route: Value, #[case] fields: &[&str]) {
    let admin = Admin::open().await;
    let members = route.as_object_mut().unwrap();
    members.extend([
        ("route_name".to_owned(), "a".into()),
        ("match_path".to_owned(), "/*".into()),
    ]);
    assert_eq!(admin.post("/admin/routes", route).await.refused(), fields);
}

#[tokio::test]
async fn a_network_that_is_allowed_is_saved_and_connected_to() {
    // This machine by another name: a refused address at which a test may call.
    let allow = |config: &mut fastgate::config::Config| {
        config.security.allow_upstream_networks = vec!["0.0.0.0/32".parse().unwrap()];
    };
    let admin = Admin::with(allow).await;
    let route = |host: &str| json!({"route_name": host, "match_path": "/*", "target_host": host});
    admin.post("/admin/routes", route("0.0.0.0:9")).await.json(201);
    assert_eq!(
        admin.post("/admin/routes", route("0.0.0.1:9")).await.refused(),
        ["target_host"]
    );
    let upstream = Upstream::start();
    let host = upstream.host().replace("127.0.0.1", "0.0.0.0");
    let gateway = TestGateway::builder()
        .config(allow)
        .route(json!({"target_host": host}))
        .start()
        .await;
    assert_eq!(gateway.get("/").send().await.status, 200);
    gateway.finish().await;
}

#[tokio::test]
async fn a_route_test_goes_nowhere_else_either() {
    let admin = Admin::open().await;
    let route = json!({"route_name": "a", "match_path": "/*", "target_host": "localhost.metadata.invalid"});
    let created = admin.post("/admin/routes", route).await.json(201);
    let path = format!("/admin/routes/{}/test", created["route_id"].as_str().unwrap());
    let result = admin.post(&path, json!({})).await.json(200);
    assert_eq!(result["error_message"], "cannot connect: the name has no address");
}
