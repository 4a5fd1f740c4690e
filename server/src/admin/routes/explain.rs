//! `POST /admin/routes/match`: which route would take this request, and why the others would not. Sends nothing.

use crate::admin::auth::{Administrator, Viewer};
use crate::admin::json::{self, JsonObject};
use crate::admin::openapi::ROUTES;
use crate::admin::problem::Problem;
use crate::api_keys::{ApiKeyEntry, KeyRefusal};
use crate::app::App;
use crate::body::peek::PeekedBody;
use crate::client::ClientAddress;
use crate::request_id::RequestId;
use crate::routing::explain::{self as verdicts, Circumstances, KnownBody};
use crate::routing::{Asked, path};
use axum::extract::State;
use axum::{Extension, Json};
use fastgate_shared::problem::{FieldError, Problem as ProblemDocument};
use fastgate_shared::route::{MatchExplanation, MatchRequest};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// Header fields that a request may be described with; the listener takes no more either.
const MAX_HEADERS: usize = 128;

/// Who asks, as if they sent the request.
type Sender = (Extension<RequestId>, Extension<ClientAddress>);

/// Ask which route would take a request.
///
/// Every route in matching order; the first that matched wins, or one of those that share with it. `transforms` is what it
/// would make of the request; where none matched, `nearest` names those that came closest. `refusal` says
/// what the key of `key_id` lacks, or that the winner is not for your address. Nothing is sent.
#[utoipa::path(post, path = "/admin/routes/match", tag = ROUTES, request_body = MatchRequest,
    responses((status = 200, body = MatchExplanation), (status = 422, body = ProblemDocument)))]
pub async fn explain(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    sender: Sender,
    body: JsonObject,
) -> Result<Json<MatchExplanation>, Problem> {
    let members = body.required()?;
    let mut errors = Vec::new();
    if members.get("path").is_none_or(Value::is_null) {
        errors.push(FieldError::new("path", "is missing"));
    }
    let asked: MatchRequest = json::whole(members, errors)?;
    let mut errors = Vec::new();
    let method = method(asked.method.as_deref().unwrap_or("GET"))
        .map_err(|why| errors.push(FieldError::new("method", why)))
        .unwrap_or_default();
    let headers = headers(&asked.headers)
        .map_err(|why| errors.push(FieldError::new("headers", why)))
        .unwrap_or_default();
    let (whole, _) = asked.path.split_once('#').unwrap_or((&asked.path, ""));
    let (raw_path, query) = whole
        .split_once('?')
        .map_or((whole, None), |(path, query)| (path, Some(query)));
    let canonical = path::canonical(raw_path)
        .map_err(|why| errors.push(FieldError::new("path", why.to_string())))
        .unwrap_or_default();
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    let text = asked.body.as_ref().map(body_text).unwrap_or_default();
    let body = PeekedBody::new(headers.get(header::CONTENT_ENCODING), text.as_bytes());
    let key_id = asked.key_id.filter(|id| !id.is_empty());
    let key = key_id.map(|id| app.snapshot().keys.by_id(&id, Timestamp::now()));
    let asked = Asked {
        method: &method,
        path: &canonical,
        raw_path,
        headers: &headers,
    };
    Ok(Json(told(&app, (&asked, query), &sender, &body, key.as_ref())))
}

/// The verdicts, and whether the key may have what is asked for.
fn told<'a>(
    app: &App,
    (asked, query): (&Asked<'_>, Option<&str>),
    (request_id, address): &Sender,
    body: &'a PeekedBody<'a>,
    key: Option<&Result<Arc<ApiKeyEntry>, KeyRefusal>>,
) -> MatchExplanation {
    let usable = key.and_then(|key| key.as_ref().ok());
    let circumstances = Circumstances {
        query,
        request_id: request_id.as_str(),
        client_ip: address.ip,
        source_path: usable.map_or("", |key| &key.source_path),
        key_id: usable.map_or("", |key| &key.key_id),
    };
    let snapshot = app.snapshot();
    let routes = &snapshot.routes;
    let mut told = verdicts::explain(routes, asked, KnownBody::Read(body), Some(&circumstances));
    told.refusal = key.and_then(|key| match key {
        Err(why) => Some(unusable(*why).to_owned()),
        Ok(key) => {
            let key = (&key.permissions, body.model());
            let lack = verdicts::lack(routes, &told.candidates, asked, &circumstances, key);
            lack.map(|lack| lack.to_string())
        }
    });
    let shut_out = || {
        let route = verdicts::shut_out(routes, &told.candidates, address.ip)?;
        Some(format!(
            "The route `{route}` takes no requests from {}, your address.",
            address.ip
        ))
    };
    told.refusal = told.refusal.take().or_else(shut_out);
    told
}

/// Why a key is not accepted, in the words of the proxy.
const fn unusable(why: KeyRefusal) -> &'static str {
    match why {
        KeyRefusal::Unknown => "The API key is not valid.",
        KeyRefusal::Disabled => "The API key is disabled.",
        KeyRefusal::Expired => "The API key has expired.",
    }
}

/// A method as a client would send it.
///
/// # Errors
/// What is allowed.
pub fn method(text: &str) -> Result<Method, &'static str> {
    Method::from_bytes(text.trim().to_ascii_uppercase().as_bytes())
        .ok()
        .filter(|method| *method != Method::CONNECT)
        .ok_or("is not a method; allowed is a name such as GET or POST, not CONNECT")
}

/// Header fields as a client would send them.
///
/// # Errors
/// The first name or value that cannot be sent.
pub fn headers<'a>(fields: impl IntoIterator<Item = (&'a String, &'a String)>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        if headers.len() == MAX_HEADERS {
            return Err(format!("has more than {MAX_HEADERS} header fields"));
        }
        let shown = name.escape_debug();
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{shown}` is not a header name"))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| format!("the value of `{shown}` has a character that no header can carry"))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// A body as a client would send it: text as it is, anything else as JSON.
pub fn body_text(body: &Value) -> String {
    match body {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
