//! Instead of the stages: a request that cannot even be accepted is answered and recorded like any other that is refused.

use super::accept::Sender;
use super::error::ProxyError;
use super::exchange::Exchange;
use super::relay::{self, RelayBody};
use crate::app::App;
use crate::body::replay::ReplayBody;
use http::{Request, Response};
use std::sync::Arc;
use std::time::Instant;

/// Refuses a request of which `request` is what could be read.
pub async fn refuse(
    app: &Arc<App>,
    request: &Request<ReplayBody>,
    sender: &Sender,
    started: Instant,
    error: &ProxyError,
) -> Response<Box<RelayBody>> {
    let exchange = Exchange::begin(app, request, sender, started);
    let mut response = relay::relay(exchange, Err(error.clone()));
    response.body_mut().settle().await;
    response
}
