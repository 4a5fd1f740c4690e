//! What passes between the admin door, which sends requests of its own through the proxy's stages, and the proxy door: doors
//! do not know each other, `doors.rs` gives the one the other's function.

use super::App;
use crate::api_keys::ApiKeyEntry;
use crate::client::ClientAddress;
use crate::request_id::RequestId;
use crate::routing::CompiledRoute;
use bytes::Bytes;
use fastgate_shared::audit_log::Replay;
use http::{Request, Response};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A request of the gateway's own.
pub struct OwnRequest {
    /// As a client would send it, but without an API key.
    pub request: Request<Bytes>,
    /// Its id.
    pub request_id: RequestId,
    /// On whose behalf.
    pub client: ClientAddress,
    /// The key that it acts with.
    pub key: Option<Arc<ApiKeyEntry>>,
    /// For its record.
    pub replay: Replay,
}

/// What came of it.
pub struct OwnAnswer {
    /// Number of its record.
    pub log_id: String,
    /// The route that it took.
    pub route: Option<Arc<CompiledRoute>>,
    /// The answer as a client would get it. Its body must be read to its end, or dropped.
    pub response: Response<axum::body::Body>,
}

/// An answer that is on its way. Dropping it cancels the request, as a client does that leaves.
pub type Sending = Pin<Box<dyn Future<Output = OwnAnswer> + Send>>;

/// The way into the proxy's stages.
#[derive(Clone, Copy)]
pub struct ProxyDoor(pub fn(Arc<App>, OwnRequest) -> Sending);
