//! Which addresses the gateway connects to. Judged on the address itself at connect time, whatever way it was written or
//! found: no name, spelling or answer of a name server leads to a place that is refused here.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Services by which cloud machines hand out credentials, outside the link-local network: Alibaba, Azure, Oracle, and
/// over IPv6 Amazon and Google.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// Which addresses are refused. Loopback and private networks are not: models that a team runs by itself live there.
#[derive(Clone, Debug, Default)]
pub struct AddressRules {
    allowed: Vec<IpNet>,
}

/// The address is one that the gateway does not connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressRefused(&'static str);

impl AddressRules {
    /// The rules, with networks that are allowed all the same (`security.allow_upstream_networks`).
    #[must_use]
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Judges an address, also one that is wrapped into an IPv6 address.
    ///
    /// # Errors
    /// With the kind of the address.
    pub fn check(&self, address: IpAddr) -> Result<(), AddressRefused> {
        let inner = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(outer) => embedded(outer).map(IpAddr::V4),
        };
        let refused = kind(address).or_else(|| inner.and_then(kind));
        let allows = |address: IpAddr| self.allowed.iter().any(|network| network.contains(&address));
        match refused {
            Some(kind) if !allows(address) && !inner.is_some_and(allows) => Err(AddressRefused(kind)),
            _ => Ok(()),
        }
    }

    /// Judges a host that is written as an address, in whatever spelling; a name passes.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_literal(&self, host: &str) -> Result<(), AddressRefused> {
        literal(host).map_or(Ok(()), |address| self.check(address))
    }
}

/// What kind of refused address it is, if it is one.
fn kind(address: IpAddr) -> Option<&'static str> {
    if METADATA.contains(&address) {
        return Some("a cloud's metadata service");
    }
    let (unspecified, link_local) = match address {
        IpAddr::V4(v4) if v4.is_broadcast() => return Some("a broadcast address"),
        IpAddr::V4(v4) => (v4.octets()[0] == 0, v4.is_link_local()),
        IpAddr::V6(v6) => (v6.is_unspecified(), v6.is_unicast_link_local()),
    };
    if unspecified {
        Some("an unspecified address")
    } else if link_local {
        Some("a link-local address")
    } else if address.is_multicast() {
        Some("a multicast address")
    } else {
        None
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped and compatible (RFC 4291), NAT64 (RFC 6052, RFC 8215) or
/// 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let last = || Some(Ipv4Addr::from((u32::from(s[6]) << 16) | u32::from(s[7])));
    match s {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, ..] => last(),
        [0x2002, high, low, ..] => Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))),
        _ => None,
    }
}

/// The address that a host is, when it is one and no name: IPv6 with or without brackets, IPv4 in any of the spellings
/// that the C library takes (`169.254.169.254`, `2852039166`, `0xa9.0376.43518`).
#[must_use]
pub fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Ok(address) = bare.unwrap_or(host).parse() {
        return Some(address);
    }
    inet_aton(host.strip_suffix('.').unwrap_or(host)).map(IpAddr::V4)
}

/// One to four numbers, decimal, octal or hexadecimal; the last one fills the bytes that are left.
fn inet_aton(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u64> = text.split('.').map(number).collect::<Option<_>>()?;
    let (last, bytes) = parts.split_last()?;
    if bytes.len() > 3 || bytes.iter().any(|byte| *byte > 255) {
        return None;
    }
    let room = 32 - 8 * bytes.len();
    let high = bytes.iter().fold(0, |high, byte| (high << 8) | byte);
    let whole = (*last < 1 << room).then_some((high << room) | last)?;
    u32::try_from(whole).ok().map(Ipv4Addr::from)
}

fn number(text: &str) -> Option<u64> {
    if !text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'x' || b == b'X') {
        return None;
    }
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    match hex {
        Some("") => Some(0),
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u64::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests;
