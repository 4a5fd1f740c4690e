//! The fields for origins that are let in, and for others.

use super::{CorsPolicy, Preflight};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use rstest::rstest;
use serde_json::{Value, json};

fn policy(cors: Value) -> CorsPolicy {
    CorsPolicy::compile(&serde_json::from_value(cors).unwrap()).unwrap()
}

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let line =
        |(name, value): &(&'static str, &'static str)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    lines.iter().map(line).collect()
}

/// All values of a field, joined.
fn text(headers: &HeaderMap, name: &str) -> String {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    values.join(", ")
}

#[rstest]
#[case::any_origin(json!({"allow_origins": ["*"]}), Some("https://a.example"), "*", "", "")]
#[case::any_origin_named_to_nobody(json!({"allow_origins": ["*"]}), None, "*", "", "")]
#[case::one_of_the_list(json!({"allow_origins": ["https://A.example", "http://localhost:3000"]}), Some("https://a.example"), "https://a.example", "", "Origin")]
#[case::another_port(json!({"allow_origins": ["http://localhost:3000"]}), Some("http://localhost:3001"), "", "", "Origin")]
#[case::a_part_of_a_name(json!({"allow_origins": ["https://a.example"]}), Some("https://a.example.evil"), "", "", "Origin")]
#[case::no_origin(json!({"allow_origins": ["https://a.example"]}), None, "", "", "Origin")]
#[case::with_credentials(json!({"allow_origins": ["https://a.example"], "allow_credentials": true}), Some("https://a.example"), "https://a.example", "true", "Origin")]
#[case::no_credentials_for_others(json!({"allow_origins": ["https://a.example"], "allow_credentials": true}), Some("https://b.example"), "", "", "Origin")]
fn an_answer_names_the_origin_that_may_read_it(
    #[case] cors: Value,
    #[case] origin: Option<&'static str>,
    #[case] allowed: &str,
    #[case] credentials: &str,
    #[case] vary: &str,
) {
    let origin = origin.map(HeaderValue::from_static);
    let mut headers = headers(&[
        ("access-control-allow-origin", "https://the-upstreams-own"),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", "x-upstream"),
        ("x-other", "1"),
    ]);
    policy(cors).dress(origin.as_ref(), &mut headers);
    assert_eq!(text(&headers, "access-control-allow-origin"), allowed);
    assert_eq!(text(&headers, "access-control-allow-credentials"), credentials);
    assert_eq!(text(&headers, "vary"), vary);
    assert_eq!(text(&headers, "access-control-expose-headers"), "");
    assert_eq!(text(&headers, "x-other"), "1");
}

#[rstest]
#[case::by_default(json!({}), "DELETE", "authorization, x-a", "")]
#[case::lists(json!({"allow_methods": ["GET", "POST"], "allow_headers": ["X-Team"], "max_age_seconds": 600}), "GET, POST", "X-Team", "600")]
#[case::no_field(json!({"allow_headers": []}), "DELETE", "", "")]
fn a_preflight_hears_what_is_allowed(
    #[case] mut cors: Value,
    #[case] methods: &str,
    #[case] names: &str,
    #[case] max_age: &str,
) {
    cors["allow_origins"] = json!(["*"]);
    let asked = headers(&[
        ("origin", "https://a.example"),
        ("access-control-request-method", "DELETE"),
        ("access-control-request-headers", "authorization, x-a"),
    ]);
    let asked = Preflight::of(&Method::OPTIONS, &asked).unwrap();
    let answer = policy(cors).answer(&asked);
    assert_eq!(text(&answer, "access-control-allow-methods"), methods);
    assert_eq!(text(&answer, "access-control-allow-headers"), names);
    assert_eq!(text(&answer, "access-control-max-age"), max_age);
}

#[rstest]
#[case::another_method(Method::GET, &[("origin", "o"), ("access-control-request-method", "GET")])]
#[case::without_an_origin(Method::OPTIONS, &[("access-control-request-method", "GET")])]
#[case::without_a_method(Method::OPTIONS, &[("origin", "o")])]
fn another_request_is_no_preflight(#[case] method: Method, #[case] lines: &[(&'static str, &'static str)]) {
    assert!(Preflight::of(&method, &headers(lines)).is_none());
}
