//! Verdicts in words: why a route takes a request, or which condition fails first.

use crate::body::peek::PeekedBody;
use crate::routing::{Asked, CompiledRoute, RouteTable};
use fastgate_shared::route::{FailedCondition, MatchExplanation, MatchVerdict};

/// Routes that a sentence about "no route" names at most.
const NAMED_MISSES: usize = 3;

/// What becomes of every route when a request is matched, in matching order (contract: `POST /admin/routes/match`).
#[must_use]
pub fn explain(table: &RouteTable, asked: &Asked<'_>, body: &PeekedBody<'_>) -> MatchExplanation {
    let verdict = |route: &CompiledRoute| {
        let miss = first_miss(route, asked, Some(body));
        MatchVerdict {
            route_id: route.id.to_string(),
            route_name: route.name.to_string(),
            priority: route.route.definition.priority,
            matched: miss.is_none(),
            failed: miss.as_ref().map(|(failed, _)| *failed),
            reason: miss.map_or_else(|| route.reason.to_string(), |(_, why)| why),
        }
    };
    MatchExplanation {
        candidates: table.all_in_order().iter().map(|route| verdict(route)).collect(),
    }
}

/// Why no route takes a request, in one sentence that names the nearest misses. Costs no more than a look-up. `body` is
/// `None` where it was not read.
#[must_use]
pub fn nearest_misses(table: &RouteTable, asked: &Asked<'_>, body: Option<&PeekedBody<'_>>) -> String {
    let places = table.matching_path(asked.path);
    if places.is_empty() {
        return "the path of no active route matches".to_owned();
    }
    let misses: Vec<String> = places
        .iter()
        .map(|place| &table.all_in_order()[*place])
        .filter_map(|route| first_miss(route, asked, body).map(|(_, why)| format!("{}: {why}", route.name)))
        .take(NAMED_MISSES)
        .collect();
    let more = places.len().saturating_sub(misses.len());
    let more = if more == 0 {
        String::new()
    } else {
        format!("; {more} more")
    };
    format!("the path matches, but {}{more}", misses.join("; "))
}

/// Why a route wins, from its definition alone, so that it is put into words once and not for each request.
pub(super) fn winning_reason(route: &CompiledRoute) -> String {
    let definition = &route.route.definition;
    let mut met = vec![format!("path {}", definition.match_path)];
    if route.methods.is_empty() {
        met.push("any method".to_owned());
    } else {
        let methods: Vec<&str> = route.methods.iter().map(http::Method::as_str).collect();
        met.push(format!("method {}", methods.join(" or ")));
    }
    for rule in &route.headers {
        met.push(format!("header {}", rule.name()));
    }
    if route.body_rule.is_some() {
        met.push("body".to_owned());
    }
    let last = met.pop().unwrap_or_default();
    format!(
        "{} and {last} matched; priority {}",
        met.join(", "),
        definition.priority
    )
}

/// The first condition that a request does not meet, with the reason as a clause.
fn first_miss(
    route: &CompiledRoute,
    asked: &Asked<'_>,
    body: Option<&PeekedBody<'_>>,
) -> Option<(FailedCondition, String)> {
    let definition = &route.route.definition;
    if !route.matcher.is_match(asked.path) {
        return Some((
            FailedCondition::Path,
            format!("the path does not match {}", definition.match_path),
        ));
    }
    if !route.matches_method(asked.method) {
        let methods: Vec<&str> = route.methods.iter().map(http::Method::as_str).collect();
        return Some((
            FailedCondition::Method,
            format!("method {} is not {}", asked.method, methods.join(" or ")),
        ));
    }
    if let Some(rule) = route.headers.iter().find(|rule| !rule.is_match(asked.headers)) {
        return Some((FailedCondition::Headers, rule.explain(asked.headers)));
    }
    if let (Some(rule), Some(body)) = (&route.body_rule, body)
        && !rule.is_match(body)
    {
        return Some((FailedCondition::Body, rule.explain(body)));
    }
    (!route.is_active()).then(|| (FailedCondition::Inactive, "the route is switched off".to_owned()))
}
