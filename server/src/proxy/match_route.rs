//! Stage 3: which routes take this request, best first. The body is read only when a route that could still win, or the
//! key's permissions, depend on it (contract: Routes).

use super::accept::Accepted;
use super::authenticate::Caller;
use super::error::ProxyError;
use crate::body::peek::PeekedBody;
use crate::routing::explain::nearest_misses;
use crate::routing::{HeadMatch, RouteTable, Selection};
use bytes::Bytes;
use fastgate_shared::route::RouteAuth;
use http::HeaderValue;
use std::time::{Duration, Instant};

/// The routes that take the request.
pub struct RouteMatch {
    /// The request.
    pub accepted: Box<Accepted>,
    /// Who calls; let in by the winning route.
    pub caller: Caller,
    /// Best first; the first one wins, the others stand in when it fails. Never empty.
    pub candidates: Selection,
    /// The body, when it was read.
    pub read: Option<ReadBody>,
}

/// A body that was read to its end for judging it; it is still sent on.
pub struct ReadBody {
    /// Its bytes, as sent.
    pub bytes: Bytes,
    /// `Content-Encoding`, under which the bytes are not looked at.
    pub encoding: Option<HeaderValue>,
    /// Top-level `model`.
    pub model: Option<String>,
    /// How long the client took to send it.
    pub waited: Duration,
}

impl ReadBody {
    /// A view that rules can judge.
    #[must_use]
    pub fn peek(&self) -> PeekedBody<'_> {
        PeekedBody::with_model(self.encoding.as_ref(), &self.bytes, self.model.as_deref())
    }
}

/// Finds the routes.
///
/// # Errors
/// 401 for a stranger where no open route wins, 404 where no route matches, 413 for a body that had to be read and is
/// too large.
pub async fn match_route(
    table: &RouteTable,
    accepted: Box<Accepted>,
    caller: Caller,
) -> Result<RouteMatch, ProxyError> {
    let found = table.select(&accepted.asked());
    if let Caller::Stranger { refusal, .. } = &caller
        && !found.takes_strangers()
    {
        // No body of a stranger is read for nothing.
        return Err(refusal.clone());
    }
    // An encoded body fits no rule: that is known without reading it.
    let encoded = accepted.encoding().map(|encoding| PeekedBody::new(Some(encoding), &[]));
    let read = if encoded.is_none() && needs_body(&found, &caller) {
        // More than the most generous route takes is not read for nothing.
        accepted.body.limit_to(found.most_body_bytes())?;
        Some(read(&accepted).await?)
    } else {
        None
    };
    let candidates = match (&encoded, &read) {
        (Some(encoded), _) => found.judge(encoded),
        (None, Some(read)) => found.judge(&read.peek()),
        (None, None) => found.unread(),
    };
    match (candidates.candidates().first(), &caller) {
        (Some(winner), Caller::Stranger { refusal, .. }) if winner.route.auth == RouteAuth::Key => Err(refusal.clone()),
        (None, Caller::Stranger { refusal, .. }) => Err(refusal.clone()),
        (None, Caller::Key(_)) => {
            let peeked = read.as_ref().map(ReadBody::peek).or(encoded);
            let nearest = nearest_misses(table, &accepted.asked(), peeked.as_ref());
            Err(ProxyError::NoRoute {
                method: accepted.method.to_string(),
                path: accepted.path.clone(),
                nearest,
            })
        }
        (Some(_), _) => Ok(RouteMatch {
            accepted,
            caller,
            candidates,
            read,
        }),
    }
}

/// Reads the body to its end.
///
/// # Errors
/// When it is over `proxy.max_match_body_bytes`, or the client fails.
pub async fn read(accepted: &Accepted) -> Result<ReadBody, ProxyError> {
    let started = Instant::now();
    let bytes = accepted.body.buffer().await?;
    let waited = started.elapsed();
    let encoding = accepted.encoding().cloned();
    let model = PeekedBody::new(encoding.as_ref(), &bytes).model().map(str::to_owned);
    Ok(ReadBody {
        bytes,
        encoding,
        model,
        waited,
    })
}

/// Whether a route that could still win, or the key, depends on the body.
fn needs_body(found: &HeadMatch, caller: &Caller) -> bool {
    let key_needs_it = || caller.key().is_some_and(|key| key.permissions.needs_body_model());
    !found.is_empty() && (found.body_decides() || found.may_edit_body() || key_needs_it())
}
