//! Networks of client addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address.

use std::net::IpAddr;

/// A network or an address, for garde.
///
/// # Errors
/// With what is allowed.
pub fn validate<C>(text: &str, _: &C) -> garde::Result {
    if is_network(text) {
        return Ok(());
    }
    Err(garde::Error::new(format!(
        "`{}` is not a network; allowed is an address or a network such as 10.0.0.0/8 or 2001:db8::/32",
        text.escape_debug()
    )))
}

fn is_network(text: &str) -> bool {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return false;
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    length.is_none_or(|length| {
        length.bytes().all(|b| b.is_ascii_digit()) && length.parse::<u8>().is_ok_and(|length| length <= most)
    })
}
