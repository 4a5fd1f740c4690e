//! The credentials of a route: values of secret header fields in `add_headers`, of secret parameters in the query of
//! `target_path`, and `tls_client_key`. They are encrypted in the database, plain in the snapshot, masked in answers.

use super::{OpenSecretError, PREFIX, SecretBox};
use crate::db::{DbError, DbResult};
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::transform::{is_secret_header, is_secret_query_name, mask};
use fastgate_shared::route::{Route, RouteDefinition};
use secrecy::ExposeSecret;
use std::convert::Infallible;
use zeroize::{Zeroize as _, Zeroizing};

/// What masked values have and real ones cannot: header values and targets with it are refused or ASCII.
const MASK: char = '…';

/// A definition whose credentials are encrypted: the only form that goes into the database.
#[derive(Clone, PartialEq)]
pub struct SealedDefinition(RouteDefinition);

impl SealedDefinition {
    /// The definition; its credentials are sealed texts.
    #[must_use]
    pub fn public(&self) -> &RouteDefinition {
        &self.0
    }

    pub(crate) fn from_stored(json: &str) -> DbResult<Self> {
        Ok(Self(serde_json::from_str(json)?))
    }

    pub(crate) fn to_stored(&self) -> DbResult<String> {
        serde_json::to_string(&self.0).map_err(DbError::from)
    }
}

impl SecretBox {
    /// Encrypts the credentials of a definition.
    #[must_use]
    pub fn seal_route(&self, definition: &RouteDefinition) -> SealedDefinition {
        let sealed = map_credentials(definition, |_, value| Ok::<_, Infallible>(self.seal(value)));
        match sealed {
            Ok(definition) => SealedDefinition(definition),
            Err(never) => match never {},
        }
    }

    /// Decrypts the credentials of a definition. A value that was stored before its name counted as secret is plain.
    ///
    /// # Errors
    /// When a value was encrypted with another key, or was changed.
    pub fn open_route(&self, sealed: &SealedDefinition) -> Result<RouteDefinition, OpenSecretError> {
        map_credentials(&sealed.0, |_, value| {
            if value.starts_with(PREFIX) {
                Ok(self.open(value)?.expose_secret().to_owned())
            } else {
                Ok(value.to_owned())
            }
        })
    }
}

/// The route as answers show it: credentials masked. Takes the opened route.
#[must_use]
pub fn mask_route(mut route: Route) -> Route {
    route.definition = mask_definition(&route.definition);
    route
}

/// A definition with its credentials masked. Takes the opened one.
#[must_use]
pub fn mask_definition(definition: &RouteDefinition) -> RouteDefinition {
    match map_credentials(definition, |_, value| Ok::<_, Infallible>(mask(value))) {
        Ok(masked) => masked,
        Err(never) => match never {},
    }
}

/// Puts the stored credentials in place of masked ones that a client sends back (contract: Transforms). `stored` is the
/// opened definition that is replaced, `None` for a new route. To be called before validation: a mask is no valid target.
///
/// Refused is each masked value with nothing stored behind it, with a mask of something else, or that would go to another
/// host than it was entered for; it stays as it was sent.
#[must_use]
pub fn merge_masked(new: &RouteDefinition, stored: Option<&RouteDefinition>) -> (RouteDefinition, Vec<FieldError>) {
    let moved = stored.is_some_and(|stored| destination_changed(new, stored));
    let mut errors = Vec::new();
    let merged = map_credentials(new, |place, value| {
        if !value.contains(MASK) {
            return Ok::<_, Infallible>(value.to_owned());
        }
        let kept = stored.and_then(|stored| find_credential(stored, place));
        let why = match kept {
            Some(kept) if mask(&kept) == value && !moved => return Ok(kept),
            Some(kept) if mask(&kept) == value => {
                "is masked, but the route's target changes: send the whole value again, so that a credential never goes to a host that it was not entered for"
            }
            Some(_) => {
                "is a masked value that is not the stored one; send the whole value, or the mask as it was shown"
            }
            None => "is a masked value, but nothing is stored; send the whole value",
        };
        errors.push(FieldError::new(place.field(), why));
        Ok(value.to_owned())
    });
    match merged {
        Ok(definition) => (definition, errors),
        Err(never) => match never {},
    }
}

/// Whether requests of the route would go elsewhere: another host or protocol. Its credentials must then be given again.
#[must_use]
pub fn destination_changed(new: &RouteDefinition, stored: &RouteDefinition) -> bool {
    let places = |definition: &RouteDefinition| {
        let mut places: Vec<_> = definition
            .targets
            .iter()
            .map(|target| {
                (
                    target.protocol.unwrap_or(definition.target_protocol),
                    target.host.clone(),
                )
            })
            .collect();
        if !definition.target_host.is_empty() {
            places.push((definition.target_protocol, definition.target_host.clone()));
        }
        places
    };
    let known = places(stored);
    places(new).iter().any(|place| !known.contains(place))
}

/// Whether a change sets, changes, moves or removes a credential, or sends one elsewhere or less safely. Deleting the whole
/// route does not count: nothing comes to know it by that.
#[must_use]
pub fn credentials_touched(before: Option<&RouteDefinition>, after: Option<&RouteDefinition>) -> bool {
    let Some(after) = after else { return false };
    let new = credentials(after);
    let Some(before) = before else { return !new.is_empty() };
    if new != credentials(before) {
        return true;
    }
    let tls = |definition: &RouteDefinition| {
        (
            definition.tls_skip_verify,
            definition.tls_ca.clone(),
            definition.tls_client_cert.clone(),
            definition.tls_server_name.clone(),
        )
    };
    !new.is_empty() && (destination_changed(after, before) || tls(after) != tls(before))
}

/// Each credential by its place.
fn credentials(definition: &RouteDefinition) -> Vec<(String, Zeroizing<String>)> {
    let mut found = Vec::new();
    let walked = map_credentials(definition, |place, value| {
        let place = match place {
            Place::Query(name) => format!("query {name}"),
            other => other.field().to_ascii_lowercase(),
        };
        found.push((place, Zeroizing::new(value.to_owned())));
        Ok::<_, Infallible>(String::new())
    });
    drop(walked);
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

/// Where in a definition a credential stands.
#[derive(Clone, Copy)]
enum Place<'a> {
    Header(&'a str),
    Query(&'a str),
    ClientKey,
}

impl Place<'_> {
    fn field(self) -> String {
        match self {
            Self::Header(name) => format!("add_headers.{name}"),
            Self::Query(_) => "target_path".to_owned(),
            Self::ClientKey => "tls_client_key".to_owned(),
        }
    }

    fn is(self, other: Place<'_>) -> bool {
        match (self, other) {
            (Self::Header(one), Place::Header(two)) => one.eq_ignore_ascii_case(two),
            (Self::Query(one), Place::Query(two)) => one == two,
            (Self::ClientKey, Place::ClientKey) => true,
            _ => false,
        }
    }
}

fn find_credential(definition: &RouteDefinition, wanted: Place<'_>) -> Option<String> {
    let mut found = None;
    // The copy is thrown away; this walks over the same places as every other rule here.
    let walked = map_credentials(definition, |place, value| {
        if place.is(wanted) && found.is_none() {
            found = Some(value.to_owned());
        }
        Ok::<_, Infallible>(String::new())
    });
    drop(walked);
    found
}

/// The one place that knows which values are credentials: a copy with each of them replaced.
fn map_credentials<E>(
    definition: &RouteDefinition,
    mut replace: impl FnMut(Place<'_>, &str) -> Result<String, E>,
) -> Result<RouteDefinition, E> {
    let mut copy = definition.clone();
    for (name, value) in &mut copy.add_headers {
        if is_secret_header(name) {
            exchange(value, replace(Place::Header(name), value)?);
        }
    }
    if let Some(key) = &mut copy.tls_client_key {
        exchange(key, replace(Place::ClientKey, key)?);
    }
    let Some((path, query)) = definition.target_path.split_once('?') else {
        return Ok(copy);
    };
    // Room enough, so that nothing is left behind where it was before.
    let mut target_path = String::with_capacity(definition.target_path.len() * 4);
    target_path.push_str(path);
    target_path.push('?');
    for (index, pair) in query.split('&').enumerate() {
        if index > 0 {
            target_path.push('&');
        }
        match pair.split_once('=') {
            Some((name, value)) if is_secret_query_name(name) && !value.is_empty() => {
                target_path.push_str(name);
                target_path.push('=');
                target_path.push_str(&Zeroizing::new(replace(Place::Query(name), value)?));
            }
            _ => target_path.push_str(pair),
        }
    }
    exchange(&mut copy.target_path, target_path);
    Ok(copy)
}

/// Puts a text in the place of another, which is overwritten: either may be a credential.
fn exchange(place: &mut String, text: String) {
    std::mem::replace(place, text).zeroize();
}
