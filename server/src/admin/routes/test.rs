//! `POST /admin/routes/{route_id}/test`: one real request to a route's target, made as the proxy would make it, without
//! an API key and without a retry.

use super::explain::{body_text, headers, method};
use crate::admin::auth::{Administrator, Operator};
use crate::admin::json::{self, JsonObject};
use crate::admin::openapi::ROUTES;
use crate::admin::page::Id;
use crate::admin::problem::Problem;
use crate::api_keys;
use crate::app::App;
use crate::audit_log::redact::forget;
use crate::body::peek::PeekedBody;
use crate::client::ClientAddress;
use crate::message::{Plan, Values, forwarded, hop_by_hop, target};
use crate::request_id::RequestId;
use crate::routing::explain::{self, KnownBody};
use crate::routing::{Asked, CompiledRoute, RouteTable, path};
use crate::upstream::own_calls::{Call, Reply};
use axum::extract::State;
use axum::{Extension, Json};
use fastgate_shared::problem::{FieldError, Problem as ProblemDocument};
use fastgate_shared::route::pattern::Token;
use fastgate_shared::route::{MatchVerdict, RouteTestResult, TestRoute};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use std::sync::Arc;
use std::time::Duration;

/// Bytes of the answer's body that are shown.
const MAX_BODY_BYTES: usize = 64 << 10;
/// Seconds that a test may take.
const SECONDS: std::ops::RangeInclusive<u32> = 1..=3600;

/// The request of a client, as the administrator describes it.
struct Asking {
    method: Method,
    raw_path: String,
    canonical: String,
    query: Option<String>,
    headers: HeaderMap,
    body: String,
    timeout: Option<u32>,
}

/// What is sent where.
struct Planned {
    call: Call,
    url: String,
    /// Index of the target.
    target: usize,
}

/// Send a real request through a route.
///
/// As the proxy would send it, but without an API key and once. The route need not be active. What the route would say to
/// the request is in `matched`; it is sent all the same.
#[utoipa::path(post, path = "/admin/routes/{route_id}/test", tag = ROUTES, params(("route_id" = String, Path)),
    request_body = Option<TestRoute>,
    responses((status = 200, body = RouteTestResult), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn test(
    _: Administrator<Operator>,
    State(app): State<Arc<App>>,
    Id(route_id): Id,
    sender: (Extension<RequestId>, Extension<ClientAddress>),
    body: JsonObject,
) -> Result<Json<RouteTestResult>, Problem> {
    let (Extension(request_id), Extension(client)) = sender;
    let asked: TestRoute = json::whole(body.0.unwrap_or_default(), Vec::new())?;
    let mut route = super::read(&app, &route_id).await?;
    // Tried before it is switched on.
    route.definition.is_active = true;
    let compiled = app.compile_route(route).map_err(Problem::fields)?;
    let asking = Asking::read(&app, asked, &compiled).map_err(Problem::fields)?;
    let compiled = Arc::new(compiled);
    let verdict = asking.verdict(&compiled);
    let Planned { call, url, target } = asking.call(&app, &compiled, client, &request_id)?;
    let shown_url = app.audit.redactor.url(&url).into_owned();
    let reply = compiled.hosts[target].call(call).await;
    Ok(Json(result(verdict.as_ref(), shown_url, reply, &compiled.plan)))
}

impl Asking {
    fn read(app: &App, asked: TestRoute, route: &CompiledRoute) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut refuse = |field: &str, why: String| errors.push(FieldError::new(field, why));
        let method = match &asked.test_method {
            Some(text) => method(text).map_err(|why| refuse("test_method", why.to_owned())),
            None => Ok(usual_method(route, asked.test_body.is_some())),
        };
        let mut headers = headers(&asked.test_headers)
            .map_err(|why| refuse("test_headers", why))
            .unwrap_or_default();
        // A key of this gateway that was pasted along must not reach the upstream.
        api_keys::strip(&mut headers, &app.config.security.key_prefix);
        let full_path = asked.test_path.unwrap_or_else(|| example_path(route));
        let (raw_path, query) = match full_path.split_once('?') {
            Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
            None => (full_path, None),
        };
        let canonical = path::canonical(&raw_path)
            .map(std::borrow::Cow::into_owned)
            .map_err(|why| refuse("test_path", why.to_string()))
            .unwrap_or_default();
        if !asked.timeout.is_none_or(|seconds| SECONDS.contains(&seconds)) {
            refuse("timeout", "must be a whole number from 1 to 3600".to_owned());
        }
        match method {
            Ok(method) if errors.is_empty() => Ok(Self {
                method,
                raw_path,
                canonical,
                query,
                headers,
                body: asked.test_body.as_ref().map(body_text).unwrap_or_default(),
                timeout: asked.timeout,
            }),
            _ => Err(errors),
        }
    }

    fn peeked(&self) -> PeekedBody<'_> {
        PeekedBody::new(self.headers.get(header::CONTENT_ENCODING), self.body.as_bytes())
    }

    /// What the route says to the request.
    fn verdict(&self, route: &Arc<CompiledRoute>) -> Option<MatchVerdict> {
        let asked = Asked {
            method: &self.method,
            path: &self.canonical,
            raw_path: &self.raw_path,
            headers: &self.headers,
        };
        let alone = RouteTable::new(vec![route.clone()]);
        explain::explain(&alone, &asked, KnownBody::Read(&self.peeked()), None)
            .candidates
            .pop()
    }

    /// What the upstream gets.
    fn call(
        self,
        app: &App,
        route: &CompiledRoute,
        client: ClientAddress,
        request_id: &RequestId,
    ) -> Result<Planned, Problem> {
        let captures = route.matcher.captures(&self.canonical, &self.raw_path);
        let values = Values {
            captures: &captures,
            request_id: request_id.as_str(),
            client_ip: client.ip,
            source_path: "",
            key_id: "",
        };
        let plan = &route.plan;
        let (target, first) = plan
            .targets
            .iter()
            .enumerate()
            .find(|(_, target)| target.weight > 0)
            .ok_or_else(|| Problem::field("targets", "has no target with a weight"))?;
        let path = plan.path.path_and_query(&self.raw_path, self.query.as_deref(), &values);
        let uri = target::uri(first, &path)
            .map_err(|_| Problem::field("test_path", "makes a path that is too long or cannot be sent"))?;
        let mut headers = end_to_end(self.headers, client, request_id);
        if !self.body.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        plan.headers.apply(&mut headers, &values);
        let body = match plan.body.is_empty() || headers.contains_key(header::CONTENT_ENCODING) {
            true => None,
            false => plan.body.apply(self.body.as_bytes(), &values),
        };
        let seconds = self.timeout.or(route.route.definition.timeout);
        let seconds = seconds.unwrap_or(app.config.proxy.timeout);
        let call = Call {
            method: self.method,
            path_and_query: path,
            headers,
            body: body.unwrap_or_else(|| self.body.into_bytes()),
            deadline: Duration::from_secs(seconds.into()),
            max_body_bytes: MAX_BODY_BYTES,
        };
        let url = uri.to_string();
        Ok(Planned { call, url, target })
    }
}

/// The header fields that go on to an upstream, as the proxy's `transform` stage makes them.
fn end_to_end(mut headers: HeaderMap, client: ClientAddress, request_id: &RequestId) -> HeaderMap {
    hop_by_hop::strip(&mut headers);
    hop_by_hop::strip_underscored(&mut headers);
    headers.remove(header::EXPECT);
    // The client of the test counts the body itself.
    headers.remove(header::CONTENT_LENGTH);
    forwarded::rebuild(&mut headers, client.peer, &request_id.to_header());
    forwarded::add_via(&mut headers, http::Version::HTTP_11);
    headers
}

fn result(verdict: Option<&MatchVerdict>, target_url: String, reply: Reply, plan: &Plan) -> RouteTestResult {
    // An upstream that repeats what it got shall not show the stored credential to everybody who may test.
    let text = |bytes: &[u8]| forget(String::from_utf8_lossy(bytes).into_owned(), plan.credentials());
    let matched = verdict.is_some_and(|verdict| verdict.matched);
    let ms = |duration: Duration| (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0;
    let miss = verdict
        .filter(|verdict| !verdict.matched)
        .map(|verdict| format!("the route would not take this request: {}", verdict.reason));
    let answered = reply.status.is_some();
    RouteTestResult {
        success: reply.error.is_none() && reply.status.is_some_and(|status| status < StatusCode::BAD_REQUEST),
        matched,
        target_url,
        status_code: reply.status.map(|status| status.as_u16()),
        response_time_ms: Some(ms(reply.total)),
        ttfb_ms: reply.ttfb.map(ms),
        error_message: reply.error.or(miss),
        response_headers: reply
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect(),
        response_body: answered.then(|| text(&reply.body)),
    }
}

/// The first method that the route names; for a route that takes any, what fits the body.
fn usual_method(route: &CompiledRoute, has_body: bool) -> Method {
    match route.methods.first() {
        Some(method) => method.clone(),
        None if has_body => Method::POST,
        None => Method::GET,
    }
}

/// A path that the route's pattern matches.
fn example_path(route: &CompiledRoute) -> String {
    let mut path = String::new();
    for token in route.matcher.pattern().tokens() {
        match token {
            Token::Literal(text) => path.push_str(text),
            Token::Segment | Token::Within | Token::Anything | Token::Capture(_) | Token::Rest(_) => {
                if path.is_empty() {
                    path.push('/');
                }
                path.push_str("test");
            }
            // None at all is a match as well.
            Token::Segments => {}
        }
    }
    if path.is_empty() { "/".to_owned() } else { path }
}
