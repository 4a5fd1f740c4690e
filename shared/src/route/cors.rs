//! Which pages of other origins may call a route from a browser (the Fetch standard's CORS protocol).

use super::transform::is_header_name;
use crate::json::FromJson;
use garde::Validate;
use serde::{Deserialize, Serialize};

/// What the gateway tells browsers about a route. It answers preflights itself, and its fields replace the upstream's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Origins whose pages may read answers: `https://app.example.com`, or `*` alone for all.
    #[garde(length(min = 1, max = 100), custom(validate_origins))]
    pub allow_origins: Vec<String>,
    /// Methods that a preflight allows; `*` allows each that the route takes.
    #[serde(default = "all")]
    #[garde(length(max = 100), custom(validate_methods))]
    pub allow_methods: Vec<String>,
    /// Request header fields that a preflight allows; `*` allows all, `Authorization` included.
    #[serde(default = "all")]
    #[garde(length(max = 100), custom(validate_headers))]
    pub allow_headers: Vec<String>,
    /// Response header fields that pages may read, beside the few that they always may.
    #[serde(default)]
    #[garde(length(max = 100), custom(validate_headers))]
    pub expose_headers: Vec<String>,
    /// Pages may send cookies and other credentials that the browser keeps; not together with `*`.
    #[serde(default)]
    #[garde(custom(validate_credentials(&self.allow_origins, &self.expose_headers)))]
    pub allow_credentials: bool,
    /// Seconds for which a browser may remember a preflight's answer, 0–86,400; null leaves it to the browser.
    #[serde(default)]
    #[garde(inner(custom(crate::fields::whole(0, 86_400))))]
    pub max_age_seconds: Option<u32>,
}

fn all() -> Vec<String> {
    vec!["*".to_owned()]
}

fn validate_origins<C>(origins: &[String], _: &C) -> garde::Result {
    if origins.len() > 1 && origins.iter().any(|origin| origin == "*") {
        return Err(garde::Error::new("`*` allows every origin and stands alone"));
    }
    match origins.iter().find(|origin| *origin != "*" && !is_origin(origin)) {
        None => Ok(()),
        Some(bad) => Err(garde::Error::new(format!(
            "`{}` is not an origin; allowed is `*`, or scheme://host[:port] without a path, e.g. https://app.example.com",
            bad.escape_debug()
        ))),
    }
}

/// `scheme://host[:port]`, as a browser writes it into `Origin` (RFC 6454 section 6.2).
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else {
        return false;
    };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    is_scheme && text.len() <= 300 && super::target::validate_host(authority, &()).is_ok()
}

fn validate_methods<C>(methods: &[String], _: &C) -> garde::Result {
    match methods.iter().find(|method| *method != "*" && !is_header_name(method)) {
        None => Ok(()),
        Some(bad) => Err(garde::Error::new(format!(
            "`{}` is not a method; allowed are names such as POST, or `*`",
            bad.escape_debug()
        ))),
    }
}

fn validate_headers<C>(names: &[String], _: &C) -> garde::Result {
    match names.iter().find(|name| *name != "*" && !is_header_name(name)) {
        None => Ok(()),
        Some(bad) => Err(garde::Error::new(format!(
            "`{}` is not a header name; allowed are names such as X-Team, or `*`",
            bad.escape_debug()
        ))),
    }
}

fn validate_credentials<'a, C>(
    origins: &'a [String],
    expose: &'a [String],
) -> impl FnOnce(&bool, &C) -> garde::Result + 'a {
    move |allowed, _| {
        let any = |names: &[String]| names.iter().any(|name| name == "*");
        match *allowed {
            true if any(origins) => Err(garde::Error::new(
                "cannot be true while `allow_origins` is `*`: browsers refuse that; name the origins",
            )),
            true if any(expose) => Err(garde::Error::new(
                "cannot be true while `expose_headers` is `*`: browsers take that for a name; name the fields",
            )),
            _ => Ok(()),
        }
    }
}
