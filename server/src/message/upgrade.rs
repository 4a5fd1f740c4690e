//! The switch to another protocol on a connection (RFC 9110 section 7.8): what a client may ask for, and whether an
//! upstream agreed to that. Pure; the bytes that follow are `proxy::tunnel`'s.

use http::header::{self, HeaderMap, HeaderValue};

/// The protocols that a client asks to switch to, as the upstream is asked: `None` when it asks for none that is passed on.
///
/// To be called before hop-by-hop fields are removed. HTTP itself and TLS are left out: within a tunnel the gateway would
/// see no requests any more, so that one could reach what its key does not permit (`Upgrade: h2c` is known for that).
#[must_use]
pub fn asked(headers: &HeaderMap) -> Option<HeaderValue> {
    if !items(headers, &header::CONNECTION).any(|option| option.eq_ignore_ascii_case("upgrade")) {
        return None;
    }
    let protocols: Vec<&str> = items(headers, &header::UPGRADE)
        .filter(|protocol| is_passed_on(protocol))
        .collect();
    if protocols.is_empty() {
        return None;
    }
    HeaderValue::from_str(&protocols.join(", ")).ok()
}

/// Whether an answer with status 101 switches to what was asked for, and to nothing else.
#[must_use]
pub fn is_agreed(asked: &HeaderValue, answer: &HeaderMap) -> bool {
    let asked = asked.to_str().unwrap_or_default();
    let mut agreed = items(answer, &header::UPGRADE).peekable();
    agreed.peek().is_some()
        && agreed.all(|protocol| {
            asked
                .split(',')
                .any(|asked| asked.trim().eq_ignore_ascii_case(protocol))
        })
}

/// Sets the two fields anew, after the sender's own were removed with all that are hop-by-hop.
pub fn set(headers: &mut HeaderMap, protocols: HeaderValue) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, protocols);
}

fn is_passed_on(protocol: &str) -> bool {
    let name = protocol.split('/').next().unwrap_or_default();
    let refused = ["h2c", "h2", "h3", "http", "tls"];
    !name.is_empty() && !refused.iter().any(|refused| name.eq_ignore_ascii_case(refused))
}

fn items<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests;
