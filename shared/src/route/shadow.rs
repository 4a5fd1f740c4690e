//! Routes that can never win, because an earlier one takes everything that they could match. The judgement is sound and
//! cautious: where it says so it is so, but not every such route is found. Bodies and header fields are compared as they are
//! written, never by what they mean.

use super::matching::methods;
use super::pattern::{PathPattern, Token};
use super::{Route, RouteDefinition};
use crate::time::Timestamp;
use serde_json::Value;
use std::cmp::Ordering;

/// What the gateway answers itself, and whether also all that is below.
const OWN_PATHS: [(&str, bool); 3] = [("/admin", true), ("/health", true), ("/metrics", false)];

/// A route as it is written, and what is known of the stored one that it changes.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// What is written.
    pub definition: &'a RouteDefinition,
    /// The id of the stored route and when it was made; none for a new one.
    pub stored: Option<(&'a str, Timestamp)>,
}

/// The active route that comes before this one and takes all that this one could; none where there is none for certain, or
/// where this one is switched off.
#[must_use]
pub fn shadowed_by<'a>(written: Written<'_>, routes: &'a [Route]) -> Option<&'a Route> {
    let later = written.definition;
    let pattern = PathPattern::parse(&later.match_path).ok()?;
    let takes_all = |earlier: &&Route| {
        let is_another = written.stored.is_none_or(|(id, _)| id != earlier.route_id);
        is_another
            && earlier.definition.is_active
            && comes_before(earlier, written, &pattern)
            && !shares(&earlier.definition, later)
            && takes_all(&earlier.definition, later)
    };
    routes.iter().filter(|_| later.is_active).find(takes_all)
}

/// The path of the gateway's own under which everything lies that this route could match; none where there is none for certain,
/// or where the route is switched off. Requests there never come to a route where one listener serves everything, and
/// those of `/health` nowhere (contract section 2).
#[must_use]
pub fn kept_for_the_gateway(definition: &RouteDefinition) -> Option<&'static str> {
    let pattern = PathPattern::parse(&definition.match_path).ok()?;
    let own = OWN_PATHS.into_iter().find(|(path, below)| {
        let mut own = vec![Token::Literal((*path).to_owned())];
        own.extend(below.then_some(Token::Segments));
        takes_paths(&own, pattern.tokens())
    });
    own.filter(|_| definition.is_active).map(|(path, _)| path)
}

/// Whether every request that `later` matches is matched by `earlier` as well; false where that is not certain.
#[must_use]
pub fn takes_all(earlier: &RouteDefinition, later: &RouteDefinition) -> bool {
    takes_methods(earlier, later) && takes_headers(earlier, later) && takes_bodies(earlier, later) && {
        let patterns = (
            PathPattern::parse(&earlier.match_path),
            PathPattern::parse(&later.match_path),
        );
        matches!(patterns, (Ok(earlier), Ok(later)) if takes_paths(earlier.tokens(), later.tokens()))
    }
}

/// The matching order (contract: Routes). A new route is younger than all others.
fn comes_before(earlier: &Route, later: Written<'_>, pattern: &PathPattern) -> bool {
    let Ok(earlier_pattern) = PathPattern::parse(&earlier.definition.match_path) else {
        return false;
    };
    let by_age = || match later.stored {
        None => Ordering::Less,
        Some((id, created_at)) => (earlier.created_at, earlier.route_id.as_str()).cmp(&(created_at, id)),
    };
    let order = earlier.definition.priority.cmp(&later.definition.priority);
    let order = order.then_with(|| pattern.specificity().cmp(&earlier_pattern.specificity()));
    order.then_with(by_age).is_lt()
}

/// Whether the two share what they take, as the targets of one route do. More than is shared for certain counts.
fn shares(earlier: &RouteDefinition, later: &RouteDefinition) -> bool {
    earlier.priority == later.priority && earlier.match_path == later.match_path
}

fn takes_methods(earlier: &RouteDefinition, later: &RouteDefinition) -> bool {
    match (methods(&earlier.match_method), methods(&later.match_method)) {
        // None named: all.
        (Ok(earlier), Ok(later)) => {
            earlier.is_empty() || !later.is_empty() && later.iter().all(|method| earlier.contains(method))
        }
        _ => false,
    }
}

fn takes_headers(earlier: &RouteDefinition, later: &RouteDefinition) -> bool {
    let asked_of_later = |name: &str, value: &str| {
        let mut fields = later.match_headers.iter();
        fields.any(|(other, wanted)| other.eq_ignore_ascii_case(name) && wanted == value)
    };
    earlier
        .match_headers
        .iter()
        .all(|(name, value)| asked_of_later(name, value))
}

fn takes_bodies(earlier: &RouteDefinition, later: &RouteDefinition) -> bool {
    let rule = |route: &RouteDefinition| route.match_body_schema.clone().filter(|rule| *rule != Value::Null);
    let earlier = rule(earlier);
    earlier.is_none() || earlier == rule(later)
}

fn takes_paths(earlier: &[Token], later: &[Token]) -> bool {
    let prefix = match later.first() {
        Some(Token::Literal(text)) => text.as_str(),
        _ => "",
    };
    let same = earlier.len() == later.len() && earlier.iter().zip(later).all(|(one, other)| takes_the_same(one, other));
    same || match earlier {
        // Every path begins with `/`.
        [Token::Segments | Token::Anything] => true,
        [Token::Literal(text), Token::Anything] => prefix.starts_with(text),
        [Token::Literal(text), Token::Segments] => match prefix.strip_prefix(text.as_str()) {
            // What follows the prefix brings its own `/`.
            Some("") => matches!(later.get(1), None | Some(Token::Segments)),
            Some(rest) => rest.starts_with('/'),
            None => false,
        },
        [Token::Anything, Token::Literal(text)] => {
            matches!(later.last(), Some(Token::Literal(end)) if end.ends_with(text))
        }
        _ => false,
    }
}

/// Whether two pieces take the same texts; what they are called does not matter.
fn takes_the_same(one: &Token, other: &Token) -> bool {
    matches!(
        (one, other),
        (Token::Capture(_), Token::Capture(_)) | (Token::Rest(_), Token::Rest(_))
    ) || one == other
}

#[cfg(test)]
mod tests;
