//! Who asked, as the upstream hears it.

use super::{Peer, add_via, client_address, rebuild, times_passed};
use http::{HeaderMap, HeaderName, HeaderValue, Version};
use rstest::rstest;
use std::net::IpAddr;

const PEER: &str = "10.0.0.9";

fn peer(trusted: bool) -> Peer {
    Peer {
        address: PEER.parse().unwrap(),
        trusted,
        secure: false,
    }
}

fn fields(list: &[(&str, &str)]) -> HeaderMap {
    list.iter()
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect()
}

fn rebuilt(list: &[(&str, &str)], trusted: bool) -> HeaderMap {
    let mut headers = fields(list);
    rebuild(&mut headers, peer(trusted), &HeaderValue::from_static("id-1"));
    headers
}

#[test]
fn a_request_without_such_fields_gets_them_from_its_connection() {
    let headers = rebuilt(&[("host", "gate.example")], false);
    assert_eq!(headers["x-forwarded-for"], PEER);
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["x-forwarded-host"], "gate.example");
    assert_eq!(headers["x-request-id"], "id-1");
}

#[rstest]
#[case("forwarded", "for=6.6.6.6")]
#[case("x-forwarded-for", "6.6.6.6")]
#[case("x-forwarded-proto", "https")]
#[case("x-forwarded-host", "evil.example")]
#[case("x-forwarded-port", "443")]
#[case("x-forwarded-prefix", "/admin")]
#[case("x-forwarded-ssl", "on")]
#[case("x-real-ip", "6.6.6.6")]
#[case("x-request-id", "bad id")]
fn what_a_stranger_says_is_dropped(#[case] name: &str, #[case] value: &str) {
    let headers = rebuilt(&[("host", "gate.example"), (name, value)], false);
    assert!(headers.get_all(name).iter().all(|kept| kept != value));
}

#[test]
fn a_trusted_proxys_words_are_kept_and_added_to() {
    let headers = rebuilt(
        &[
            ("host", "inner"),
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "2.2.2.2, 3.3.3.3"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "outer.example"),
        ],
        true,
    );
    let chain: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    assert_eq!(chain, ["1.1.1.1, 2.2.2.2, 3.3.3.3, 10.0.0.9"]);
    assert_eq!(headers["x-forwarded-proto"], "https");
    assert_eq!(headers["x-forwarded-host"], "outer.example");
}

#[rstest]
#[case::untrusted_peer(false, "1.1.1.1", PEER)]
#[case::no_chain(true, "", PEER)]
#[case::one(true, "1.1.1.1", "1.1.1.1")]
#[case::last_that_is_not_trusted(true, "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1")]
#[case::all_trusted(true, "10.0.0.3, 10.0.0.2", "10.0.0.3")]
#[case::forged_text_ends_the_chain(true, "1.1.1.1, junk, 10.0.0.2", "10.0.0.2")]
#[case::with_port(true, "1.1.1.1:5000", "1.1.1.1")]
#[case::ipv6(true, "2001:db8::1", "2001:db8::1")]
#[case::ipv6_in_brackets(true, "[2001:db8::1]:5000", "2001:db8::1")]
fn the_client_is_the_last_address_that_no_trusted_proxy_stands_for(
    #[case] trusted: bool,
    #[case] chain: &str,
    #[case] client: &str,
) {
    let headers = if chain.is_empty() {
        HeaderMap::new()
    } else {
        fields(&[("x-forwarded-for", chain)])
    };
    let is_trusted = |address: IpAddr| address.to_string().starts_with("10.");
    let expected: IpAddr = client.parse().unwrap();
    assert_eq!(client_address(&headers, peer(trusted), is_trusted), expected);
}

#[rstest]
#[case(Version::HTTP_10, "1.0 fastgate")]
#[case(Version::HTTP_11, "1.1 fastgate")]
#[case(Version::HTTP_2, "2 fastgate")]
fn via_is_added_behind_those_of_earlier_hops(#[case] version: Version, #[case] own: &str) {
    let mut headers = fields(&[("via", "1.1 first")]);
    add_via(&mut headers, version);
    let hops: Vec<_> = headers.get_all("via").iter().collect();
    assert_eq!(hops, ["1.1 first", own]);
}

#[test]
fn passing_through_is_counted_over_all_lines_of_via() {
    let headers = fields(&[
        ("via", "1.1 fastgate, 1.0 fred"),
        ("via", "1.1 fastgate (x)"),
        ("via", "1.1 fastgates"),
    ]);
    assert_eq!(times_passed(&headers), 2);
}
