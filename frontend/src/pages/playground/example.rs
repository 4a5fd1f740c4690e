//! What a first request to a route could look like: a path that its pattern takes, and a body for that path.

use fastgate_shared::route::Route;
use fastgate_shared::route::matching::methods;
use serde_json::Value;

/// What is asked for where nothing says otherwise.
pub const MODEL: &str = "gpt-4o-mini";
/// What models are asked under.
const CHAT: &str = "chat/completions";

/// A path that the route's pattern takes; where it leaves a choice, that of a chat, if the route takes one.
pub fn path(route: &Route) -> String {
    let pattern = route.definition.match_path.as_str();
    let (prefix, rest) = pattern.split_at(pattern.find(['*', '{']).unwrap_or(pattern.len()));
    let chats = methods(&route.definition.match_method)
        .is_ok_and(|allowed| allowed.is_empty() || allowed.iter().any(|method| method == "POST"));
    match rest {
        "*" if !chats && !prefix.ends_with('/') => prefix.to_owned(),
        _ if !chats => filled(pattern),
        "" => pattern.to_owned(),
        "*" | "**" if prefix.is_empty() || prefix == "/" => format!("/v1/{CHAT}"),
        "*" | "**" if prefix.ends_with("/chat/") => format!("{prefix}completions"),
        "*" | "**" if prefix.ends_with('/') => format!("{prefix}{CHAT}"),
        "*" => format!("{prefix}/{CHAT}"),
        _ => filled(pattern),
    }
}

/// The pattern with something in each of its gaps.
fn filled(pattern: &str) -> String {
    let segments = pattern.split('/').map(|segment| match segment {
        "*" | "**" => "x".to_owned(),
        capture if capture.starts_with('{') && capture.ends_with('}') => "1".to_owned(),
        other => other.replace('*', "x"),
    });
    let path = segments.collect::<Vec<_>>().join("/");
    if path.starts_with('/') {
        path
    } else {
        format!("/{path}")
    }
}

/// A method that the route takes, best one that fits the body.
pub fn method(route: &Route, body: &str) -> String {
    let usual = if body.is_empty() { "GET" } else { "POST" };
    let allowed = methods(&route.definition.match_method).unwrap_or_default();
    let first = allowed.first().map(|method| (*method).to_string());
    first
        .filter(|_| !allowed.iter().any(|method| **method == *usual))
        .unwrap_or_else(|| usual.to_owned())
}

/// The model that the route's body rule asks for, in its short form or as a schema.
pub fn model(route: &Route) -> Option<String> {
    let rule = route.definition.match_body_schema.as_ref()?;
    let places = ["/model", "/properties/model/const", "/properties/model/enum/0"];
    let found = places
        .iter()
        .find_map(|place| rule.pointer(place).and_then(Value::as_str));
    found.map(str::to_owned)
}

/// A body for this path.
pub fn body(path: &str, model: &str) -> String {
    let model = Value::from(model);
    let path = path.split('?').next().unwrap_or_default();
    let message = r#"{ "role": "user", "content": "Hello" }"#;
    if path.ends_with("/chat/completions") {
        format!(
            "{{\n  \"model\": {model},\n  \"messages\": [\n    {message}\n  ],\n  \"stream\": true,\n  \"stream_options\": {{ \"include_usage\": true }}\n}}"
        )
    } else if path.ends_with("/messages") {
        format!(
            "{{\n  \"model\": {model},\n  \"max_tokens\": 256,\n  \"messages\": [\n    {message}\n  ],\n  \"stream\": true\n}}"
        )
    } else if path.ends_with("/responses") {
        format!("{{\n  \"model\": {model},\n  \"input\": \"Hello\",\n  \"stream\": true\n}}")
    } else if path.ends_with("/completions") {
        format!("{{\n  \"model\": {model},\n  \"prompt\": \"Hello\",\n  \"stream\": true\n}}")
    } else if path.ends_with("/embeddings") {
        format!("{{\n  \"model\": {model},\n  \"input\": \"Hello\"\n}}")
    } else {
        String::new()
    }
}
