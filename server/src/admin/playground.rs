//! `POST /admin/playground`: a request that an administrator writes, sent through the gateway as a client's would be, and its
//! answer as it comes.

mod pieces;

use super::auth::{Administrator, Operator};
use super::events;
use super::json::{self, JsonObject};
use super::openapi::PLAYGROUND;
use super::own_request::{self, Whole, ms};
use super::problem::Problem;
use crate::app::{App, OwnAnswer, OwnRequest, ProxyDoor, Sending};
use crate::body::usage::UsageReader;
use crate::client::ClientAddress;
use crate::request_id::RequestId;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::response::sse::Event;
use fastgate_shared::audit_log::Replay;
use fastgate_shared::playground::{PlaygroundChunk, PlaygroundEnd, PlaygroundHead, PlaygroundRequest};
use fastgate_shared::problem::Problem as ProblemDocument;
use futures_util::stream;
use http_body_util::BodyExt as _;
use pieces::Pieces;
use serde::Serialize;
use std::sync::Arc;
use std::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The call of this file.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(send))
}

/// Send a request of one's own through the gateway.
///
/// It goes as a client's would, from the administrator's address, with the permissions and limits of the named key, of which
/// no value is needed, and spends real quota. The answer comes as server-sent events: `head` (`PlaygroundHead`), any number of
/// `chunk` (`PlaygroundChunk`), `end` (`PlaygroundEnd`). Who leaves cancels the request. Its record has `replay` with `of: null`.
#[utoipa::path(post, path = "/admin/playground", tag = PLAYGROUND, request_body = PlaygroundRequest,
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 422, body = ProblemDocument)))]
async fn send(
    administrator: Administrator<Operator>,
    State(app): State<Arc<App>>,
    with: (Extension<RequestId>, Extension<ClientAddress>, Extension<ProxyDoor>),
    body: JsonObject,
) -> Result<Response, Problem> {
    let (Extension(request_id), Extension(client), Extension(ProxyDoor(send))) = with;
    let asked: PlaygroundRequest = json::whole(body.required()?, Vec::new())?;
    let (request, key) = own_request::vouched(&app, whole(asked), Vec::new()).map_err(Problem::fields)?;
    let own = OwnRequest {
        request,
        request_id: request_id.clone(),
        client,
        key,
        replay: Replay {
            of: None,
            by: administrator.name(),
        },
    };
    let sent = Sent {
        app: app.clone(),
        request_id,
        started: Instant::now(),
    };
    let first = Step::Send(sent, send(app, own));
    Ok(events::answer(stream::unfold(first, Step::next)))
}

fn whole(asked: PlaygroundRequest) -> Whole {
    let body = asked.body.unwrap_or_default();
    let usual = if body.is_empty() { "GET" } else { "POST" };
    Whole {
        method: asked.method.unwrap_or_else(|| usual.to_owned()),
        path: asked.path,
        headers: asked.headers,
        body,
        key_id: asked.key_id.unwrap_or_default(),
    }
}

/// What is known of the request itself.
struct Sent {
    app: Arc<App>,
    request_id: RequestId,
    started: Instant,
}

/// How far the answer is. Dropping it cancels the request, as a client does that leaves.
enum Step {
    Send(Sent, Sending),
    Read(Box<Reading>),
    Over,
}

/// An answer whose head was told.
struct Reading {
    started: Instant,
    body: Body,
    pieces: Pieces,
    usage: Option<UsageReader>,
    /// The last piece was told, and the end is left to tell.
    end: Option<PlaygroundEnd>,
}

type Told = Result<Event, axum::Error>;

impl Step {
    async fn next(self) -> Option<(Told, Self)> {
        match self {
            Self::Send(sent, sending) => {
                let (head, reading) = sent.answered(sending.await);
                Some((event("head", &head), Self::Read(Box::new(reading))))
            }
            Self::Read(mut reading) => match reading.piece().await {
                Ok(chunk) => Some((event("chunk", &chunk), Self::Read(reading))),
                Err(end) => Some((event("end", &end), Self::Over)),
            },
            Self::Over => None,
        }
    }
}

impl Sent {
    fn answered(self, answer: OwnAnswer) -> (PlaygroundHead, Reading) {
        let ttfb = self.started.elapsed();
        let (head, body) = answer.response.into_parts();
        let route = answer.route.as_ref();
        let credentials = || route.iter().flat_map(|route| route.plan.credentials());
        let redactor = &self.app.audit.redactor;
        let told = PlaygroundHead {
            log_id: answer.log_id,
            request_id: self.request_id.as_str().to_owned(),
            route_id: route.map(|route| route.id.to_string()),
            route_name: route.map(|route| route.name.to_string()),
            status_code: head.status.as_u16(),
            response_headers: redactor.headers(&head.headers, credentials()).fields(),
            ttfb_ms: ms(ttfb),
        };
        let reading = Reading {
            started: self.started,
            body,
            pieces: Pieces::new(credentials().map(str::to_owned)),
            usage: UsageReader::for_response(&head.headers),
            end: None,
        };
        (told, reading)
    }
}

impl Reading {
    /// The next piece, or the end.
    async fn piece(&mut self) -> Result<PlaygroundChunk, PlaygroundEnd> {
        if let Some(end) = self.end.take() {
            return Err(end);
        }
        loop {
            let error = match self.body.frame().await {
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    if let Some(usage) = &mut self.usage {
                        usage.feed(&data);
                    }
                    let text = self.pieces.feed(&data);
                    return Ok(self.chunk(text));
                }
                Some(Err(error)) => Some(error.to_string()),
                None => None,
            };
            let end = self.ended(error);
            return match self.pieces.finish() {
                Some(rest) => {
                    self.end = Some(end);
                    Ok(self.chunk(Some(rest)))
                }
                None => Err(end),
            };
        }
    }

    fn chunk(&self, text: Option<String>) -> PlaygroundChunk {
        PlaygroundChunk {
            text,
            response_size: self.pieces.size(),
        }
    }

    fn ended(&mut self, error_message: Option<String>) -> PlaygroundEnd {
        let (usage, stream_chunks) = self.usage.take().map(UsageReader::finish).unwrap_or_default();
        PlaygroundEnd {
            response_time_ms: ms(self.started.elapsed()),
            response_size: self.pieces.size(),
            truncated: self.pieces.truncated(),
            model: usage.model,
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            stream_chunks,
            error_message,
        }
    }
}

fn event(name: &'static str, data: &impl Serialize) -> Told {
    Event::default().event(name).json_data(data)
}
