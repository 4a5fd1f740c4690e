//! Stage 1: which requests are well formed, under which id they go on, and who sent them.

use crate::support::client::{Raw, exchange};
use crate::support::gateway::TestGateway;
use crate::support::upstream::Upstream;
use http::Method;
use rstest::rstest;
use serde_json::json;

#[tokio::test]
async fn a_well_formed_request_id_is_kept_on_the_way_there_and_back() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let answer = gateway.get("/").header("x-request-id", "my-id_1.2").send().await;
    assert_eq!(answer.header("x-request-id"), "my-id_1.2");
    assert_eq!(upstream.only().header("x-request-id"), "my-id_1.2");
    assert_eq!(gateway.record().await.item.request_id, "my-id_1.2");
    gateway.finish().await;
}

#[rstest]
#[case::missing(None)]
#[case::blank(Some("a b"))]
#[case::too_long(Some(
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
))]
#[tokio::test]
async fn any_other_request_id_is_made_anew_and_is_the_same_everywhere(#[case] sent: Option<&'static str>) {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let mut call = gateway.get("/");
    if let Some(sent) = sent {
        call = call.header("x-request-id", sent);
    }
    let answer = call.send().await;
    let id = answer.header("x-request-id");
    assert_eq!(id.len(), 32, "{id}");
    assert_eq!(upstream.only().header("x-request-id"), id);
    assert_eq!(gateway.record().await.item.request_id, id);
    gateway.finish().await;
}

#[rstest]
#[case("/a/../b")]
#[case("/a/.")]
#[case("/%2e%2E/b")]
#[case("/a/..;x/b")]
#[case("/a%2fb")]
#[case("/a\\b")]
#[case("/a%5Cb")]
#[case("/a%00b")]
#[case("/a%zz")]
#[case("/a%4")]
#[tokio::test]
async fn a_path_that_could_mean_two_resources_is_refused(#[case] path: &str) {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let key = gateway.key();
    let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\nConnection: close\r\n\r\n");
    let answer = exchange(&gateway, request).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(upstream.seen().len(), 0);
    gateway.finish().await;
}

#[rstest]
#[case::missing("")]
#[case::double("Host: a\r\nHost: a\r\n")]
#[case::empty("Host:\r\n")]
#[case::path("Host: a/b\r\n")]
#[case::user("Host: a@b\r\n")]
#[case::list("Host: a, b\r\n")]
#[case::port("Host: a:http\r\n")]
#[tokio::test]
async fn there_is_exactly_one_host_and_it_is_one(#[case] host: &str) {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let key = gateway.key();
    let request = format!("GET / HTTP/1.1\r\n{host}X-API-Key: {key}\r\nConnection: close\r\n\r\n");
    let answer = exchange(&gateway, request).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("\"code\":\"bad_host\""), "{answer}");
    assert_eq!(upstream.seen().len(), 0);
    gateway.finish().await;
}

#[tokio::test]
async fn a_target_that_names_a_host_is_believed_before_the_field() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let key = gateway.key();
    let request = format!(
        "GET http://gate.example:81/a?b=1 HTTP/1.1\r\nHost: other\r\nX-API-Key: {key}\r\nConnection: close\r\n\r\n"
    );
    let answer = exchange(&gateway, request).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let seen = upstream.only();
    assert_eq!(seen.line, "GET /a?b=1 HTTP/1.1");
    assert_eq!(seen.header("host"), upstream.host());
    assert_eq!(seen.header("x-forwarded-host"), "gate.example:81");
    gateway.finish().await;
}

#[tokio::test]
async fn connect_is_refused() {
    let gateway = TestGateway::builder().start().await;
    let answer = exchange(
        &gateway,
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    gateway.finish().await;
}

#[tokio::test]
async fn what_a_stranger_says_about_itself_is_dropped() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let call = gateway
        .get("/")
        .header("x-forwarded-for", "6.6.6.6")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "for=6.6.6.6")
        .header("x-real-ip", "6.6.6.6")
        .header("x_forwarded_for", "6.6.6.6");
    call.send().await;
    let seen = upstream.only();
    assert_eq!(seen.header("x-forwarded-for"), "127.0.0.1");
    assert_eq!(seen.header("x-forwarded-proto"), "http");
    assert_eq!(seen.header("x-forwarded-host"), gateway.address.to_string());
    assert!(!seen.contains("6.6.6.6"), "{seen:?}");
    assert_eq!(gateway.record().await.item.ip_address, "127.0.0.1");
    gateway.finish().await;
}

#[tokio::test]
async fn a_trusted_proxy_is_believed() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "add_headers": {"X-Client": "${client_ip}"}}))
        .config(|config| config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()])
        .start()
        .await;
    let call = gateway
        .get("/")
        .header("x-forwarded-for", "198.51.100.7")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "gate.example");
    call.send().await;
    let seen = upstream.only();
    assert_eq!(seen.header("x-forwarded-for"), "198.51.100.7, 127.0.0.1");
    assert_eq!(seen.header("x-forwarded-proto"), "https");
    assert_eq!(seen.header("x-forwarded-host"), "gate.example");
    assert_eq!(seen.header("x-client"), "198.51.100.7");
    assert_eq!(gateway.record().await.item.ip_address, "198.51.100.7");
    gateway.finish().await;
}

#[tokio::test]
async fn a_browser_at_the_door_is_shown_to_the_dashboard() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let browser = || {
        gateway
            .stranger(Method::GET, "/")
            .header("accept", "text/html,*/*;q=0.8")
    };
    let answer = browser().send().await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (302, "/admin/dashboard")
    );
    assert!(!answer.header("x-request-id").is_empty());
    let answer = browser().key(gateway.key()).send().await;
    assert_eq!(answer.status, 200, "with a key it is the proxy's");
    assert_eq!(
        gateway.stranger(Method::GET, "/").send().await.status,
        401,
        "and so it is for programs"
    );
    gateway.finish().await;
}

#[rstest]
#[case::no_key("", 401)]
#[case::too_large("X-API-Key: {key}\r\n", 413)]
#[tokio::test]
async fn a_body_is_not_asked_for_when_it_will_be_refused(#[case] header: &str, #[case] status: u16) {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "add_body_fields": {"n": 1}}))
        .config(|config| config.proxy.max_match_body_bytes = 1000)
        .start()
        .await;
    let header = header.replace("{key}", gateway.key());
    let mut raw = Raw::connect(&gateway).await;
    gateway.count_request();
    raw.send(format!(
        "POST / HTTP/1.1\r\nHost: h\r\n{header}Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n"
    ))
    .await;
    let answer = raw.read_to_end().await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    gateway.finish().await;
}

#[tokio::test]
async fn an_expectation_is_answered_by_the_gateway_and_not_passed_on() {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let key = gateway.key();
    let mut raw = Raw::connect(&gateway).await;
    gateway.count_request();
    raw.send(format!(
        "POST / HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    ))
    .await;
    raw.read_until("HTTP/1.1 100 Continue\r\n\r\n").await;
    raw.send("abc").await;
    raw.read_until("HTTP/1.1 200 OK").await;
    let seen = upstream.only();
    assert_eq!(seen.body, b"abc");
    assert!(!seen.has("expect"));
    drop(raw);
    gateway.finish().await;
}

#[rstest]
#[case("/health", false)]
#[case("/health/live", false)]
#[case("/metrics", false)]
#[case("/admin", false)]
#[case("/admin/keys", false)]
#[case("/healthy", true)]
#[case("/metrics/x", true)]
#[case("/administration", true)]
#[case("//admin/keys", true)]
#[tokio::test]
async fn the_gateways_own_paths_are_not_proxied_and_all_others_are(#[case] path: &str, #[case] proxied: bool) {
    let upstream = Upstream::start();
    let gateway = TestGateway::to(upstream.host()).await;
    let key = gateway.key();
    let mut raw = Raw::connect(&gateway).await;
    raw.send(format!(
        "GET {path} HTTP/1.1\r\nHost: h\r\nX-API-Key: {key}\r\nConnection: close\r\n\r\n"
    ))
    .await;
    let answer = raw.read_to_end().await;
    assert!(answer.to_lowercase().contains("x-request-id: "), "{answer}");
    assert_eq!(upstream.seen().len(), usize::from(proxied), "{answer}");
    if proxied {
        gateway.count_request();
    }
    gateway.finish().await;
}
