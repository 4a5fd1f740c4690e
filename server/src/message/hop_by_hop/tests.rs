//! Which header fields end at the gateway.

use super::{only_chunked, strip, strip_underscored};
use http::header::TRANSFER_ENCODING;
use http::{HeaderMap, HeaderName, HeaderValue};
use rstest::rstest;

fn fields(list: &[(&str, &str)]) -> HeaderMap {
    list.iter()
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect()
}

fn names(headers: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    names
}

#[rstest]
#[case("connection", "keep-alive")]
#[case("keep-alive", "timeout=5")]
#[case("proxy-connection", "keep-alive")]
#[case("proxy-authenticate", "Basic")]
#[case("proxy-authorization", "Basic eDp5")]
#[case("te", "trailers, deflate")]
#[case("transfer-encoding", "chunked")]
#[case("upgrade", "websocket")]
#[case("trailer", "x-checksum")]
fn a_hop_by_hop_field_is_removed(#[case] name: &str, #[case] value: &str) {
    let mut headers = fields(&[(name, value), ("accept", "*/*")]);
    strip(&mut headers);
    assert_eq!(names(&headers), ["accept"]);
}

#[test]
fn fields_that_connection_names_are_removed_from_all_its_lines_in_any_case() {
    let mut headers = fields(&[
        ("connection", "close, X-One"),
        ("connection", "x-two ,, x three"),
        ("x-one", "1"),
        ("x-two", "2"),
        ("x-three", "3"),
    ]);
    strip(&mut headers);
    assert_eq!(names(&headers), ["x-three"]);
}

#[test]
fn connection_cannot_take_the_framing_or_the_host_away() {
    let mut headers = fields(&[
        ("connection", "content-length, host"),
        ("content-length", "3"),
        ("host", "h"),
    ]);
    strip(&mut headers);
    assert_eq!(names(&headers), ["content-length", "host"]);
}

#[test]
fn repeated_end_to_end_fields_stay_in_order() {
    let mut headers = fields(&[("set-cookie", "a=1"), ("set-cookie", "b=2"), ("connection", "close")]);
    strip(&mut headers);
    let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
}

#[test]
fn names_with_an_underscore_are_dropped() {
    let mut headers = fields(&[("x_forwarded_for", "6.6.6.6"), ("x-a", "1"), ("_", "2")]);
    strip_underscored(&mut headers);
    assert_eq!(names(&headers), ["x-a"]);
}

#[rstest]
#[case(&[], true)]
#[case(&["chunked"], true)]
#[case(&[" CHUNKED\t"], true)]
#[case(&["", ",chunked,"], true)]
#[case(&["gzip, chunked"], false)]
#[case(&["gzip", "chunked"], false)]
#[case(&["identity, chunked"], false)]
#[case(&["chunked", "chunked"], false)]
#[case(&["gzip"], false)]
fn chunks_are_the_only_coding_that_is_undone(#[case] values: &[&str], #[case] expected: bool) {
    let headers = values
        .iter()
        .map(|value| (TRANSFER_ENCODING, HeaderValue::from_str(value).unwrap()))
        .collect::<HeaderMap>();
    assert_eq!(only_chunked(&headers), expected);
}
