//! Who a client is.

use super::{ClientAddress, TrustedProxies};
use http::HeaderMap;
use rstest::rstest;
use std::net::IpAddr;

fn trusted(networks: &[&str]) -> TrustedProxies {
    let networks: Vec<_> = networks.iter().map(|network| network.parse().unwrap()).collect();
    TrustedProxies::new(&networks)
}

#[rstest]
#[case("10.1.2.3", true)]
#[case("11.0.0.1", false)]
#[case("::ffff:10.1.2.3", true)]
#[case("fd00::1", true)]
#[case("::1", false)]
fn networks_hold_addresses_also_when_they_are_mapped(#[case] address: &str, #[case] held: bool) {
    let proxies = trusted(&["10.0.0.0/8", "fd00::/8"]);
    assert_eq!(proxies.contains(address.parse().unwrap()), held);
}

#[test]
fn nobody_is_trusted_unless_configured() {
    assert!(!trusted(&[]).contains("127.0.0.1".parse().unwrap()));
}

#[rstest]
#[case::direct("127.0.0.1", "", true)]
#[case::mapped("::ffff:127.0.0.1", "", true)]
#[case::through_a_local_proxy("127.0.0.1", "203.0.113.7", false)]
#[case::stranger("203.0.113.7", "127.0.0.1", false)]
fn loopback_is_who_asks_from_this_machine(#[case] peer: &str, #[case] chain: &str, #[case] loopback: bool) {
    let proxies = trusted(&["127.0.0.0/8"]);
    let peer = proxies.peer(peer.parse::<IpAddr>().unwrap());
    let mut headers = HeaderMap::new();
    if !chain.is_empty() {
        headers.insert("x-forwarded-for", chain.parse().unwrap());
    }
    let ip = proxies.client_address(&headers, peer);
    assert_eq!(ClientAddress { peer, ip }.is_loopback(), loopback);
}
