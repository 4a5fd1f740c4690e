//! Who a client is: the address on the other end of the connection, or behind the proxies that are trusted.

pub mod outlet;

use crate::message::forwarded::{self, Peer};
use http::HeaderMap;
use ipnet::IpNet;
use std::net::IpAddr;

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
