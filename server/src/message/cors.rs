//! What browsers are told about a route with `cors` (the Fetch standard's CORS protocol): the answer to a preflight, and
//! the fields of every other answer. Which requests get them is decided by the proxy.

use fastgate_shared::problem::FieldError;
use fastgate_shared::route::Cors;
use http::Method;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Fields of an upstream's own policy, which the gateway's replaces.
const REPLACED: [HeaderName; 6] = [
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
];

/// A route's `cors`, compiled.
#[derive(Debug)]
pub struct CorsPolicy {
    origins: Allowed,
    methods: Allowed,
    headers: Allowed,
    expose: Option<HeaderValue>,
    credentials: bool,
    max_age: Option<HeaderValue>,
}

#[derive(Debug)]
enum Allowed {
    Any,
    /// These, and the same as one value.
    These(Vec<String>, HeaderValue),
}

/// A question of a browser before it sends the request itself.
#[derive(Clone, Copy, Debug)]
pub struct Preflight<'a> {
    /// Where the page comes from.
    pub origin: &'a HeaderValue,
    /// The method of the request itself.
    pub method: &'a HeaderValue,
    /// The names of its header fields that are not harmless in themselves.
    pub headers: Option<&'a HeaderValue>,
}

impl<'a> Preflight<'a> {
    /// Reads the question, if the request is one.
    #[must_use]
    pub fn of(method: &Method, headers: &'a HeaderMap) -> Option<Self> {
        if method != Method::OPTIONS {
            return None;
        }
        Some(Self {
            origin: headers.get(header::ORIGIN)?,
            method: headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?,
            headers: headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS),
        })
    }

    /// The method that is asked for; `None` for what is none.
    #[must_use]
    pub fn asked_method(&self) -> Option<Method> {
        Method::from_bytes(self.method.as_bytes()).ok()
    }
}

impl CorsPolicy {
    /// Compiles what an administrator wrote.
    ///
    /// # Errors
    /// For text that passed the rules of `shared` and still fits in no header field.
    pub fn compile(cors: &Cors) -> Result<Self, FieldError> {
        let lower: Vec<String> = cors
            .allow_origins
            .iter()
            .map(|origin| origin.to_ascii_lowercase())
            .collect();
        let expose = Allowed::compile("cors.expose_headers", &cors.expose_headers)?;
        Ok(Self {
            origins: Allowed::compile("cors.allow_origins", &lower)?,
            methods: Allowed::compile("cors.allow_methods", &cors.allow_methods)?,
            headers: Allowed::compile("cors.allow_headers", &cors.allow_headers)?,
            expose: match expose {
                Allowed::Any => Some(HeaderValue::from_static("*")),
                Allowed::These(names, _) if names.is_empty() => None,
                Allowed::These(_, text) => Some(text),
            },
            credentials: cors.allow_credentials,
            max_age: cors.max_age_seconds.map(HeaderValue::from),
        })
    }

    /// Whether pages of this origin may read answers.
    #[must_use]
    pub fn allows(&self, origin: &HeaderValue) -> bool {
        match &self.origins {
            Allowed::Any => true,
            Allowed::These(origins, _) => origins
                .iter()
                .any(|allowed| origin.as_bytes().eq_ignore_ascii_case(allowed.as_bytes())),
        }
    }

    /// The fields of the answer to a preflight whose origin is allowed. Whether method and fields are, the browser reads
    /// from them.
    #[must_use]
    pub fn answer(&self, asked: &Preflight<'_>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            self.methods.or_asked(asked.method),
        );
        // Never `*`: browsers do not count `Authorization` as meant by it.
        let names = match (&self.headers, asked.headers) {
            (Allowed::Any, asked) => asked.cloned(),
            (Allowed::These(_, text), _) => Some(text.clone()).filter(|text| !text.is_empty()),
        };
        if let Some(names) = names {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
        }
        if let Some(max_age) = &self.max_age {
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, max_age.clone());
        }
        headers.insert(
            header::VARY,
            HeaderValue::from_static("Access-Control-Request-Method, Access-Control-Request-Headers"),
        );
        headers
    }

    /// Puts the policy's fields in the place of the upstream's in any answer but a preflight's.
    pub fn dress(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        for name in &REPLACED {
            headers.remove(name);
        }
        self.name_origin(origin, headers);
        if let Some(expose) = &self.expose {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
        }
    }

    /// Says which origin the answer is for.
    pub fn name_origin(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if let (Allowed::Any, false) = (&self.origins, self.credentials) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            return;
        }
        // Also where none is named: a cache must not give this answer to another origin.
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin.filter(|origin| self.allows(origin)) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            if self.credentials {
                headers.insert(
                    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                    HeaderValue::from_static("true"),
                );
            }
        }
    }
}

impl Allowed {
    fn compile(field: &str, names: &[String]) -> Result<Self, FieldError> {
        if names.iter().any(|name| name == "*") {
            return Ok(Self::Any);
        }
        let text = HeaderValue::from_str(&names.join(", "))
            .map_err(|_| FieldError::new(field, "has a character that a header field cannot carry"))?;
        Ok(Self::These(names.to_vec(), text))
    }

    fn or_asked(&self, asked: &HeaderValue) -> HeaderValue {
        match self {
            Self::Any => asked.clone(),
            Self::These(_, text) => text.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
