//! Paths and queries at the upstream.

use super::PathPlan;
use crate::message::Values;
use crate::routing::path::canonical;
use crate::routing::pattern::PathMatcher;
use fastgate_shared::route::RouteDefinition;
use fastgate_shared::route::pattern::PathPattern;
use rstest::rstest;
use serde_json::json;

/// What a client's path and query become at the upstream.
fn sent(match_path: &str, target_path: &str, strip: bool, client: &str) -> String {
    let definition: RouteDefinition = serde_json::from_value(json!({
        "route_name": "r", "match_path": match_path, "target_host": "up",
        "target_path": target_path, "strip_path_prefix": strip,
    }))
    .expect("a definition");
    let (path, query) = match client.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (client, None),
    };
    let matcher = PathMatcher::new(PathPattern::parse(match_path).expect("a pattern"));
    let canonical = canonical(path).expect("a clear path");
    assert!(matcher.is_match(&canonical), "{match_path} matches {path}");
    let captures = matcher.captures(&canonical, path);
    let values = Values {
        captures: &captures,
        request_id: "req",
        client_ip: [10, 0, 0, 1].into(),
        source_path: "team a",
        key_id: "key",
    };
    PathPlan::compile(&definition).path_and_query(path, query, &values)
}

#[rstest]
#[case("/v1/*", "", "/v1/ch%61t?x=1", "/v1/ch%61t?x=1")]
#[case("/v1/*", "/chat", "/v1/x?a=1&a=2", "/chat?a=1&a=2")]
#[case("/v1/*", "/chat?v=2", "/v1/x?a=1", "/chat?v=2&a=1")]
#[case("/v1/*", "", "/v1/x?", "/v1/x?")]
#[case("/v1/*", "/chat?v=2", "/v1/x?", "/chat?v=2")]
#[case("/v1/*", "/chat?", "/v1/x?a=1", "/chat?a=1")]
#[case("/u/{id}", "/users/{id}/p", "/u/a%20b", "/users/a%20b/p")]
#[case("/f/{rest:path}", "/files/{rest}", "/f/a/b%7e", "/files/a/b%7e")]
#[case("/u/{id}", "/u?id={id}", "/u/1&admin=1;x+y", "/u?id=1%26admin%3D1%3Bx%2By")]
#[case("/u/{id}", "/${source_path}/${client_ip}", "/u/1", "/team%20a/10.0.0.1")]
fn the_target_path_is_filled_in(
    #[case] pattern: &str,
    #[case] target: &str,
    #[case] client: &str,
    #[case] at_upstream: &str,
) {
    assert_eq!(sent(pattern, target, false, client), at_upstream);
}

#[rstest]
#[case("/api/*", "", "/api/x/y", "/x/y")]
#[case("/api/*", "/v1", "/api/x/y?q=1", "/v1/x/y?q=1")]
#[case("/api/*", "/v1/", "/api/x", "/v1/x")]
#[case("/api/**", "/v1", "/api", "/v1")]
#[case("/api/**", "/v1", "/api/x", "/v1/x")]
#[case("/api*", "/v1", "/apix", "/v1/x")]
#[case("/api/*", "", "/%61pi/x%20y", "/x%20y")]
#[case("/é/*", "/v1", "/é/x", "/v1/x")]
#[case("/é/*", "/v1", "/%c3%a9/x", "/v1/x")]
#[case("/exact", "/v1", "/exact", "/v1")]
#[case("/exact", "", "/exact", "/")]
fn what_the_literal_prefix_leaves_is_appended(
    #[case] pattern: &str,
    #[case] target: &str,
    #[case] client: &str,
    #[case] at_upstream: &str,
) {
    assert_eq!(sent(pattern, target, true, client), at_upstream);
}
