//! Wrong tokens slow down the address that sends them, and nobody else. The clock is passed in.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Wrong tokens that an address may type on the sign-in page in a [`WINDOW`].
const AT_SIGN_IN: u32 = 10;
/// Wrong tokens that an address may send with calls in a [`WINDOW`]: a script that has an old one sends many, and must not
/// keep its neighbours out.
const WITH_CALLS: u32 = 100;
/// After its last chance an address waits until the window that began with the first wrong token is over.
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses that are remembered; when there are more, the older half is forgotten.
const MAX_ADDRESSES: usize = 10_000;

/// The wrong tokens of the last minute, by address.
pub struct Throttle {
    most: u32,
    known: Mutex<HashMap<IpAddr, Wrong>>,
}

#[derive(Clone, Copy)]
struct Wrong {
    since: Instant,
    count: u32,
}

impl Throttle {
    /// For the sign-in page.
    #[must_use]
    pub fn at_sign_in() -> Self {
        Self::of(AT_SIGN_IN)
    }

    /// For calls that show a token.
    #[must_use]
    pub fn with_calls() -> Self {
        Self::of(WITH_CALLS)
    }

    fn of(most: u32) -> Self {
        Self {
            most,
            known: Mutex::default(),
        }
    }

    /// Whether the address may try a token now.
    ///
    /// # Errors
    /// How long it must wait.
    pub fn check(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let known = self.known.lock();
        let Some(wrong) = known.get(&group(address)) else {
            return Ok(());
        };
        let left = (wrong.since + WINDOW).saturating_duration_since(now);
        if wrong.count >= self.most && !left.is_zero() {
            return Err(left);
        }
        Ok(())
    }

    /// Counts a wrong token.
    pub fn count_wrong(&self, address: IpAddr, now: Instant) {
        let mut known = self.known.lock();
        if known.len() >= MAX_ADDRESSES {
            known.retain(|_, wrong| now.saturating_duration_since(wrong.since) < WINDOW);
        }
        if known.len() >= MAX_ADDRESSES {
            let mut times: Vec<Instant> = known.values().map(|wrong| wrong.since).collect();
            let (_, median, _) = times.select_nth_unstable(MAX_ADDRESSES / 2);
            known.retain(|_, wrong| wrong.since > *median);
        }
        let wrong = known.entry(group(address)).or_insert(Wrong { since: now, count: 0 });
        if now.saturating_duration_since(wrong.since) >= WINDOW {
            *wrong = Wrong { since: now, count: 0 };
        }
        wrong.count += 1;
    }
}

/// One customer commonly has a whole /64 of IPv6.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn after_ten_wrong_tokens_an_address_waits_for_the_minute_to_end() {
        let throttle = Throttle::at_sign_in();
        let start = Instant::now();
        for _ in 0..AT_SIGN_IN {
            assert!(throttle.check(HERE, start).is_ok());
            throttle.count_wrong(HERE, start);
        }
        assert_eq!(
            throttle.check(HERE, start + Duration::from_secs(20)),
            Err(Duration::from_secs(40))
        );
        assert!(throttle.check(HERE, start + WINDOW).is_ok());
    }

    #[test]
    fn another_address_is_not_slowed_down() {
        let throttle = Throttle::at_sign_in();
        let now = Instant::now();
        for _ in 0..100 {
            throttle.count_wrong(HERE, now);
        }
        assert!(throttle.check([192, 0, 2, 2].into(), now).is_ok());
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let throttle = Throttle::at_sign_in();
        let now = Instant::now();
        for last in 0..10 {
            throttle.count_wrong(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]), now);
        }
        assert!(
            throttle
                .check(IpAddr::from([0x2001, 0xdb8, 0, 0, 9, 9, 9, 9]), now)
                .is_err()
        );
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::at_sign_in();
        let now = Instant::now();
        for last in 0..20_000_u32 {
            throttle.count_wrong(IpAddr::from(last.to_be_bytes()), now);
        }
        assert!(throttle.known.lock().len() <= MAX_ADDRESSES);
    }

    #[test]
    fn of_ten_thousand_wrong_tokens_a_minute_ten_are_heard_and_the_owner_always() {
        let throttle = Throttle::at_sign_in();
        let start = Instant::now();
        let owner = IpAddr::from([198, 51, 100, 7]);
        let mut heard = 0;
        for number in 0..10_000_u32 {
            let now = start + Duration::from_millis(u64::from(number) * 6);
            if throttle.check(HERE, now).is_ok() {
                heard += 1;
                throttle.count_wrong(HERE, now);
            }
            // From as many other places as well, each with one try.
            throttle.count_wrong(IpAddr::from(number.to_be_bytes()), now);
            assert!(throttle.check(owner, now).is_ok());
        }
        assert_eq!(heard, AT_SIGN_IN);
    }
}
