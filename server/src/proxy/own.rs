//! A request that the gateway itself sends through its stages, for an administrator who vouches for the caller. It meets
//! the limits, permissions and records that any request meets; only its key need not be shown.

use super::accept::Sender;
use super::authenticate::Caller;
use super::error::ProxyError;
use super::exchange::Exchange;
use super::{relay, travel};
use crate::app::{App, OwnAnswer, OwnRequest, Sending};
use crate::body::replay::ReplayBody;
use std::sync::Arc;
use std::time::Instant;

/// Sends it.
#[must_use]
pub fn send(app: Arc<App>, own: OwnRequest) -> Sending {
    Box::pin(async move {
        let capture = super::capture_limit(&app);
        let request = own.request.map(|bytes| ReplayBody::whole(bytes, capture));
        let sender = Sender {
            request_id: own.request_id,
            peer: own.client.peer,
            client_ip: own.client.ip,
            interim: None,
        };
        let mut exchange = Exchange::begin(&app, &request, &sender, Instant::now());
        exchange.is_replay(own.replay);
        let caller = match own.key {
            Some(key) => Caller::Key(key),
            None => Caller::Stranger {
                refusal: ProxyError::MissingKey,
                owner: None,
            },
        };
        let arrived = travel(&app, request, sender, &mut exchange, Some(caller)).await;
        let log_id = exchange.in_flight().id().to_string();
        let route = exchange.route().cloned();
        let mut response = relay::relay(exchange, arrived);
        response.body_mut().settle().await;
        OwnAnswer {
            log_id,
            route,
            response: response.map(axum::body::Body::new),
        }
    })
}
