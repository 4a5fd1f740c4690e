//! What a route changes on the way to the upstream: header fields, body fields, and the placeholders in their values.

use crate::route::pattern;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The variables that a value may use as `${name}`.
pub const VARIABLES: [&str; 4] = ["request_id", "client_ip", "source_path", "key_id"];

/// Header fields that belong to one connection or to the framing of a message (RFC 9110 section 7.6.1, RFC 9112
/// section 6): a route can neither set nor remove them.
pub const UNTOUCHABLE_HEADERS: [&str; 10] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
];

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text as it is.
    Literal(&'a str),
    /// `{name}`: a capture of `match_path`.
    Capture(&'a str),
    /// `${name}`: one of [`VARIABLES`].
    Variable(&'a str),
}

/// Splits a template into its pieces. Braces that enclose no plain name (as in JSON text) are literal.
#[must_use]
pub fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    let mut literal_from = 0;
    let mut at = 0;
    while let Some(open) = rest[at..].find('{').map(|found| found + at) {
        let name = rest[open + 1..].find('}').map(|len| &rest[open + 1..open + 1 + len]);
        let Some(name) = name.filter(|name| is_name(name)) else {
            at = open + 1;
            continue;
        };
        let variable = rest[..open].ends_with('$');
        let literal = &rest[literal_from..open - usize::from(variable)];
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        pieces.push(if variable {
            Piece::Variable(name)
        } else {
            Piece::Capture(name)
        });
        rest = &rest[open + name.len() + 2..];
        literal_from = 0;
        at = 0;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest));
    }
    pieces
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Every placeholder names a capture or a variable.
///
/// # Errors
/// With the unknown placeholder and the known ones.
pub fn check_placeholders(template: &str, captures: &[String]) -> Result<(), String> {
    for piece in pieces(template) {
        match piece {
            Piece::Capture(name) if !captures.iter().any(|known| known == name) => {
                let known = if captures.is_empty() {
                    "match_path captures nothing".to_owned()
                } else {
                    format!("match_path captures {}", captures.join(", "))
                };
                return Err(format!("uses `{{{name}}}`, but {known}"));
            }
            Piece::Variable(name) if !VARIABLES.contains(&name) => {
                return Err(format!(
                    "uses `${{{name}}}`; known variables are {}",
                    VARIABLES.join(", ")
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a header's value is a credential: encrypted at rest, masked in answers, redacted in the log.
#[must_use]
pub fn is_secret_header(name: &str) -> bool {
    const NAMES: [&str; 6] = [
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "api-key",
        "apikey",
    ];
    const ENDS: [&str; 3] = ["-key", "-token", "-secret"];
    let ends_in = |end: &&str| {
        let start = name.len().checked_sub(end.len());
        start
            .and_then(|start| name.get(start..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    NAMES.iter().any(|secret| name.eq_ignore_ascii_case(secret)) || ENDS.iter().any(ends_in)
}

/// Whether a query parameter's value is a credential: treated like a secret header wherever a query is stored or shown.
#[must_use]
pub fn is_secret_query_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        name.as_str(),
        "key"
            | "apikey"
            | "token"
            | "auth"
            | "authorization"
            | "password"
            | "passwd"
            | "secret"
            | "sig"
            | "signature"
            | "credential"
    ) || [
        "_key",
        "-key",
        "_token",
        "-token",
        "_secret",
        "-secret",
        "-signature",
        "-credential",
    ]
    .iter()
    .any(|end| name.ends_with(end))
}

/// Shows a credential without giving it away: `Bearer sk-…4f2a`; short values become `…`.
#[must_use]
pub fn mask(value: &str) -> String {
    let (scheme, secret) = match value.split_once(' ') {
        Some((scheme, secret)) if !secret.is_empty() && scheme.len() <= 12 => (&value[..=scheme.len()], secret),
        _ => ("", value),
    };
    let characters: Vec<char> = secret.chars().collect();
    if characters.len() < 16 {
        return format!("{scheme}…");
    }
    let tail: String = characters[characters.len() - 4..].iter().collect();
    let head: String = characters[..3].iter().collect();
    format!("{scheme}{head}…{tail}")
}

/// Whether a header name is a token (RFC 9110 section 5.6.2).
#[must_use]
pub fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 256
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn check_header_name(name: &str) -> Result<(), String> {
    if !is_header_name(name) {
        return Err(format!(
            "`{}` is not a header name (letters, digits and !#$%&'*+-.^_`|~)",
            name.escape_debug()
        ));
    }
    if UNTOUCHABLE_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!(
            "`{name}` belongs to the connection or the framing; the gateway sets it itself"
        ));
    }
    Ok(())
}

/// Names of header fields to remove.
///
/// # Errors
/// For a name that is no token or that belongs to the framing.
pub fn validate_remove_headers<C>(names: &[String], _: &C) -> garde::Result {
    if names.len() > 100 {
        return Err(garde::Error::new("has more than 100 names"));
    }
    names
        .iter()
        .try_for_each(|name| check_header_name(name))
        .map_err(garde::Error::new)
}

/// Header fields to set.
pub fn validate_add_headers<'a, C>(
    match_path: &'a str,
) -> impl FnOnce(&BTreeMap<String, String>, &C) -> garde::Result + 'a {
    move |headers, _| {
        if headers.len() > 100 {
            return Err(garde::Error::new("has more than 100 header fields"));
        }
        let captures = pattern::capture_names(match_path);
        let mut seen = Vec::with_capacity(headers.len());
        for (name, value) in headers {
            check_header_name(name).map_err(garde::Error::new)?;
            let lower = name.to_ascii_lowercase();
            if seen.contains(&lower) {
                return Err(garde::Error::new(format!(
                    "names `{name}` twice (header names ignore case)"
                )));
            }
            seen.push(lower);
            if value.len() > 16_384 || value.chars().any(|c| c.is_control() && c != '\t') {
                return Err(garde::Error::new(format!(
                    "`{name}` has a control character (CR, LF, NUL …) or is over 16,384 bytes"
                )));
            }
            check_placeholders(value, &captures).map_err(|why| garde::Error::new(format!("`{name}` {why}")))?;
        }
        Ok(())
    }
}

/// Fields to set in a JSON body.
pub fn validate_add_body_fields<'a, C>(
    match_path: &'a str,
) -> impl FnOnce(&Map<String, Value>, &C) -> garde::Result + 'a {
    move |fields, _| {
        if fields.len() > 100 {
            return Err(garde::Error::new("has more than 100 fields"));
        }
        let captures = pattern::capture_names(match_path);
        for (name, value) in fields {
            check_texts(value, &captures).map_err(|why| garde::Error::new(format!("`{name}` {why}")))?;
        }
        Ok(())
    }
}

/// Every text of a JSON value, at any depth.
fn check_texts(value: &Value, captures: &[String]) -> Result<(), String> {
    match value {
        Value::String(text) => check_placeholders(text, captures),
        Value::Array(items) => items.iter().try_for_each(|item| check_texts(item, captures)),
        Value::Object(members) => members.values().try_for_each(|value| check_texts(value, captures)),
        _ => Ok(()),
    }
}
