//! Which API key a request presents, and in which header field.

use crate::admin_token::PREFIX as ADMIN_PREFIX;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

/// Header fields that carry nothing but a key, in the order in which they are asked.
const KEY_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

/// The key that a request presents and the field that carries it (contract: API key).
///
/// Of several, the first that starts with `prefix` is meant. Where none does, the fields made for keys go before
/// `Authorization`, which a client may have set for the upstream.
#[must_use]
pub fn extract<'a>(headers: &'a HeaderMap, prefix: &str) -> Option<(HeaderName, &'a str)> {
    let bearers = headers
        .get_all(AUTHORIZATION)
        .iter()
        .filter_map(bearer)
        .map(|key| (AUTHORIZATION, key));
    let plain = KEY_HEADERS.into_iter().flat_map(|name| {
        let keys = headers.get_all(&name).iter().filter_map(text);
        keys.map(move |key| (name.clone(), key))
    });
    let mut fallback = None;
    let mut authorization = None;
    for (name, key) in bearers.chain(plain) {
        if key.starts_with(prefix) {
            return Some((name, key));
        }
        let first = if name == AUTHORIZATION {
            &mut authorization
        } else {
            &mut fallback
        };
        first.get_or_insert((name, key));
    }
    fallback.or(authorization)
}

/// Takes off every field that carries a key of this gateway, or an admin token as the gateway makes them: no upstream
/// may see one.
pub fn strip(headers: &mut HeaderMap, prefix: &str) {
    if !headers.keys().any(is_carrier) {
        return;
    }
    for prefix in [prefix, ADMIN_PREFIX] {
        while let Some((carrier, _)) = extract(headers, prefix).filter(|(_, presented)| presented.starts_with(prefix)) {
            headers.remove(carrier);
        }
    }
}

/// What stands where keys do and is none of this gateway: routes that need no key pass it on, and an upstream may repeat it.
/// Shorter ones are not told apart from other text.
#[must_use]
pub fn foreign_credentials(headers: &HeaderMap, prefix: &str) -> SmallVec<[Box<str>; 1]> {
    const TELLING: usize = 8;
    let carried = headers.iter().filter(|(name, _)| is_carrier(name));
    carried
        .filter_map(|(name, value)| {
            let value = text(value)?;
            let token = value.split_once(' ').filter(|_| *name == AUTHORIZATION);
            Some(token.map_or(value, |(_, token)| token.trim()))
        })
        .filter(|shown| shown.len() >= TELLING && !shown.starts_with(prefix))
        .map(Into::into)
        .collect()
}

/// Whether keys come in this field.
#[must_use]
pub fn is_carrier(name: &HeaderName) -> bool {
    *name == AUTHORIZATION || KEY_HEADERS.contains(name)
}

/// The token of `Bearer <token>`; the scheme in any case (RFC 9110 section 11.1).
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
}
