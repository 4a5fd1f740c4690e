//! What every refusal of the admin door becomes: a problem document, whether a handler, the router or a panic said no.

use super::problem::Problem;
use crate::request_id::RequestId;
use crate::telemetry::panic_text::without_secrets;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::{Method, StatusCode, header};
use std::any::Any;

/// Wraps every request of the admin door.
pub async fn speak_problems(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return problem.render(id.as_str());
    }
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        return method_not_allowed(&response).render(id.as_str());
    }
    response
}

/// From axum's own answer, which has no body but names the methods that are allowed.
fn method_not_allowed(response: &Response) -> Problem {
    let Some(methods) = response.headers().get(header::ALLOW) else {
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "This path does not take this method.");
    };
    let names = String::from_utf8_lossy(methods.as_bytes()).replace(',', ", ");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("This path takes {names}."))
        .with_header(header::ALLOW, methods.clone())
}

/// What a panic in a handler costs: this one request.
pub fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    Problem::internal(format_args!("panic: {}", without_secrets(text).escape_debug())).into_response()
}

/// For paths that are nothing. 0.2 took a path with a slash at its end for the one without. The root comes here only
/// where the admin side has a listener of its own: who opens it in a browser wants the dashboard.
pub async fn nothing_here(request: Request) -> Response {
    let path = request.uri().path();
    if path == "/" && request.method() == Method::GET {
        return (StatusCode::FOUND, [(header::LOCATION, "/admin/dashboard")]).into_response();
    }
    let trimmed = path.trim_end_matches('/');
    if path.starts_with("/admin/") && trimmed != path {
        let query = request
            .uri()
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        return Redirect::temporary(&format!("{trimmed}{query}")).into_response();
    }
    Problem::not_found("path", path).into_response()
}
