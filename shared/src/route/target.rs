//! Where a route sends its requests: protocol, hosts and path template.

use crate::json::FromJson;
use crate::route::pattern;
use garde::Validate;
use serde::{Deserialize, Serialize};

/// What is spoken with an upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Plain HTTP.
    #[default]
    Http,
    /// HTTP over TLS: HTTP/2 where the upstream offers it (ALPN), else HTTP/1.1.
    Https,
    /// HTTP/2 without TLS, spoken from the first byte (prior knowledge).
    H2c,
}

impl Protocol {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Https, Self::Http, Self::H2c];

    /// `http`, `https` or `h2c`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::H2c => "h2c",
        }
    }

    /// The protocol of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == name)
    }
}

/// One of several upstreams of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// `host[:port]`, IPv6 in brackets.
    #[garde(custom(validate_host))]
    pub host: String,
    /// Share of the load relative to the others, 0–1000; 0 gets nothing.
    #[serde(default = "one")]
    #[garde(custom(crate::fields::whole(0, 1000)))]
    pub weight: u32,
    /// What is spoken with it; the route's `target_protocol` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub protocol: Option<Protocol>,
}

fn one() -> u32 {
    1
}

/// The parts of a URL that name an upstream: what is spoken, `host[:port]`, and the path, empty where it is the root. None
/// where it is no such URL.
#[must_use]
pub fn parts_of_url(url: &str) -> Option<(Protocol, String, String)> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let protocol = Protocol::from_name(&scheme.to_ascii_lowercase())?;
    let rest = rest.split(['?', '#']).next()?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    (!host.is_empty()).then(|| (protocol, host.to_owned(), path.trim_end_matches('/').to_owned()))
}

/// `host[:port]`: a name, an IPv4 address or an IPv6 address in brackets.
///
/// # Errors
/// With what is wrong and an example of what is allowed.
pub fn validate_host<C>(host: &str, _: &C) -> garde::Result {
    check_host(host).map_err(|why| {
        garde::Error::new(format!(
            "{why}; allowed is host[:port], e.g. api.openai.com, 10.0.0.5:8080 or [::1]:8080"
        ))
    })
}

fn check_host(host: &str) -> Result<(), String> {
    if host.is_empty() {
        return Err("is empty".to_owned());
    }
    if host.contains("://") {
        return Err("names a scheme (use target_protocol)".to_owned());
    }
    if host.contains('@') {
        return Err("names a user; credentials go into header fields (`add_headers`)".to_owned());
    }
    let (name, port) = if let Some(rest) = host.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or("has `[` without `]`")?;
        address
            .parse::<std::net::Ipv6Addr>()
            .map_err(|_| format!("`{address}` is not an IPv6 address"))?;
        match after {
            "" => ("", None),
            after => (
                "",
                Some(after.strip_prefix(':').ok_or("has text after `]` that is no port")?),
            ),
        }
    } else {
        match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        }
    };
    if let Some(port) = port
        && (port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) || !matches!(port.parse::<u16>(), Ok(1..)))
    {
        return Err(format!("`{port}` is not a port from 1 to 65535"));
    }
    if !host.starts_with('[') {
        if name.len() > 253 || name.is_empty() {
            return Err("has a host name that is empty or over 253 characters".to_owned());
        }
        if let Some(bad) = name
            .chars()
            .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')))
        {
            return Err(format!("has the character `{}` in its host name", bad.escape_default()));
        }
        if name.split('.').any(|label| label.is_empty() || label.len() > 63) && !name.ends_with('.') {
            return Err("has an empty or too long label in its host name".to_owned());
        }
    }
    Ok(())
}

/// `target_host` is needed unless `targets` replaces it; never both.
pub fn validate_host_or_targets<'a, C>(targets: &'a [Target]) -> impl FnOnce(&String, &C) -> garde::Result + 'a {
    move |host, context| match (host.is_empty(), targets.is_empty()) {
        (true, true) => Err(garde::Error::new(
            "is missing; give host[:port], or several in `targets`",
        )),
        (false, false) => Err(garde::Error::new("must be empty when `targets` is given")),
        (true, false) => Ok(()),
        (false, true) => validate_host(host, context),
    }
}

/// The name of a host alone: no port, no brackets.
///
/// # Errors
/// With what is wrong and an example of what is allowed.
pub fn validate_host_name(name: &str) -> garde::Result {
    let why = match name.contains([':', '[', ']']) {
        true => Some("has a port or brackets".to_owned()),
        false => check_host(name).err(),
    };
    why.map_or(Ok(()), |why| {
        Err(garde::Error::new(format!(
            "{why}; allowed is a host name alone, e.g. api.internal"
        )))
    })
}

/// At least one target has a weight, and none is listed twice with one protocol (`usual` where a target names none): the
/// second would only be a hidden weight.
///
/// # Errors
/// When all weights are 0, or with the host that is there twice (host names ignore case).
pub fn validate_targets<C>(usual: Protocol) -> impl FnOnce(&Vec<Target>, &C) -> garde::Result {
    move |targets, _| {
        let same = |one: &Target, two: &Target| {
            one.host.eq_ignore_ascii_case(&two.host) && one.protocol.unwrap_or(usual) == two.protocol.unwrap_or(usual)
        };
        let mut listed = targets.iter().enumerate();
        let twice = listed.find(|(at, target)| targets.iter().take(*at).any(|other| same(other, target)));
        if let Some((_, twice)) = twice {
            return Err(garde::Error::new(format!(
                "names `{}` twice; give it once, with the weight of both",
                twice.host.escape_debug()
            )));
        }
        some_weight(targets)
    }
}

fn some_weight(targets: &[Target]) -> garde::Result {
    if !targets.is_empty() && targets.iter().all(|target| target.weight == 0) {
        return Err(garde::Error::new(
            "all weights are 0; at least one target needs a weight from 1 to 1000",
        ));
    }
    Ok(())
}

/// A `target_path`: empty, or a path that may use the captures of `match_path` and carry a query.
pub fn validate_path<'a, C>(match_path: &'a str) -> impl FnOnce(&String, &C) -> garde::Result + 'a {
    move |path, _| {
        if path.is_empty() {
            return Ok(());
        }
        if !path.starts_with('/') {
            return Err(garde::Error::new("must be empty or start with `/`"));
        }
        check_path(path)?;
        crate::route::transform::check_placeholders(path, &pattern::capture_names(match_path))
            .map_err(garde::Error::new)
    }
}

/// A path at an upstream, with or without a query.
///
/// # Errors
/// For a path that is relative, has characters that must be encoded, or that an upstream would resolve.
pub fn check_path(path: &str) -> garde::Result {
    if !path.starts_with('/') {
        return Err(garde::Error::new("must start with `/`"));
    }
    if let Some(bad) = path
        .chars()
        .find(|c| c.is_control() || matches!(c, ' ' | '#' | '\\' | '"' | '<' | '>') || !c.is_ascii())
    {
        return Err(garde::Error::new(format!(
            "has the character `{}`, which must be percent-encoded",
            bad.escape_default()
        )));
    }
    if pattern::has_dot_segment(path.split('?').next().unwrap_or_default()) {
        return Err(garde::Error::new(
            "has a segment `.` or `..`, which an upstream would resolve; write out the path",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://api.x.com/v1", Some(("https", "api.x.com", "/v1")))]
    #[case(" HTTP://[::1]:8080/?a=b ", Some(("http", "[::1]:8080", "")))]
    #[case("h2c://up:9000", Some(("h2c", "up:9000", "")))]
    #[case("api.x.com/v1", None)]
    #[case("ftp://api.x.com", None)]
    #[case("https://", None)]
    fn a_url_names_an_upstream(#[case] url: &str, #[case] parts: Option<(&str, &str, &str)>) {
        let found = parts_of_url(url);
        let found = found
            .as_ref()
            .map(|(protocol, host, path)| (protocol.as_str(), &**host, &**path));
        assert_eq!(found, parts);
    }
}
