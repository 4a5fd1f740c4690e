//! Verdicts in words: why a route takes a request, or which condition fails first. What the winner makes of the request
//! is in `explain/transforms.rs`.

mod caller;
mod transforms;

pub use caller::{lack, shut_out};
pub use transforms::Circumstances;

use crate::body::peek::PeekedBody;
use crate::routing::{Asked, CompiledRoute, RouteTable};
use fastgate_shared::refusals::SHARES_WITH;
use fastgate_shared::route::{FailedCondition, MatchExplanation, MatchVerdict};

/// Routes that a sentence about others names at most.
const NAMED: usize = 3;

/// What is known of the body of a request.
#[derive(Clone, Copy)]
pub enum KnownBody<'a> {
    /// All of it.
    Read(&'a PeekedBody<'a>),
    /// Nothing but the route that took the request, as the first that matched, if that is known.
    NotKept {
        /// Its id.
        taken_by: Option<&'a str>,
    },
}

/// What becomes of every route when a request is matched, in matching order (contract: `POST /admin/routes/match`). Where
/// the body is not known, a route with a condition on it is undecided, unless the route that took the request tells; without
/// circumstances, nothing is said of what the winner makes of the request, nor where an undecided route could win before it.
#[must_use]
pub fn explain(
    table: &RouteTable,
    asked: &Asked<'_>,
    body: KnownBody<'_>,
    circumstances: Option<&Circumstances<'_>>,
) -> MatchExplanation {
    let (read, taken_by) = match body {
        KnownBody::Read(body) => (Some(body), None),
        KnownBody::NotKept { taken_by } => (None, taken_by),
    };
    let verdict = |route: &CompiledRoute| {
        let judged = judge(route, asked, read);
        let (matched, undecided) = (matches!(judged, Judged::Met), matches!(judged, Judged::Undecided));
        let (failed, reason) = match judged {
            Judged::Met => (None, route.reason.to_string()),
            Judged::Missed(failed, why) => (Some(failed), why),
            Judged::Undecided => (None, "the body was not kept whole".to_owned()),
        };
        MatchVerdict {
            route_id: route.id.to_string(),
            route_name: route.name.to_string(),
            priority: route.route.definition.priority,
            matched,
            undecided,
            failed,
            reason,
        }
    };
    let mut candidates: Vec<MatchVerdict> = table.all_in_order().iter().map(|route| verdict(route)).collect();
    if let Some(route_id) = taken_by {
        conclude(table, &mut candidates, route_id);
    }
    tell_who_shares(table, &mut candidates);
    let winner = candidates
        .iter()
        .position(|verdict| verdict.matched || verdict.undecided)
        .filter(|place| !candidates[*place].undecided)
        .map(|place| &table.all_in_order()[place]);
    let transforms = winner.zip(circumstances);
    MatchExplanation {
        nearest: nearest(table, asked, &candidates),
        transforms: transforms.map(|(winner, with)| transforms::transforms(winner, asked, with)),
        candidates,
        refusal: None,
    }
}

/// What the route that took the request tells of undecided ones: its own condition on the body was met, and so were those
/// of the routes alike; those of the others before it were not.
fn conclude(table: &RouteTable, verdicts: &mut [MatchVerdict], taken_by: &str) {
    let routes = table.all_in_order();
    let Some(winner) = routes.iter().position(|route| *route.id == *taken_by) else {
        return;
    };
    if !verdicts[winner].matched && !verdicts[winner].undecided {
        // Something else that was looked at then is not known any more.
        return;
    }
    for (place, (route, verdict)) in routes.iter().zip(verdicts).enumerate() {
        if !verdict.undecided {
            continue;
        }
        if route.is_like(&routes[winner]) {
            (verdict.matched, verdict.undecided) = (true, false);
            verdict.reason = route.reason.to_string();
        } else if place < winner {
            (verdict.failed, verdict.undecided) = (Some(FailedCondition::Body), false);
            verdict.reason = "the body did not match: a later route took the request".to_owned();
        }
    }
}

/// The routes that came nearest where none matched: those that failed the latest condition, else those whose pattern
/// begins most like the path.
fn nearest(table: &RouteTable, asked: &Asked<'_>, verdicts: &[MatchVerdict]) -> Vec<String> {
    if verdicts.iter().any(|verdict| verdict.matched || verdict.undecided) {
        return Vec::new();
    }
    let routes = table.all_in_order().iter().zip(verdicts);
    let mut ranked: Vec<((u8, usize), &str)> = routes
        .filter_map(|(route, verdict)| Some((nearness(route, asked, verdict.failed?), verdict.route_id.as_str())))
        .filter(|(nearness, _)| *nearness > NOT_NEAR)
        .collect();
    // Of those equally near, the first in matching order stays first.
    ranked.sort_by_key(|(nearness, _)| std::cmp::Reverse(*nearness));
    let (met, same) = ranked.first().map_or((0, 0), |(best, _)| *best);
    // A path that only looks alike is no help beside one that matches, or one that looks much more alike.
    ranked.retain(|((condition, bytes), _)| *condition > 0 || met == 0 && bytes * 2 >= same);
    ranked.into_iter().take(NAMED).map(|(_, id)| id.to_owned()).collect()
}

/// Every path begins with `/`: that alone is nothing in common.
const NOT_NEAR: (u8, usize) = (0, 1);

/// How far a route came, and for those whose path does not match, how many bytes it has in common with the request's.
fn nearness(route: &CompiledRoute, asked: &Asked<'_>, failed: FailedCondition) -> (u8, usize) {
    match failed {
        FailedCondition::Path => {
            let prefix = route.matcher.pattern().literal_prefix().bytes();
            let same = prefix
                .zip(asked.path.bytes())
                .take_while(|(one, other)| one.eq_ignore_ascii_case(other));
            (0, same.count())
        }
        FailedCondition::Method => (1, 0),
        FailedCondition::Headers => (2, 0),
        FailedCondition::Body => (3, 0),
        FailedCondition::Inactive => (4, 0),
    }
}

/// The winner and the routes alike get one request after the other: each of them is told so.
fn tell_who_shares(table: &RouteTable, verdicts: &mut [MatchVerdict]) {
    let routes = table.all_in_order();
    let Some(winner) = verdicts.iter().position(|verdict| verdict.matched) else {
        return;
    };
    // Only active routes match, and those alike match alike.
    let alike: Vec<usize> = (winner..routes.len())
        .filter(|place| verdicts[*place].matched && routes[winner].is_like(&routes[*place]))
        .collect();
    if alike.len() < 2 {
        return;
    }
    for place in &alike {
        let others = alike.iter().filter(|other| *other != place);
        let names: Vec<&str> = others.map(|other| &*routes[*other].name).collect();
        let (named, more) = names.split_at(names.len().min(NAMED));
        let more = if more.is_empty() {
            String::new()
        } else {
            format!(" and {} more", more.len())
        };
        let told = format!("{SHARES_WITH}{}{more}", named.join(", "));
        verdicts[*place].reason.push_str(&told);
    }
}

/// Why no route takes a request, in one sentence that names the nearest misses. Costs no more than a look-up. `body` is
/// `None` where it was not read, because no route that came so far has a condition on it.
#[must_use]
pub fn nearest_misses(table: &RouteTable, asked: &Asked<'_>, body: Option<&PeekedBody<'_>>) -> String {
    let places = table.matching_path(asked.path);
    if places.is_empty() {
        return "the path of no active route matches".to_owned();
    }
    let misses: Vec<String> = places
        .iter()
        .map(|place| &table.all_in_order()[*place])
        .filter_map(|route| match judge(route, asked, body) {
            Judged::Missed(_, why) => Some(format!("{}: {why}", route.name)),
            Judged::Met | Judged::Undecided => None,
        })
        .take(NAMED)
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

/// What a route says to a request.
enum Judged {
    Met,
    /// The first condition that is not met, with the reason as a clause.
    Missed(FailedCondition, String),
    /// The body is not known, and all depends on it.
    Undecided,
}

fn judge(route: &CompiledRoute, asked: &Asked<'_>, body: Option<&PeekedBody<'_>>) -> Judged {
    let definition = &route.route.definition;
    if !route.matcher.is_match(asked.path) {
        let why = format!("the path does not match {}", definition.match_path);
        return Judged::Missed(FailedCondition::Path, why);
    }
    if !route.matches_method(asked.method) {
        let methods: Vec<&str> = route.methods.iter().map(http::Method::as_str).collect();
        let why = format!("method {} is not {}", asked.method, methods.join(" or "));
        return Judged::Missed(FailedCondition::Method, why);
    }
    if let Some(rule) = route.headers.iter().find(|rule| !rule.is_match(asked.headers)) {
        return Judged::Missed(FailedCondition::Headers, rule.explain(asked.headers));
    }
    if let (Some(rule), Some(body)) = (&route.body_rule, body)
        && !rule.is_match(body)
    {
        return Judged::Missed(FailedCondition::Body, rule.explain(body));
    }
    if !route.is_active() {
        return Judged::Missed(FailedCondition::Inactive, "the route is switched off".to_owned());
    }
    match (&route.body_rule, body) {
        (Some(_), None) => Judged::Undecided,
        _ => Judged::Met,
    }
}

#[cfg(test)]
mod tests;
