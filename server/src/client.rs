//! Who a client is: the address on the other end of the connection, or behind the proxies that are trusted.

pub mod outlet;

use crate::message::forwarded::{self, Peer};
use http::HeaderMap;
use ipnet::IpNet;
use std::net::IpAddr;

/// An address as text. As its `Display`, in a tenth of the time where it is one of IPv4: each request is written down with
/// its sender's.
#[must_use]
pub fn address_text(address: IpAddr) -> String {
    let IpAddr::V4(v4) = address else {
        return address.to_string();
    };
    let mut text = String::with_capacity("255.255.255.255".len());
    for (place, octet) in v4.octets().into_iter().enumerate() {
        if place > 0 {
            text.push('.');
        }
        for (least, divisor) in [(100, 100), (10, 10), (0, 1)] {
            if octet >= least {
                text.push(char::from(b'0' + octet / divisor % 10));
            }
        }
    }
    text
}

/// The networks whose forwarding fields are believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// `server.trusted_proxies`.
    #[must_use]
    pub fn new(networks: &[IpNet]) -> Self {
        Self(networks.to_vec())
    }

    /// Whether an address is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        !self.0.is_empty() && self.0.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// The other end of a connection, without TLS.
    #[must_use]
    pub fn peer(&self, address: IpAddr) -> Peer {
        let address = address.to_canonical();
        Peer {
            address,
            trusted: self.contains(address),
            secure: false,
        }
    }

    /// The client's address: the peer's, or what trusted proxies say of it.
    #[must_use]
    pub fn client_address(&self, headers: &HeaderMap, peer: Peer) -> IpAddr {
        forwarded::client_address(headers, peer, |address| self.contains(address))
    }
}

/// Who sent a request. The listener puts it into the extensions of each request that it hands to the other doors.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress {
    /// The other end of the connection.
    pub peer: Peer,
    /// The client: the peer, or who stands behind trusted proxies.
    pub ip: IpAddr,
}

impl ClientAddress {
    /// Whether the request comes from this machine, and not through a proxy on it.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.peer.address.is_loopback() && self.ip.is_loopback()
    }
}

#[cfg(test)]
mod tests;
