//! Clients' errors: a row for each of the table in `proxy/error.rs`, through a route whose upstream, fields and query are
//! nobody's to know.

use super::keeps_quiet;
use crate::corpus::reader::responses;
use crate::support::client::{Raw, exchange};
use crate::support::gateway::TestGateway;
use crate::support::http2::{Http2, full};
use crate::support::names::Names;
use crate::support::tls;
use crate::support::upstream::{Act, Upstream};
use axum::Router;
use axum::routing::get;
use fastgate::config::Config;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tempfile::TempDir;

/// What is sent to the upstream, and where in it.
const SECRET: &str = "sk-of-the-upstream-0123456789";
const QUERY: &str = "AIzaOfTheQuery0123456789";
const FIELD: &str = "X-Inner-Token";
/// A target by its name.
const NAMED: &str = "inner.example:8443";

/// How a client comes to hear an error.
struct Provoked {
    status: u16,
    code: &'static str,
    /// First line, and fields with the ends of their lines.
    asks: (String, String),
    body: &'static str,
    /// Beside what all these routes have.
    route: Value,
    key: Value,
    config: fn(&mut Config),
    /// Nobody is there without.
    upstream: fn() -> Option<Act>,
    meanwhile: Meanwhile,
}

/// What happens beside the request.
#[derive(PartialEq)]
enum Meanwhile {
    Nothing,
    /// The same was asked before, and answered.
    AskedBefore,
    /// The same is in flight.
    InFlight,
    /// An administrator cancels it.
    Cancelled,
    /// The client says in the middle of the body that nothing more comes.
    Ended,
}

fn provoked(status: u16, code: &'static str, line: &str) -> Provoked {
    Provoked {
        status,
        code,
        asks: (format!("{line} HTTP/1.1"), String::new()),
        body: "",
        route: json!({}),
        key: json!({}),
        config: |_| (),
        upstream: || Some(Act::Echo),
        meanwhile: Meanwhile::Nothing,
    }
}

impl Provoked {
    fn with(mut self, fields: &str) -> Self {
        self.asks.1.push_str(fields);
        self
    }

    fn sending(self, framing: &str, body: &'static str) -> Self {
        Self { body, ..self }.with(framing)
    }

    fn by(self, route: Value) -> Self {
        Self { route, ..self }
    }

    fn of(self, key: Value) -> Self {
        Self { key, ..self }
    }

    fn under(self, config: fn(&mut Config)) -> Self {
        Self { config, ..self }
    }

    fn from(self, upstream: fn() -> Option<Act>) -> Self {
        Self { upstream, ..self }
    }

    fn while_(self, meanwhile: Meanwhile) -> Self {
        Self { meanwhile, ..self }
    }

    /// The bytes of the request.
    fn bytes(&self, key: &str) -> String {
        let (line, fields) = &self.asks;
        let key = match fields.contains("X-API-Key:") {
            true => String::new(),
            false => format!("X-API-Key: {key}\r\n"),
        };
        let host = if fields.contains("Host:") { "" } else { "Host: h\r\n" };
        format!("{line}\r\n{host}{key}Connection: close\r\n{fields}\r\n{}", self.body)
    }
}

const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

/// What is wrong with requests as such.
fn refused_at_the_door() -> Vec<Provoked> {
    let small: fn(&mut Config) = |config| config.server.max_header_bytes = 8192;
    let passed = "Via: 1.1 fastgate\r\n".repeat(8);
    vec![
        provoked(400, "malformed_request", "GET /x").with("Bad Field: 1\r\n"),
        provoked(400, "connect_refused", "CONNECT h:1"),
        provoked(400, "bad_host", "GET /x").with("Host: a\r\nHost: b\r\n"),
        provoked(400, "bad_target", "GET ftp://h/x"),
        provoked(400, "transfer_coding", "POST /x").sending("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        provoked(400, "ambiguous_path", "GET /a/%2e%2e/b"),
        provoked(414, "uri_too_long", &format!("GET /{}", "x".repeat(10_000))).under(small),
        provoked(431, "head_too_large", "GET /x")
            .with(&format!("X-Large: {}\r\n", "x".repeat(10_000)))
            .under(small),
        provoked(417, "expectation_failed", "GET /x").with("Expect: 200-ok\r\n"),
        provoked(508, "loop_detected", "GET /x").with(&passed),
        provoked(401, "missing_api_key", "GET /x").with("X-API-Key: \r\n"),
        provoked(401, "invalid_api_key", "GET /x").with("X-API-Key: fg_unknown\r\n"),
        provoked(401, "key_disabled", "GET /x").of(json!({"is_active": false})),
        provoked(401, "key_expired", "GET /x").of(json!({"expires_at": "2020-01-01T00:00:00Z"})),
        provoked(404, "no_matching_route", "GET /x").by(json!({"match_path": "/elsewhere"})),
    ]
}

/// What a route, a key or the gateway does not take.
fn refused_by_a_rule() -> Vec<Provoked> {
    let hangs: fn() -> Option<Act> = || Some(Act::Hang);
    let impatient: fn(&mut Config) = |config| config.server.body_timeout_seconds = 1;
    let cors = json!({"auth": "none", "cors": {"allow_origins": ["https://page.example"]}});
    // Rules about the body make the gateway read it to its end before anybody else does.
    let about_bodies = json!({"match_body_schema": {"a": 1}});
    vec![
        provoked(403, "permission_denied", "GET /x").of(json!({"permissions": ["path:/v2/*"]})),
        provoked(403, "address_not_allowed", "GET /x").by(json!({"ip_allow": ["192.0.2.0/24"]})),
        provoked(403, "origin_not_allowed", "OPTIONS /x")
            .with("Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n")
            .by(cors),
        provoked(405, "trace_refused", "TRACE /x"),
        provoked(413, "body_too_large", "POST /x")
            .sending("Content-Length: 4\r\n", "four")
            .by(json!({"max_body_bytes": 3})),
        provoked(400, "broken_body", "POST /x")
            .sending(CHUNKED, "2\r\nok\r\nxyz\r\n")
            .by(about_bodies.clone()),
        provoked(400, "incomplete_body", "POST /x")
            .sending(CHUNKED, "5\r\nab")
            .by(about_bodies.clone())
            .while_(Meanwhile::Ended),
        provoked(408, "body_timeout", "POST /x")
            .sending(CHUNKED, "5\r\nab")
            .by(about_bodies)
            .under(impatient),
        provoked(429, "rate_limit_exceeded", "GET /x")
            .of(json!({"rate_limit": 1}))
            .while_(Meanwhile::AskedBefore),
        provoked(429, "too_many_concurrent_requests", "GET /x")
            .of(json!({"max_concurrency": 1}))
            .from(hangs)
            .while_(Meanwhile::InFlight),
        provoked(503, "overloaded", "GET /x")
            .by(json!({"max_concurrency": 1}))
            .under(|config| config.proxy.queue_seconds = 0)
            .from(hangs)
            .while_(Meanwhile::InFlight),
        provoked(503, "request_cancelled", "GET /x")
            .from(hangs)
            .while_(Meanwhile::Cancelled),
    ]
}

/// What upstreams, and the ways to them, do not do; their faults on the wire are in `faults`.
fn failed_upstreams() -> Vec<Provoked> {
    let nobody: fn() -> Option<Act> = || None;
    let breaker = json!({"failures": 1, "window_seconds": 60, "open_seconds": 60});
    vec![
        provoked(502, "upstream_unreachable", "GET /refuses").from(nobody),
        provoked(502, "upstream_unreachable", "GET /resets").from(|| Some(Act::Reset)),
        provoked(502, "upstream_unreachable", "GET /no-name").by(json!({"target_host": NAMED})),
        provoked(502, "upstream_unreachable", "GET /forbidden").by(json!({"target_host": "169.254.169.254:8443"})),
        provoked(504, "upstream_timeout", "GET /no-tls")
            .by(json!({"target_protocol": "https"}))
            .under(|config| config.proxy.connect_timeout = 1),
        provoked(502, "upstream_malformed", "GET /nonsense").from(|| Some(Act::Answer("no HTTP\r\n\r\n".to_owned()))),
        provoked(504, "upstream_timeout", "GET /hangs")
            .from(|| Some(Act::Hang))
            .by(json!({"timeout": 1})),
        provoked(503, "no_upstream_available", "GET /open")
            .from(|| Some(Act::Reset))
            .by(json!({"circuit_breaker": breaker}))
            .while_(Meanwhile::AskedBefore),
    ]
}

/// The gateway of a row.
async fn gateway(row: &Provoked, upstream: &Upstream) -> TestGateway {
    let mut route = json!({
        "target_host": upstream.host(), "target_path": format!("/inner?key={QUERY}"), "retry_count": 0,
        "add_headers": {"Authorization": format!("Bearer {SECRET}"), FIELD: SECRET},
    });
    route
        .as_object_mut()
        .unwrap()
        .extend(row.route.as_object().unwrap().clone());
    TestGateway::builder()
        .names(Names::default())
        .route(route)
        .key(row.key.clone())
        .config(row.config)
        .start()
        .await
}

/// Asks; what comes is the whole answer to the last request.
async fn hear(row: &Provoked, gateway: &TestGateway, upstream: &Upstream) -> Vec<u8> {
    let request = row.bytes(gateway.key());
    let mut raw = Raw::connect(gateway).await;
    match row.meanwhile {
        Meanwhile::Nothing | Meanwhile::Ended | Meanwhile::Cancelled => {}
        Meanwhile::AskedBefore => drop(exchange(gateway, &request).await),
        Meanwhile::InFlight => {
            gateway.count_request();
            let mut first = Raw::connect(gateway).await;
            first.send(&request).await;
            upstream.has_seen(1).await;
            gateway.count_request();
            raw.send(&request).await;
            // The first one leaves when this one was answered.
            return raw.read_bytes_to_end().await;
        }
    }
    gateway.count_request();
    raw.send(&request).await;
    if row.meanwhile == Meanwhile::Ended {
        raw.end().await;
    }
    if row.meanwhile == Meanwhile::Cancelled {
        upstream.has_seen(1).await;
        let path = format!("/admin/logs/{}/cancel", gateway.log_id());
        assert_eq!(gateway.admin(Method::POST, &path).send().await.status, 202);
    }
    raw.read_bytes_to_end().await
}

/// Whether it is the error of the row, and tells nothing.
fn judge(row: &Provoked, heard: &[u8], upstream: &Upstream) -> Result<(), String> {
    let answers = responses(heard, false)?;
    let [answer] = &answers[..] else {
        return Err(format!("{} answers", answers.len()));
    };
    let body: Value = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    if answer.status != row.status || body["error"]["code"] != row.code {
        return Err(format!("{} {body}", answer.status));
    }
    let host = upstream.host();
    let (_, port) = host.split_at(host.rfind(':').unwrap());
    keeps_quiet(
        heard,
        &[port, "127.0.0.1", "169.254", "inner", "8443", SECRET, QUERY, FIELD],
    )
}

#[tokio::test]
async fn no_error_tells_a_client_what_is_behind_the_gateway() {
    let mut wrong = Vec::new();
    // A panic is everybody's error, and has a test below.
    let mut codes = BTreeSet::from(["internal_error"]);
    for row in [refused_at_the_door(), refused_by_a_rule(), failed_upstreams()]
        .into_iter()
        .flatten()
    {
        let upstream = match (row.upstream)() {
            None => Upstream::down(),
            Some(act) => Upstream::doing([act]),
        };
        let gateway = gateway(&row, &upstream).await;
        let heard = hear(&row, &gateway, &upstream).await;
        if let Err(reason) = judge(&row, &heard, &upstream) {
            wrong.push(format!(
                "{} of {}: {reason}\n  {}",
                row.code,
                row.asks.0,
                heard.escape_ascii()
            ));
        }
        codes.insert(row.code);
        gateway.finish().await;
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let missing: Vec<&str> = codes_of_the_table().filter(|code| !codes.contains(code)).collect();
    assert!(missing.is_empty(), "not provoked: {missing:?}");
}

/// What stands as a code in the source of the table: words with `_` that are neither a `type` nor a member's name.
fn codes_of_the_table() -> impl Iterator<Item = &'static str> {
    let source = include_str!("../../../src/proxy/error.rs");
    let words = source
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| text.contains('_') && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
    words
        .filter(|word| *word == "internal_error" || !word.ends_with("_error") && *word != "request_id")
        .chain(["overloaded"])
}

#[tokio::test]
async fn a_defect_of_the_gateway_tells_nothing_of_itself() {
    async fn breaks() {
        panic!("SELECT * FROM api_keys: no such table, at {NAMED} with {SECRET}");
    }
    let doors = Router::new().route("/admin/breaks", get(breaks));
    let gateway = TestGateway::builder().doors(doors).start().await;
    let mut raw = Raw::connect(&gateway).await;
    raw.send("GET /admin/breaks HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .await;
    let heard = raw.read_to_end().await;
    assert!(
        heard.starts_with("HTTP/1.1 500 ") && heard.contains("internal_error"),
        "{heard}"
    );
    assert_eq!(keeps_quiet(heard.as_bytes(), &["inner", SECRET]), Ok(()));
    gateway.finish().await;
}

#[tokio::test]
async fn callers_of_grpc_hear_no_more_than_others() {
    let upstream = Upstream::down();
    let row = provoked(502, "upstream_unreachable", "POST /inner.Talk/Greet").by(json!({"target_protocol": "h2c"}));
    let gateway = gateway(&row, &upstream).await;
    let client = Http2::connect(&gateway).await;
    let request = Http2::request(&gateway, "POST", "/tests.Talk/Greet")
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    let answer = client.send(request.body(full(vec![0; 5])).unwrap()).await.unwrap();
    let fields = format!("{:?}", answer.headers());
    assert!(fields.contains("grpc-status"), "{fields}");
    assert_eq!(
        keeps_quiet(fields.as_bytes(), &["127.0.0.1", "inner", SECRET, QUERY, FIELD]),
        Ok(())
    );
    drop(client);
    gateway.finish().await;
}

#[tokio::test]
async fn who_speaks_plainly_where_tls_is_spoken_hears_no_more_than_others() {
    let folder = TempDir::new().unwrap();
    let files = tls::make(folder.path(), "inner", &["inner.example"]).files;
    let gateway = TestGateway::builder()
        .config(|config| (config.server.tls.cert, config.server.tls.key) = (Some(files.cert), Some(files.key)))
        .start()
        .await;
    let heard = exchange(&gateway, "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
    assert!(heard.contains("tls_required"), "{heard}");
    assert_eq!(
        keeps_quiet(heard.as_bytes(), &["inner", &folder.path().display().to_string()]),
        Ok(())
    );
    gateway.finish().await;
}
