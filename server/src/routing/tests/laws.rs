//! What holds for every route and every path.

use super::{compile, path};
use crate::body::peek::PeekedBody;
use crate::routing::{Asked, CompiledRoute, RouteTable, Selection, rank};
use fastgate_shared::route::{Route, RouteAuth, order, shadow};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use serde_json::json;
use std::cmp::Ordering;
use std::sync::Arc;

fn any_pattern() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "/a",
        "/a/b",
        "/ab",
        "/a/*",
        "/a*",
        "/a/**",
        "/*",
        "/**",
        "*",
        "*b",
        "/{x}",
        "/a/{x}",
        "/a/{x:path}",
        "/a/*/b",
        "/**/b",
        "/a/b/",
        "/a/b*",
        "/ab/*",
        "/a/{x}/b/*",
        "/a/{x}/a",
        "/a/{x}/**",
        "/{x}/b/**",
        "/*/a/{y}/**",
        "/a/*/b/a/**",
        "/{x}/b",
        "/{x}/a*",
        "*/a/b",
    ])
}

fn any_route() -> impl Strategy<Value = Arc<CompiledRoute>> {
    (any_pattern(), 1..4u16, "[a-c]{1,2}", any::<bool>()).prop_map(|(pattern, priority, name, is_active)| {
        let fields = json!({"match_path": pattern, "priority": priority, "is_active": is_active});
        Arc::new(compile(&name, &fields).expect("a good route"))
    })
}

/// Routes with ids of their own, in matching order.
fn numbered(routes: Vec<Arc<CompiledRoute>>) -> Vec<Route> {
    let with_id = |(at, route): (usize, Arc<CompiledRoute>)| Route {
        route_id: at.to_string(),
        ..Route::clone(&route.route)
    };
    let mut routes: Vec<Route> = routes.into_iter().enumerate().map(with_id).collect();
    routes.sort_by(order::matching_order);
    routes
}

fn in_order(routes: &[Route]) -> Vec<String> {
    let mut routes: Vec<&Route> = routes.iter().collect();
    routes.sort_by(|left, right| order::matching_order(left, right));
    routes.into_iter().map(|route| route.route_id.clone()).collect()
}

/// Many routes of a few paths, which header fields and the body's model tell apart.
fn any_crowded_route() -> impl Strategy<Value = Arc<CompiledRoute>> {
    let text = |choices: &[&'static str]| prop::sample::select(choices.to_vec());
    (
        (text(&["/a/*", "/a/{x}"]), text(&["ANY", "POST"]), text(&["", "", "", "A", "b", "regex:a"])),
        (text(&["", "m", "n", "o", "m", "n", "o", "stream"]), 1..4u16, "[a-c]{1,2}"),
        (0..40_u64, any::<bool>(), text(&["key", "none", "key"])),
    )
        .prop_map(|((path, method, team), (model, priority, name), (most, edits, auth))| {
            let mut fields = json!({
                "match_path": path, "match_method": method, "priority": priority, "auth": auth, "max_body_bytes": 1 + most / 8,
            });
            if !team.is_empty() {
                fields["match_headers"] = json!({"X-Team": team});
            }
            match model {
                "" => {}
                "stream" => fields["match_body_schema"] = json!({"stream": true}),
                model => fields["match_body_schema"] = json!({"model": model}),
            }
            if edits && most == 0 {
                fields["add_body_fields"] = json!({"user": "gateway"});
            }
            Arc::new(compile(&name, &fields).expect("a good route"))
        })
}

fn identities<'a>(routes: impl IntoIterator<Item = &'a Arc<CompiledRoute>>) -> Vec<*const CompiledRoute> {
    routes.into_iter().map(Arc::as_ptr).collect()
}

proptest! {
    #[test]
    fn the_index_finds_what_comparing_every_route_finds(
        routes in prop::collection::vec(any_route(), 0..200),
        path in "/[ab/]{0,8}",
    ) {
        let table = RouteTable::new(routes);
        let headers = HeaderMap::new();
        let asked = Asked { method: &Method::GET, path: &path, raw_path: &path, headers: &headers };
        let found = table.select(&asked).unread();
        let expected = table.all_in_order().iter().filter(|route| route.is_active() && route.matcher.is_match(&path));
        prop_assert_eq!(identities(found.candidates().iter().map(|one| &one.route)), identities(expected));
    }

    #[test]
    fn routes_that_fields_and_models_tell_apart_are_found_as_by_comparing_each(
        routes in prop::collection::vec(any_crowded_route(), 0..150),
        teams in prop::collection::vec("[abAB]|ab", 0..3),
        body in prop::sample::select(vec![r#"{"model":"m"}"#, r#"{"model":"n","stream":true}"#, r#"{"model":"x"}"#, "{}", "no"]),
        is_post in any::<bool>(),
    ) {
        let compiled = numbered(routes).into_iter().map(|route| Arc::new(CompiledRoute::compile(route).expect("a good route")));
        let table = RouteTable::new(compiled.collect());
        let team = |team: &String| (HeaderName::from_static("x-team"), HeaderValue::from_str(team).expect("a value"));
        let mut headers = HeaderMap::new();
        teams.iter().map(team).for_each(|(name, value)| { headers.append(name, value); });
        let method = if is_post { Method::POST } else { Method::GET };
        let asked = Asked { method: &method, path: "/a/b", raw_path: "/a/b", headers: &headers };
        let fits = |route: &&Arc<CompiledRoute>| route.matches_method(&method) && route.matches_headers(&headers);
        let by_head: Vec<&Arc<CompiledRoute>> = table.all_in_order().iter().filter(fits).collect();

        let found = table.select(&asked);
        prop_assert_eq!(found.is_empty(), by_head.is_empty());
        prop_assert_eq!(found.takes_strangers(), by_head.iter().any(|route| route.auth == RouteAuth::None));
        prop_assert_eq!(found.body_decides(), by_head.first().is_some_and(|first| first.body_rule.is_some()));
        let certain = by_head.iter().position(|route| route.body_rule.is_none());
        let could_win = by_head.iter().enumerate().filter(|(at, route)| {
            certain.is_none_or(|certain| *at <= certain || by_head[certain].is_like(route))
        });
        let could_win: Vec<&Arc<CompiledRoute>> = could_win.map(|(_, route)| *route).collect();
        prop_assert_eq!(found.may_edit_body(), could_win.iter().any(|route| !route.plan.body.is_empty()));
        let most = could_win.iter().map(|route| route.max_body_bytes).max();
        prop_assert_eq!(found.most_body_bytes(), most.unwrap_or(u64::MAX));

        let told = |found: &Selection| identities(found.candidates().iter().map(|one| &one.route));
        prop_assert_eq!(told(&table.select(&asked).unread()), identities(by_head.iter().copied()));
        let body = PeekedBody::new(None, body.as_bytes());
        let by_body = by_head.iter().copied().filter(|route| route.matches_body(&body));
        prop_assert_eq!(told(&found.judge(&body)), identities(by_body));
    }

    #[test]
    fn the_matching_order_is_total(left in any_route(), middle in any_route(), right in any_route()) {
        let order = rank::matching_order;
        prop_assert_eq!(order(&left, &left), Ordering::Equal);
        prop_assert_eq!(order(&left, &right), order(&right, &left).reverse());
        if order(&left, &middle) != Ordering::Greater && order(&middle, &right) != Ordering::Greater {
            prop_assert_ne!(order(&left, &right), Ordering::Greater);
        }
    }

    #[test]
    fn what_a_route_is_said_to_take_it_takes(
        earlier in any_pattern(), later in any_pattern(), path in "/[ab/]{0,6}",
    ) {
        let route = |pattern: &str| compile("r", &json!({"match_path": pattern})).expect("a good route");
        let (earlier, later) = (route(earlier), route(later));
        let takes_all = shadow::takes_all(&earlier.route.definition, &later.route.definition);
        if takes_all && later.matcher.is_match(&path) {
            prop_assert!(earlier.matcher.is_match(&path));
        }
    }

    #[test]
    fn the_dashboard_knows_the_matching_order(left in any_route(), right in any_route()) {
        let told = order::matching_order(&left.route, &right.route);
        prop_assert_eq!(told, rank::matching_order(&left, &right));
    }

    #[test]
    fn a_move_brings_a_route_to_its_place_step_by_step(
        routes in prop::collection::vec(any_route(), 2..9), from in 0_usize..9, to in 0_usize..9,
    ) {
        let mut routes = numbered(routes);
        let (from, to) = (from % routes.len(), to % routes.len());
        let mut expected: Vec<String> = routes.iter().map(|route| route.route_id.clone()).collect();
        let own = expected.remove(from);
        expected.insert(to, own.clone());
        let others = in_order(&routes).into_iter().filter(|id| *id != own).collect::<Vec<_>>();
        for change in order::moved(&routes, from, to).expect("there is room") {
            routes[change.index].definition.priority = change.priority;
            let now = in_order(&routes).into_iter().filter(|id| *id != own).collect::<Vec<_>>();
            prop_assert_eq!(&now, &others, "no other pair changes places");
        }
        prop_assert_eq!(in_order(&routes), expected);
    }

    #[test]
    fn no_path_makes_routing_panic(raw in "\\PC{0,40}|/[%0-9a-fA-F./\\\\;é]{0,24}", pattern in any_pattern()) {
        let route = compile("r", &json!({"match_path": pattern})).expect("a good route");
        if let Ok(path) = path::canonical(&raw) {
            let _ = route.matcher.captures(&path, &raw);
            let _ = path::after_prefix(&raw, route.matcher.pattern().literal_prefix().len());
        }
    }

    /// Where a pattern's prefix is taken off, what goes on is the client's spelling of exactly what the pattern left, and
    /// another reader of it comes to the same resource.
    #[test]
    fn what_is_matched_is_what_is_forwarded(raw in "/([a-z~/;:@é]|%[46][0-9a-fA-F]|%20|%2E|%c3|\\.){0,16}") {
        if let Ok(canonical) = path::canonical(&raw) {
            let again = path::canonical(&canonical);
            prop_assert_eq!(again.as_deref(), Ok(&*canonical), "it has one spelling");
            prop_assert!(canonical.split('/').all(|segment| segment != "." && segment != ".."));
            for (at, _) in canonical.match_indices('/') {
                let rest = path::after_prefix(&raw, at);
                prop_assert!(raw.ends_with(rest));
                let rest = path::canonical(rest);
                prop_assert_eq!(rest.as_deref(), Ok(&canonical[at..]));
            }
        }
    }
}
