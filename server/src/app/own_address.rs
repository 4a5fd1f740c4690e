//! Where the gateway itself listens, so that no route leads back to it. A name that only resolves to such an address is
//! not known here; what it sends around is stopped by `Via`.

use super::App;
use crate::upstream::address::literal;
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::{Protocol, RouteDefinition};
use http::uri::Authority;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

impl App {
    /// Says where the gateway listens; once, as soon as that is known.
    pub fn listens_on(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        // A second word on it would be the same.
        let _ = self.own_addresses.set(addresses.into_iter().collect());
    }

    /// The targets of a route that are the gateway itself.
    #[must_use]
    pub fn leads_back(&self, definition: &RouteDefinition) -> Vec<FieldError> {
        let own = self.own_addresses.get().map(Vec::as_slice).unwrap_or_default();
        let of_host = (
            "target_host".to_owned(),
            &definition.target_host,
            definition.target_protocol,
        );
        let of_targets = definition.targets.iter().enumerate().map(|(index, target)| {
            let protocol = target.protocol.unwrap_or(definition.target_protocol);
            (format!("targets[{index}].host"), &target.host, protocol)
        });
        [of_host]
            .into_iter()
            .chain(of_targets)
            .filter(|(_, host, protocol)| is_own(own, host, *protocol))
            .map(|(field, host, _)| {
                let why = format!("`{host}` is this gateway's own address: each request would come back to it");
                FieldError::new(field, why)
            })
            .collect()
    }
}

fn is_own(own: &[SocketAddr], host: &str, protocol: Protocol) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let usual = match protocol {
        Protocol::Http | Protocol::H2c => 80,
        Protocol::Https => 443,
    };
    let port = authority.port_u16().unwrap_or(usual);
    let addresses = addresses(authority.host());
    own.iter()
        .filter(|own| own.port() == port)
        .any(|own| addresses.iter().any(|address| is_reached_by(own.ip(), *address)))
}

/// What a host in a URI certainly means.
fn addresses(host: &str) -> Vec<IpAddr> {
    let name = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    match literal(name).map(|address| address.to_canonical()) {
        // Who connects to no address in particular reaches its own machine.
        Some(address) if address.is_unspecified() => loopback.to_vec(),
        Some(address) => vec![address],
        None => {
            let name = name.to_ascii_lowercase();
            let is_local = name == "localhost" || name.ends_with(".localhost");
            if is_local { loopback.to_vec() } else { Vec::new() }
        }
    }
}

/// Whether who connects to `address` reaches a listener on `own`.
fn is_reached_by(own: IpAddr, address: IpAddr) -> bool {
    if own.is_unspecified() {
        // Only an address of this machine can be bound; nothing is sent.
        return address.is_loopback() || UdpSocket::bind((address, 0)).is_ok();
    }
    own.to_canonical() == address
}

#[cfg(test)]
mod tests {
    use super::is_own;
    use fastgate_shared::route::Protocol::{self, Http, Https};
    use rstest::rstest;

    #[rstest]
    #[case("127.0.0.1:8000", "127.0.0.1:8000", Http, true)]
    #[case("127.0.0.1:8000", "localhost:8000", Http, true)]
    #[case("127.0.0.1:8000", "LocalHost.:8000", Https, true)]
    #[case("127.0.0.1:8000", "[::ffff:127.0.0.1]:8000", Http, true)]
    #[case("127.0.0.1:8000", "0.0.0.0:8000", Http, true)]
    #[case("127.0.0.1:8000", "2130706433:8000", Http, true)]
    #[case("127.0.0.1:8000", "0x7f.1:8000", Http, true)]
    #[case("127.0.0.1:8000", "127.0.0.1:8001", Http, false)]
    #[case("127.0.0.1:8000", "127.0.0.1", Http, false)]
    #[case("127.0.0.1:8000", "10.0.0.1:8000", Http, false)]
    #[case("127.0.0.1:8000", "[::1]:8000", Http, false)]
    #[case("127.0.0.1:80", "localhost", Http, true)]
    #[case("127.0.0.1:443", "localhost", Https, true)]
    #[case("127.0.0.1:443", "localhost", Http, false)]
    #[case("[::1]:8000", "[::1]:8000", Http, true)]
    #[case("[::1]:8000", "localhost:8000", Http, true)]
    #[case("0.0.0.0:8000", "127.0.0.1:8000", Http, true)]
    #[case("0.0.0.0:8000", "127.9.9.9:8000", Http, true)]
    #[case("[::]:8000", "[::1]:8000", Http, true)]
    #[case("0.0.0.0:8000", "192.0.2.1:8000", Http, false)]
    #[case("0.0.0.0:8000", "api.openai.com:8000", Http, false)]
    fn the_gateways_own_address_is_known(
        #[case] own: &str,
        #[case] host: &str,
        #[case] protocol: Protocol,
        #[case] expected: bool,
    ) {
        assert_eq!(is_own(&[own.parse().unwrap()], host, protocol), expected);
    }
}
