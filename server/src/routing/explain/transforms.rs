//! What a route makes of a request, for people: nothing is sent, and no credential is shown.

use crate::message::template::Template;
use crate::message::{Plan, Values};
use crate::routing::{Asked, Captures, CompiledRoute};
use crate::secrets::mask_route;
use fastgate_shared::route::Transforms;
use serde_json::Value;
use std::borrow::Cow;
use std::net::IpAddr;

/// What besides its head decides what becomes of a request.
pub struct Circumstances<'a> {
    /// Its query.
    pub query: Option<&'a str>,
    /// Its id.
    pub request_id: &'a str,
    /// Where it comes from.
    pub client_ip: IpAddr,
    /// Of the key; empty without one.
    pub source_path: &'a str,
    /// Of the key; empty without one.
    pub key_id: &'a str,
}

/// What the route would do to a request. Carried out with the masked route, so that no credential can come into it.
pub(super) fn transforms(route: &CompiledRoute, asked: &Asked<'_>, with: &Circumstances<'_>) -> Transforms {
    let captures = route.matcher.captures(asked.path, asked.raw_path);
    let values = &values(&captures, with);
    let masked = mask_route((*route.route).clone()).definition;
    // It compiled before its credentials were masked.
    let Ok(plan) = Plan::compile(&masked) else {
        return Transforms::default();
    };
    let path = plan.path.path_and_query(asked.raw_path, with.query, values);
    let targets = plan.targets.iter().filter(|target| target.weight > 0);
    let removed = masked.remove_headers.iter();
    let set = masked.add_headers.iter();
    let fields = plan.body.apply(b"{}", values).unwrap_or_default();
    Transforms {
        target_urls: targets.map(|target| format!("{}{path}", target.label)).collect(),
        removed_headers: removed
            .filter(|name| asked.headers.contains_key(name.as_str()))
            .cloned()
            .collect(),
        set_headers: set
            .map(|(name, value)| {
                (
                    name.clone(),
                    Template::parse(value).fill(values, |text| Cow::Borrowed(text)),
                )
            })
            .collect(),
        body_fields: match serde_json::from_slice(&fields) {
            Ok(Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        },
    }
}

/// What placeholders stand for.
pub(super) fn values<'a>(captures: &'a Captures, with: &Circumstances<'a>) -> Values<'a> {
    Values {
        captures,
        request_id: with.request_id,
        client_ip: with.client_ip,
        source_path: with.source_path,
        key_id: with.key_id,
    }
}
