//! `/admin/playground`.

use fastgate_shared::json;
use fastgate_shared::playground::{PlaygroundChunk, PlaygroundEnd, PlaygroundHead, PlaygroundRequest};
use web_sys::AbortController;

use crate::api::{self, Answer};

/// What comes of a request.
pub enum News {
    /// The answer's head.
    Head(PlaygroundHead),
    /// A piece of its body.
    Chunk(PlaygroundChunk),
    /// Its end.
    End(PlaygroundEnd),
}

/// Sends a request through the gateway and tells what comes. `stop` cancels it.
pub async fn send(request: &PlaygroundRequest, stop: &AbortController, tell: impl Fn(News) + 'static) -> Answer<()> {
    let body = serde_json::to_string(request).map_err(|error| api::local_problem(error.to_string()))?;
    let on_event = move |name: &str, data: &str| {
        let news = match name {
            "head" => json::from_text(data).map(News::Head),
            "chunk" => json::from_text(data).map(News::Chunk),
            _ => json::from_text(data).map(News::End),
        };
        // The server is of the same build.
        if let Ok(news) = news {
            tell(news);
        }
    };
    api::listen("/admin/playground", body, stop, &on_event).await
}
