//! Which fields may follow a body.

use super::*;
use rstest::rstest;

fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let fields = fields.iter();
    fields
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

#[rstest]
#[case("transfer-encoding")]
#[case("content-length")]
#[case("host")]
#[case("authorization")]
#[case("x-api-key")]
#[case("cookie")]
#[case("set-cookie")]
#[case("content-type")]
#[case("trailer")]
#[case("x-forwarded-for")]
#[case("forwarded")]
#[case("via")]
#[case("x-request-id")]
#[case("x_real_ip")]
fn what_would_change_the_message_does_not_follow_it(#[case] name: &'static str) {
    let mut trailers = map(&[(name, "1"), ("grpc-status", "0"), ("digest", "sha-256=x")]);
    keep_allowed(&mut trailers);
    assert_eq!(trailers, map(&[("grpc-status", "0"), ("digest", "sha-256=x")]));
}

#[test]
fn repeated_fields_stay_repeated() {
    let mut trailers = map(&[("server-timing", "a")]);
    trailers.append("server-timing", HeaderValue::from_static("b"));
    let before = trailers.clone();
    keep_allowed(&mut trailers);
    assert_eq!(trailers, before);
}

#[rstest]
#[case::nothing(&[], None)]
#[case::one(&["Digest"], Some("digest"))]
#[case::several(&["Digest, X-Sum", "server-timing"], Some("digest, x-sum, server-timing"))]
#[case::some_that_may_not(&["Content-Length, digest, Authorization"], Some("digest"))]
#[case::none_that_may(&["Host"], None)]
#[case::no_names(&[" , ;;"], None)]
fn announced_is_what_may_follow(#[case] lines: &[&'static str], #[case] expected: Option<&str>) {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(header::TRAILER, HeaderValue::from_static(line));
    }
    assert_eq!(
        announced(&headers).as_ref().map(|value| value.to_str().unwrap()),
        expected
    );
}

#[rstest]
#[case("trailers", true)]
#[case("gzip;q=0.5, Trailers", true)]
#[case("gzip", false)]
#[case("", false)]
fn te_says_whether_trailers_are_read(#[case] te: &'static str, #[case] expected: bool) {
    assert_eq!(are_read(&map(&[("te", te)])), expected);
}
