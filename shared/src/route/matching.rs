//! The conditions of a route besides its path: methods, header fields, body. What needs a regex or a JSON Schema
//! engine is judged by the server when a route is saved.

use crate::route::transform::is_header_name;
use serde_json::Value;
use std::collections::BTreeMap;

/// The methods that `match_method` names, in upper case; empty means any.
///
/// # Errors
/// With what is wrong and what is allowed.
pub fn methods(text: &str) -> Result<Vec<String>, String> {
    let mut methods = Vec::new();
    for name in text.split(',').map(str::trim) {
        if name.is_empty() {
            return Err(
                "has an empty method; allowed is ANY, a method such as POST, or several separated by commas".to_owned(),
            );
        }
        if !is_header_name(name) || name.len() > 32 {
            return Err(format!(
                "`{}` is not a method; allowed is ANY, a method such as POST, or several separated by commas",
                name.escape_debug()
            ));
        }
        let name = name.to_ascii_uppercase();
        if name == "ANY" || name == "*" {
            return Ok(Vec::new());
        }
        if name == "CONNECT" {
            return Err("CONNECT cannot be routed: the gateway is no forward proxy".to_owned());
        }
        if !methods.contains(&name) {
            methods.push(name);
        }
    }
    Ok(methods)
}

/// `match_method`.
///
/// # Errors
/// See [`methods`].
pub fn validate_methods<C>(text: &str, _: &C) -> garde::Result {
    methods(text).map(drop).map_err(garde::Error::new)
}

/// `match_headers`: the names; `regex:` values are compiled by the server.
///
/// # Errors
/// For a name that is no token or is there twice (header names ignore case), or a value with control characters.
pub fn validate_headers<C>(headers: &BTreeMap<String, String>, _: &C) -> garde::Result {
    if headers.len() > 50 {
        return Err(garde::Error::new("has more than 50 header fields"));
    }
    for (at, (name, value)) in headers.iter().enumerate() {
        if !is_header_name(name) {
            return Err(garde::Error::new(format!(
                "`{}` is not a header name",
                name.escape_debug()
            )));
        }
        if headers.keys().take(at).any(|other| other.eq_ignore_ascii_case(name)) {
            return Err(garde::Error::new(format!(
                "names `{name}` twice (header names ignore case)"
            )));
        }
        if value.len() > 4096 || value.chars().any(char::is_control) {
            return Err(garde::Error::new(format!(
                "the value of `{name}` has a control character or is over 4,096 bytes"
            )));
        }
        if value == "regex:" {
            return Err(garde::Error::new(format!(
                "the value of `{name}` is an empty regular expression"
            )));
        }
    }
    Ok(())
}

/// `match_body_schema` is an object (short form or JSON Schema).
///
/// # Errors
/// When it is something else.
pub fn validate_body_schema<C>(schema: &Option<Value>, _: &C) -> garde::Result {
    match schema {
        None | Some(Value::Null | Value::Object(_)) => Ok(()),
        Some(_) => Err(garde::Error::new(
            "must be an object: a JSON Schema (2020-12), or field → value",
        )),
    }
}
