//! The doors that are not the proxy, as one router. What they do is in their own modules; they never see each other.
//! Which paths come here is decided by `listen`.

use crate::app::{App, ProxyDoor};
use crate::request_id::{self, RequestId};
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::{Extension, Router};
use http::{HeaderName, HeaderValue, header};
use std::sync::Arc;

/// Sent with every answer. A page that needs more than "nothing" sets its own policy.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ),
];

/// Everything that the gateway answers itself: `/admin*`, `/metrics`, `/health*`.
///
/// `listen` gives each request a [`RequestId`] and a [`crate::client::ClientAddress`] as extensions.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(crate::ui::router())
        .merge(crate::admin::router(app.clone()))
        .merge(crate::health::router(app))
        .layer(Extension(ProxyDoor(crate::proxy::own::send)))
        .layer(middleware::from_fn(dress))
}

/// Gives each request an id, and each answer that id and the security headers.
async fn dress(mut request: Request, next: Next) -> Response {
    let id = match request.extensions().get::<RequestId>() {
        Some(id) => id.clone(),
        None => RequestId::from_headers(request.headers(), |_| false),
    };
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(request_id::HEADER, id.to_header());
    for (name, value) in SECURITY_HEADERS {
        headers.entry(name).or_insert(value);
    }
    // What an administrator reads is for nobody's cache; files of the dashboard say otherwise themselves.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
