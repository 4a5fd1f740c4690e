//! The proxy door: a request's journey from the client to an upstream and back, in eight stages.
//!
//! A stage is a verb in this folder; the room that it works in is a noun beside it. Each stage takes what the one before
//! hands on, so that none can be left out: no `Caller`, no `RouteMatch`; no `RouteMatch`, no `Admission`.

pub mod accept;
pub mod admit;
pub mod audit;
pub mod authenticate;
pub mod error;
pub mod exchange;
pub mod forward;
pub mod match_route;
pub mod relay;
pub mod transform;

use crate::app::App;
use crate::body::replay::ReplayBody;
use crate::config::Capture;
use accept::Sender;
use error::ProxyError;
use exchange::Exchange;
use forward::UpstreamResponse;
use http::{Method, Request, Response, header};
use hyper::body::Incoming;
use jiff::Timestamp;
use relay::RelayBody;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Handles one request. Whatever happens, the client gets an answer and the audit log gets one record.
pub async fn handle(
    app: &Arc<App>,
    request: Request<Incoming>,
    sender: Sender,
    started: Instant,
) -> Response<RelayBody> {
    let request = request.map(|body| replayable(app, body));
    let to_dashboard = is_browser_at_the_door(app, &request);
    let mut exchange = Exchange::begin(app, &request, &sender, started);
    let mut response = match journey(app, request, sender, &mut exchange).await {
        Err(ProxyError::MissingKey) if to_dashboard => relay::redirect(exchange, "/admin/dashboard"),
        answer => relay::relay(exchange, answer),
    };
    response.body_mut().settle().await;
    response
}

/// The stages, in order.
async fn journey(
    app: &Arc<App>,
    request: Request<ReplayBody>,
    sender: Sender,
    exchange: &mut Exchange,
) -> Result<UpstreamResponse, ProxyError> {
    let snapshot = app.snapshot.load_full();
    let mut accepted = accept::accept(request, sender)?;
    let prefix = &app.config.security.key_prefix;
    let caller = authenticate::authenticate(&snapshot.keys, &mut accepted, Timestamp::now(), prefix);
    exchange.identified(&caller);
    let matched = match_route::match_route(&snapshot.routes, accepted, caller).await?;
    if let Some(read) = &matched.read {
        exchange.waited(read.waited);
        exchange.asked_for(read.model.as_deref());
    }
    if let Some(winner) = matched.candidates.candidates().first() {
        // Before it is admitted: a refusal belongs to the route whose permission or limit it is about.
        exchange.routed(winner);
    }
    let admission = admit::admit(matched, app.config.rate_limiting.enabled)?;
    forward::forward(app, admission, exchange).await
}

fn replayable(app: &App, body: Incoming) -> ReplayBody {
    let capture = if app.config.audit.capture == Capture::None {
        0
    } else {
        app.config.audit.max_body_bytes
    };
    let idle = Duration::from_secs(app.config.server.body_timeout_seconds);
    ReplayBody::new(body, app.config.proxy.max_match_body_bytes, capture, idle)
}

/// A person who typed the gateway's address into a browser wants the dashboard (contract: Paths of the one listener).
fn is_browser_at_the_door(app: &App, request: &Request<ReplayBody>) -> bool {
    let accepts_html = || {
        request
            .headers()
            .get_all(header::ACCEPT)
            .iter()
            .any(|value| value.to_str().is_ok_and(|v| v.contains("text/html")))
    };
    request.method() == Method::GET
        && request.uri().path() == "/"
        && app.config.server.admin_port.is_none()
        && accepts_html()
}
