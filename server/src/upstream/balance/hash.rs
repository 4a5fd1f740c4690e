//! The same client to the same target, for upstreams that remember (prompt caches): weighted rendezvous hashing. When a
//! target is lost only its own clients move, and when it is back they return.

use super::{Share, Weights};
use http::HeaderName;

/// What requests of one client have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashOn {
    /// The API key, else the client's address.
    Key,
    /// A header field, else the client's address.
    Header(HeaderName),
}

impl HashOn {
    /// Reads `hash_on`; what is no header's name was refused when the route was saved.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        let name = text.and_then(|text| text.strip_prefix("header:"));
        let name = name.and_then(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok());
        name.map_or(Self::Key, Self::Header)
    }
}

/// A hash that is the same on every node and in every release: FNV-1a, then mixed, because the highest bits of the plain
/// one hardly differ between short names.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
    mix(bytes.iter().fold(0xCBF2_9CE4_8422_2325, fnv))
}

/// The target that is closest to a client. Each draws a number from an exponential distribution, scaled by its weight;
/// the smallest wins, in proportion to the weights.
pub(super) fn closest<S: Share>(shares: &[S], weights: &Weights, client: u64) -> Option<usize> {
    let distance = |(index, weight): &(usize, u64)| {
        let drawn = mix(client ^ hash(shares[*index].name().as_bytes()));
        // Between 0 and 1, both excluded: the upper 53 bits are what a float can hold.
        let unit = ((drawn >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        -unit.ln() / *weight as f64
    };
    let by_distance = weights.iter().map(|place| (distance(place), place.0));
    by_distance
        .min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, index)| index)
}

/// The finaliser of splitmix64.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
