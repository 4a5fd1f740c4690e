//! The proxy door: a request's journey from the client to an upstream and back, in eight stages.
//!
//! A stage is a verb in this folder; the room that it works in is a noun beside it. Each stage takes what the one before
//! hands on, so that none can be left out: no `Caller`, no `RouteMatch`; no `RouteMatch`, no `Admission`.

pub mod accept;
pub mod admit;
pub mod answer_itself;
pub mod audit;
pub mod authenticate;
pub mod error;
pub mod exchange;
pub mod forward;
pub mod match_route;
pub mod own;
pub mod refuse;
pub mod relay;
pub mod transform;
pub mod tunnel;
pub mod wait_turn;

use crate::app::App;
use crate::body::replay::ReplayBody;
use crate::config::Capture;
use accept::Sender;
use answer_itself::OwnAnswer;
use authenticate::Caller;
use error::ProxyError;
use exchange::Exchange;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use jiff::Timestamp;
use relay::{Arrival, RelayBody};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tunnel::Tunnel;

/// What the client gets.
pub enum Answer {
    /// A response.
    Response(Response<Box<RelayBody>>),
    /// A response after which the connection is the tunnel's (101).
    Switch(Response<()>, Box<Tunnel>),
}

/// Handles one request. Whatever happens, the client gets an answer and the audit log gets one record.
pub async fn handle(app: &Arc<App>, mut request: Request<Incoming>, sender: Sender, started: Instant) -> Answer {
    let client = hyper::upgrade::on(&mut request);
    let request = request.map(|body| replayable(app, body));
    let to_dashboard = is_browser_at_the_door(app, &request);
    let unread = Unread::of(&request);
    let mut exchange = Exchange::begin(app, &request, &sender, started);
    let mut response = match travel(app, request, sender, &mut exchange, None).await {
        Err(ProxyError::MissingKey) if to_dashboard => {
            relay::relay(exchange, Ok(Arrival::Own(OwnAnswer::to_dashboard())))
        }
        Ok(Arrival::Upstream(answer)) if answer.response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            let (response, tunnel) = tunnel::open(exchange, *answer, client);
            return Answer::Switch(response, Box::new(tunnel));
        }
        Ok(Arrival::Upstream(answer)) => relay::relay(exchange, Ok(Arrival::Upstream(answer))),
        answer => {
            let closes = unread.closes_connection(exchange.body()).await;
            let mut response = relay::relay(exchange, answer);
            if closes {
                response
                    .headers_mut()
                    .insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            response
        }
    };
    response.body_mut().settle().await;
    Answer::Response(response)
}

/// What becomes of a connection when the gateway answers without having read the request's body.
#[derive(Clone, Copy)]
struct Unread {
    version: Version,
    /// The client waits to be asked for its body (`Expect`), which reading it would do.
    waits: bool,
}

impl Unread {
    fn of(request: &Request<ReplayBody>) -> Self {
        Self {
            version: request.version(),
            waits: request.headers().contains_key(header::EXPECT),
        }
    }

    /// Whether it ends with the answer, which must then say so (RFC 9112 section 9.6). A body that is here is taken off.
    async fn closes_connection(self, body: &ReplayBody) -> bool {
        self.version < Version::HTTP_2 && (self.waits || !body.take_what_came().await)
    }
}

/// The stages, unless an administrator cancels the request on its way. The gateway itself may have vouched for who calls.
async fn travel(
    app: &Arc<App>,
    request: Request<ReplayBody>,
    sender: Sender,
    exchange: &mut Exchange,
    vouched: Option<Caller>,
) -> Result<Arrival, ProxyError> {
    let in_flight = exchange.in_flight().clone();
    let journey = std::pin::pin!(journey(app, request, sender, exchange, vouched));
    let arrived = in_flight.unless_cancelled(journey).await;
    arrived.unwrap_or(Err(ProxyError::Cancelled))
}

/// The stages, in order.
async fn journey(
    app: &Arc<App>,
    request: Request<ReplayBody>,
    sender: Sender,
    exchange: &mut Exchange,
    vouched: Option<Caller>,
) -> Result<Arrival, ProxyError> {
    let snapshot = app.snapshot.load_full();
    let mut accepted = accept::accept(request, sender)?;
    exchange.from_page(&snapshot.routes, &accepted);
    if let Some(answer) = answer_itself::preflight(&snapshot.routes, &accepted, exchange)? {
        return Ok(Arrival::Own(answer));
    }
    let prefix = &app.config.security.key_prefix;
    let caller = match vouched {
        Some(caller) => caller,
        None => authenticate::authenticate(&snapshot.keys, &mut accepted, Timestamp::now(), prefix),
    };
    exchange.identified(&caller);
    if let Some(answer) = answer_itself::about_the_server(&accepted, &caller)? {
        return Ok(Arrival::Own(answer));
    }
    let matched = match_route::match_route(&snapshot.routes, accepted, caller).await?;
    if let Some(read) = &matched.read {
        exchange.waited(read.waited);
        exchange.asked_for(read.model.as_deref());
    }
    let admission = admit::admit(matched, app.config.rate_limiting.enabled, exchange)?;
    if let Some(answer) = answer_itself::last_hop(&admission)? {
        return Ok(Arrival::Own(answer));
    }
    wait_turn::wait_turn(app, &admission, exchange).await?;
    // Boxed, because it is the largest of all, and what holds it would be moved with it.
    let answer = Box::pin(forward::forward(app, admission, exchange)).await?;
    Ok(Arrival::Upstream(Box::new(answer)))
}

fn replayable(app: &App, body: Incoming) -> ReplayBody {
    let capture = capture_limit(app);
    let idle = Duration::from_secs(app.config.server.body_timeout_seconds);
    ReplayBody::new(body, app.config.proxy.max_match_body_bytes, capture, idle)
}

/// Bytes of a request's body that are kept for its record.
fn capture_limit(app: &App) -> usize {
    if app.config.audit.capture == Capture::None {
        0
    } else {
        app.config.audit.max_body_bytes
    }
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
